"""Promises that break by the thousand in one instant: what is said of one case is the mould for what is said of others.

A calendar closes, or a system holds its answers back, and so many cases are due at once that how long it takes to say
so matters. Invariant: an echo says, to the byte, what the announcer would have said: it is sounded only where nothing
but the case, the start of its clock and the place of its event differs from a case that was announced at this moment.
"""

from typing import Any, Final, NamedTuple, Self

import orjson

from schemas.alert import State
from stream.announcer import Announcer
from stream.case import Case, Stance, flags_of
from stream.clock import BEFORE_TIME, Moment
from stream.effects import AlertRecord
from stream.finding import FOREVER, Finding
from stream.fold import Fold
from stream.levels import level
from stream.said import Said
from stream.sla.running import Running, made
from stream.wording import iso_instant

Alike = tuple[Any, ...]
"""All that decides what is said of a case, but for the case, the start of its clock and the place of its event."""

MOST_KINDS: Final = 10_000
"""Kinds of alike cases that are told apart at one moment: there are few where a mould is worth it."""
STILL_OPEN: Final = (State.RAISED, State.UPDATED)
_BEFORE_PASSED: Final = 1
"""The fields of a stance before those that cases which are alike have in common."""


class Situation(NamedTuple):
    """What time has come to say of a case: its clock number `clock` has passed `passed` of its marks, and that is all
    there is."""

    alike: Alike
    clock: int
    running: Running
    passed: int
    said: Said | None
    settled: bool
    rests_on: int


class Mould(NamedTuple):
    """What alike cases have in common: the state told and under which name it is counted, the pieces of the record
    between what differs, the finding but for its case, what they count as from then on, and the fields of their stance
    behind the clocks that have passed marks."""

    state: State
    counted: tuple[str, ...]
    pieces: list[bytes]
    finding: Finding
    flags: int
    stance: tuple[Any, ...]

    @classmethod
    def of(cls, case_id: str, case: Case, body: bytes, situation: Situation) -> Self | None:
        """The mould of a record that was made for a case; None where it cannot be taken apart."""
        finding = next(iter(case.said.values())).finding
        told: dict[str, Any] = orjson.loads(body)
        mark = "/".join((told["id"], "mark"))
        start = f"{case_id}: "
        if not told["summary"].startswith(start) or told["evidence"] is None or case.seen is None:
            return None
        counted = tuple(told[name] for name in ("process", "rule", "kind", "stage", "state", "grade"))
        state = State(told["state"])
        told["id"] = told["case"] = told["explanation"]["started_at"] = mark
        told["summary"] = mark + told["summary"][len(start) :]
        told["evidence"]["offsets"] = mark
        pieces = orjson.dumps(told).split(mark.encode())
        flags = flags_of(case, None)
        mould = cls(state, ("alerts", *counted), pieces, finding, flags, case.seen[_BEFORE_PASSED:])
        said, same = case.said[finding.rule, finding.key], mould.found(case, situation) == finding
        return mould if len(pieces) == 6 and same and mould.poured(case_id, said.id, finding) == body else None

    def found(self, case: Case, situation: Situation) -> Finding:
        """The finding of another case."""
        _, number, running, passed, _, _, _ = situation
        anchor, start, offsets, terms = running
        if terms is not None:
            return level(case.fold, number, running, start + offsets[passed - 1] + 1)
        rule, kind, _, instance, stage, _, happened_at, due_at, _, _, severity, grade, _, _, _ = self.finding
        detail, places = (start, running.marks), (anchor.place,)
        told = rule, kind, anchor.name, instance, stage, passed, happened_at, due_at, None, None, severity, grade
        return made(Finding, (*told, detail, places, None))

    def poured(self, case_id: str, alert_id: str, finding: Finding) -> bytes:
        """The record of another case."""
        before_id, before_case, before_summary, before_start, before_offsets, rest = self.pieces
        name = orjson.dumps(case_id)[1:-1]
        started_at, offset = iso_instant(finding.detail[0]).encode(), b"[%d]" % finding.places[-1][1]
        told_of = before_id, alert_id.encode(), before_case, name, before_summary, name, b": "
        return b"".join((*told_of, before_start, started_at, before_offsets[:-1], offset, rest[1:]))


