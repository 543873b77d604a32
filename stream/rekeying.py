"""The intake's core: passes the records of a source on under the keys of their cases, with the source's own time.

What reads the re-keyed records has to know of each source how far it was read, where it ends and what its clock is,
or it could not tell a quiet source from one that is behind. So heartbeats go to every partition, in order with the
records: whoever has read one has read all that lay before it in the source. Invariant: a record is passed on once, and
never without a heartbeat behind it; what cannot be read is set aside here, and passed on to nobody.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from stream.admission import Admission
from stream.clock import ClockMode, InputClock
from stream.control import ControlRecord, InForce
from stream.effects import DeadLetter, Effects, Heartbeat, PassedOn
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import UnreadableState
from stream.process import Process
from stream.shard import TASK_KEY, PositionGap
from stream.snapshot import Snapshot

LAYOUT: Final = 1
BEAT_MS: Final = 500
"""So often at least a source's time is told while nothing happens: no deadline waits longer for it."""


class Reach(NamedTuple):
    """How far a source was read: the position that is read next, the source's end, the wall clock (ms) at which that
    was so, and the source's clock (`InputClock.record`). Where a source is first read, `end` and `at` are None, and
    records of it are still to come."""

    input: Input
    position: int
    end: int | None
    at: int | None
    clock: list[int | bool | None]

    def encoded(self) -> bytes:
        """The reach as the body of a heartbeat."""
        return orjson.dumps([*self.input, *self[1:]])

    @classmethod
    def decoded(cls, body: bytes) -> "Reach":
        """Read the body of a heartbeat; raises `ValueError` or `TypeError` for what is none."""
        topic, partition, position, end, at, clock = orjson.loads(body)
        return cls(Input(topic, partition), position, end, at, clock)

    def says_the_same(self, other: "Reach | None") -> bool:
        """Whether another reach differs in nothing but the time at which it was so."""
        return other is not None and self._replace(at=None) == other._replace(at=None)


class Rekeying:
    """The records of one process in one task of the intake."""

    def __init__(self, process: Process, inputs: Sequence[Input], earliest: int) -> None:
        self.process, self.admission = process, Admission(process, earliest)
        self.clocks = {source: InputClock() for source in inputs}
        self.numbers = {source: number for number, source in enumerate(inputs)}
        self.first: list[Heartbeat] = []
        self.passed_on: list[PassedOn] = []
        self.told: dict[Input, Reach] = {}
        self.letters: list[DeadLetter] = []
        self.counts: Counter[tuple[str, ...]] = Counter()

    def observe(self, batch: Batch, records: Iterable[Received], new: bool) -> None:
        """Take records of a batch; of a `new` source it is told where it begins, before any record of it."""
        unreadable = self.process.reader.unreadable
        clock = self.clocks[batch.input]
        if new:
            clock.cold = batch.start == 0
        for received in records:
            outcome = self._take(batch, received, clock)
            self.counts["events", self.process.name, batch.input.topic, outcome] += 1
        if new:
            opening = [None, clock.first_at, clock.cold, 0, False, None, clock.read_at]
            body = Reach(batch.input, batch.start, None, None, opening).encoded()
            self.first.append(Heartbeat(self.process.name, body))
        self.process.reader.unreadable = unreadable  # counted by whoever applies the event

    def _take(self, batch: Batch, received: Received, clock: InputClock) -> str:
        place = self.numbers[batch.input], received.offset
        found = self.admission.admit(received, batch.read_at, place, clock)
        if isinstance(found, str):
            return found
        if isinstance(found, Refusal):
            self.set_aside(batch.input, received.offset, found)
            return "refused"
        self.passed_on.append(PassedOn(self.process.name, found[0], batch.input, received.offset))
        return "rekeyed"

    def set_aside(self, source: Input, offset: int, refusal: Refusal) -> None:
        """Set a record aside that is passed on to nobody."""
        self.letters.append(DeadLetter(source, offset, self.process.name, refusal.reason, refusal.message))
        self.counts["dead_letters", self.process.name, refusal.reason] += 1

    def beats(self, reaches: Iterable[Reach]) -> list[Heartbeat]:
        """The heartbeats that are due: where a source's reach has changed, after records, and as time goes."""
        due: list[Heartbeat] = []
        for reach in reaches:
            last = self.told.get(reach.input)
            quiet = last is not None and (reach.at or 0) - (last.at or 0) < BEAT_MS
            if self.passed_on or not reach.says_the_same(last) or not quiet:
                self.told[reach.input] = reach
                due.append(Heartbeat(self.process.name, reach.encoded()))
        return due


