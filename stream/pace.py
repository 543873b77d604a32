"""When a task's clock is told to those who judge windows over all tasks: each time costs a commit.

As it goes, while anything comes. Where nothing comes it is told more rarely, but no later where that matters: when a
bucket of an objective is over, which is when objectives are judged, and within a small share of a rate's window or of a
source's silence. Invariant: a clock of another kind is told at once, and one that goes is told
often enough to be believed.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.objective import Objective
from stream.clock import END_OF_TIME, Moment
from stream.ledger.goals import Goal

CLOCK_EVERY_MS: Final = 1_000
"""How far the clock goes before it is told though nothing else is."""

RARELY_MS: Final = 10_000
"""The same at the most: where nothing but scorecards waits for it, and where nothing has come for a while."""

SHARE: Final = 60
"""What part of a rate's window, or of a silence, a clock may be behind for that."""


class Told(NamedTuple):
    """The clock as it was told last, and when (wall clock, ms) the task was idle."""

    moment: Moment
    idle_at: int | None


class Pace:
    """What is asked of the clock of one process in one task, by all its versions."""

    __slots__ = ("asked", "quiet_every", "widths")

    def __init__(self) -> None:
        self.asked = False
        self.quiet_every = RARELY_MS
        self.widths: set[int] = set()

    def learn(self, goals: Iterable[Goal]) -> None:
        """Take up what a version asks."""
        for goal in goals:
            self.asked = True
            if isinstance(goal.asks, Objective):
                self.widths.add(goal.asks.bucket_ms)
            else:
                self.quiet_every = min(self.quiet_every, goal.asks.window_ms // SHARE)

    def due(self, told: Told, last: Told, silence: int | None, *, quiet: bool) -> bool:
        """Whether the clock is to be told though nothing else is; `silence` is how long a source may be silent (ms), if
        that is asked, `quiet` whether nothing has come for a while."""
        moved = _moved(told, last)
        if not self.asked and silence is None:
            return moved >= RARELY_MS
        if moved < CLOCK_EVERY_MS or not quiet:
            return moved >= CLOCK_EVERY_MS
        every = self.quiet_every if silence is None else min(self.quiet_every, silence // SHARE)
        return moved >= every or any(_passed(told, last, width) for width in self.widths)


def _moved(told: Told, last: Told) -> int:
    """By how much a clock has moved (ms); by more than any interval where it is another kind of clock now."""
    if told.moment.live is not last.moment.live or (told.idle_at is None) is not (last.idle_at is None):
        return END_OF_TIME.clock
    moved = max(told.moment.clock - last.moment.clock, told.moment.settled_to - last.moment.settled_to)
    return max(moved, (told.idle_at or 0) - (last.idle_at or 0))


def _passed(told: Told, last: Told, width: int) -> bool:
    """Whether a bucket of this width is over, or has settled, that was not before."""
    pairs = zip(told.moment[:2], last.moment[:2], strict=True)
    return any(now // width > before // width for now, before in pairs)
