"""What the commands that read event logs share: their instants, their progress, and what is wrong in a log.

Invariant: all of it goes to standard error.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents.logs import Log
from schemas.definition import ModelReference
from schemas.problem import Fault
from stream.instants import milliseconds

LINES: Final = 20
SELDOM: Final = 1.0
"""Seconds between two lines of progress, at least."""
WIDTH: Final = 200
"""Of what is printed where there is no terminal; a table is only as wide as it needs to be."""
Progressed = Callable[[int], None]


def instant_option(option: str, text: str | None) -> int | None:
    """The instant (ms UTC) that an option names, None without one; raises `Fault`."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Fault(f"{option}: `{text}` is no instant", "write it like 2026-01-31T00:00Z") from None
    if instant.tzinfo is None:
        raise Fault(f"{option}: `{text}` has no time zone", f"write an offset, like {text}Z where it is UTC")
    return milliseconds(instant)


def read_by(definition: Path | None, model: ModelReference | None) -> list[Path]:
    """The file that a definition reads besides itself, as far as it has one."""
    return [definition.parent / model.file] if definition is not None and model is not None else []


def tell_problems(path: Path, log: Log) -> None:
    """Print what is wrong in a log, and what is to be said of it."""
    tell((*log.problems, *(f"{path}: {note}" for note in log.notes)), log.problem_count - len(log.problems))


def tell(lines: Iterable[object], further: int) -> None:
    """Print lines, and how many problems more there are."""
    for line in lines:
        print(line, file=sys.stderr)
    if further > 0:
        print(f"… and {further} problems more", file=sys.stderr)


def console(*, stderr: bool) -> Console:
    """A console that cuts no name off where what is printed goes to a file or a pipe."""
    made = Console(stderr=stderr)
    return made if made.is_terminal else Console(stderr=stderr, width=WIDTH)


@contextmanager
def progress_shown(doing: str, total: int) -> Iterator[Progressed]:
    """A bar on a terminal; elsewhere a line for each twentieth, and not more often than once a second."""
    bars = Console(stderr=True)
    if not bars.is_terminal:
        yield _lines(doing, total)
        return
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=bars) as shown:
        job = shown.add_task(doing, total=total)
        yield lambda done: shown.update(job, completed=done)


def _lines(doing: str, total: int) -> Progressed:
    told, told_at = 0, monotonic()

    def progressed(done: int) -> None:
        nonlocal told, told_at
        share, now = done * LINES // max(total, 1), monotonic()
        if share > told and now - told_at >= SELDOM:
            told, told_at = share, now
            print(f"{doing}: {done} of {total} events", file=sys.stderr)

    return progressed
