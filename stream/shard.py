"""The first door of the core: all state of one task, and its five calls.

`observe` folds decoded records, `advance` lets time pass, `next_deadline` says when it would next have something to do,
`drain` hands over what changed, `restore` rebuilds the same from what was journalled. No I/O, no clock, no randomness:
the worker, backtests and tests all drive this. Invariant: a record at or below a position that was applied changes
nothing, and cutting a run anywhere into `drain` and `restore` changes no finding.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import orjson

from stream.awake import Room
from stream.clock import Moment
from stream.control import ControlRecord, Order, decoded
from stream.effects import Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import LAYOUT, UnreadableState, refuse_unknown
from stream.outages import silence_told
from stream.process import Process
from stream.snapshot import Snapshot
from stream.versions import version_told
from stream.watch import Watch

TASK_KEY = b"task"
CASE_KEYS = b"case/"
VERSION_KEYS = b"version/"
Older = Mapping[str, Mapping[str, Process]]
"""By process and identity, the versions that can be compiled when a case is of them, or one is activated."""


class PositionGap(Exception):
    """A batch does not join the last one: something between them was lost, and has to be fetched again."""


class Shard:
    """All state of one task: partition `task` of every topic of its processes.

    `earliest` (ms): live events from before it are refused. `journalled`: whether `drain` hands over what to restore
    from; a backtest has no use for it. `inputs`: what is read, where that is not partition `task` of each topic.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        task: int = 0,
        earliest: int = 0,
        journalled: bool = True,
        inputs: Sequence[Input] = (),
    ) -> None:
        self.task, self.journalled, self.elsewhere = task, journalled, bool(inputs)
        self.watches: dict[str, Watch] = {}
        self.by_input: dict[Input, list[Watch]] = {}
        self.positions: dict[Input, int] = {}
        self.control_position = 0
        self.control_topics = 0
        self.moved = False
        self.control_counts: Counter[tuple[str, ...]] = Counter()
        for process in processes:
            read = tuple(inputs) or tuple(Input(topic, task) for topic in process.definition.events.topics)
            watch = self.watches[process.name] = Watch(process, read, task, earliest)
            for source in read:
                self.by_input.setdefault(source, []).append(watch)

    def sharing(self, room: Room) -> Self:
        """The same shard, with room for unpacked cases that it shares with others."""
        for watch in self.watches.values():
            watch.kept.awake.share(room)
        return self

    def knowing(self, older: Older) -> Self:
        """Look for versions there, before anything is restored; cases begin on the shard's own processes until another
        version is activated."""
        for name, watch in self.watches.items():
            watch.versions.older = older.get(name, watch.versions.older)
        return self

    def position(self, source: Input) -> int | None:
        """The next offset to read of an input, None if it was never read."""
        return self.positions.get(source)

    @property
    def clock(self) -> int | None:
        """The least clock of the task's processes (ms), None while one is not known."""
        clocks = [watch.clock.now for watch in self.watches.values()]
        return None if None in clocks else min(c for c in clocks if c is not None)

    def observe(self, batch: Batch) -> None:
        """Fold a batch's records; raises `PositionGap` if it starts beyond the position, `KeyError` if not an input."""
        watches = self.by_input[batch.input]
        position = self.positions.get(batch.input)
        if position is None:
            for watch in watches:
                watch.input_clocks[batch.input].cold = batch.start == 0
        elif batch.start > position:
            raise PositionGap(f"{batch.input}: read up to {position}, but the batch starts at {batch.start}")
        fresh = batch.records if position is None else [r for r in batch.records if r.offset >= position]
        for watch in watches:
            watch.observe(batch, fresh)
        reached = max(batch.next, position or 0)
        if reached != position:
            self.positions[batch.input] = reached
            self.moved = True
        for watch in watches:
            watch.input_clocks[batch.input].reached(reached, batch.end)

    def refuse(self, source: Input, received: Received, refusal: Refusal) -> None:
        """Set aside a record that the core could not take, and go on behind it."""
        for watch in self.by_input[source]:
            watch.refuse(source, received.offset, refusal)
        self.positions[source] = received.offset + 1
        self.moved = True

    def control(self, records: Iterable[ControlRecord], end: int | None = None) -> bool:
        """Take what is ordered from elsewhere, in order of offset; what was taken before is passed over. Where
        their topic is known to end at `end`, who has heard more has heard another, and hears this one from its
        beginning. False: a shard changes over by itself."""
        if end is not None and end < self.control_position:
            self.control_position, self.moved = 0, True
            self.control_topics += 1
        for record in records:
            if record.offset < self.control_position:
                continue
            self.control_position = record.offset + 1
            self.moved = True
            try:
                order = decoded(record)
                outcome = self._obey(order)
                self.control_counts["control", order.kind, outcome] += 1
            except (ValueError, TypeError, LookupError) as error:
                self.control_counts["control", "unreadable", type(error).__name__] += 1
        return False

    def _obey(self, order: Order) -> str:
        """Do what is ordered; what became of the order."""
        watch = self.watches.get(order.process)
        if watch is None:
            return "not here"
        if order.kind == "active" and order.told is not None:
            return "taken" if watch.activate(*version_told(order.told)) else "of an unknown version"
        if order.kind == "forget":
            return "over" if order.told is None else watch.forget_case(order.about[0])
        if order.kind == "silence" and order.told is not None:
            watch.hear(silence_told(order.process, order.about, order.told))
            return "applied"
        return "unknown"

    def advance(self, now: int, limit: int = 1_000, noticed_at: int | None = None) -> bool:
        """Let time pass to wall clock `now` (ms), with at most `limit` deadlines; whether more are due. What is said
        was noticed at `noticed_at` (ms), where that is later."""
        more = False
        for watch in self.watches.values():
            if watch.advance(now, limit, now if noticed_at is None else noticed_at) >= limit:
                more = True
        return more

    def next_deadline(self) -> int | None:
        """The next instant (ms, in the task's own clock) at which a case is to be looked at."""
        due = [instant for watch in self.watches.values() if (instant := watch.deadlines.next()) is not None]
        return min(due, default=None)

    def drain(self) -> Effects:
        """What has changed since the last drain."""
        partials: list[tuple[bytes, bytes | None]] = []
        effects = Effects([], [], [], Counter(), partials)
        for watch in self.watches.values():
            told, kept = watch.tell()
            partials.extend(told)
            if self.journalled:
                effects.journal.extend(watch.journal())
                effects.journal.extend(kept)
            watch.rest()
            effects.alerts.extend(watch.announcer.records)
            effects.dead_letters.extend(watch.dead_letters)
            effects.counts.update(watch.counts + watch.announcer.counts)
            watch.announcer.records, watch.dead_letters = [], []
            watch.counts.clear()
            watch.announcer.counts.clear()
        effects.counts.update(self.control_counts)
        self.control_counts.clear()
        if self.journalled and (self.moved or effects.journal or effects.alerts or partials):
            effects.journal.append((TASK_KEY, self._task_record()))
            self.moved = False
        return effects

    def _task_record(self) -> bytes:
        watches = {
            name: {
                "clock": watch.time.moment(),
                **({"reached": watch.lookout.reached} if watch.lookout.reached != watch.clock.moment else {}),
                "inputs": {self._label(source): clock.record() for source, clock in watch.input_clocks.items()},
                **({"active": watch.versions.wanted} if watch.versions.wanted else {}),
                **({"cards": watch.versions.cards[1]} if watch.versions.cards[1] else {}),
                **watch.outages.record(),
            }
            for name, watch in self.watches.items()
        }
        positions = {self._label(source): position for source, position in self.positions.items()}
        record = {"layout": LAYOUT, "positions": positions, "control": self.control_position, "processes": watches}
        if self.control_topics:
            record["control_topics"] = self.control_topics
        return orjson.dumps(record, default=tuple)

    def _label(self, source: Input) -> str:
        """What an input is called in the task record: by its topic, where the partition goes without saying."""
        return f"{source.topic}/{source.partition}" if self.elsewhere else source.topic

    def _labelled(self, label: str) -> Input:
        topic, _, partition = label.rpartition("/") if self.elsewhere else (label, "", self.task)
        return Input(topic, int(partition))

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild from journalled (key, value) pairs in order; raises `UnreadableState`.

        Later pairs of a key replace earlier ones; cases of processes that are no longer defined are passed over.
        """
        latest: dict[bytes, bytes] = {}
        for key, value in records:
            if value is None:
                latest.pop(key, None)
            else:
                latest[key] = value
        task = latest.pop(TASK_KEY, None)
        if task is not None:
            self._take_up(TASK_KEY, task)
        if not self.positions and any(key.startswith(CASE_KEYS) for key in latest):
            # The sources would be read again, and every event of these cases count twice.
            raise UnreadableState(f"there are cases, but nothing under {TASK_KEY!r} says up to where they were read")
        for key in [key for key in latest if key.startswith(VERSION_KEYS)]:  # what they are is to be known first of all
            self._take_up(key, latest.pop(key))
        for key, value in latest.items():
            self._take_up(key, value)
        for watch in self.watches.values():
            watch.restored()

    def _take_up(self, key: bytes, record: bytes) -> None:
        """Restore one record; raises `UnreadableState` whatever is wrong with it."""
        try:
            fields = orjson.loads(record)
            layout = fields["layout"] if isinstance(fields, dict) else fields[0]
            if layout != LAYOUT:
                refuse_unknown(layout, repr(key))
            if key == TASK_KEY:
                self._restore_task(fields)
            else:
                self._restore_record(key, record, fields)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise UnreadableState(f"the record under {key!r} cannot be read: {error!r}") from error

    def _restore_record(self, key: bytes, record: bytes, fields: Any) -> None:
        kind, name, case_id = key.decode().split("/", 2)
        watch = self.watches.get(name)
        if watch is None:
            return
        if kind == "labels":
            watch.versions.learn(case_id, record)
        elif kind == "version":
            watch.restore_version(int(case_id), fields)
        elif kind == "partial":
            watch.partials.restore(case_id, fields)
        else:
            watch.restore(case_id, record, fields)

    def _restore_task(self, fields: dict[str, Any]) -> None:
        self.positions = {self._labelled(label): int(position) for label, position in fields["positions"].items()}
        self.control_position, self.control_topics = int(fields.get("control", 0)), int(fields.get("control_topics", 0))
        for name, watch in self.watches.items():
            watched = fields["processes"].get(name, {"clock": None, "inputs": {}})
            if "active" in watched:
                watch.activate(*watched["active"])
            watch.versions.count_on(watch.versions.cards[0], watched.get("cards", 0))
            if watched["clock"] is not None:
                watch.clock.moment = Moment(*watched["clock"])
                watch.lookout.reached = Moment(*watched.get("reached", watched["clock"]))
            watch.outages.restore(watched.get("silences"))
            for source, clock in watch.input_clocks.items():
                if self._label(source) in watched["inputs"]:
                    clock.restore(watched["inputs"][self._label(source)])
                else:
                    clock.cold = not self.positions.get(source)

    def snapshot(self, now: int) -> Snapshot:
        """What gauges show at wall clock `now` (ms)."""
        clocks = [pair for watch in self.watches.values() for pair in watch.input_clocks.items()]
        return Snapshot(
            {name: watch.census.by_name() for name, watch in self.watches.items()},
            {source: clock.newest_at for source, clock in clocks if clock.newest_at is not None},
            {source: clock.mode(now) for source, clock in clocks},
            versions={name: watch.versions.census() for name, watch in self.watches.items()},
            delays={source: clock.delay for source, clock in clocks},
        )
