"""What is to be said of a case: the difference between what is true of it now and what was said last.

Invariant: an alert's id is a hash of process, rule, case and anchor, so that the same history gives the same ids
anywhere; every record carries the next revision of its id. The anchor's time tells the instances of a case apart: their
numbers begin anew once a case was forgotten, and would not do.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from schemas.alert import FEED_SILENT, State
from schemas.consistency import MODEL_RULE
from stream.case import Case
from stream.clock import Moment
from stream.departures import untold
from stream.effects import AlertRecord
from stream.event import Place
from stream.explanation import explanation
from stream.finding import FOREVER, Finding, Level
from stream.findings import findings_of
from stream.inputs import Input
from stream.levels import severities, stages
from stream.lifecycle import Truth, transitions
from stream.process import Process
from stream.said import Said
from stream.sla.running import Stopped
from stream.wording import Phrases, iso_instant, phrases, summary, unknown

Key = tuple[str, str]


class Announcer:
    """Writes the alert records of one process in one task; `records` and `counts` wait to be drained.

    `in_doubt`: whether, in the case last announced, time seems to say more than is sure.
    """

    def __init__(self, process: Process, inputs: tuple[Input, ...]) -> None:
        self.process, self.inputs = process, inputs
        self.voices: dict[Process, Voice] = {}
        self.records: list[AlertRecord] = []
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.in_doubt = False

    def announce(self, case_id: str, case: Case, moment: Moment, now: int, doubtful: Moment | None = None) -> bool:
        """Publish what has changed of a case; `now` is the wall clock (ms). True if anything was said.

        Live, a finding is told as soon as it is true, and the highest stage alone where several were passed. In history
        nobody waits: it is told once nothing can change it, and every stage with its own instant. Where time cannot be
        trusted beyond `moment`, what only holds at the `doubtful` one is held, or muted where it was said.
        """
        before = len(self.records)
        case.settling = FOREVER
        found = {(f.rule, f.key): f for f in findings_of(case.fold, moment)}
        doubted = set() if doubtful is None else self._doubted(Asked(case_id, case, doubtful, now), found)
        for key in [key for key, said in case.said.items() if key not in found and not said.frozen]:
            if key not in doubted:
                self._take_back(Telling(case_id, case, case.said[key], Truth.GONE, now), key)
        for key, finding in found.items():
            said = case.said.get(key)
            if key in doubted or (said is not None and said.frozen):
                continue
            settled = finding.rests_on < moment.settled_to
            if not settled:
                case.settling = min(case.settling, finding.rests_on)
            kept = said is not None and (said.settled is settled or (said.settled and doubtful is not None))
            if kept and said is not None and said.finding == finding and said.stands and not said.muted:
                continue
            if settled or moment.live:
                said = said or case.said.setdefault(key, Said(self._id(case_id, finding), finding))
                self._tell_finding(Telling(case_id, case, said, Truth.HOLDS, now), finding, settled, moment.live)
        _prune(case, moment)
        if case.fold.explain_to and untold(case.fold):
            self.counts["sla_troubles", self.process.name, MODEL_RULE, "deviations_cut"] += 1
        return len(self.records) > before

    def _tell_finding(self, telling: "Telling", finding: Finding, settled: bool, live: bool) -> None:
        said = telling.said
        changed = said.settled is not settled or (finding != said.finding and finding.said != said.finding.said)
        told = said.finding.marks_passed if said.state not in (None, State.RETRACTED) else 0
        if said.muted:
            changed, said.muted = True, False
            self._count_doubt(said, "released")
        said.settled = settled
        for stage in stages(finding, told, self._voice(telling.case).severities.get(finding.rule), live=live):
            said.finding = stage
            self._tell(telling)
        said.finding = finding
        if finding.closed_at is not None:
            self._tell(telling._replace(truth=Truth.CLOSED, changed=changed))
        elif finding.marks_passed <= told or not finding.marks_passed:
            self._tell(telling._replace(changed=changed))

    def _doubted(self, asked: "Asked", found: Mapping[Key, Finding]) -> set[Key]:
        """What is not to be told as it was `found`, since time cannot be trusted: what time alone has made true since
        is held, or muted if it was said; what it has taken back is not told anew."""
        said_of = asked.case.said
        later = {(f.rule, f.key): f for f in findings_of(asked.case.fold, asked.doubtful)}
        self.in_doubt = later != found
        doubted = {key for key in found if key not in later and key not in said_of}
        for key, finding in later.items():
            said, sure = said_of.get(key), found.get(key)
            if sure is None and (said is None or said.state is None):
                if said is None:
                    said = said_of[key] = Said(self._id(asked.case_id, finding), finding)
                    said.muted = True
                    self._count_doubt(said, "held")
                said.finding = finding
                doubted.add(key)
            elif said is not None and said.stood_on(sure, finding):
                doubted.add(key)
                self._mute(Telling(asked.case_id, asked.case, said, Truth.HOLDS, asked.now))
        return doubted

    def _mute(self, telling: "Telling") -> None:
        said = telling.said
        if said.open and not said.muted:
            said.muted, said.settled = True, False
            self._count_doubt(said, "muted")
            self._tell(telling)

    def _take_back(self, telling: "Telling", key: Key) -> None:
        said = telling.said
        if said.muted:
            said.muted = False
            self._count_doubt(said, "dropped")
        if said.state is None:
            del telling.case.said[key]
        else:
            self._tell(telling)

    def _count_doubt(self, said: Said, outcome: str) -> None:
        self.counts["doubted", self.process.name, said.finding.rule, outcome] += 1

    def forget(self, case: Case) -> None:
        """Let the alerts of a case leave the alerts topic."""
        self.records.extend(AlertRecord(said.id, None) for said in case.said.values() if said.revision)

    def unsay(self, case: Case) -> None:
        """Take back what was said of a case and is yet to be drained: nobody is to read it any more."""
        ids = {said.id for said in case.said.values()}
        self.records = [record for record in self.records if record.id not in ids]

    def _id(self, case_id: str, finding: Finding) -> str:
        subject = [self.process.name, finding.rule, case_id, finding.key]
        return blake2b(orjson.dumps(subject), digest_size=16).hexdigest()

    def _tell(self, telling: "Telling") -> None:
        said = telling.said
        for state in transitions(said.state, telling.truth, changed=telling.changed):
            if state is State.RAISED and said.state is State.RESOLVED:
                said.episode += 1
            said.state, said.revision = state, said.revision + 1
            self.records.append(AlertRecord(said.id, orjson.dumps(self._body(telling, state))))
            f = said.finding
            name = self.process.name
            self.counts["alerts", name, f.rule, f.kind, f.stage or f.detail[0], state.value, f.grade] += 1

    def _body(self, telling: "Telling", state: State) -> dict[str, Any]:
        said, fold = telling.said, telling.case.fold
        finding, process, voice = said.finding, telling.case.process, self._voice(telling.case)
        words = voice.words_for(finding)
        owner, manager = voice.roles
        return {
            "schema": 1,
            "id": said.id,
            "process": self.process.name,
            "version": process.version,
            "case": telling.case_id,
            "instance": finding.instance,
            "rule": finding.rule,
            "kind": finding.kind,
            **({"stage": finding.stage} if finding.stage else {}),
            "state": state.value,
            "grade": finding.grade,
            "settled": said.settled,
            "severity": finding.severity,
            "episode": said.episode,
            "revision": said.revision,
            "happened_at": iso_instant(_happened(finding, state, telling.case)),
            "noticed_at": iso_instant(telling.now),
            **({} if finding.due_at is None else {"due_at": iso_instant(finding.due_at)}),
            **({"muted": FEED_SILENT} if said.muted else {}),
            "summary": summary(telling.case_id, finding, state, words, muted=said.muted),
            "explanation": explanation(finding, state, fold.recent, words),
            "labels": process.segment_labels(fold.attributes),
            "owner": owner,
            "manager": manager,
            "evidence": self._evidence(finding, fold.last_place),
        }

    def _voice(self, case: Case) -> "Voice":
        """How alerts of a case are worded: as its own version says."""
        voice = self.voices.get(case.process)
        if voice is None:
            voice = self.voices[case.process] = Voice(case.process)
        return voice

    def forget_version(self, process: Process) -> None:
        """Let go of the words of a version that has no case any more."""
        self.voices.pop(process, None)

    def _evidence(self, finding: Finding, last: Place) -> dict[str, Any] | None:
        """Where the events lie that a finding rests on; None where their topic is no longer read."""
        source = (finding.places or (last,))[-1][0]
        if source >= len(self.inputs):
            return None
        topic, partition = self.inputs[source]
        offsets = {offset for number, offset in finding.places or (last,) if number == source}
        return {"topic": topic, "partition": partition, "offsets": sorted(offsets)}


class Voice:
    """The words, the severities and the people of one version of the process."""

    __slots__ = ("phrases", "roles", "severities")

    def __init__(self, process: Process) -> None:
        definition = process.definition
        self.phrases = {sla.id: phrases(sla, definition.calendars) for sla in definition.promises}
        self.severities = {sla.id: severities(sla.severity) for sla in definition.promises}
        self.roles = definition.roles.owner, definition.roles.manager

    def words_for(self, finding: Finding) -> Phrases | None:
        """The words for a service level, also for one that is no longer defined; None for anything else."""
        if finding.kind != "sla":
            return None
        by_choice = self.phrases.get(finding.rule)
        if by_choice and len(by_choice) == 1:
            return by_choice[0]
        return by_choice[min(Level(*finding.detail).choice, len(by_choice) - 1)] if by_choice else unknown(finding.rule)


class Asked(NamedTuple):
    """A case of which is asked what has become true at a moment that cannot be trusted."""

    case_id: str
    case: Case
    doubtful: Moment
    now: int


class Telling(NamedTuple):
    """One alert to be told of: whose, what has become of it, and whether that is new."""

    case_id: str
    case: Case
    said: Said
    truth: Truth
    now: int
    changed: bool = True


def _happened(finding: Finding, state: State, case: Case) -> int:
    """When it became true; what resolves or retracts an alert has the time of the event that did."""
    if state is State.RETRACTED:
        return case.fold.last_at if case.cause_at is None else case.cause_at
    if state is State.RESOLVED and finding.closed_at is not None:
        return finding.closed_at
    return finding.happened_at


def _prune(case: Case, moment: Moment) -> None:
    """Drop from the fold the closed findings that are settled and said: what was said of them stays.

    That an instance is over for good stands once no event can come any more that would have reopened it.
    """
    fold = case.fold
    rules = fold.process.rulebook.rules

    def kept(stopped: Stopped) -> bool:
        key = rules[stopped.rule].promise.id, stopped.running.anchor.name
        return stopped.at >= moment.settled_to or not _freeze(case, key, stopped.at)

    if fold.stopped:
        fold.stopped = tuple(filter(kept, fold.stopped))
    if fold.past:
        beyond = moment.settled_to - fold.process.reopen
        fold.past = tuple(
            f for f in fold.past if f.rests_on >= beyond or not _freeze(case, (f.rule, f.key), f.closed_at)
        )


def _freeze(case: Case, key: tuple[str, str], closed_at: int | None) -> bool:
    """Keep what was said under `key` as the last word, if that is that it was closed at `closed_at`."""
    said = case.said.get(key)
    if said is None or closed_at is None or said.finding.closed_at != closed_at or said.state is not State.RESOLVED:
        return False
    said.frozen = True
    return True
