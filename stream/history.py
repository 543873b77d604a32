"""History played through a task, in order of time: what a backtest does, without a broker and without a wall clock.

The task is told what a worker would tell it of a marked replay: every record is history, and at the end a clock mark
says how far time has gone. Invariant: what is left in the end does not depend on
how the entries fall into batches.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from stream.effects import Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.shard import Shard

RUN = "history"
LONGEST_BATCH = 200
DRAIN_EVERY = 1_000
DAY_MS = 86_400_000


class Entry(NamedTuple):
    """One record of a log: its time (ms), None where it has none or cannot be read; what it says; whether it is the
    last of its case."""

    at: int | None
    value: dict[str, Any] | Refusal
    last_of_case: bool = False


def play(shard: Shard, source: Input, entries: Iterable[Entry], until: int | None = None) -> Iterator[Effects]:
    """Feed entries, which are in order of time, and let time pass to `until` (ms), or else to the last event's time.

    Yields the effects of every thousand entries or so, then those of the end.
    """
    feed = Feed(shard, source)
    for entry in entries:
        yield from feed.add(entry)
    yield from feed.end(until)


class Feed:
    """Entries on their way into a task, in batches of a day at the most: what is noticed is noticed on the day."""

    def __init__(self, shard: Shard, source: Input) -> None:
        self.shard, self.source = shard, source
        self.offset = self.undrained = 0
        self.records: list[Received] = []
        self.now: int | None = None
        self.first_at = 0

    def add(self, entry: Entry) -> Iterator[Effects]:
        """Take the next entry; what is waiting goes first when there is enough of it."""
        at = self.now or 0 if entry.at is None else entry.at
        self.now = at if self.now is None or at > self.now else self.now
        if self.records and (len(self.records) >= LONGEST_BATCH or self.now - self.first_at > DAY_MS):
            yield from self.flush(self.records[-1].stamped_at)
        if not self.records:
            self.first_at = self.now
        self.records.append(Received(self.offset, self.now, entry.value, RUN, None, entry.last_of_case))
        self.offset += 1

    def flush(self, now: int) -> Iterator[Effects]:
        """Feed what is waiting, and let time pass; however much falls due at once, little of it is held."""
        start, count = self.offset - len(self.records), len(self.records)
        self.shard.observe(Batch(self.source, start, self.records, self.offset, self.offset, now))
        while self.shard.advance(now):
            yield self.shard.drain()
        self.records = []
        self.undrained += count
        if self.undrained >= DRAIN_EVERY:
            self.undrained = 0
            yield self.shard.drain()

    def end(self, until: int | None) -> Iterator[Effects]:
        """Feed the rest, and a mark that says how far time has gone."""
        yield from self.flush(self.now or 0)
        now = max((at for at in (self.now, until) if at is not None), default=0)
        self.records = [Received(self.offset, now, None, RUN, now)]
        self.offset += 1
        yield from self.flush(now)
        yield self.shard.drain()
