"""Tries again what an unreachable broker prevents, at growing intervals, and says so without flooding the log.

Invariant: no attempt waits without limit, and the end of the worker ends the trying.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from aiokafka.errors import AuthenticationFailedError, KafkaError

from agents.health import Health

_log = structlog.get_logger("casewatch.broker")

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
QUIET_S: Final = 30.0

TRANSIENT: Final = (KafkaError, OSError, TimeoutError)
"""What a broker that is away, or not yet ready, shows itself as."""

T = TypeVar("T")


class Notice:
    """A line that is logged when it is new, and again after half a minute."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def say(self, text: str, **context: object) -> None:
        """Log `text` as a warning, unless it was logged just now."""
        now = asyncio.get_running_loop().time()
        if now - self._said.get(text, -QUIET_S) >= QUIET_S:
            self._said[text] = now
            _log.warning(text, **context)

    def forget(self) -> None:
        """Let the next line through."""
        self._said.clear()


async def keep_trying(what: str, brokers: str, attempt: Callable[[], Awaitable[T]], health: Health) -> T:
    """Return what `attempt` returns once it succeeds; meanwhile the obstacle `broker` stands. Each attempt has 15 s."""
    notice, pause = Notice(), FIRST_PAUSE_S
    while True:
        try:
            async with asyncio.timeout(15):
                found = await attempt()
        except TRANSIENT as error:
            health.broker_up = False
            reason = explain(error)
            health.block("broker", f"{what}: {reason} ({brokers})")
            notice.say("broker not reachable, trying again", what=what, brokers=brokers, reason=reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        else:
            health.broker_up = True
            health.clear("broker")
            return found


def explain(error: BaseException) -> str:
    """Put a failure of Kafka's in words, on one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, AuthenticationFailedError):
        return f"user name or password refused: {error}"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    name = type(error).__name__
    return text if text.startswith(name) else f"{name}: {text}"
