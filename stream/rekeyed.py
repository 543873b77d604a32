"""A shard behind an intake: reads one partition of re-keyed records, and counts as its inputs the sources themselves.

Every record says where it came from, so that positions, clocks, ties and evidence are the source's; heartbeats say how
far each source was read, and when that was so. Time passes as far as the least of them allows: an intake that stands
still holds the time of every case, since nobody knows what waits in its source. Invariant: a record at or below the
position of its source changes nothing, so that what an intake passes on twice counts once.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import orjson

from stream.control import ControlRecord
from stream.effects import Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import UnreadableState
from stream.process import Process
from stream.rekeying import Reach
from stream.shard import PositionGap, Shard
from stream.snapshot import Snapshot

KEY: Final = b"rekeyed"
LAYOUT: Final = 1
KEPT_EVERY_MS: Final = 3_000
"""So often at most the own position is journalled while only heartbeats come: from an older one they are read again."""

NO_ORIGIN: Final = Refusal("no_origin", "the record does not say where it came from: the intake did not write it")


class RekeyedShard:
    """A `Shard` for one process that reads `source`, a partition of re-keyed records; `inputs` are their sources."""

    def __init__(self, process: Process, source: Input, inputs: Sequence[Input], *, earliest: int = 0) -> None:
        self.source = source
        self.shard = Shard([process], task=source.partition, earliest=earliest, inputs=inputs)
        self.watch = self.shard.watches[process.name]
        self.reached: int | None = None
        self.known_at: dict[Input, int] = {}
        self.moved = False
        self.now = self.kept_at = 0

    @property
    def clock(self) -> int | None:
        """The clock of the process (ms), None while it is not known."""
        return self.shard.clock

    def position(self, source: Input) -> int | None:
        """The next offset to read of the re-keyed records, None if they were never read."""
        return self.reached

    def observe(self, batch: Batch) -> None:
        """Take a batch of re-keyed records and heartbeats; raises `PositionGap` if it starts beyond the position."""
        if self.reached is not None and batch.start > self.reached:
            raise PositionGap(f"{batch.input}: read up to {self.reached}, but the batch starts at {batch.start}")
        for origin, records in groupby(_fresh(batch.records, self.reached), _source_of):
            if origin is None:
                self._take_others(records, batch.read_at)
            elif origin in self.shard.by_input:
                self._take_events(origin, records, batch.read_at)
            else:
                self._set_aside(records)
        reached = max(batch.next, self.reached or 0)
        self.moved = self.moved or reached != self.reached
        self.reached = reached

    def _take_events(self, origin: Input, records: Iterable[Received], read_at: int) -> None:
        """Let the shard read the events as if from their source, whose end is as far as was last heard."""
        events = [_as_it_was(received) for received in records]
        position = self.shard.positions.get(origin)
        fresh = [event for event in events if position is None or event.offset >= position]
        if fresh:
            start, reached = (fresh[0].offset if position is None else position), fresh[-1].offset + 1
            clock = self.watch.input_clocks[origin]
            end = clock.end
            self.shard.observe(Batch(origin, start, fresh, reached, max(end or 0, reached), read_at))
            clock.end = end

    def _take_others(self, records: Iterable[Received], read_at: int) -> None:
        for received in records:
            reach = _reach(received)
            if reach is None or reach.input not in self.shard.by_input:
                self._set_aside([received])
            else:
                self._take_reach(reach, read_at)

    def _take_reach(self, reach: Reach, read_at: int) -> None:
        """Learn how far a source was read; one that says less than what is known was passed on twice."""
        source, known = reach.input, self.shard.positions.get(reach.input)
        known_at = self.known_at.get(source)
        if known is not None and (reach.position < known or reach.at is None or reach.at < (known_at or reach.at)):
            return
        end = reach.position + 1 if reach.end is None else reach.end
        self.shard.observe(Batch(source, reach.position if known is None else known, [], reach.position, end, read_at))
        clock = self.watch.input_clocks[source]
        clock.follow(reach.clock)
        clock.position, clock.end = reach.position, reach.end
        if reach.at is not None:
            self.known_at[source] = reach.at

    def _set_aside(self, records: Iterable[Received]) -> None:
        for received in records:
            self.watch.refuse(self.source, received.offset, NO_ORIGIN)

    def refuse(self, source: Input, received: Received, refusal: Refusal) -> None:
        """Set aside a record that the core could not take, and go on behind it."""
        origin = received.origin
        if origin is None or origin.input not in self.shard.by_input:
            self.watch.refuse(self.source, received.offset, refusal)
        else:
            self.shard.refuse(origin.input, _as_it_was(received), refusal)
        self.reached, self.moved = received.offset + 1, True

    def control(self, records: Iterable[ControlRecord], end: int | None = None) -> bool:
        """Take what is ordered from elsewhere, in order of offset; `end` is where its topic ends, if that is known.
        False, as for the shard."""
        return self.shard.control(records, end)

    def advance(self, now: int, limit: int = 1_000) -> bool:
        """Let time pass to wall clock `now` (ms), or as far as every source is known; whether more deadlines are
        due."""
        self.now = now
        if len(self.known_at) < len(self.watch.inputs):
            return False
        return self.shard.advance(min(now, *self.known_at.values()), limit, now)

    def next_deadline(self) -> int | None:
        """The next instant (ms, in the clock of the process) at which a case is to be looked at."""
        return self.shard.next_deadline()

    def drain(self) -> Effects:
        """What has changed since the last drain; the own position with it, since an older one costs only time."""
        effects = self.shard.drain()
        if self.moved and (effects or self.now - self.kept_at >= KEPT_EVERY_MS):
            effects.journal.append((KEY, orjson.dumps([LAYOUT, self.reached])))
            self.moved, self.kept_at = False, self.now
        return effects

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Go on from what was journalled; raises `UnreadableState`. Time waits until every source is heard of again."""
        self.shard.restore(self._taking_own(records))

    def _taking_own(self, records: Iterable[tuple[bytes, bytes | None]]) -> Iterator[tuple[bytes, bytes | None]]:
        for key, value in records:
            if key == KEY and value is not None:
                self.reached = _own_position(value)
            else:
                yield key, value

    def snapshot(self, now: int) -> Snapshot:
        """What gauges show at wall clock `now` (ms), the sources told of as one."""
        shown = self.shard.snapshot(now)
        newest = shown.newest_at
        known_to = min(now, *self.known_at.values()) if self.known_at else None
        modes = [] if known_to is None else [clock.mode(known_to) for clock in self.watch.time.clocks]
        return Snapshot(
            shown.cases,
            {self.source: max(newest.values())} if newest else {},
            {self.source: min(modes, key=lambda mode: mode.value)} if modes else {},
            versions=shown.versions,
            delays={self.source: max(shown.delays.values(), default=0)},
        )


def _fresh(records: Sequence[Received], position: int | None) -> Iterable[Received]:
    return records if position is None else [received for received in records if received.offset >= position]


def _source_of(received: Received) -> Input | None:
    return None if received.origin is None else received.origin.input


def _as_it_was(received: Received) -> Received:
    """The record as it lay in its source."""
    origin = received.origin
    assert origin is not None  # whoever asks has looked
    return received._replace(offset=origin.offset, stamped_at=origin.stamped_at, origin=None)


def _reach(received: Received) -> Reach | None:
    if received.heartbeat is None:
        return None
    try:
        return Reach.decoded(received.heartbeat)
    except (ValueError, TypeError):
        return None


def _own_position(record: bytes) -> int:
    try:
        fields: list[Any] = orjson.loads(record)
        layout, reached = fields
        if layout == LAYOUT:
            return int(reached)
    except (ValueError, TypeError) as error:
        raise UnreadableState(f"the position among re-keyed records cannot be read: {error!r}") from error
    raise UnreadableState(f"a position of layout {layout!r}; this version reads {LAYOUT}")
