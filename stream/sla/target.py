"""How long a clock may run: a target in elapsed or working time, as instants from a start, with the pauses left out.

Invariant: instants ascend; a pause moves those that it comes before, by as much counted time as it took, and one that
would be passed while the clock is paused is not known until it goes on. Time up to and including an instant is in time,
so that a pause that begins exactly then comes before it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from schemas.duration import WorkingDays
from stream.worktime import Worktime

MOST_REPETITIONS: Final = 10
"""How often a breach that stands is said again."""

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

    def _lengths(self) -> tuple[int, ...]:
        """How much time is counted up to each mark, where none is told in working days."""
        assert isinstance(self.length, int)
        assert not isinstance(self.every, WorkingDays)
        target, every = self.length, self.every or 0
        repeated = [target + every * nth for nth in range(1, MOST_REPETITIONS + 1)] if every else []
        return (*(int(target * share) for share in self.shares), target, *repeated)

    def marks(self, start: int, pauses: Pauses = (), paused_at: int | None = None) -> tuple[int, ...]:
        """The instants from a start; while paused, those that are known. Raises `NoWorkingTime`."""
        instants = self._unpaused(start)
        if not pauses and paused_at is None:
            return instants
        known: list[int] = []
        for instant in instants:
            moved = self._moved(start, instant, pauses, paused_at)
            if moved is None:
                break
            known.append(moved)
        return tuple(known)

    def left(self, start: int, pauses: Pauses, paused_at: int) -> int:
        """How much counted time was left to the due instant when the clock was paused; 0 if none was."""
        due = self._unpaused(start)[len(self.shares)]
        spans = [start, *(instant for pause in pauses for instant in pause), paused_at]
        ran = sum(self._between(begun, ended) for begun, ended in list(pairwise(spans))[::2])
        return max(0, self._between(start, due) - ran)

    def _unpaused(self, start: int) -> tuple[int, ...]:
        if self.offsets is not None:
            return tuple([start + offset for offset in self.offsets])
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


def added(worktime: Worktime | None, start: int, length: int | WorkingDays) -> int:
    """The instant so much after another, in working time where there is a calendar."""
    if worktime is None:
        assert isinstance(length, int)  # working days without a calendar are refused
        return start + length
    return worktime.add_days(start, length.days) if isinstance(length, WorkingDays) else worktime.add(start, length)


def warnings(worktime: Worktime | None, start: int, due: int, shares: Sequence[float]) -> list[int]:
    """The instants at which these shares of the time between two instants have passed."""
    length = due - start if worktime is None else worktime.between(start, due)
    return [added(worktime, start, int(length * share)) for share in shares]


def repetitions(worktime: Worktime | None, due: int, every: int | WorkingDays | None) -> list[int]:
    """The instants at which a breach that stands is said again."""
    if every is None:
        return []
    many = range(1, MOST_REPETITIONS + 1)
    if isinstance(every, WorkingDays):
        return [added(worktime, due, WorkingDays(every.days * nth)) for nth in many]
    return [added(worktime, due, every * nth) for nth in many]
