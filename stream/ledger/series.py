"""One segment of an objective or of a rate, followed through time: its measure and the episodes it has been through.

`trail` holds the episode after each change since what can no longer change, so that a partial that comes to correct an
instant is followed again from there. Invariant: the trail is the fold of all readings up to `reached`, whatever order
and steps the partials and the clock came in; what is settled is never followed again.
"""

from collections.abc import Iterator
from typing import Any

from stream.clock import BEFORE_TIME
from stream.ledger.reading import Episode, Measure, after

Change = tuple[int, Episode | None]
NEVER = BEFORE_TIME.clock


class Series:
    """The state of one segment; instants in milliseconds UTC.

    `reached`: up to where it was followed; `settled_to`: up to where it cannot change; `disturbed`: the first instant
    that has changed since; `late`: whether one changed that was settled.
    """

    __slots__ = ("disturbed", "late", "measure", "reached", "settled_to", "trail")

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.trail: list[Change] = [(NEVER, None)]
        self.reached = self.settled_to = NEVER
        self.disturbed: int | None = None
        self.late = False

    @property
    def present(self) -> Episode | None:
        """The episode that there is, or was last."""
        return self.trail[-1][1]

    @property
    def settled(self) -> bool:
        """Whether the present can no longer change."""
        return self.trail[-1][0] <= self.settled_to

    def begin(self, reached: int, settled_to: int) -> None:
        """Go on from an instant, no earlier than where it is."""
        self.reached, self.settled_to = max(self.reached, reached), max(self.settled_to, settled_to)

    def put(self, task: int, bucket: int, value: list[Any]) -> None:
        """Take what a task says of a bucket."""
        changed = self.measure.put(task, bucket, value)
        if changed is None or changed > self.reached:
            return
        if changed <= self.settled_to:
            self.late, changed = True, self.settled_to + 1
        self.disturbed = changed if self.disturbed is None else min(self.disturbed, changed)

    def corrected(self) -> bool:
        """Follow again what partials have corrected; whether the present is another one.

        What was settled is not followed again: such a correction counts from the last instant that was reached.
        """
        if self.disturbed is None:
            return False
        before, target = self.present, self.reached
        while self.trail[-1][0] >= self.disturbed:
            self.trail.pop()
        self.reached, self.disturbed = min(self.disturbed - 1, target), None
        for _ in self.followed(target):
            pass
        if self.late:
            self._take(target)
        return self.present != before

    def followed(self, until: int) -> Iterator[Episode | None]:
        """Go on up to and including an instant; yields the episode after each change, as it is the present."""
        while (at := self.measure.next_change(self.reached)) is not None and at <= until:
            self.reached = at
            if self._take(at):
                yield self.present
        self.reached = max(self.reached, until)

    def _take(self, at: int) -> bool:
        """Take the reading at an instant; whether it changes anything."""
        episode = after(self.present, at, self.measure.read(at))
        if episode is self.present:
            return False
        self.trail.append((at, episode))
        return True

    def settle(self, until: int) -> bool:
        """Note that nothing up to and including an instant can change any more; whether the trail became shorter."""
        if until <= self.settled_to:
            return False
        self.settled_to = until
        number = sum(at <= until for at, _ in self.trail) - 1
        del self.trail[:number]
        return number > 0

    def record(self) -> list[Any]:
        """The journalled form, but for the partials."""
        return [self.trail, self.reached, self.settled_to, self.disturbed, self.late, self.measure.kept()]

    def restore(self, fields: list[Any]) -> None:
        """Take up what `record` described, when the partials have been put."""
        trail, reached, settled_to, self.disturbed, self.late, kept = fields
        self.begin(reached, settled_to)
        self.trail = [(at, None if episode is None else read_episode(episode)) for at, episode in trail]
        self.measure.take_up(kept)


def read_episode(fields: list[Any]) -> Episode:
    """An episode as it was journalled."""
    since, at, closed_at, level, figures = fields
    return Episode(since, at, closed_at, level, tuple(figures))
