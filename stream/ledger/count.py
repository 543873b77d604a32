"""A rate in one segment: how many events there were within an exact sliding window.

An event at x counts at the instants [x, x + window). Too many are so at the instant of the event that exceeds, too few
when the window slides past; of too few nothing is said before the window has been full once, counted from the first
event that is known. Invariant: which buckets the instants were told in changes nothing.
"""

from bisect import bisect_left, bisect_right, insort

from schemas.objective import Rate
from stream.ledger.reading import Reading


class Count:
    """What is known of a rate in one segment; `cut` counts events of which only the bucket is known."""

    __slots__ = ("by_bucket", "cut", "first_at", "instants", "rate", "window")

    def __init__(self, rate: Rate) -> None:
        self.rate, self.window = rate, rate.window_ms
        self.by_bucket: dict[tuple[int, int], list[int]] = {}
        self.instants: list[int] = []
        self.first_at: int | None = None
        self.cut: set[tuple[int, int]] = set()

    def put(self, task: int, bucket: int, value: list[int | list[int]]) -> int | None:
        """Take a partial's instants; the first one that changes, if any.

        Of those that were left out it is known that they are no earlier than the last one told: they count as that.
        """
        left_out, told = value
        assert isinstance(left_out, int) and isinstance(told, list)  # noqa: PT018 -- one shape, `instants` of a partial
        after = told + told[-1:] * left_out
        before = self.by_bucket.get((task, bucket), [])
        if left_out:
            self.cut.add((task, bucket))
        self.by_bucket[task, bucket] = after
        changed = _changed(before, after)
        if changed is None:
            return None
        for instant in before:
            del self.instants[bisect_left(self.instants, instant)]
        for instant in after:
            insort(self.instants, instant)
        if self.first_at in before and self.first_at not in after:
            self.first_at = None  # it was not so
        self.first_at = min([*self.instants[:1], *([] if self.first_at is None else [self.first_at])], default=None)
        return changed

    def decided(self, clock: int) -> int:
        """The last instant before the clock."""
        return clock - 1

    def next_change(self, after: int) -> int | None:
        """The next event, or the next that leaves the window."""
        entering = bisect_right(self.instants, after)
        leaving = bisect_right(self.instants, after - self.window)
        found = [self.instants[i] + lag for i, lag in ((entering, 0), (leaving, self.window)) if i < len(self.instants)]
        return min(found, default=None)

    def read(self, at: int) -> Reading:
        """Whether there are too many at an instant, or too few; figures: how many."""
        count = bisect_right(self.instants, at) - bisect_right(self.instants, at - self.window)
        if self.rate.at_most is not None:
            return Reading(int(count > self.rate.at_most), (count,))
        full = self.first_at is not None and at >= self.first_at + self.window
        return Reading(int(full and count < (self.rate.at_least or 0)), (count,))

    def keep_from(self, instant: int) -> list[tuple[int, int]]:
        """Drop the buckets that have left the window whole by `instant`."""
        width = self.rate.bucket_ms
        gone = [at for at in self.by_bucket if (at[1] + 1) * width + self.window <= instant]
        for key in gone:
            del self.by_bucket[key]
            self.cut.discard(key)
        if gone:
            self.instants = sorted(instant for told in self.by_bucket.values() for instant in told)
        return sorted(gone)

    @property
    def grade(self) -> str:
        """Whether every instant is known."""
        return "bounded" if self.cut else "exact"

    def kept(self) -> int | None:
        """What is known beyond the partials: when the first event was (ms)."""
        return self.first_at

    def take_up(self, kept: int | None) -> None:
        """Go on from what was kept."""
        self.first_at = kept


def _changed(before: list[int], after: list[int]) -> int | None:
    """The first instant at which two ascending lists differ."""
    for one, other in zip(before, after, strict=False):
        if one != other:
            return min(one, other)
    rest = before[len(after) :] or after[len(before) :]
    return rest[0] if rest else None
