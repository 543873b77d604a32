"""One scorecard: what all tasks count of a segment, bucket by bucket, and how many cases they have now.

It is read at bucket boundaries: over the window [boundary - window, boundary) and over the one before that. Invariant:
what is read is a function of the last values put, whatever order they came in.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from schemas.scorecard import Period, Present
from stream.card_kinds import CardKind
from stream.quantiles import quantile

_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_SECONDS_BEFORE_1970: Final = 62_135_596_800
_MOST_SECONDS: Final = 315_537_897_599

Told = tuple[list[int], dict[int, int]]
"""What a task tells of a bucket: [started, closed, idle, breached, deviating] and durations by bin."""


class Judged(NamedTuple):
    """Whether cases are promised anything, and whether there is something to deviate from; else that is not told."""

    promised: bool
    expected: bool


class Card:
    """What is known of one card; `written`: whether it was ever written, and not taken away since."""

    __slots__ = ("buckets", "kind", "segment", "stocks", "written")

    def __init__(self, kind: CardKind, segment: tuple[str, ...]) -> None:
        self.kind, self.segment = kind, segment
        self.buckets: dict[int, dict[int, Told]] = {}
        self.stocks: dict[int, list[int]] = {}
        self.written = False

    @property
    def labels(self) -> dict[str, str]:
        """The values of the segment under their names."""
        return dict(zip(self.kind.by, self.segment, strict=True))

    def put(self, task: int, bucket: int, value: list[Any]) -> None:
        """Take what a task says of a bucket; raises `ValueError` for what cannot be that."""
        *sums, bins = value
        if len(sums) != 5:
            raise ValueError(f"{value!r} is no share of a card")
        self.buckets.setdefault(bucket, {})[task] = sums, dict(bins)

    def put_stock(self, task: int, value: list[int]) -> None:
        """Take what a task says of now: (open, at risk, breached, deviating)."""
        opened, at_risk, breached, deviating = value
        self.stocks[task] = [opened, at_risk, breached, deviating]

    def empty(self, first: int) -> bool:
        """Whether there is nothing to tell of now, nor of any bucket from `first` on."""
        if any(any(stock) for stock in self.stocks.values()):
            return False
        return not any(
            any(sums) for bucket, tasks in self.buckets.items() if bucket >= first for sums, _ in tasks.values()
        )

    def forget(self, first: int) -> list[tuple[int, int]]:
        """Drop the buckets before `first`; their (task, bucket) pairs."""
        gone = sorted(bucket for bucket in self.buckets if bucket < first)
        return [(task, bucket) for bucket in gone for task in sorted(self.buckets.pop(bucket))]

    def present(self) -> Present:
        """How many cases there are."""
        opened, at_risk, breached, deviating = (sum(n) for n in zip([0] * 4, *self.stocks.values(), strict=True))
        return Present(open=opened, at_risk=at_risk, breached=breached, deviating=deviating)

    def period(self, first: int, judged: Judged) -> Period:
        """What happened in the window that begins with a bucket."""
        until = first + self.kind.buckets
        bins = Counter[int]()
        started = closed = idle = breached = deviating = 0
        for bucket, tasks in self.buckets.items():
            if first <= bucket < until:
                for sums, timed in tasks.values():
                    started, closed, idle = started + sums[0], closed + sums[1], idle + sums[2]
                    breached, deviating = breached + sums[3], deviating + sums[4]
                    bins.update(timed)
        return Period(
            start=instant_of(first * self.kind.bucket_ms),
            end=instant_of(until * self.kind.bucket_ms),
            started=started,
            closed=closed,
            idle=idle,
            on_time=closed - breached if judged.promised else None,
            breached=breached if judged.promised else None,
            deviating=deviating if judged.expected else None,
            timed=bins.total(),
            p50_ms=quantile(bins, 50),
            p90_ms=quantile(bins, 90),
            p99_ms=quantile(bins, 99),
        )


def instant_of(instant: int) -> datetime:
    """An instant (ms) in whole seconds; those before the year 1 and beyond 9999 as the nearest that there is."""
    seconds = min(max(instant // 1000 + _SECONDS_BEFORE_1970, 0), _MOST_SECONDS)
    return _FIRST + timedelta(seconds=seconds)
