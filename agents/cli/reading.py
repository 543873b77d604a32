"""What the commands that read event logs share: their instants, their progress, and what is wrong in a log.

Invariant: all of it goes to standard error.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents.logs import Log
from schemas.problem import Fault
from stream.instants import milliseconds

LINES: Final = 20
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


def tell_problems(log: Log) -> None:
    """Print what is wrong in a log, and what is to be said of it."""
    tell((*log.problems, *log.notes), log.problem_count - len(log.problems))


def tell(lines: Iterable[object], further: int) -> None:
    """Print lines, and how many problems more there are."""
    for line in lines:
        print(line, file=sys.stderr)
    if further > 0:
        print(f"… and {further} problems more", file=sys.stderr)


@contextmanager
def progress_shown(doing: str, total: int) -> Iterator[Progressed]:
    """A bar on a terminal; elsewhere a line for each twentieth."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(doing, total)
        return
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as shown:
        job = shown.add_task(doing, total=total)
        yield lambda done: shown.update(job, completed=done)


def _lines(doing: str, total: int) -> Progressed:
    told = 0

    def progressed(done: int) -> None:
        nonlocal told
        share = done * LINES // max(total, 1)
        if share > told:
            told = share
            print(f"{doing}: {done} of {total} events", file=sys.stderr)

    return progressed
