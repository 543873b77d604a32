"""One process in one task: its cases meet its time.

Events are folded as they come; what is true is asked only of cases that an event touched or whose deadline has passed.
Invariant: nothing is announced of a case but at the watch's clock, and every change is in `changed` until drained.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from stream.admission import Admission
from stream.announcer import Announcer
from stream.card_kinds import identity_of
from stream.case import Case
from stream.census import AGAIN, UNCOUNTED
from stream.clock import BEFORE_TIME, END_OF_TIME, InputClock
from stream.deadlines import AT_ONCE
from stream.effects import DeadLetter
from stream.event import Event
from stream.findings import findings_of
from stream.headcount import Headcount
from stream.inputs import Batch, Input, Received, Refusal
from stream.kept import Kept
from stream.layout import WAKE
from stream.ledger.feed import Silence
from stream.lookout import Lookout
from stream.partials import Partials, Record
from stream.process import Process
from stream.renewal import over_for_renewal, renew
from stream.supplement import Supplements
from stream.timekeeper import Timekeeper
from stream.versions import Version

NO_ROOM: Final = Refusal(
    "too_many_cases", "no case more can be kept; raise CASEWATCH_MAX_CASES, or look for what opens so many"
)


class Watch:
    """The state of one process in one task.

    `process` is the version on which cases begin, and by which all records are read.
    """

    def __init__(self, process: Process, inputs: tuple[Input, ...], task: int, earliest: int) -> None:
        self.process, self.inputs, self.admission = process, inputs, Admission(process, earliest)
        self.numbers = {input: number for number, input in enumerate(inputs)}
        self.time = Timekeeper(process, inputs)
        self.input_clocks, self.clock, self.outages = self.time.by_input, self.time.clock, self.time.outages
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.kept, self.supplements = Kept(process, self.counts), Supplements()
        self.cases, self.changed, self.versions = self.kept.cases, self.kept.changed, self.kept.versions
        self.partials, self.announcer = Partials(process, task), Announcer(process, inputs)
        self.headcount = Headcount(process.name, self.versions, self.partials, self.counts)
        self.census = self.headcount.census
        self.lookout = Lookout(self.kept, self.time, self.partials, self.announcer, self.headcount)
        self.touched, self.deadlines = self.lookout.touched, self.lookout.deadlines
        self.dead_letters: list[DeadLetter] = []

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
        self.time.follow(process)
        self.supplements = Supplements()
        if self.partials.lead(process):
            self._count_anew()

    def _count_anew(self) -> None:
        """Have every case be looked at, since the scorecards are others than those that it was counted on."""
        for case_id in self.kept.count_anew(identity_of(self.partials.cards.kinds)):
            self.deadlines.arm(AT_ONCE, case_id)

    def restored(self) -> None:
        """Note that all is taken up. Where a case was counted on other scorecards, whatever these tell was told before
        those were, and does not go with what the cases say of themselves."""
        cards = self.partials.cards
        if self.kept.miscounted or (cards.shares.former and not cards.kinds):
            self.partials.count_anew()
            self._count_anew()

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
        event = event._replace(last_of_case=True) if received.last_of_case else event
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
        if type(case) is not Case:
            case = self.kept.opened(case_id)
        if case is None:
            if event.at < self.clock.moment.clock - self.time.kept_ms:
                return "late_dropped"
            if len(self.cases) >= self.kept.awake.room.cases:
                self._set_aside(self.inputs[event.place[0]], event.place[1], NO_ROOM)
                return "refused"
            case = self.kept.begin(case_id, Case(self.process, clock.warm(event.at, self.process.warm_horizon)))
        if case.process is not self.process and not self._begins_anew(case, event, clock):
            event = self.supplements.as_before(case.process, self.process, record, event)
        partials = self.partials
        before = case.happenings() if partials.by_segment and case.disturbed_by(event) else None
        ended_at, instance = case.fold.ended_at, case.fold.instance
        if ended_at is not None and self._stood(case, ended_at, event, clock) and self.headcount.end(case):
            self.changed[case_id] = None  # its end had settled, though nobody has looked at it since
        outcome = case.apply(event, self.time.horizon(clock))
        if outcome == "duplicate":
            return outcome
        if ended_at is not None and (case.fold.ended_at is None or case.fold.instance != instance):
            case.flags |= UNCOUNTED
        self.touched[case_id] = self.changed[case_id] = None
        if before is not None and event.place in (now := case.happenings()):
            partials.rearranged(before, now)
        elif partials.rates:
            partials.happened(event, case.fold.attributes)
        return outcome

    def _stood(self, case: Case, ended_at: int, event: Event, clock: InputClock) -> bool:
        """Whether an end was there to stay when this event happened: an earlier one can be here no longer, or it is too
        late to reopen the case."""
        if event.at <= ended_at + self.time.lateness:
            return event.at > ended_at + case.process.reopen
        return ended_at < self.time.horizon(clock)

    def _begins_anew(self, case: Case, event: Event, clock: InputClock) -> bool:
        """Whether an event begins the next instance of a case of an older version: that is of the newest."""
        over_at = over_for_renewal(case, event, self.time.horizon(clock))
        if over_at is None:
            return False
        self.headcount.card(case, self.clock.moment, over_at, findings_of(case.fold, END_OF_TIME))
        self.versions.version(case.process).count(case.flags, None)
        self.versions.active.count(None, case.flags)
        self.headcount.end(case)
        renew(case, self.process, over_at)
        case.flags |= UNCOUNTED
        return True

    def hear(self, silence: Silence) -> None:
        """Take what is told of a source: that it is silent, or that it speaks again."""
        if self.time.hear(silence):
            self.counts["silences", self.process.name, silence.topic, "ended" if silence.recovered_at else "begun"] += 1

    def advance(self, wall: int, limit: int, noticed_at: int) -> int:
        """Let time pass to wall clock `wall` (ms); look at what was touched, then at up to `limit` due cases. What is
        said of them was noticed at wall clock `noticed_at` (ms).

        Returns how many were looked at because they were due.
        """
        if self.time.move(wall):
            self.lookout.review.begin()  # look again at what was told or held back in another light
        self.partials.wall = max(wall, self.partials.wall)
        return self.lookout.look(self.clock.moment, limit, noticed_at)

    def forget_case(self, case_id: str) -> str:
        """Let a case go at once with all that was said of it, also what is yet to be published; what became of that.

        What windows have counted of it stays: it names nobody. A later event of the same id begins a fresh case.
        """
        case = self.kept.opened(case_id)
        if case is None:
            return "not known"
        self.touched.pop(case_id, None)
        self.partials.cards.leave(case)
        self.announcer.unsay(case)
        self.lookout.forget(case_id, case)
        return "forgotten"

    def tell(self) -> tuple[list[Record], list[Record]]:
        """What is told of windows that span tasks, and what is to be journalled of that: of all up to where nothing is
        left to be looked at, which is before the clock where more is due than was looked at so far."""
        reached = self.lookout.reached
        moment = None if reached.clock == BEFORE_TIME.clock else reached
        return self.partials.drain(moment, self.input_clocks, behind=reached.clock < self.clock.moment.clock)

    def journal(self) -> Iterator[Record]:
        """What is to be journalled of the cases that have changed since the last call, and of their versions."""
        for version in self.versions.retire():
            yield from self._retired(version)
        yield from self.kept.journal(self.touched)

    def rest(self) -> None:
        """Note that what has changed is journalled, or need not be: cases that are left alone can be packed."""
        self.changed.clear()
        self.kept.rest(self.touched)

    def _retired(self, version: Version) -> Iterator[Record]:
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
        flags = self.kept.restore(case_id, record, fields)
        wake = fields[WAKE]
        self.census.move(0, flags)
        if flags & AGAIN:
            self.lookout.review.due = True
        if wake is not None:
            self.deadlines.arm(wake, case_id)
