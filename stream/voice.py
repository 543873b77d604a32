"""How alerts of one version of a process are worded: frames that hold what alerts have in common, and what fills them.

A burst of alerts differs in little but the case: so a frame is made once for each rule, stage, state and grade, and
copied. Invariant: what a frame holds depends on nothing but its key and the version; fields keep their order.
"""

from typing import Any, NamedTuple

from schemas.alert import FEED_SILENT, State
from stream.event import Place
from stream.explanation import explanation
from stream.finding import Finding, Level
from stream.fold import Fold
from stream.inputs import Input
from stream.levels import severities
from stream.process import Process
from stream.said import Said
from stream.wording import Phrases, iso_instant, phrases, summary, unknown

MOST_FRAMES = 10_000
"""Frames of one version that are kept: more than rules, stages, states and grades are likely to make."""


class Frame(NamedTuple):
    """What alerts of one kind have in common: the `state` they tell, under which name they are counted, and a body with
    room for the other fields in their places."""

    state: State
    counted: tuple[str, ...]
    body: dict[str, Any]
    process: Process

    def filled(self, said: Said, case_id: str, fold: Fold, words: Phrases | None) -> dict[str, Any]:
        """The body of an alert, but for the instants at which it happened and was noticed and where its events lie."""
        finding, state, body = said.finding, self.state, self.body.copy()
        body["id"] = said.id
        body["case"] = case_id
        body["instance"] = finding.instance
        body["episode"] = said.episode
        body["revision"] = said.revision
        if finding.due_at is not None:
            body["due_at"] = iso_instant(finding.due_at)
        body["summary"] = summary(case_id, finding, state, words, muted=said.muted)
        body["explanation"] = explanation(finding, state, fold.recent, words)
        body["labels"] = self.process.segment_labels(fold.attributes)
        return body


class Voice:
    """The words, the severities and the people of one version of the process; frames are made when first needed."""

    __slots__ = ("frames", "phrases", "process", "severities")

    def __init__(self, process: Process) -> None:
        definition = process.definition
        self.process = process
        self.phrases = {sla.id: phrases(sla, definition.calendars) for sla in definition.promises}
        self.severities = {sla.id: severities(sla.severity) for sla in definition.promises}
        self.frames: dict[tuple[Any, ...], Frame] = {}

    def words_for(self, finding: Finding) -> Phrases | None:
        """The words for a service level, also for one that is no longer defined; None for anything else."""
        if finding.kind != "sla":
            return None
        by_choice = self.phrases.get(finding.rule)
        if by_choice and len(by_choice) == 1:
            return by_choice[0]
        return by_choice[min(Level(*finding.detail).choice, len(by_choice) - 1)] if by_choice else unknown(finding.rule)

    def frame(self, said: Said, state: State) -> Frame:
        """The frame of an alert that is told to be in a state."""
        f = said.finding
        due, what = f.due_at is not None, f.stage or f.detail[0]
        key = f.rule, f.kind, what, state, f.severity, f.grade, due, said.settled, said.muted
        frame = self.frames.get(key)
        if frame is None:
            if len(self.frames) >= MOST_FRAMES:
                self.frames.clear()
            frame = self.frames[key] = self._framed(said, state, what)
        return frame

    def _framed(self, said: Said, state: State, what: str) -> Frame:
        finding, process, people = said.finding, self.process, self.process.definition.roles
        body = {
            "schema": 1,
            "id": None,
            "process": process.name,
            "version": process.version,
            "case": None,
            "instance": None,
            "rule": finding.rule,
            "kind": finding.kind,
            **({"stage": finding.stage} if finding.stage else {}),
            "state": state.value,
            "grade": finding.grade,
            "settled": said.settled,
            "severity": finding.severity,
            "episode": None,
            "revision": None,
            "happened_at": None,
            "noticed_at": None,
            **({} if finding.due_at is None else {"due_at": None}),
            **({"muted": FEED_SILENT} if said.muted else {}),
            "summary": None,
            "explanation": None,
            "labels": None,
            "owner": people.owner,
            "manager": people.manager,
            "evidence": None,
        }
        count = "alerts", process.name, finding.rule, finding.kind, what, state.value, finding.grade
        return Frame(state, count, body, process)


def evidence(finding: Finding, last: Place, inputs: tuple[Input, ...]) -> dict[str, Any] | None:
    """Where the events lie that a finding rests on; None where their topic is no longer read."""
    places = finding.places or (last,)
    source, offset = places[-1]
    if source >= len(inputs):
        return None
    topic, partition = inputs[source]
    offsets = [offset] if len(places) == 1 else sorted({offset for number, offset in places if number == source})
    return {"topic": topic, "partition": partition, "offsets": offsets}
