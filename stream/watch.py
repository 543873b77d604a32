"""One process in one task: its cases, its clock and its deadlines.

Events are folded as they come; what is true is asked only of cases that an event touched or whose deadline has passed.
Invariant: nothing is announced of a case but at the watch's clock, and every change is in `changed` until drained.
"""

from collections import Counter
from collections.abc import Iterator

from stream.announcer import Announcer
from stream.case import Case
from stream.census import AT_RISK, BREACHED, DEVIATING, OPEN, Census
from stream.clock import InputClock, TaskClock
from stream.deadlines import Deadlines
from stream.effects import DeadLetter
from stream.event import Event, Place
from stream.findings import Moment
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import Packer
from stream.process import Process

FUTURE_MS = 3_600_000
NEVER = -(1 << 62)
AT_ONCE = 0
"""The wake of a case that was journalled before it was looked at: it is due as soon as it is restored."""


class Watch:
    """The state of one process in one task. A case that was restored stays packed until it is touched."""

    def __init__(self, process: Process, inputs: tuple[Input, ...], earliest: int) -> None:
        self.process, self.inputs, self.earliest = process, inputs, earliest
        self.numbers = {input: number for number, input in enumerate(inputs)}
        self.input_clocks = {input: InputClock() for input in inputs}
        self.clocks = tuple(self.input_clocks.values())
        self.clock = TaskClock(process.lateness, process.patience)
        self.cases: dict[str, Case | bytes] = {}
        self.touched: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self.deadlines = Deadlines()
        self.packer = Packer(process)
        self.announcer = Announcer(process, inputs)
        self.census = Census()
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.dead_letters: list[DeadLetter] = []
        self.labels_journalled = False

    def observe(self, batch: Batch, received: Received) -> None:
        """Take one record: an event, a clock mark, a tombstone or a refusal."""
        clock = self.input_clocks[batch.input]
        clock.saw_record(received.stamped_at, batch.read_at)
        if received.value is None:
            if received.clock_mark is not None:
                clock.saw_mark(received.clock_mark)
            self._count(batch.input, "tombstone" if received.clock_mark is None else "clock_mark")
            return
        read = self._read(batch, received)
        if isinstance(read, Refusal):
            self.refuse(batch.input, received.offset, read)
            return
        case_id, event = read
        delayed = received.stamped_at - event.at > self.process.lateness
        clock.saw_event(event.at, received.replay is not None or delayed)
        self._apply(case_id, event, clock, batch)

    def _read(self, batch: Batch, received: Received) -> tuple[str, Event] | Refusal:
        """The case and event of a record that has a value, or why it is refused."""
        value = received.value
        if value is None or isinstance(value, Refusal):
            return value or Refusal("empty", "the record has no value")
        read = self.process.reader.read(value, Place(self.numbers[batch.input], received.offset))
        if isinstance(read, Refusal):
            return read
        case_id, event = read
        implausible = self._implausible(event, received, batch.read_at)
        if implausible is not None:
            return implausible
        return case_id, event._replace(last_of_case=True) if received.last_of_case else event

    def refuse(self, input: Input, offset: int, refusal: Refusal) -> None:
        """Set a record aside, with its reason."""
        self.dead_letters.append(DeadLetter(input, offset, self.process.name, refusal.reason, refusal.message))
        self.counts["dead_letters", self.process.name, refusal.reason] += 1
        self._count(input, "refused")

    def _implausible(self, event: Event, received: Received, read_at: int) -> Refusal | None:
        if received.replay is not None:
            return None
        if event.at > min(received.stamped_at, read_at) + FUTURE_MS:
            return Refusal("future", "the event's time lies more than an hour ahead of its record's")
        if event.at < self.earliest:
            return Refusal("implausible_timestamp", "the event's time lies before the earliest that is taken")
        return None

    def _count(self, input: Input, outcome: str) -> None:
        self.counts["events", self.process.name, input.topic, outcome] += 1

    def _apply(self, case_id: str, event: Event, clock: InputClock, batch: Batch) -> None:
        case = self.cases.get(case_id)
        if case is None:
            if self.clock.now is not None and event.at < self.clock.now - self.process.retention:
                self._count(batch.input, "late_dropped")
                return
            case = self.cases[case_id] = Case(self.process, clock.warm(event.at, self.process.warm_horizon))
        elif type(case) is bytes:
            case = self.cases[case_id] = self.packer.unpacked(case)
        outcome = case.apply(event, (clock.newest_at or 0) - self.process.lateness)  # type: ignore[union-attr]  # unpacked above
        self._count(batch.input, outcome)
        if outcome != "duplicate":
            self.touched[case_id] = self.changed[case_id] = None

    def advance(self, wall: int, limit: int) -> int:
        """Let time pass to wall clock `wall` (ms); look at what was touched, then at up to `limit` due cases.

        Returns how many were looked at because they were due.
        """
        self.clock.move(self.clocks, wall)
        moment = self._moment()
        for case_id in self.touched:
            self._look(case_id, moment, wall)
        self.touched.clear()
        fired = 0
        while fired < limit and self.clock.now is not None:
            due = self.deadlines.due(self.clock.now)
            if due is None:
                break
            fired += self._fire(due, moment, wall)
        return fired

    def _moment(self) -> Moment:
        clock = self.clock
        return Moment(
            NEVER if clock.now is None else clock.now, NEVER if clock.settled_to is None else clock.settled_to
        )

    def _fire(self, due: tuple[int, str], moment: Moment, wall: int) -> int:
        wake, case_id = due
        case = self.cases.get(case_id)
        if type(case) is bytes:
            case = self.packer.unpacked(case)
        if case is None or case.wake != wake:  # type: ignore[union-attr]  # unpacked above
            return 0
        self.cases[case_id] = case
        case.wake, case.seen = None, None  # type: ignore[union-attr]  # as above
        self._look(case_id, moment, wall)
        return 1

    def _look(self, case_id: str, moment: Moment, wall: int) -> None:
        """Ask what is true of a case, say what has changed, and arm it for the next time that something may."""
        case = self.cases[case_id]
        assert isinstance(case, Case)
        if not case.unchanged(moment):
            if not case.quiet(moment) and self.announcer.announce(case_id, case, moment, wall):
                self.changed[case_id] = None
            flags = _flags(case, moment)
            self.census.move(case.flags, flags)
            case.flags = flags
            case.looked(moment)
            if not flags & OPEN and case.forgotten_at(moment) < moment.clock:
                self._forget(case_id, case)
                return
        case.wake = self.deadlines.arm(case.next_at, case.wake, case_id)

    def _forget(self, case_id: str, case: Case) -> None:
        """Let a case that has long been closed leave the state, and its alerts the alerts topic."""
        self.announcer.forget(case)
        self.census.move(case.flags, 0)
        del self.cases[case_id]
        self.changed[case_id] = None

    def journal(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The records of the cases that have changed since the last call, tombstones for those that left."""
        if self.changed and not self.labels_journalled:
            self.labels_journalled = True
            yield f"labels/{self.process.name}/{self.packer.labels.identity}".encode(), self.packer.labels_record()
        prefix = f"case/{self.process.name}/"
        for case_id in self.changed:
            case = self.cases.get(case_id)
            if type(case) is Case:
                yield (
                    (prefix + case_id).encode(),
                    self.packer.packed(case, AT_ONCE if case_id in self.touched else None),
                )
            else:
                yield (prefix + case_id).encode(), case  # type: ignore[misc]  # None, or packed already
        self.changed.clear()

    def restore(self, case_id: str, record: bytes, wake: int | None, flags: int) -> None:
        """Take up a journalled case; it is unpacked when it is first touched."""
        self.cases[case_id] = record
        self.census.move(0, flags)
        self.deadlines.arm(wake, None, case_id)


def _flags(case: Case, moment: Moment) -> int:
    flags = OPEN if case.fold.over_at(moment.clock) is None else 0
    for said in case.said.values():
        if said.open:
            breached = said.finding.stage == "breach"
            flags |= DEVIATING if said.finding.kind == "deviation" else BREACHED if breached else AT_RISK
    return flags
