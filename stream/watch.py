"""One process in one task: its cases, its clock and its deadlines.

Events are folded as they come; what is true is asked only of cases that an event touched or whose deadline has passed.
Invariant: nothing is announced of a case but at the watch's clock, and every change is in `changed` until drained.
"""

from collections import Counter
from collections.abc import Iterator

from stream.admission import Admission
from stream.announcer import Announcer
from stream.case import Case
from stream.census import AT_RISK, BREACHED, DEVIATING, OPEN, Census
from stream.clock import BEFORE_TIME, InputClock, Moment, TaskClock
from stream.deadlines import Deadlines
from stream.effects import DeadLetter
from stream.event import Event
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import Packer
from stream.partials import Partials
from stream.process import Process

SPARE_ENTRIES = 1_000
AT_ONCE = 0
"""The wake of a case that was journalled before it was looked at: it is due as soon as it is restored."""


class Watch:
    """The state of one process in one task. A case that was restored stays packed until it is touched."""

    def __init__(self, process: Process, inputs: tuple[Input, ...], task: int, earliest: int) -> None:
        self.process, self.inputs, self.admission = process, inputs, Admission(process, earliest)
        self.numbers = {input: number for number, input in enumerate(inputs)}
        self.input_clocks = {input: InputClock() for input in inputs}
        self.clocks = tuple(self.input_clocks.values())
        self.clock = TaskClock(process.lateness, process.patience)
        self.cases: dict[str, Case | bytes] = {}
        self.touched: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self.deadlines = Deadlines()
        self.packer = Packer(process)
        self.partials = Partials(process, task)
        self.announcer = Announcer(process, inputs)
        self.census = Census()
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.dead_letters: list[DeadLetter] = []
        self.labels_journalled = False

    def observe(self, batch: Batch, records: list[Received]) -> None:
        """Take records of a batch: events, clock marks, tombstones and refusals."""
        clock, outcomes = self.input_clocks[batch.input], Counter[str]()
        for received in records:
            outcomes[self._take(batch, received, clock)] += 1
        if self.process.reader.unreadable:
            outcomes["bad_attribute"], self.process.reader.unreadable = self.process.reader.unreadable, 0
        troubles = self.process.rulebook.troubles
        for (reason, rule), count in troubles.items():
            self.counts["sla_troubles", self.process.name, rule, reason] += count
        troubles.clear()
        for outcome, count in outcomes.items():
            self.counts["events", self.process.name, batch.input.topic, outcome] += count

    def _take(self, batch: Batch, received: Received, clock: InputClock) -> str:
        """Take one record; what became of it."""
        place = self.numbers[batch.input], received.offset
        found = self.admission.admit(received, batch.read_at, place, clock)
        if isinstance(found, str):
            return found
        if isinstance(found, Refusal):
            self._set_aside(batch.input, received.offset, found)
            return "refused"
        case_id, event = found
        if self.process.people is not None and self.process.people.unjudged(event):
            self.counts["events", self.process.name, batch.input.topic, "unjudged"] += 1
        return self._apply(case_id, event._replace(last_of_case=True) if received.last_of_case else event, clock)

    def refuse(self, source: Input, offset: int, refusal: Refusal) -> None:
        """Count and set aside a record that could not be taken."""
        self._set_aside(source, offset, refusal)
        self.counts["events", self.process.name, source.topic, "refused"] += 1

    def _set_aside(self, source: Input, offset: int, refusal: Refusal) -> None:
        self.dead_letters.append(DeadLetter(source, offset, self.process.name, refusal.reason, refusal.message))
        self.counts["dead_letters", self.process.name, refusal.reason] += 1

    def _apply(self, case_id: str, event: Event, clock: InputClock) -> str:
        case = self.cases.get(case_id)
        if case is None:
            if event.at < self.clock.moment.clock - max(self.process.retention, self.process.lateness):
                return "late_dropped"
            case = self.cases[case_id] = Case(self.process, clock.warm(event.at, self.process.warm_horizon))
        elif isinstance(case, bytes):
            case = self.cases[case_id] = self.packer.unpacked(case)
        outcome = case.apply(event, self._horizon(clock))
        if outcome != "duplicate" and self.partials.rates:
            self.partials.happened(event, case.fold.attributes)
        if outcome != "duplicate":
            self.touched[case_id] = self.changed[case_id] = None
        return outcome

    def _horizon(self, clock: InputClock) -> int:
        """The time (ms) before which a case has settled: of its input, and of every other that is still to be read."""
        newest_at = clock.newest_at or 0
        for other in self.clocks:
            if other is not clock and not other.read_to_end:
                if other.newest_at is None:
                    return BEFORE_TIME.clock
                newest_at = min(newest_at, other.newest_at)
        return newest_at - self.process.lateness

    def advance(self, wall: int, limit: int, noticed_at: int) -> int:
        """Let time pass to wall clock `wall` (ms); look at what was touched, then at up to `limit` due cases. What is
        said of them was noticed at wall clock `noticed_at` (ms).

        Returns how many were looked at because they were due.
        """
        self.clock.move(self.clocks, wall)
        self.partials.wall = max(wall, self.partials.wall)
        moment = self.clock.moment
        for case_id in self.touched:
            self._look(case_id, moment, noticed_at)
        self.touched.clear()
        fired = 0
        while fired < limit:
            due = self.deadlines.due(moment.clock)
            if due is None:
                break
            fired += self._fire(due, moment, noticed_at)
        if len(self.deadlines.heap) > 2 * len(self.cases) + SPARE_ENTRIES:
            self.deadlines.keep(self._is_armed)
        return fired

    def _is_armed(self, wake: int, case_id: str) -> bool:
        case = self.cases.get(case_id)
        return isinstance(case, bytes) or (case is not None and case.wake == wake)

    def _fire(self, due: tuple[int, str], moment: Moment, noticed_at: int) -> int:
        wake, case_id = due
        case = self.cases.get(case_id)
        if isinstance(case, bytes):
            case = self.packer.unpacked(case)
        if case is None or case.wake != wake:
            return 0
        self.cases[case_id] = case
        case.wake = None
        self._look(case_id, moment, noticed_at)
        return 1

    def _look(self, case_id: str, moment: Moment, noticed_at: int) -> None:
        """Ask what is true of a case, say what has changed, and arm it for the next time that something may."""
        case = self.cases[case_id]
        assert isinstance(case, Case)
        over_at = case.fold.over_at(moment.clock)
        if self.process.counted and self.partials.count(case, moment, over_at):
            self.changed[case_id] = None
        silent = over_at is None and case.silent(moment.clock)
        stance = None if silent else case.stance(moment, over_at)
        unsaid = stance is not None and case.unsaid(stance, moment)
        if unsaid:
            fold = case.fold
            before = fold.stopped, fold.past
            if self.announcer.announce(case_id, case, moment, noticed_at):
                self.changed[case_id] = None
            case.seen = stance if before == (fold.stopped, fold.past) else case.stance(moment, over_at)
        if unsaid or not case.flags:
            flags = _flags(case, over_at)
            self.census.move(case.flags, flags)
            case.flags = flags
            if over_at is not None and case.forgotten_at(over_at) < moment.clock:
                self._forget(case_id, case)
                return
        look = case.next_look(moment, over_at)
        if case.wake is None or look < case.wake:
            case.wake = self.deadlines.arm(look, case_id)

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
            for identity, record in self.packer.labels_records():
                yield f"labels/{self.process.name}/{identity}".encode(), record
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
        if wake is not None:
            self.deadlines.arm(wake, case_id)


def _flags(case: Case, over_at: int | None) -> int:
    flags = OPEN if over_at is None else 0
    for said in case.said.values():
        if said.open:
            breached = said.finding.stage in ("breach", "overdue")
            flags |= DEVIATING if said.finding.kind != "sla" else BREACHED if breached else AT_RISK
    return flags
