"""One process in one task: its cases, its clock and its deadlines.

Events are folded as they come; what is true is asked only of cases that an event touched or whose deadline has passed.
Invariant: nothing is announced of a case but at the watch's clock, and every change is in `changed` until drained.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from stream.admission import Admission
from stream.announcer import Announcer
from stream.awake import Awake
from stream.case import Case, flags_of
from stream.census import AGAIN, Census
from stream.clock import BEFORE_TIME, InputClock, Moment, TaskClock
from stream.deadlines import Deadlines
from stream.doubt import Doubt, Review
from stream.effects import DeadLetter
from stream.event import Event
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import FLAGS, WAKE, UnreadableState
from stream.ledger.feed import Silence
from stream.outages import Outages
from stream.partials import Partials
from stream.process import Process
from stream.renewal import renew
from stream.supplement import Supplements
from stream.versions import Version, Versions, number_of

SPARE_ENTRIES = 1_000
AT_ONCE = 0
"""The wake of a case that was journalled before it was looked at, or before it was counted: it is due as soon as it is
restored."""


class Watch:
    """The state of one process in one task. A case that was restored stays packed until it is touched.

    `process` is the version on which cases begin, and by which all records are read.
    """

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
        self.versions = Versions(process)
        self.supplements = Supplements()
        self.partials = Partials(process, task)
        self.announcer = Announcer(process, inputs)
        self.census, self.awake = Census(), Awake()
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.dead_letters: list[DeadLetter] = []
        self.outages = Outages(process.lateness, process.patience)
        self.unjudged_ms = process.definition.events.silence_ms
        self.doubt = Doubt(self.outages, self.announcer, self.partials, self.versions, self.census)
        self.review = Review(self.cases, self.awake)
        self.kept_ms = self.doubt.kept_ms = max(process.retention, process.lateness)

    def activate(self, identity: str, at: int) -> bool:
        """Let cases begin on another version from now on, as was decided at `at` (ms); all records are read by it.

        How late events may be and how long closed cases are kept follow it too. Whether it is to be found: one that is
        not is counted, and changes nothing before the next restore.
        """
        if not self.versions.activate(identity, at):
            self.counts["versions", self.process.name, "unknown"] += 1
            return False
        self._follow(self.versions.active.process)
        return True

    def _follow(self, process: Process) -> None:
        """Let what surrounds the cases be as the newest version says."""
        self.process, self.admission = process, Admission(process, self.admission.earliest)
        self.clock.lateness, self.clock.patience = process.lateness, process.patience
        self.kept_ms = self.doubt.kept_ms = max(process.retention, process.lateness)
        self.outages.lateness, self.outages.patience = process.lateness, process.patience
        self.unjudged_ms = process.definition.events.silence_ms
        self.supplements = Supplements()
        self.partials.lead(process)

    def observe(self, batch: Batch, records: list[Received]) -> None:
        """Take records of a batch: events, clock marks, tombstones and refusals."""
        clock, number, outcomes = self.input_clocks[batch.input], self.numbers[batch.input], dict[str, int]()
        for received in records:
            outcome = self._take(batch, number, received, clock)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if unreadable := self.process.reader.unreadable + self.supplements.unreadable():
            outcomes["bad_attribute"], self.process.reader.unreadable = unreadable, 0
        for process in self.versions.of:
            troubles = process.rulebook.troubles
            for (reason, rule), count in troubles.items():
                self.counts["sla_troubles", self.process.name, rule, reason] += count
            troubles.clear()
        for outcome, count in outcomes.items():
            self.counts["events", self.process.name, batch.input.topic, outcome] += count

    def _take(self, batch: Batch, number: int, received: Received, clock: InputClock) -> str:
        """Take one record; what became of it."""
        place = number, received.offset
        found = self.admission.admit(received, batch.read_at, place, clock)
        if isinstance(found, str):
            return found
        if isinstance(found, Refusal):
            self._set_aside(batch.input, received.offset, found)
            return "refused"
        case_id, event = found
        people = self.process.people
        if people is not None and event.activity in people.of and people.unjudged(event):
            self.counts["events", self.process.name, batch.input.topic, "unjudged"] += 1
        if received.last_of_case:
            event = event._replace(last_of_case=True)
        return self._apply(case_id, event, clock, received.value)

    def refuse(self, source: Input, offset: int, refusal: Refusal) -> None:
        """Count and set aside a record that could not be taken."""
        self._set_aside(source, offset, refusal)
        self.counts["events", self.process.name, source.topic, "refused"] += 1

    def _set_aside(self, source: Input, offset: int, refusal: Refusal) -> None:
        self.dead_letters.append(DeadLetter(source, offset, self.process.name, refusal.reason, refusal.message))
        self.counts["dead_letters", self.process.name, refusal.reason] += 1

    def _apply(self, case_id: str, event: Event, clock: InputClock, record: Any) -> str:
        case = self.cases.get(case_id)
        if case is None:
            if event.at < self.clock.moment.clock - self.kept_ms:
                return "late_dropped"
            case = self.cases[case_id] = Case(self.process, clock.warm(event.at, self.process.warm_horizon))
            self.versions.active.count(None, 0)
        elif isinstance(case, bytes):
            case = self._unpack(case_id, case)
        if case.process is not self.process and not self._begins_anew(case, event, clock):
            event = self.supplements.as_before(case.process, self.process, record, event)
        disturbed = self.partials.by_segment and case.disturbed_by(event)
        before = case.happenings() if disturbed else {}
        outcome = case.apply(event, self._horizon(clock))
        now = case.happenings() if disturbed else {}
        if event.place in now:
            self.partials.rearranged(before, now)
        elif outcome != "duplicate" and self.partials.rates:
            self.partials.happened(event, case.fold.attributes)
        if outcome != "duplicate":
            self.touched[case_id] = self.changed[case_id] = None
        return outcome

    def opened(self, case_id: str) -> Case | None:
        """A case, unpacked; None if it is not known."""
        case = self.cases.get(case_id)
        return self._unpack(case_id, case) if isinstance(case, bytes) else case

    def _unpack(self, case_id: str, record: bytes) -> Case:
        try:
            case, is_missing = self.versions.unpacked(self.awake.opened(record))
        except UnreadableState as error:
            raise UnreadableState(f"case {case_id} of {self.process.name}: {error}") from error
        if is_missing:
            self.counts["versions", self.process.name, "missing"] += 1
        self.cases[case_id] = case
        return case

    def _begins_anew(self, case: Case, event: Event, clock: InputClock) -> bool:
        """Whether an event begins the next instance of a case of an older version: that is of the newest."""
        older, over_at = self.versions.version(case.process), case.fold.over_at(event.at)
        if over_at is not None:
            self.partials.cards.count(case, self.clock.moment, over_at)
        if not renew(case, self.process, event, self._horizon(clock)):
            return False
        older.count(case.flags, None)
        self.versions.active.count(None, case.flags)
        return True

    def _horizon(self, clock: InputClock) -> int:
        """The time (ms) before which a case has settled: of its input, and of every other that is still to be read.

        A topic that has been quiet for less than `silence` may turn out to have been silent since its newest event.
        """
        newest_at = clock.newest_at or 0
        for other in self.clocks if len(self.clocks) > 1 else ():
            if other is not clock and not other.read_to_end:
                if other.newest_at is None:
                    return BEFORE_TIME.clock
                newest_at = min(newest_at, other.newest_at)
            elif other is not clock and self.unjudged_ms and other.newest_at is not None:
                newest_at = min(newest_at, max(other.newest_at, (clock.newest_at or 0) - self.unjudged_ms))
        horizon = newest_at - self.process.lateness
        return min(horizon, self.outages.sure.settled_to) if self.outages.known else horizon

    def hear(self, silence: Silence) -> None:
        """Take what is told of a source: that it is silent, or that it speaks again."""
        if any(source.topic == silence.topic for source in self.inputs) and self.outages.hear(silence):
            self.counts["silences", self.process.name, silence.topic, "ended" if silence.recovered_at else "begun"] += 1

    def _weigh(self, before: Moment, wall: int) -> None:
        """See how far time can be trusted, and look again at what was told or held back in another light."""
        if self.outages.move(self.input_clocks, self.clock.moment, wall):
            self.review.begin()
        if self.outages.known:
            self.clock.hold(before, self.outages.sure.settled_to)

    def _review(self, moment: Moment, noticed_at: int, limit: int) -> int:
        """Look again at up to `limit` cases that a silence may have touched; `limit` where there may be more."""
        found = self.review.next(bool(self.outages.known), limit)
        for case_id in found:
            case = self.cases[case_id]
            if isinstance(case, bytes):
                case = self._unpack(case_id, case)
            case.seen = None
            case.flags &= ~AGAIN
            self.changed[case_id] = None
            self._look(case_id, moment, noticed_at)
        return limit if self.review.due else len(found)

    def advance(self, wall: int, limit: int, noticed_at: int) -> int:
        """Let time pass to wall clock `wall` (ms); look at what was touched, then at up to `limit` due cases. What is
        said of them was noticed at wall clock `noticed_at` (ms).

        Returns how many were looked at because they were due.
        """
        before = self.clock.moment
        self.clock.move(self.clocks, wall)
        if self.outages.known:
            self._weigh(before, wall)
        self.partials.wall = max(wall, self.partials.wall)
        moment = self.clock.moment
        for case_id in self.touched:
            self._look(case_id, moment, noticed_at)
        self.touched.clear()
        fired = self._review(moment, noticed_at, limit) if self.review.due else 0
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
            case = self._unpack(case_id, case)
        if case is None or (case.wake != wake and wake != AT_ONCE):
            return 0
        case.wake = None
        self._look(case_id, moment, noticed_at)
        return 1

    def _look(self, case_id: str, moment: Moment, noticed_at: int) -> None:
        """Ask what is true of a case, say what has changed, and arm it for the next time that something may."""
        case = self.cases[case_id]
        self.awake.use(case_id)
        assert isinstance(case, Case)
        if self.outages.known and self.outages.sure[:2] != moment[:2]:
            changed, look = self.doubt.look(case_id, case, moment, noticed_at)
            if changed:
                self.changed[case_id] = None
            self._arm(case_id, case, look)
            return
        over_at = case.fold.over_at(moment.clock)
        if case.process.counted and self.partials.count(case, moment, over_at):
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
            flags = flags_of(case, over_at)
            if flags != case.flags:
                self.census.move(case.flags, flags)
                self.versions.version(case.process).count(case.flags, flags)
                case.flags = flags
            self._count(case_id, case, moment, over_at)
            if over_at is not None and case.forgotten_at(over_at, self.kept_ms) < moment.clock:
                self._forget(case_id, case)
                return
        elif self.partials.cards.moved(case):
            self._count(case_id, case, moment, over_at)
        self._arm(case_id, case, case.next_look(moment, over_at, self.kept_ms))

    def _arm(self, case_id: str, case: Case, look: int | None) -> None:
        """Have a case looked at after an instant (ms), if that is sooner than it would be."""
        if look is not None and (case.wake is None or look < case.wake):
            case.wake = self.deadlines.arm(look, case_id)

    def _count(self, case_id: str, case: Case, moment: Moment, over_at: int | None) -> None:
        """Bring the scorecards to what a case counts as now."""
        cards = self.partials.cards
        if cards.count(case, moment, over_at):
            self.changed[case_id] = None
        if cards.shares.left_out:
            self.counts["scorecards", self.process.name, "left_out"] += cards.shares.left_out
            cards.shares.left_out = 0

    def _forget(self, case_id: str, case: Case) -> None:
        """Let a case that has long been closed leave the state, and its alerts the alerts topic."""
        self.announcer.forget(case)
        self.census.move(case.flags, 0)
        self.versions.version(case.process).count(case.flags, None)
        del self.cases[case_id]
        self.awake.leave(case_id)
        self.changed[case_id] = None

    def forget_case(self, case_id: str) -> str:
        """Let a case go at once with all that was said of it, also what is yet to be published; what became of that.

        What windows have counted of it stays: it names nobody. A later event of the same id begins a fresh case.
        """
        case = self.cases.get(case_id)
        if case is None:
            return "not known"
        if isinstance(case, bytes):
            case = self._unpack(case_id, case)
        self.touched.pop(case_id, None)
        self.partials.cards.leave(case)
        self.announcer.unsay(case)
        self._forget(case_id, case)
        return "forgotten"

    def rest(self) -> None:
        """Pack the cases that have been left alone the longest, where too many are unpacked; to be called after a
        drain."""
        for case_id in self.awake.surplus():
            case = self.cases.get(case_id)
            if type(case) is Case and case_id not in self.touched:
                self.cases[case_id] = self.awake.closed(self.versions.packed(case, None))

    def journal(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The records of the cases that have changed since the last call, tombstones for those that left."""
        for version in self.versions.retire():
            yield from self._retired(version)
        prefix = f"case/{self.process.name}/"
        for case_id in self.changed:
            yield (prefix + case_id).encode(), self._record(case_id)
        if self.changed:
            yield from self.versions.records(self.process.name)
        self.changed.clear()

    def _record(self, case_id: str) -> bytes | None:
        """What is journalled of a case, None for one that has left."""
        case = self.cases.get(case_id)
        if isinstance(case, Case):
            return self.versions.packed(case, AT_ONCE if case_id in self.touched else None)
        return None if case is None else self.awake.opened(case)

    def _retired(self, version: Version) -> Iterator[tuple[bytes, bytes | None]]:
        """Forget a version of which no case is left."""
        if version.number is not None:
            yield f"version/{self.process.name}/{version.number}".encode(), None
        if version.process not in self.versions.of:
            self.announcer.forget_version(version.process)
            self.partials.leave(version.process)
            self.supplements.of.pop(version.process, None)

    def restore_version(self, number: int, fields: list[Any]) -> None:
        """Take up which version a number stands for, before any case that carries it."""
        self.partials.follow(self.versions.restore(number, fields).process)

    def restore(self, case_id: str, record: bytes, fields: list[Any]) -> None:
        """Take up a journalled case, whose fields are given too; it is unpacked when it is first touched."""
        self.cases[case_id] = record
        counted, flags = self.versions.active.packer.counted(fields), int(fields[FLAGS])
        wake = fields[WAKE] if counted else AT_ONCE
        self.census.move(0, flags)
        self.versions.taken_up(number_of(fields), flags)
        self.review.due = self.review.due or flags & AGAIN != 0
        if wake is not None:
            self.deadlines.arm(wake, case_id)
