"""One segment that is followed: its series, and what is said of it.

Invariant: a change is said once, with the wall clock of the call that found it; whether anything has changed that is to
be journalled is never missed.
"""

from collections import Counter
from typing import Any

from schemas.partial import PartialKind
from stream.clock import Moment
from stream.effects import AlertRecord
from stream.ledger.announcer import Speaker
from stream.ledger.goals import Goal
from stream.ledger.series import Series

Out = tuple[list[AlertRecord], Counter[tuple[str, ...]]]


class Followed:
    """A segment of a goal; `changed`: whether it differs from what was last journalled."""

    __slots__ = ("changed", "goal", "segment", "series", "speaker")

    def __init__(self, goal: Goal, segment: tuple[str, ...], out: Out) -> None:
        self.goal, self.segment = goal, segment
        self.series = Series(goal.measure())
        self.speaker = Speaker(goal, segment, out)
        self.changed = False

    @property
    def kind(self) -> PartialKind:
        """What is told of its buckets."""
        return PartialKind.WINDOW if self.goal.kind == "slo" else PartialKind.INSTANTS

    def begin(self, moment: Moment) -> None:
        """Take it that all up to a moment has been followed: what is told of that from now on is a correction."""
        self.series.begin(self.series.measure.decided(moment.clock), self.series.measure.decided(moment.settled_to))

    def put(self, task: int, bucket: int, value: list[Any]) -> None:
        """Take what a task says of a bucket."""
        self.series.put(task, bucket, value)
        self.changed = self.changed or self.series.disturbed is not None

    def advance(self, moment: Moment, now: int, limit: int) -> int:
        """Follow it up to a moment, and say what has changed, `limit` changes at the most; how many there were."""
        series, measure = self.series, self.series.measure
        until, settled_to = measure.decided(moment.clock), measure.decided(moment.settled_to)
        if until <= series.reached and settled_to <= series.settled_to and series.disturbed is None:
            return 0
        self.changed = self.changed or series.disturbed is not None
        corrected, fired = series.corrected(), 0
        self.changed = series.settle(settled_to) or self.changed
        if corrected or series.settled is not self.speaker.settled:
            fired += self._say(now)
        if until > series.reached:
            for _ in series.followed(until):
                fired += self._say(now)
                if fired >= limit:
                    break
        return fired

    def _say(self, now: int) -> int:
        said = self.speaker.say(self.series, now)
        self.changed = self.changed or said
        return int(said)

    def forget(self) -> list[tuple[int, int]]:
        """Drop the buckets that have settled and left every window; their (task, bucket) pairs."""
        series = self.series
        return series.measure.keep_from(min(series.settled_to, series.reached))

    def gone(self, bucket: int) -> bool:
        """Whether a bucket has left every window for good."""
        return (bucket + 1) * self.goal.asks.bucket_ms + self.goal.asks.window_ms <= self.series.settled_to

    def record(self) -> list[Any]:
        """The journalled form, but for the partials."""
        self.changed = False
        return [self.series.record(), self.speaker.record()]

    def restore(self, series: list[Any], speaker: list[Any]) -> None:
        """Take up what `record` described, when the partials have been put."""
        self.series.restore(series)
        self.speaker.restore(speaker)