class Rekeyer:
    """All state of one task of the intake: partition `task` of every topic of its processes; the calls of a `Shard`."""

    def __init__(self, processes: Sequence[Process], *, task: int = 0, earliest: int = 0) -> None:
        self.task = task
        self.rekeyings: list[Rekeying] = []
        self.by_input: dict[Input, list[Rekeying]] = {}
        self.under = InForce()
        self.positions: dict[Input, int] = {}
        self.ends: dict[Input, int] = {}
        self.now: int | None = None
        self.moved = False
        for process in processes:
            inputs = [Input(topic, task) for topic in process.definition.events.topics]
            rekeying = Rekeying(process, inputs, earliest)
            self.rekeyings.append(rekeying)
            for source in inputs:
                self.by_input.setdefault(source, []).append(rekeying)

    @property
    def clock(self) -> int | None:
        """An intake tells the time of its sources, and has none of its own."""
        return None

    def position(self, source: Input) -> int | None:
        """The next offset to read of an input, None if it was never read."""
        return self.positions.get(source)

    def observe(self, batch: Batch) -> None:
        """Take a batch's records; raises `PositionGap` if it starts beyond the position."""
        position = self.positions.get(batch.input)
        if position is not None and batch.start > position:
            raise PositionGap(f"{batch.input}: read up to {position}, but the batch starts at {batch.start}")
        fresh = batch.records if position is None else [r for r in batch.records if r.offset >= position]
        reached = max(batch.next, position or 0)
        for rekeying in self.by_input[batch.input]:
            rekeying.observe(batch, fresh, new=position is None)
            rekeying.clocks[batch.input].reached(reached, batch.end)
        self.moved = self.moved or reached != position
        self.positions[batch.input], self.ends[batch.input] = reached, batch.end

    def refuse(self, source: Input, received: Received, refusal: Refusal) -> None:
        """Set aside a record that the core could not take, and go on behind it."""
        for rekeying in self.by_input[source]:
            rekeying.set_aside(source, received.offset, refusal)
            rekeying.counts["events", rekeying.process.name, source.topic, "refused"] += 1
        self.positions[source], self.moved = received.offset + 1, True

    def control(self, records: Iterable[ControlRecord], end: int | None = None) -> bool:
        """What is ordered from elsewhere is for shards; whether other versions are in force than those that it was
        opened under."""
        return self.under.superseded(records)

    def advance(self, now: int, limit: int = 1_000) -> bool:
        """Let time pass to wall clock `now` (ms), at which the ends of all inputs are known; nothing is ever due."""
        self.now = now
        return False

    def next_deadline(self) -> int | None:
        """Nothing is ever due."""
        return None

    def drain(self) -> Effects:
        """What is to be passed on since the last drain, with heartbeats behind it, and the positions."""
        rekeyed: list[PassedOn | Heartbeat] = []
        effects = Effects([], [], [], Counter(), rekeyed=rekeyed)
        for rekeying in self.rekeyings:
            rekeyed += rekeying.first
            rekeyed += rekeying.passed_on
            rekeyed += rekeying.beats(self._reaches(rekeying))
            effects.dead_letters.extend(rekeying.letters)
            effects.counts.update(rekeying.counts)
            rekeying.first, rekeying.passed_on, rekeying.letters = [], [], []
            rekeying.counts.clear()
        if self.moved:
            effects.journal.append((TASK_KEY, self._task_record()))
            self.moved = False
        return effects

    def _reaches(self, rekeying: Rekeying) -> list[Reach]:
        """Nothing is told before the time is known, but for the records themselves."""
        if self.now is None:
            return []
        return [
            Reach(source, self.positions[source], self.ends[source], self.now, clock.record())
            for source, clock in rekeying.clocks.items()
            if source in self.ends
        ]

    def _task_record(self) -> bytes:
        positions = {source.topic: position for source, position in self.positions.items()}
        clocks = {
            each.process.name: {source.topic: clock.record() for source, clock in each.clocks.items()}
            for each in self.rekeyings
        }
        return orjson.dumps({"intake": LAYOUT, "positions": positions, "processes": clocks})

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Go on from what was journalled; raises `UnreadableState`."""
        record = dict(records).get(TASK_KEY)
        if record is None:
            return
        try:
            fields = orjson.loads(record)
            if fields["intake"] != LAYOUT:
                raise UnreadableState(f"an intake's record of layout {fields['intake']!r}; this version reads {LAYOUT}")
            self._take_up(fields)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise UnreadableState(f"the record of an intake cannot be read: {error!r}") from error

    def _take_up(self, fields: dict[str, Any]) -> None:
        self.positions = {Input(topic, self.task): int(at) for topic, at in fields["positions"].items()}
        for rekeying in self.rekeyings:
            clocks = fields["processes"].get(rekeying.process.name, {})
            for source, clock in rekeying.clocks.items():
                if source.topic in clocks:
                    clock.restore(clocks[source.topic])

    def snapshot(self, now: int) -> Snapshot:
        """What gauges show at wall clock `now` (ms)."""
        clocks = [pair for rekeying in self.rekeyings for pair in rekeying.clocks.items()]
        newest = {source: clock.newest_at for source, clock in clocks if clock.newest_at is not None}
        modes: dict[Input, ClockMode] = {source: clock.mode(now) for source, clock in clocks}
        return Snapshot({}, newest, modes)
