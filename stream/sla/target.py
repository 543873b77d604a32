"""How long a clock may run: a target in elapsed or working time, as instants from a start, with the pauses left out.

Invariant: instants ascend; a pause moves those that it comes before, by as much counted time as it took, and one that
would be passed while the clock is paused is not known until it goes on. Time up to and including an instant is in time,
so that a pause that begins exactly then comes before it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from schemas.duration import WorkingDays
from stream.worktime import Stretch, Worktime

MOST_REPETITIONS: Final = 10
"""How often a breach that stands is said again."""

MOST_STRETCHES: Final = 4_096
"""Stretches of starts that are remembered of a target; a year of a calendar has some two thousand."""

Pauses = Sequence[tuple[int, int]]


class Target:
    """One target of a service level: its warnings at `shares` of it, and its repetitions when it is overdue."""

    def __init__(
        self,
        worktime: Worktime | None,
        length: int | WorkingDays,
        shares: Sequence[float],
        every: int | WorkingDays | None,
    ) -> None:
        self.worktime, self.length, self.shares, self.every = worktime, length, tuple(shares), every
        of_time = isinstance(length, int) and not isinstance(every, WorkingDays)
        self.lengths = self._lengths() if of_time else None
        self.offsets = self.lengths if worktime is None else None
        self.firsts: list[int] = []
        self.stretches: list[Stretch] = []
        self.newest = Stretch(0, 0, True, ())

    def _lengths(self) -> tuple[int, ...]:
        """How much time is counted up to each mark, where none is told in working days."""
        assert isinstance(self.length, int)
        assert not isinstance(self.every, WorkingDays)
        target, every = self.length, self.every or 0
        repeated = [target + every * nth for nth in range(1, MOST_REPETITIONS + 1)] if every else []
        return (*(int(target * share) for share in self.shares), target, *repeated)

    def offsets_from(self, start: int) -> tuple[int, ...]:
        """The marks of a clock that is not paused, as seen from its start (ms); one tuple for all clocks of a stretch.

        Raises `NoWorkingTime`.
        """
        if self.offsets is not None:
            return self.offsets
        stretch = self.newest
        if not stretch.first <= start < stretch.until:
            found = self._stretch(start)
            if found is None:
                return tuple([mark - start for mark in self._unpaused(start)])
            stretch = self.newest = found
        return stretch.answers if stretch.moves else tuple([mark - start for mark in stretch.answers])

    def _stretch(self, start: int) -> Stretch | None:
        """The stretch of a start, remembered; None where marks are told in days, or are at the start itself."""
        if self.lengths is None or self.worktime is None or self.lengths[0] <= 0:
            return None
        at = bisect_right(self.firsts, start)
        if at and start < self.stretches[at - 1].until:
            return self.stretches[at - 1]
        if len(self.firsts) >= MOST_STRETCHES:
            self.firsts.clear()
            self.stretches.clear()
            at = 0
        found = self.worktime.stretch(start, self.lengths)
        if at:
            found = found._replace(first=max(found.first, self.stretches[at - 1].until))
        if at < len(self.firsts):
            found = found._replace(until=min(found.until, self.firsts[at]))
        self.firsts.insert(at, found.first)
        self.stretches.insert(at, found)
        return found

    def offsets_after(self, start: int, pauses: Pauses, paused_at: int | None) -> tuple[int, ...]:
        """The marks as seen from a start, with the pauses left out; while paused, those that are known.

        Raises `NoWorkingTime`.
        """
        if not pauses and paused_at is None:
            return self.offsets_from(start)
        if self.offsets is not None:
            known = delayed(self.offsets, start, pauses)
            return known if paused_at is None else known[: bisect_left(known, paused_at - start)]
        told: list[int] = []
        for offset in self.offsets_from(start):
            moved = self._moved(start, start + offset, pauses, paused_at)
            if moved is None:
                break
            told.append(moved - start)
        return tuple(told)

    def left(self, start: int, pauses: Pauses, paused_at: int) -> int:
        """How much counted time was left to the due instant when the clock was paused; 0 if none was."""
        due = start + self.offsets_from(start)[len(self.shares)]
        spans = [start, *(instant for pause in pauses for instant in pause), paused_at]
        ran = sum(self._between(begun, ended) for begun, ended in list(pairwise(spans))[::2])
        return max(0, self._between(start, due) - ran)

    def _unpaused(self, start: int) -> tuple[int, ...]:
        if self.lengths is not None and self.worktime is not None:
            return self.worktime.add_each(start, self.lengths)
        due = self._add(start, self.length)
        return (*warnings(self.worktime, start, due, self.shares), due, *repetitions(self.worktime, due, self.every))

    def _moved(self, start: int, instant: int, pauses: Pauses, paused_at: int | None) -> int | None:
        """Where pauses move an instant; None if it cannot be told yet."""
        first = pauses[0][0] if pauses else paused_at
        if first is None or instant < first:
            return instant
        left, at = self._between(start, instant), start
        for begun, ended in pauses:
            moved = self._add(at, left)
            if moved < begun:
                return moved
            left, at = left - self._between(at, begun), ended
        moved = self._add(at, left)
        return None if paused_at is not None and moved >= paused_at else moved

    def _add(self, start: int, length: int | WorkingDays) -> int:
        return added(self.worktime, start, length)

    def _between(self, start: int, end: int) -> int:
        return end - start if self.worktime is None else self.worktime.between(start, end)


def delayed(offsets: tuple[int, ...], start: int, pauses: Pauses) -> tuple[int, ...]:
    """Marks in elapsed time with the pauses left out."""
    if pauses and offsets:
        took = sum([ended - begun for begun, ended in pauses])
        begun, ended = pauses[-1]
        if offsets[0] + took - (ended - begun) >= begun - start:  # the first of them lies behind every pause
            return tuple([offset + took for offset in offsets])
    for begun, ended in pauses:
        at, took = begun - start, ended - begun
        offsets = tuple([offset if offset < at else offset + took for offset in offsets])
    return offsets


def added(worktime: Worktime | None, start: int, length: int | WorkingDays) -> int:
    """The instant so much after another, in working time where there is a calendar."""
    if worktime is None:
        assert isinstance(length, int)  # working days without a calendar are refused
        return start + length
    return worktime.add_days(start, length.days) if isinstance(length, WorkingDays) else worktime.add(start, length)


def warnings(worktime: Worktime | None, start: int, due: int, shares: Sequence[float]) -> Sequence[int]:
    """The instants at which these ascending shares of the time between two instants have passed."""
    if worktime is None:
        length = due - start
        return [start + int(length * share) for share in shares]
    worked = worktime.between(start, due)
    return worktime.add_each(start, [int(worked * share) for share in shares])


def repetitions(worktime: Worktime | None, due: int, every: int | WorkingDays | None) -> list[int]:
    """The instants at which a breach that stands is said again."""
    if every is None:
        return []
    many = range(1, MOST_REPETITIONS + 1)
    if isinstance(every, WorkingDays):
        return [added(worktime, due, WorkingDays(every.days * nth)) for nth in many]
    return [added(worktime, due, every * nth) for nth in many]
