"""What time it is over all tasks of a process: the least of the clocks that they publish.

A task that has nothing to read, and whose last word was none or history, is idle: it holds nobody back, as long as it
keeps saying so. What it says of itself is of an instant of the wall clock, and counts as a live clock of that instant;
among tasks that bring history it has to have been quiet for a while, since its share of that may be on its way.
Invariant: the frontier is not known before every task has spoken, and it never goes back.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from stream.clock import IDLE_MS, Moment

FRESH_MS: Final = 30_000
"""For how long it is believed that a task is idle."""


class Told(NamedTuple):
    """What a task said last: its clock, None where it has seen nothing; since it was idle at `idle_at` (ms), if so."""

    moment: Moment | None
    idle_at: int | None


class Frontier:
    """The clocks of one process; `moment` is None while a task is yet to be heard of, or none has seen anything."""

    __slots__ = ("began_at", "by_task", "lateness", "moment", "patience", "tasks")

    def __init__(self, tasks: Iterable[int], lateness: int = 0, patience: int = 0) -> None:
        self.tasks = tuple(sorted(tasks))
        self.lateness, self.patience = lateness, patience
        self.by_task: dict[int, Told] = {}
        self.began_at: int | None = None
        self.moment: Moment | None = None

    def put(self, task: int, value: list[Any]) -> None:
        """Take a task's clock: (clock, settled to, live, idle at), instants in ms or None."""
        clock, settled_to, live, idle_at = value
        self.by_task[task] = Told(None if clock is None else Moment(clock, settled_to, live), idle_at)
        if idle_at is None:
            self.move(None)

    def move(self, now: int | None) -> None:
        """Take the least of the clocks that count at wall time `now` (ms); without one, only if no task is idle."""
        if not all(task in self.by_task for task in self.tasks):
            return
        told = [self.by_task[task] for task in self.tasks]
        counted = [each.moment for each in told if each.idle_at is None and each.moment is not None]
        idle = [each for each in told if each.idle_at is not None]
        if not idle:
            self._take(min, counted)
        elif now is not None:
            self._among_idle(counted, idle, now)

    def _among_idle(self, counted: list[Moment], idle: list[Told], now: int) -> None:
        self.began_at = None if not counted else now if self.began_at is None else self.began_at
        live = all(moment.live for moment in counted)
        since = now - FRESH_MS if live or self.began_at is None else max(now - FRESH_MS, self.began_at + IDLE_MS)
        if any(each.idle_at is None or each.idle_at < since for each in idle):
            return
        if not counted:
            self._take(max, [each.moment for each in idle if each.moment is not None])
            return
        at = min(each.idle_at for each in idle if each.idle_at is not None)
        quiet = [Moment(at - self.patience, at - self.lateness, True)] if live else []
        self._take(min, counted + quiet)

    def _take(self, pick: Any, known: list[Moment]) -> None:
        if not known:
            return
        clock, settled_to = pick(m.clock for m in known), pick(m.settled_to for m in known)
        if self.moment is not None:
            clock, settled_to = max(clock, self.moment.clock), max(settled_to, self.moment.settled_to)
        self.moment = Moment(clock, settled_to, all(m.live for m in known))
