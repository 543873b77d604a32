"""Tasks that are fed as a topic feeds them, with workers that fail: records wait while nobody reads, and time goes on.

A wall clock that is a literal goes from one instant to the next at which a record comes or something is due; what was
journalled is all that outlives a failure. Nothing here knows a rule of the domain.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from stream.effects import Effects
from stream.inputs import Batch, Input, Received
from stream.process import Process
from stream.shard import Shard

SECOND = 1_000
AT_ONCE = 3
"""Records in a batch at the most: a backlog is read in many of them, and time may pass after each."""


class Outage(NamedTuple):
    """While nobody reads: from an instant up to, not including, another (ms)."""

    begins_at: int
    ends_at: int


class Fed:
    """A task of one process, read live; `stamped`: when each of its records came (ms), in order, and what it says."""

    def __init__(
        self, process: Process, task: int, stamped: Sequence[tuple[int, dict[str, Any]]], outages: Sequence[Outage]
    ) -> None:
        self.process, self.task, self.outages = process, task, sorted(outages)
        self.source = Input(process.definition.events.topics[0], task)
        self.stamps = [stamp for stamp, _ in stamped]
        self.records = [Received(offset, *record) for offset, record in enumerate(stamped)]
        self.shard = Shard([process], task=task)
        self.journal: dict[bytes, bytes] = {}
        self.alerts: list[dict[str, Any]] = []
        self.applied = 0
        self.lost = False

    def next_at(self, now: int) -> int | None:
        """The next instant after `now` (ms) at which there is something to do; a worker looks once a second at most."""
        out = self._out(now)
        if out is not None:
            return out.ends_at
        number = bisect_right(self.stamps, now)
        due = self.shard.next_deadline()
        found = [] if due is None else [max(now + SECOND, due + self.process.patience + 1)]
        return min([*found, *self.stamps[number : number + 1], *self._failures(now)], default=None)

    def _out(self, now: int) -> Outage | None:
        return next((each for each in self.outages if each.begins_at <= now < each.ends_at), None)

    def _failures(self, now: int) -> list[int]:
        return [each.begins_at for each in self.outages if each.begins_at > now]

    def step(self, now: int) -> Iterator[Effects]:
        """Read what has come by `now` (ms), if anybody does, and let time pass; each commit's effects."""
        if self._out(now) is not None:
            self.lost = True
            return
        if self.lost:
            self.shard, self.lost = Shard([self.process], task=self.task), False
            self.shard.restore(self.journal.items())
        end = bisect_right(self.stamps, now)
        while True:
            following = min(end, self.applied + AT_ONCE)
            batch = self.records[self.applied : following]
            self.shard.observe(Batch(self.source, self.applied, batch, following, end, now))
            self.applied = following
            while self.shard.advance(now):
                yield self._committed()
            yield self._committed()
            if self.applied == end:
                return

    def _committed(self) -> Effects:
        effects = self.shard.drain()
        for key, value in effects.journal:
            if value is None:
                self.journal.pop(key, None)
            else:
                self.journal[key] = value
        self.alerts += [orjson.loads(record.body) for record in effects.alerts if record.body is not None]
        return effects

    def run(self, until: int) -> None:
        """Go through all that comes and falls due, up to an instant (ms)."""
        now = self.stamps[0]
        while now <= until:
            for _ in self.step(now):
                pass
            following = self.next_at(now)
            if following is None:
                break
            now = following
