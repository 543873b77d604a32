"""How lines are logged: text for a person at a terminal, JSON for everything else, always to standard error.

Decides nothing but form and flood: libraries that repeat themselves while a broker is away are cut to a line every ten
seconds each. Invariant: whatever goes through the standard library's logging comes out in the same form as our own.
"""

import logging
import sys
import time
from typing import Final

import structlog
from structlog.typing import Processor

from schemas.settings import LogLevel

_QUIET_S: Final = 30.0
_LIBRARIES: Final = ("aiokafka", "faust", "mode", "aiohttp", "asyncio")
_CHATTY: Final = ("faust", "mode", "aiohttp.access")
"""Their everyday lines say how the machinery starts and stops, which nobody asked."""


_PASSING: Final = "GroupCoordinatorNotAvailable"
"""A new cluster has no coordinator for the first seconds; the library logs as an error what it then waits for."""


def calm(record: logging.LogRecord) -> bool:
    """Make a warning of what a library calls an error and passes by itself; a filter that lets everything through."""
    if record.levelno == logging.ERROR and record.name.startswith("aiokafka") and _PASSING in record.getMessage():
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


class FloodGate(logging.Filter):
    """Lets one line of a kind through every half minute; the next one says how many were held back."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass what is not a library's, and the first of each kind."""
        if not record.name.startswith(_LIBRARIES):
            return True
        kind, now = (record.name, record.levelno, str(record.msg)), time.monotonic()
        passed_at, held = self._last.get(kind, (-_QUIET_S, 0))
        if now - passed_at < _QUIET_S:
            self._last[kind] = (passed_at, held + 1)
            return False
        self._last[kind] = (now, 0)
        if held:
            record.msg, record.args = f"{record.getMessage()} ({held} more like it)", ()
        return True


def set_up_logging(level: LogLevel, *, terminal: bool | None = None) -> None:
    """Send all logging to standard error, from `level` on; `terminal` says whether a person reads it."""
    terminal = sys.stderr.isatty() if terminal is None else terminal
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _install(_renderer(terminal), shared, getattr(logging, level.upper()))


def _renderer(terminal: bool) -> list[Processor]:
    if terminal:
        return [structlog.dev.ConsoleRenderer(pad_event_to=0)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _install(renderer: list[Processor], shared: list[Processor], level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    handler.addFilter(calm)
    handler.addFilter(FloodGate())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("aiokafka").setLevel(max(level, logging.WARNING))
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.ERROR))