class Echo:
    """The moulds of one process in one task, for one moment."""

    __slots__ = ("announcer", "at", "moment", "moulds", "noticed_at", "once")

    def __init__(self, announcer: Announcer) -> None:
        self.announcer = announcer
        self.moment, self.noticed_at = BEFORE_TIME, 0
        self.at: int | None = None
        self.moulds: dict[Alike, Mould | None] = {}
        self.once: set[Alike] = set()

    def situation(self, case: Case, due_at: int, moment: Moment, noticed_at: int) -> Situation | None:
        """The situation of a case that was due at an instant (ms); None where it is alone in being due then, or more is
        to be looked at than a clock."""
        if noticed_at != self.noticed_at or (moment is not self.moment and moment != self.moment):
            self.moment, self.noticed_at, self.at = moment, noticed_at, None
            self.moulds.clear()
            self.once.clear()
        if self.at != due_at:
            self.at = due_at  # most cases are due alone: the first of an instant is looked at as ever
            return None
        return _situation(case, moment) if moment.live else None

    def sounds(self, case_id: str, case: Case, situation: Situation) -> int | None:
        """Say of a case what was said of another, and what it counts as by that; None if there was none alike."""
        mould = self.moulds.get(situation.alike)
        if mould is None:
            return None
        _, _, running, passed, said, settled, rests_on = situation
        finding = mould.found(case, situation)
        if said is None:
            said = case.say((finding.rule, finding.key), Said(self.announcer.id_of(case_id, finding), finding))
        said.state, said.finding, said.settled = mould.state, finding, settled
        said.revision += 1
        self.announcer.records.append(made(AlertRecord, (said.id, mould.poured(case_id, said.id, finding))))
        self.announcer.counts[mould.counted] += 1
        case.settling = FOREVER if settled else rests_on
        case.seen = made(Stance, ([(running, passed)], *mould.stance))
        return mould.flags

    def learn(self, case_id: str, case: Case, situation: Situation, said_before: int) -> None:
        """Take a mould of what was just said of a case, if that was one record and it is the second that is alike."""
        alike, records = situation.alike, self.announcer.records
        if alike not in self.once:
            if len(self.once) >= MOST_KINDS:
                self.once.clear()
                self.moulds.clear()
            self.once.add(alike)
        elif alike not in self.moulds and len(records) == said_before + 1 and (body := records[-1].body) is not None:
            self.moulds[alike] = Mould.of(case_id, case, body, situation)


def _situation(case: Case, moment: Moment) -> Situation | None:
    fold, clock = case.fold, moment.clock
    if fold.ended_at is not None or fold.stopped or fold.past or fold.explain_to or fold.cost or len(case.said) > 1:
        return None
    if fold.conduct.offences or fold.last_at + case.process.idle_limit < clock:
        return None
    if fold.standing is not None and fold.violations(clock, None):
        return None
    passed = [
        (index, running)
        for index, running in enumerate(fold.clocks)
        if running is not None and running.offsets and running.start + running.offsets[0] < clock
    ]
    if len(passed) != 1:
        return None
    index, running = passed[0]
    return _of(case, index, running, moment)


def _of(case: Case, index: int, running: Running, moment: Moment) -> Situation | None:
    """The situation of a case of which all that is true is that a clock has passed marks."""
    fold, process = case.fold, case.process
    anchor, start, offsets, terms = running
    said = next(iter(case.said.values()), None)
    passed, whole = running.reached(moment.clock), len(offsets) if terms is None else terms.whole
    labels = () if not process.segments else _labels(process.segments, fold)
    if labels is None or not 0 < whole <= len(offsets):
        return None
    rule = process.rulebook.rules[index]
    if said is not None and not _goes_on(said, rule.promise.id, anchor.name, passed):
        return None
    happened_at = start + offsets[passed - 1]
    rests_on = max(happened_at, start) if terms is None else max(happened_at, start, terms.chosen_at)
    settled = rests_on < moment.settled_to
    before = None if said is None else (said.revision, said.episode)
    # A mark that is none of those that the promise has now has no name: it is told by how much of the time is gone.
    unnamed = whole > passed > len(rule.promise.at_risk)
    alike = (
        process, index, fold.instance, passed, happened_at, start + offsets[whole - 1], fold.late, fold.warm,
        None if terms is None else terms.choice, start if unnamed else None, anchor.place[0], settled, before,
        fold.recent, labels,
    )  # fmt: skip
    return made(Situation, (alike, index, running, passed, said, settled, rests_on))


def _goes_on(said: Said, rule: str, key: str, passed: int) -> bool:
    """Whether a clock that has passed marks is a further stage of what was said, and was said to stand."""
    told = said.finding
    if said.state not in STILL_OPEN or said.muted or said.frozen or told.closed_at is not None:
        return False
    return told.rule == rule and told.key == key and passed > told.marks_passed


def _labels(names: tuple[str, ...], fold: Fold) -> Alike | None:
    """The values that alerts are labelled with; None where they are not plain text, and do not compare as they read."""
    values = tuple(fold.attributes.get(name) for name in names)
    return values if all(value is None or type(value) is str for value in values) else None
