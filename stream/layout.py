"""How a case is journalled: one JSON array a case, from which any process goes on exactly.

A record holds the settled state, the tail and what was said; the present state is folded anew. A place in the model is
kept as the steps taken, so that a record outlives the process (and the model) it was written under: `names` are numbers
into the sorted labels of the model named by `identity`, which has a record of its own, or the name itself. Invariant:
`unpacked(packed(case))` behaves as `case` does. `LAYOUT` is raised with every change of form.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from schemas.alert import State
from stream.case import Case
from stream.event import Anchor, Event, Place
from stream.finding import Finding
from stream.fold import MOST_KEPT, Fold
from stream.process import Process
from stream.said import Said
from stream.sla.running import Running, Stopped

LAYOUT = 1
WAKE, FLAGS = 1, 2


class UnreadableState(Exception):
    """A state record that cannot be read: corrupt, or of a layout that this version does not know."""


class Labels(NamedTuple):
    """The numbering of a model's labels under which steps are journalled."""

    identity: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, process: Process) -> "Labels":
        """The numbering of a process's own model."""
        automaton = process.automaton
        return cls(automaton.version, tuple(sorted(automaton.labels))) if automaton else cls("", ())


class Packer:
    """Packs and unpacks the cases of one process; `known` holds the numberings of models met in the journal."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.labels = Labels.of(process)
        self.numbers = {name: i for i, name in enumerate(self.labels.names)}
        self.known: dict[str, tuple[str, ...]] = {self.labels.identity: self.labels.names}
        self.ids = [rule.promise.id for rule in process.rulebook.rules]
        self.rules = {rule_id: i for i, rule_id in enumerate(self.ids)}

    def labels_record(self) -> bytes:
        """The record of the model's numbering."""
        return orjson.dumps([LAYOUT, self.labels.names])

    def learn(self, identity: str, record: bytes) -> None:
        """Take up a numbering met in the journal; raises `UnreadableState`."""
        layout, names = orjson.loads(record)
        if layout != LAYOUT:
            raise UnreadableState(f"labels of layout {layout!r}; this version reads layout {LAYOUT}")
        self.known[identity] = tuple(names)

    def packed(self, case: Case, wake: int | None = None) -> bytes:
        """The record of a case; `wake` where it is to be looked at sooner than it is armed for."""
        return orjson.dumps(
            [
                LAYOUT,
                case.wake if wake is None else wake,
                case.flags,
                case.may_be_warm,
                self.labels.identity,
                None if case.settled is None else self._fold(case.settled),
                case.tail,
                [self._said(key, said) for key, said in case.said.items()],
                list(case.ids),
                case.late,
            ],
            default=tuple,  # named tuples are written as plain arrays
        )

    def _fold(self, fold: Fold) -> list[Any]:
        steps = [self.numbers.get(name, name) for name in fold.names[: fold.length]]
        times = fold.times[: fold.length]
        gaps = [b - a for a, b in pairwise(times)]
        return [
            fold.instance,
            fold.first,
            [fold.last_at, fold.last_place],
            fold.events,
            fold.ties,
            fold.recent,
            fold.attributes,
            {self.ids[i]: running for i, running in enumerate(fold.clocks) if running is not None},
            [[self.ids[s.rule], s.running, s.at, s.place] for s in fold.stopped],
            fold.past,
            fold.ended_at,
            [fold.warm, fold.late],
            [steps, times[:1] + gaps],
            self._cut_off(fold) if fold.length >= MOST_KEPT else None,
        ]

    def _cut_off(self, fold: Fold) -> list[Any] | None:
        """A place in the model that the kept steps no longer lead to."""
        automaton = self.process.automaton
        if automaton is None or fold.frontier is None:
            return None
        return [automaton.dump(fold.frontier), fold.cost, fold.floor, fold.explain_to]

    def _said(self, key: tuple[str, str], said: Said) -> list[Any]:
        return [key, said.id, said.finding, said.state, said.revision, said.episode, said.settled, said.frozen]

    def unpacked(self, record: bytes) -> Case:
        """The case of a record; raises `UnreadableState`."""
        try:
            fields = orjson.loads(record)
            if fields[0] != LAYOUT:
                raise UnreadableState(f"layout {fields[0]!r} is not known here; this version reads layout {LAYOUT}")
            return self._case(fields)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise UnreadableState(f"the record cannot be read: {error!r}") from error

    def _case(self, fields: list[Any]) -> Case:
        _, wake, flags, may_be_warm, identity, settled, tail, said, ids, case_is_late = fields
        case = Case(self.process, may_be_warm)
        case.wake, case.flags = wake, flags
        case.settled = None if settled is None else self._unfolded(settled, identity)
        case.tail = [_event(event) for event in tail]
        case.said = dict(map(_said_entry, said))
        case.ids, case.late = dict.fromkeys(ids), case_is_late
        case.refold()
        return case

    def _unfolded(self, fields: list[Any], identity: str) -> Fold:
        fold = Fold(self.process, fields[0])
        first, last, fold.events, ties, recent, fold.attributes, clocks, stopped, past, fold.ended_at = fields[1:11]
        fold.first = _anchor(first)
        fold.last_at, fold.last_place = last[0], _place(last[1])
        fold.ties, fold.recent = dict(ties), tuple(recent)
        for rule_id, running in clocks.items():
            if rule_id in self.rules:
                fold.clocks[self.rules[rule_id]] = _running(running)
        fold.stopped = tuple(
            Stopped(self.rules[rule_id], _running(running), at, _place(place))
            for rule_id, running, at, place in stopped
            if rule_id in self.rules
        )
        fold.past = tuple(map(_finding, past))
        fold.warm, fold.late = fields[11]
        self._retrace(fold, fields[12], identity)
        self._take_up(fold, fields[13], identity)
        return fold

    def _retrace(self, fold: Fold, steps: list[Any], identity: str) -> None:
        """Take the journalled steps again, in whatever model the process has now."""
        automaton = self.process.automaton
        if automaton is None:
            return
        names, at = self.known[identity], 0
        if fold.warm:
            fold.frontier = automaton.warm_start()
        for step, gap in zip(*steps, strict=True):
            at += gap
            fold.step(names[step] if isinstance(step, int) else step, at)

    def _take_up(self, fold: Fold, place: list[Any] | None, identity: str) -> None:
        automaton = self.process.automaton
        if place is not None and automaton is not None and identity == automaton.version:
            frontier, fold.cost, fold.floor, fold.explain_to = place
            fold.frontier = automaton.load(frontier)


def _place(fields: Sequence[int]) -> Place:
    source, offset = fields
    return source, offset


def _event(fields: list[Any]) -> Event:
    at, place, *rest = fields
    return Event(at, _place(place), *rest)


def _anchor(fields: list[Any]) -> Anchor:
    at, activity, count, event_id, place = fields
    return Anchor(at, activity, count, event_id, _place(place))


def _running(fields: list[Any]) -> Running:
    anchor, start, marks = fields
    return Running(_anchor(anchor), start, tuple(marks))


def _finding(fields: list[Any]) -> Finding:
    finding = Finding(*fields)
    detail = tuple(tuple(part) if isinstance(part, list) else part for part in finding.detail)
    return finding._replace(detail=detail, places=tuple(_place(place) for place in finding.places))


def _said_entry(fields: list[Any]) -> tuple[tuple[str, str], Said]:
    key, alert_id, finding, state, *rest = fields
    said = Said(alert_id, _finding(finding))
    said.state = State(state)
    said.revision, said.episode, said.settled, said.frozen = rest
    return (key[0], key[1]), said
