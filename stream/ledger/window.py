"""An objective in one segment: its sliding window, cut into buckets.

It is read at bucket boundaries, over the buckets before: [boundary - window, boundary). Between boundaries nothing is
said, so what is said is exact for its instant, and late by one bucket at the most (under 5 minutes of 28 days).
Invariant: an occurrence counts once, in the bucket of the earlier of its answer and its due instant.
"""

from typing import Final

from schemas.objective import Objective
from stream.ledger.burn_rate import BURNS, buckets_of, budget_of, burn_rate
from stream.ledger.reading import Reading
from stream.ledger.tally import Tally

SPENT: Final = len(BURNS) + 1
"""The level of an objective that is missed: more was bad over its window than its budget."""


class Window:
    """What is known of an objective in one segment; levels: 0 well, then `BURNS` in order, `SPENT`."""

    __slots__ = ("buckets", "budget", "burns", "leaves", "objective", "tally", "width")

    def __init__(self, objective: Objective) -> None:
        self.objective, self.tally = objective, Tally()
        self.width = objective.bucket_ms
        self.buckets = objective.window_ms // self.width
        self.budget = budget_of(objective.objective)
        self.burns = [(buckets_of(b.long, self.buckets), buckets_of(b.short, self.buckets), b.rate) for b in BURNS]
        self.leaves = sorted({0, self.buckets, *(n for long, short, _ in self.burns for n in (long, short))})

    def put(self, task: int, bucket: int, value: list[int]) -> int | None:
        """Take a partial's counts; the first instant that they change, if any."""
        good, bad = value
        return (bucket + 1) * self.width if self.tally.put(task, bucket, good, bad) else None

    def decided(self, clock: int) -> int:
        """The last boundary that lies before or at the clock."""
        return clock // self.width * self.width

    def next_change(self, after: int) -> int | None:
        """The first boundary behind `after` at which a bucket enters a window or leaves one."""
        boundary = after // self.width
        found = (self._crossing(boundary, lag) for lag in self.leaves)
        nearest = min((crossing for crossing in found if crossing is not None), default=None)
        return None if nearest is None else nearest * self.width

    def _crossing(self, boundary: int, lag: int) -> int | None:
        """The first boundary behind one that lies `lag` buckets behind the end of a bucket with anything in it."""
        bucket = self.tally.next_after(boundary - lag - 1)
        return None if bucket is None else bucket + 1 + lag

    def read(self, at: int) -> Reading:
        """The level at a boundary; figures: good and bad over the window, and the burn rate behind the level."""
        boundary = at // self.width
        good, bad = self.tally.sums(boundary - self.buckets, boundary)
        if good + bad >= self.objective.min_count and bad > self.budget * (good + bad):
            return Reading(SPENT, (good, bad, None))
        for level in range(len(self.burns), 0, -1):
            rate = self._burning(boundary, level)
            if rate is not None:
                return Reading(level, (good, bad, rate))
        return Reading(0, (good, bad, None))

    def _burning(self, boundary: int, level: int) -> float | None:
        """The burn rate over the long window of a level, None unless that one and the short one are too fast."""
        long, short, too_fast = self.burns[level - 1]
        good, bad = self.tally.sums(boundary - long, boundary)
        rate = burn_rate(good, bad, self.budget)
        if good + bad < self.objective.min_count or rate <= too_fast:
            return None
        recently = self.tally.sums(boundary - short, boundary)
        if sum(recently) >= self.objective.min_count and burn_rate(*recently, self.budget) <= too_fast:
            return None
        return float(rate)  # also where too little happened recently: that shows no recovery

    def burning(self, clock: int) -> tuple[int, int, float]:
        """Good and bad over the window that ends at the last boundary, and how fast the budget burned in the last tenth
        of it."""
        boundary = clock // self.width
        good, bad = self.tally.sums(boundary - self.buckets, boundary)
        lately = self.tally.sums(boundary - self.burns[0][0], boundary)
        return good, bad, float(burn_rate(*lately, self.budget))

    def keep_from(self, instant: int) -> list[tuple[int, int]]:
        """Drop the buckets that have left the window by `instant`."""
        return self.tally.forget(instant // self.width - self.buckets)

    @property
    def grade(self) -> str:
        """Buckets hold all that there is to know."""
        return "exact"

    def kept(self) -> int | None:
        """Nothing is known beyond the partials."""
        return None

    def take_up(self, kept: int | None) -> None:
        """There is nothing to go on from."""
