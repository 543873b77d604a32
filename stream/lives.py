"""What a case counts as on scorecards: one life for each of its instances, from its first event to where it was over.

Invariant: a life is a function of the case's events, and what it counts as of that and of what was said of the case.
"""

from typing import Any, Final, NamedTuple, Self

from stream.census import AT_RISK, BREACHED, DEVIATING, OPEN

Segment = tuple[str, ...]
"""The values of a case's segments, in the definition's order; empty text for one that it does not have."""

IDLE, WARM = 16, 32
"""Beside the flags of `stream.census`: closed as idle; met in the middle, so that nobody knows when it started."""

BINS: Final = 5
"""Columns of a bucket before those of its bins: started, closed, idle, breached, deviating."""

Entry = tuple[int | None, int]
"""A bucket, None for what there is now, and a column of it; from `BINS` on, one for each bin of durations."""

_STOCKS: Final = tuple(
    [(None, column) for column, flag in enumerate((OPEN, AT_RISK, BREACHED, DEVIATING)) if flags & flag]
    for flags in range(OPEN + AT_RISK + BREACHED + DEVIATING + 1)
)
_ENDED: Final = ((2, IDLE), (3, BREACHED), (4, DEVIATING))


class Life(NamedTuple):
    """An instance of a case that was over before the next one began (ms); its segment as it was at last."""

    instance: int
    started_at: int
    over_at: int
    idle: bool
    warm: bool
    segment: Segment

    @classmethod
    def read(cls, fields: list[Any]) -> Self:
        """A life as it was journalled."""
        instance, started_at, over_at, idle, warm, segment = fields
        return cls(instance, started_at, over_at, idle, warm, tuple(segment))


class Counts(NamedTuple):
    """What an instance counts as: the buckets of its start and, None while it is open, of where it was over; its flags;
    the bin of its duration, where that is known; the values that cards are by. `taken`: a bit for each kind of card
    that counts it."""

    instance: int
    started: int
    closed: int | None
    flags: int
    timed: int | None
    segment: Segment
    taken: int = 0

    @classmethod
    def read(cls, fields: list[Any]) -> Self:
        """Counts as they were journalled."""
        instance, started, closed, flags, timed, segment, taken = fields
        return cls(instance, started, closed, flags, timed, tuple(segment), taken)

    def same(self, other: "Counts") -> bool:
        """Whether another counts as the same."""
        return self[:6] == other[:6]

    @property
    def begun(self) -> list[Entry]:
        """Where its start counts."""
        return [] if self.flags & WARM else [(self.started, 0)]

    @property
    def come_to(self) -> list[Entry]:
        """Where it counts besides: among those that there are, or where it was over."""
        flags, closed = self.flags, self.closed
        if closed is None:
            return _STOCKS[flags & 15]  # type: ignore[return-value]  # a list of entries without a bucket is one
        found: list[Entry] = [(closed, 1)]
        if flags:
            found += [(closed, column) for column, flag in _ENDED if flags & flag]
        if self.timed is not None:
            found.append((closed, BINS + self.timed))
        return found
