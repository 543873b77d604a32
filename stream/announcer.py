"""What is to be said of a case: the difference between what is true of it now and what was said last.

Invariant: an alert's id is a hash of process, rule, case and anchor, so that the same history gives the same ids
anywhere; every record carries the next revision of its id. The anchor's time tells the instances of a case apart: their
numbers begin anew once a case was forgotten, and would not do.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import orjson

from schemas.alert import State
from schemas.consistency import MODEL_RULE
from stream.case import Case
from stream.clock import Moment
from stream.departures import untold
from stream.effects import AlertRecord
from stream.finding import FOREVER, Finding
from stream.findings import findings_of
from stream.inputs import Input
from stream.levels import stages
from stream.lifecycle import Truth, transitions
from stream.process import Process
from stream.said import Said
from stream.sla.running import Stopped
from stream.voice import Frame, Voice, evidence
from stream.wording import iso_instant

Key = tuple[str, str]


class Announcer:
    """Writes the alert records of one process in one task; `records` and `counts` wait to be drained.

    `in_doubt`: whether, in the case last announced, time seems to say more than is sure.
    """

    def __init__(self, process: Process, inputs: tuple[Input, ...]) -> None:
        self.process, self.inputs = process, inputs
        self.voices: dict[Process, Voice] = {}
        self.hashes: dict[str, blake2b] = {}
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
        case.settling, voice = FOREVER, self._voice(case)
        found = {(f.rule, f.key): f for f in findings_of(case.fold, moment)}
        doubted = set() if doubtful is None else self._doubted(Asked(case_id, case, doubtful, now), found)
        for key in [key for key, said in case.said.items() if key not in found and not said.frozen]:
            if key not in doubted:
                self._take_back(Telling(case_id, case, case.said[key], Truth.GONE, now, voice), key)
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
                said = said or case.say(key, Said(self.id_of(case_id, finding), finding))
                self._tell_finding(Telling(case_id, case, said, Truth.HOLDS, now, voice), finding, settled, moment.live)
        if case.fold.stopped or case.fold.past:
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
        for stage in stages(finding, told, telling.voice.severities.get(finding.rule), live=live):
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
        case, said_of = asked.case, asked.case.said
        later = {(f.rule, f.key): f for f in findings_of(asked.case.fold, asked.doubtful)}
        self.in_doubt = later != found
        doubted = {key for key in found if key not in later and key not in said_of}
        for key, finding in later.items():
            said, sure = said_of.get(key), found.get(key)
            if sure is None and (said is None or said.state is None):
                if said is None:
                    said = case.say(key, Said(self.id_of(asked.case_id, finding), finding))
                    said.muted = True
                    self._count_doubt(said, "held")
                said.finding = finding
                doubted.add(key)
            elif said is not None and said.stood_on(sure, finding):
                doubted.add(key)
                self._mute(Telling(asked.case_id, asked.case, said, Truth.HOLDS, asked.now, self._voice(asked.case)))
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

    def id_of(self, case_id: str, finding: Finding) -> str:
        """The id of the alert that a finding of a case makes."""
        begun = self.hashes.get(finding.rule)
        if begun is None:
            begun = self.hashes[finding.rule] = blake2b(digest_size=16)
            begun.update(orjson.dumps([self.process.name, finding.rule])[:-1] + b",")
        hashed = begun.copy()
        hashed.update(orjson.dumps((case_id, finding.key))[1:])  # as if all four were one list
        return hashed.hexdigest()

    def _tell(self, telling: "Telling") -> None:
        said = telling.said
        for state in transitions(said.state, telling.truth, changed=telling.changed):
            if state is State.RAISED and said.state is State.RESOLVED:
                said.episode += 1
            said.state, said.revision = state, said.revision + 1
            frame = telling.voice.frame(said, state)
            self.records.append(AlertRecord(said.id, self._body(telling, frame)))
            self.counts[frame.counted] += 1

    def _body(self, telling: "Telling", frame: Frame) -> bytes:
        said, fold = telling.said, telling.case.fold
        body = frame.filled(said, telling.case_id, fold, telling.voice.words_for(said.finding))
        body["happened_at"] = iso_instant(_happened(said.finding, frame.state, telling.case))
        body["noticed_at"] = iso_instant(telling.now)
        body["evidence"] = evidence(said.finding, fold.last_place, self.inputs)
        return orjson.dumps(body)

    def _voice(self, case: Case) -> Voice:
        """How alerts of a case are worded: as its own version says."""
        voice = self.voices.get(case.process)
        if voice is None:
            voice = self.voices[case.process] = Voice(case.process)
        return voice

    def forget_version(self, process: Process) -> None:
        """Let go of the words of a version that has no case any more."""
        self.voices.pop(process, None)


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
    voice: Voice
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
