"""How a case is journalled: one JSON array a case, from which any process goes on exactly.

A record holds the settled state, the tail and what was said; the present state is folded anew. A place in the model is
kept as the steps taken, so that a record outlives the process (and the model) it was written under: as the code that
`stream.steps` writes, in base64, its names being numbers into the sorted labels of a model, which have a record of
their own. Which definition version a case is of, and which labels those are, is a small number into the records of
`stream.versions`. Invariant: `unpacked(packed(case))` behaves as `case` does. `LAYOUT` is raised with each change
of form; the layouts before it are still read (`LEGIBLE`), so that a new worker goes on from what an old one left. An
old one cannot read what a new one wrote: where the layout changes, all workers are replaced at once.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from stream.card_kinds import card_kinds, identity_of
from stream.case import NOTHING_COUNTED, Case
from stream.census import UNCOUNTED
from stream.course import FULL, UNSEEN, WARM
from stream.fold import NOTHING, Fold
from stream.journalled import (
    keyed_anew,
    read_anchor,
    read_event,
    read_finding,
    read_place,
    read_recent,
    read_running,
    read_said_entry,
    read_steps,
    read_steps_of_layout_1,
    read_stopped,
    read_ties,
    written_running,
)
from stream.lives import Counts, Life
from stream.occurrences import UNTRACKED, Counted, Key, Occurrence, Tracked
from stream.people import Act, Conduct, Offence
from stream.process import Process
from stream.said import Said
from stream.shared import in_common
from stream.steps import Labels

LAYOUT = 3
LEGIBLE = frozenset((1, 2, LAYOUT))
WAKE, FLAGS, FILED = 1, 2, 4


class UnreadableState(Exception):
    """A state record that cannot be read: corrupt, or of a layout that this version does not know."""


def refuse_unknown(layout: Any, what: str) -> None:
    """Raise `UnreadableState` for a layout that is not read here."""
    if layout not in LEGIBLE:
        raise UnreadableState(f"{what} of layout {layout!r}; this version reads layouts up to layout {LAYOUT}")


class Packer:
    """Packs and unpacks the cases of one version of a process, whose `number` they carry; `known` holds the numberings
    of models met in the journal, `filed` the one that each version's cases were packed under."""

    def __init__(self, process: Process) -> None:
        self.process, self.number = process, 0
        self.filed: dict[int, str] = {}
        self.labels = process.labels
        self.numberings = [self.labels, process.asked] if process.monitor else [self.labels]
        self.known: dict[str, Labels] = {numbering.identity: numbering for numbering in self.numberings}
        self.cards = identity_of(card_kinds(process.definition))
        self.ids = process.rulebook.keys
        self.rules = {rule_id: i for i, rule_id in enumerate(self.ids)}
        self.rule_ids = [rule.id for rule in process.definition.rules]
        self.rule_numbers = {rule_id: i for i, rule_id in enumerate(self.rule_ids)}

    def labels_records(self) -> Iterator[tuple[str, bytes]]:
        """The identities and records of the numberings that cases are packed under."""
        for numbering in self.numberings:
            yield numbering.identity, orjson.dumps([LAYOUT, numbering.names])

    def learn(self, identity: str, record: bytes) -> None:
        """Take up a numbering met in the journal; raises `UnreadableState`."""
        layout, names = orjson.loads(record)
        refuse_unknown(layout, "labels")
        self.known[identity] = Labels(identity, tuple(names))

    def packed(self, case: Case, wake: int | None = None) -> bytes:
        """The record of a case; `wake` where it is to be looked at sooner than it is armed for. That an
        end which is yet to come is uncounted is not written."""
        return orjson.dumps(
            [
                LAYOUT,
                case.wake if wake is None else wake,
                case.flags & ~UNCOUNTED if case.fold.ended_at is None else case.flags,
                case.may_be_warm,
                self.number,
                None if case.settled is None else self._fold(case.settled),
                case.tail,
                [self._said(key, said) for key, said in case.said.items()],
                list(case.ids),
                case.late,
                *((self._counts(case),) if self.process.counted else ()),
                *(() if self.cards is None else (self._card(case),)),
            ],
            default=tuple,  # named tuples are written as plain arrays
        )

    def _fold(self, fold: Fold) -> list[Any]:
        code = b"" if fold.code is None else b64encode(fold.code[: fold.size])
        return [
            fold.instance,
            fold.first,
            [fold.last_at, fold.last_place],
            fold.events,
            fold.ties,
            fold.recent,
            fold.attributes,
            {self.ids[i]: written_running(running) for i, running in enumerate(fold.clocks) if running is not None},
            [[self.ids[s.rule], written_running(s.running), s.at, s.place, s.outcome] for s in fold.stopped],
            fold.past,
            fold.ended_at,
            [fold.warm, fold.late, fold.unseen],
            [code.decode(), fold.strangers],
            self._cut_off(fold) if fold.full else None,
            fold.started,
            [[self.rule_ids[act.rule], *act[1:]] for act in fold.conduct.acts],
            [[self.rule_ids[offence.rule], *offence[1:]] for offence in fold.conduct.offences],
            self._standing(fold),
            {self.ids[number]: since for number, since in fold.paused.items()},
            *((self._tracks(fold),) if self.process.counted else ()),
        ]

    def _counts(self, case: Case) -> list[Any]:
        """What objectives count of a case; there is nothing of it where there are none."""
        return [[[self.ids[n], name, *counts[1:]] for (n, name), counts in case.counted.items()], case.counted_to]

    def _card(self, case: Case) -> dict[str, Any]:
        """What scorecards count of a case, and of which they are; last of all, where it is known by its form."""
        lives = () if case.settled is None else case.settled.tracked.lives
        return {"cards": self.cards, "counts": case.card} | ({"lives": lives} if lives else {})

    def counted(self, fields: list[Any]) -> bool:
        """Whether the scorecards that there are now have counted a journalled case."""
        return self.cards is None or (isinstance(fields[-1], dict) and fields[-1]["cards"] == self.cards)

    def _tracks(self, fold: Fold) -> list[Any]:
        segments = {self.ids[number]: segment for number, segment in fold.tracked.segments.items()}
        told = ((one, one[1:] if one.known_at is not None else one[1:-1]) for one in fold.tracked.occurred)
        return [segments, [[self.ids[one.clock], *fields] for one, fields in told]]

    def _standing(self, fold: Fold) -> list[Any] | None:
        """Where a case stands with its constraints, with which, and which of them were asked late."""
        monitor = self.process.monitor
        if monitor is None or fold.standing is None:
            return None
        return [self.process.asked.identity, monitor.dump(fold.standing), sorted(fold.asked_late)]

    def _cut_off(self, fold: Fold) -> list[Any] | None:
        """A place in the model that the kept steps no longer lead to."""
        automaton = self.process.automaton
        if automaton is None or fold.frontier is None:
            return None
        return [automaton.dump(fold.frontier), fold.cost, fold.floor]

    def _said(self, key: tuple[str, str], said: Said) -> list[Any]:
        muted = (True,) if said.muted else ()
        return [key, said.id, said.finding, said.state, said.revision, said.episode, said.settled, said.frozen, *muted]

    def unpacked(self, fields: list[Any]) -> Case:
        """The case of a record's fields; raises `UnreadableState`."""
        try:
            refuse_unknown(fields[0], "a case")
            return self._case(fields)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise UnreadableState(f"the record cannot be read: {error!r}") from error

    def _case(self, fields: list[Any]) -> Case:
        card: dict[str, Any] = fields.pop() if isinstance(fields[-1], dict) else {"cards": None}
        layout, wake, flags, may_be_warm, filed, settled, tail, said, ids, case_is_late, *rest = fields
        identity, counted = (self.filed[filed], rest[0] if rest else None) if layout > 2 else (filed, rest)
        case = Case(self.process, may_be_warm)
        case.wake, case.flags = wake, flags
        case.settled = None if settled is None else self._unfolded(settled, identity, layout)
        case.tail = tuple([read_event(event) for event in tail])
        if said:
            case.said = dict(map(read_said_entry, said))
            if layout == 1:
                case.said = dict(keyed_anew(case.said))
        case.late, case.ids = case_is_late, dict.fromkeys(ids) if ids else case.ids
        if counted:
            case.counted, case.counted_to = self._counted(counted[0]) or NOTHING_COUNTED, counted[1]
        if card["cards"] == self.cards:
            case.card = tuple(map(Counts.read, card.get("counts", ())))
        if case.settled is not None and "lives" in card:
            case.settled.tracked = case.settled.tracked._replace(lives=tuple(map(Life.read, card["lives"])))
        case.refold()
        if case.fold.ended_at is None:
            case.flags |= UNCOUNTED
        return case

    def _counted(self, fields: list[Any]) -> dict[Key, Counted]:
        """What objectives count of a case, as far as its service levels are defined now."""
        known = [(self.rules[one[0]], one[1], one[2:]) for one in fields if self._is_asked(one[0], one[2])]
        return {(n, name): Counted(n, tuple(segment), at, good) for n, name, (segment, at, good) in known}

    def _is_asked(self, rule_id: str, segment: list[str]) -> bool:
        """Whether an occurrence still counts: its service level is defined now, and cases have the same segments."""
        return rule_id in self.rules and len(segment) in (0, len(self.process.segments))

    def _tracked(self, segments: dict[str, list[str]], occurred: list[Any]) -> Tracked:
        """The clocks that objectives count, as far as they are defined now."""
        numbers = self.rules
        return Tracked(
            {numbers[rule_id]: tuple(segment) for rule_id, segment in segments.items() if rule_id in numbers},
            tuple(
                Occurrence(numbers[rule_id], name, tuple(segment), *rest)
                for rule_id, name, segment, *rest in occurred
                if self._is_asked(rule_id, segment)
            ),
        )

    def _unfolded(self, fields: list[Any], identity: str, layout: int) -> Fold:
        fold = Fold(self.process, fields[0])
        first, last, fold.events, ties, recent, fold.attributes, clocks, stopped, past, fold.ended_at = fields[1:11]
        fold.attributes = in_common(fold.attributes)
        fold.first = None if first is None else read_anchor(first)
        fold.last_at, fold.last_place = last[0], read_place(last[1])
        fold.ties, fold.recent = read_ties(ties), read_recent(recent)
        numbered = {self.rules[rule_id]: read_running(one) for rule_id, one in clocks.items() if rule_id in self.rules}
        fold.clocks = tuple([numbered.get(number) for number in range(len(fold.clocks))])
        if stopped or past:
            known = read_stopped(stopped, self.rules)
            fold.aside = fold.aside._replace(stopped=known, past=tuple(map(read_finding, past)))
        warm, fold.late, *rest = fields[11]
        fold.flags = WARM if warm else 0
        labels = self.known[identity]
        steps = read_steps_of_layout_1(fields[12], labels) if layout == 1 else read_steps(fields[12], labels, fold)
        self._retrace(fold, steps, identity)
        self._take_up(fold, fields[13], identity)
        if layout > 1:
            fold.flags |= UNSEEN if rest[0] else 0
            fold.started = tuple(map(read_anchor, fields[14]))
            if fields[15] or fields[16]:
                fold.aside = fold.aside._replace(conduct=self._conduct(fields[15], fields[16]))
            tracks = fields[19] if layout > 2 and len(fields) > 19 else fields[19:21]
            fold.tracked = self._tracked(*tracks) if tracks else UNTRACKED
            paused = {self.rules[key]: since for key, since in fields[18].items() if key in self.rules}
            fold.paused = paused or NOTHING
        self._stand(fold, None if layout == 1 else fields[17])
        return fold

    def _conduct(self, acts: list[Any], offences: list[Any]) -> Conduct:
        """What people have done, as far as there are rules on it now."""
        numbers = self.rule_numbers
        return Conduct(
            tuple(Act(numbers[rule], who, read_anchor(anchor)) for rule, who, anchor in acts if rule in numbers),
            tuple(
                Offence(numbers[rule], who, tuple(map(read_anchor, anchors)), found)
                for rule, who, anchors, found in offences
                if rule in numbers
            ),
        )

    def _stand(self, fold: Fold, standing: list[Any] | None) -> None:
        """Stand where the case stood with its constraints. Of those that are new, only what its past cannot excuse
        is held against it."""
        monitor = self.process.monitor
        if monitor is None:
            return
        former: set[str] = set()
        if standing is not None:
            identity, written, late = standing
            fold.standing = monitor.load(written)
            asked = self.known[identity].names
            former = set(asked).difference([asked[number] for number in late])
        numbers = self.process.asked.numbers.items()
        asked_late = frozenset(number for text, number in numbers if text not in former)
        if asked_late:
            fold.aside = fold.aside._replace(asked_late=asked_late)

    def _retrace(self, fold: Fold, steps: Iterable[tuple[str, int]], identity: str) -> None:
        """Take the journalled steps again, in whatever model the process has now; a case that went on without one was
        met in the middle."""
        automaton = self.process.automaton
        if automaton is None:
            return
        if not identity:
            fold.flags |= WARM
        if fold.warm:
            fold.frontier = automaton.warm_start()
        for name, at in steps:
            fold.step(name, at)

    def _take_up(self, fold: Fold, place: list[Any] | None, identity: str) -> None:
        """Go on from a place that the kept steps do not lead to."""
        if place is None:
            return
        fold.flags |= FULL
        automaton = self.process.automaton
        if automaton is not None and identity == automaton.version:
            frontier, fold.cost, fold.floor = place[:3]
            fold.frontier = automaton.load(frontier)
