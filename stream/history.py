"""History played through a task, event by event: what a backtest does, without a broker and without a wall clock.

The task is told what a worker would tell it of a marked replay: every record is history, and at the end a clock mark
says how far time has gone. Invariant: every deadline fires between the events around it, in order of time.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from stream.effects import Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.shard import Shard

RUN = "history"
DRAIN_EVERY = 1_000


class Entry(NamedTuple):
    """One record of a log: its time (ms), None where it has none or cannot be read; what it says; whether it is the
    last of its case."""

    at: int | None
    value: dict[str, Any] | Refusal
    last_of_case: bool = False


def play(shard: Shard, source: Input, entries: Iterable[Entry], until: int | None = None) -> Iterator[Effects]:
    """Feed entries, which are in order of time, and let time pass to `until` (ms), or else to the last event's time.

    Yields the effects of every thousand entries, then those of the end.
    """
    offset, now = 0, 0
    for entry in entries:
        now = max(now, entry.at or 0) if offset else entry.at or 0
        received = Received(offset, now, entry.value, RUN, None, entry.last_of_case)
        offset += 1
        shard.observe(Batch(source, offset - 1, [received], offset, offset, now))
        while shard.advance(now):
            pass
        if offset % DRAIN_EVERY == 0:
            yield shard.drain()
    now = now if until is None else until
    mark = Received(offset, now, None, RUN, now)
    shard.observe(Batch(source, offset, [mark], offset + 1, offset + 1, now))
    while shard.advance(now):
        pass
    yield shard.drain()
