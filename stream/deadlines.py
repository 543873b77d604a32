"""The next instant at which each case is to be looked at, in order.

One armed deadline a case: moving it later costs nothing, since a case that is looked at too early is armed again; an
entry that a sooner one has replaced is passed over.
Invariant: no case is looked at later than the earliest instant it was armed for; equal instants go by case id.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final

AT_ONCE: Final = 0
"""The wake of a case that was journalled before it was looked at, or before it was counted: it is due as soon as it is
restored."""

SPARE: Final = 1_000
"""Entries that have been replaced and are kept all the same, beside half as many as there are cases."""


class Deadlines:
    """A queue of (instant in ms, case id)."""

    __slots__ = ("heap", "left")

    def __init__(self) -> None:
        self.heap: list[tuple[int, str]] = []
        self.left = 0

    def arm(self, wake: int, case_id: str) -> int:
        """Have a case looked at after instant `wake`, which it keeps to know this entry from older ones."""
        heappush(self.heap, (wake, case_id))
        return wake

    def crowded(self, cases: int) -> bool:
        """Whether there are so many entries for that many cases that it pays to look through them: half as many again,
        also as were left the last time. An entry takes a hundred bytes, which counts where there are a million."""
        return 2 * (len(self.heap) - SPARE) > 3 * max(cases, self.left)

    def keep(self, armed: Callable[[int, str], bool]) -> None:
        """Drop the entries that sooner ones have replaced."""
        self.heap = list({entry for entry in self.heap if armed(*entry)})
        heapify(self.heap)
        self.left = len(self.heap)

    def next(self) -> int | None:
        """The earliest instant armed."""
        return self.heap[0][0] if self.heap else None

    def due(self, clock: int) -> tuple[int, str] | None:
        """Take the earliest that lies before `clock`, with the instant it was armed for."""
        if self.heap and self.heap[0][0] < clock:
            return heappop(self.heap)
        return None
