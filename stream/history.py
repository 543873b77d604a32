"""History played through a task, in order of time: what a backtest does, without a broker and without a wall clock.

The task is told what a worker would tell it of a marked replay: every record is history, and at the end a clock mark
says how far time has gone. Invariant: no stage of a service level is passed over
because time went too fast.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from stream.effects import Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.shard import Shard

RUN = "history"
LONGEST_BATCH = 200
DRAIN_EVERY = 1_000


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
        feed.add(entry)
        if feed.undrained >= DRAIN_EVERY:
            feed.undrained = 0
            yield shard.drain()
    feed.end(until)
    yield shard.drain()


class Feed:
    """Entries on their way into a task, in batches short enough that every stage of a clock is seen."""

    def __init__(self, shard: Shard, source: Input) -> None:
        self.shard, self.source = shard, source
        processes = [watch.process for watch in shard.watches.values()]
        self.lateness = max(process.lateness for process in processes)
        self.span = min(process.rulebook.pace for process in processes)
        self.promises = any(process.rulebook.dues for process in processes)
        self.offset = self.undrained = 0
        self.records: list[Received] = []
        self.now: int | None = None
        self.first_at = 0

    def add(self, entry: Entry) -> None:
        """Take the next entry; what is waiting goes first where time would pass a deadline."""
        at = self.now or 0 if entry.at is None else entry.at
        self.now = at if self.now is None or at > self.now else self.now
        if self.records and (len(self.records) >= LONGEST_BATCH or self._crosses(self.now)):
            self.flush(self.records[-1].stamped_at)
        if not self.records:
            self.first_at = self.now
        self.records.append(Received(self.offset, self.now, entry.value, RUN, None, entry.last_of_case))
        self.offset += 1

    def _crosses(self, now: int) -> bool:
        """Whether time would take a clock past two of its marks at once by `now`; promised dates may lie anywhere."""
        if now - self.first_at > self.span:
            return True
        due = self.shard.next_deadline() if self.promises else None
        return due is not None and due < now - self.lateness

    def flush(self, now: int) -> None:
        """Feed what is waiting, and let time pass."""
        start, count = self.offset - len(self.records), len(self.records)
        self.shard.observe(Batch(self.source, start, self.records, self.offset, self.offset, now))
        while self.shard.advance(now):
            pass
        self.records = []
        self.undrained += count

    def end(self, until: int | None) -> None:
        """Feed the rest, and a mark that says how far time has gone."""
        self.flush(self.now or 0)
        now = self.now or 0 if until is None else until
        self.records = [Received(self.offset, now, None, RUN, now)]
        self.offset += 1
        self.flush(now)
