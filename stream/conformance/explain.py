"""What went wrong in a case, in the words of a process manager, replayed from the case's own activities.

An alignment says which events were too many and which model steps were missing; a person wants to hear that two steps
were swapped, that one was done twice, or that a branch was taken that the case had not chosen. Invariant: the weights
of the deviations add up to the alignment's cost, the prefix cost or, of a finished case, the closing cost.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from stream.conformance.alignment import remarks_of, steps_before
from stream.conformance.automaton import Automaton
from stream.conformance.deviation import Deviation, DeviationKind
from stream.conformance.enabling import expected
from stream.conformance.frontier import INF, Frontier
from stream.conformance.path import Path, path_of
from stream.conformance.routes import ModelStep, to_end
from stream.conformance.standing import first_steps, followed

__all__ = ["Deviation", "DeviationKind", "explain"]


def explain(
    automaton: Automaton, activities: Sequence[str], *, finished: bool, warm: bool = False
) -> tuple[Deviation, ...]:
    """The deviations of a case, in the order of its events; the same for the same activities, always.

    `finished` judges the case as a whole: what the model still wanted, and had not come too early, is one
    `not_finished`, its weight `INF` where the final marking cannot be reached. `warm` starts from anywhere in the
    model; where the automaton has no warm start, only unknown activities are told.
    """
    if warm and automaton.warm_start() is None:
        return tuple(_unknown(automaton, activities))
    path = path_of(automaton, activities, warm=warm)
    if finished:
        path = path.twin()
        path.end()
    wanted = automaton.completion(path.standings[-1]) if finished else 0
    return tuple(_Account(path, wanted).deviations()) if path.costs[-1] or wanted else ()


def _unknown(automaton: Automaton, activities: Sequence[str]) -> list[Deviation]:
    """One deviation for each activity that the model does not have, at its first event, which all others repeat."""
    first = dict[str, Deviation]()
    for index, activity in enumerate(activities):
        told = first.get(activity)
        if told is not None:
            first[activity] = replace(told, weight=told.weight + 1, shown_by=index)
        elif activity not in automaton.labels:
            first[activity] = Deviation(DeviationKind.UNKNOWN_ACTIVITY, index, activity, (), shown_by=index)
    return list(first.values())


MOST_LOOKED_AT = 8  # steps left out before one event, for each of which others are looked for


class _Missing(NamedTuple):
    """A step that was left out, the event before which it was due, which of the steps left out there it is, and which
    of those due there, some of which may have come elsewhere."""

    place: int
    slot: int
    step: ModelStep
    position: int = 0


class _Account:
    """Sorts the moves of a path into named deviations; `wanted` is what it costs to end there, where it has to end.

    An event too many and a missing step of one activity are one step that was moved. They are paired in the order in
    which the case shows them, so that no pair comes apart while the case goes on.
    """

    def __init__(self, path: Path, wanted: int) -> None:
        self.path, self.end, self.lost = path, len(path.moves), wanted >= INF
        self.turned = [0]  # from each event on, the last that turned over how one was read, and with it what pairs up
        for index in range(self.end - 1, -1, -1):
            read_by = path.read_by[index]
            self.turned.append(max(self.turned[-1], read_by if read_by > index else 0))
        self.turned.reverse()
        self.extra: list[int] = []  # events that the model did not take
        self.synchronised: list[int] = []
        self.early, self.lacking = defaultdict[str, list[int]](list), defaultdict[str, list[_Missing]](list)
        self.moved = dict[int, _Missing]()  # event too many -> its own step, left out elsewhere
        self.first = dict[str, int]()  # the first event of each activity that the model took
        for index, (move, activity) in enumerate(zip(path.moves, path.activities, strict=True)):
            if move.missing:
                self._leave_out(index, move.missing)
            if move.synchronised:
                self.synchronised.append(index)
                self.first.setdefault(activity, index)
            else:
                self._add(index, activity)
        if 0 < wanted < INF:
            self._leave_out(self.end, to_end(path.standings[-1]))
        self.missing = defaultdict[int, list[_Missing]](list)  # steps left out, that did not come elsewhere
        for entry in sorted([entry for entries in self.lacking.values() for entry in entries]):
            self.missing[entry.place].append(entry)

    def _leave_out(self, index: int, steps: Sequence[ModelStep]) -> None:
        slot = 0
        for position, step in enumerate(steps):
            if self.early[step.label]:
                self.moved[self.early[step.label].pop()] = _Missing(index, 0, step)
            else:
                self.lacking[step.label].append(_Missing(index, slot, step, position))
                slot += 1

    def _add(self, index: int, activity: str) -> None:
        self.extra.append(index)
        if self.lacking[activity]:
            self.moved[index] = self.lacking[activity].pop()
        else:
            self.early[activity].append(index)

    def deviations(self) -> list[Deviation]:
        """All deviations of the events, by index."""
        known = self.path.automaton.labels
        found = [self._told(index) for index in self.extra if self.path.activities[index] in known]
        found = self._branches(found) + self._skipped() + self._strangers()
        found = [replace(one, shown_by=max(one.shown_by, self._read_by(one))) for one in found]
        return sorted(found, key=lambda deviation: (deviation.index, deviation.slot)) + self._not_finished()

    def _read_by(self, deviation: Deviation) -> int:
        """The event in whose light all that a deviation is made of is read."""
        newest = max(deviation.index, deviation.due or 0)
        return max(self.path.read_by[newest], self.turned[deviation.index]) if newest < self.end else self.end

    def _expected(self, index: int) -> tuple[str, ...]:
        return tuple(sorted(expected(self.path.standings[index])))

    def _after(self, index: int) -> str | None:
        """The last step before an event that the model took."""
        number = bisect_left(self.synchronised, index)
        return self.path.activities[self.synchronised[number - 1]] if number else None

    def _told(self, index: int) -> Deviation:
        """An event that the model did not take where it came."""
        activity, awaited, after = self.path.activities[index], self._expected(index), self._after(index)
        moved = self.moved.get(index)
        if moved is not None:
            due, slot, (label, element), _ = moved
            kind = DeviationKind.OUT_OF_ORDER
            return Deviation(kind, index, activity, awaited, (label,), element, 2, after, due=due, slot=slot)
        kind, ahead, other = self._too_many(index, activity, awaited), 0, None
        if kind is DeviationKind.WRONG_BRANCH:
            awaited, other = tuple([label for label in awaited if label != activity]), self._next(index)
        if kind is DeviationKind.OUT_OF_ORDER:
            standing = self.path.standings[index]
            awaited, ahead = tuple(sorted(first_steps(standing, activity))), steps_before(standing, activity)
        element = self.path.automaton.elements.get(activity)
        return Deviation(kind, index, activity, awaited, (), element, 1, after, other, ahead)

    def _next(self, index: int) -> int | None:
        """The next event that the model took."""
        number = bisect_left(self.synchronised, index)
        return self.synchronised[number] if number < len(self.synchronised) else None

    def _too_many(self, index: int, activity: str, awaited: tuple[str, ...]) -> DeviationKind:
        """Why an event is too many: done before, too early, or never asked for here."""
        if activity in awaited:  # it could have come here, but not with what the case went on to do
            return DeviationKind.WRONG_BRANCH
        if self.first.get(activity, self.end) < index:
            return DeviationKind.REPEATED
        if steps_before(self.path.standings[index], activity) < INF:
            return DeviationKind.OUT_OF_ORDER
        return DeviationKind.UNEXPECTED

    def _strangers(self) -> list[Deviation]:
        known, activities = self.path.automaton.labels, self.path.activities
        strange = any(activities[index] not in known for index in self.extra)
        found = _unknown(self.path.automaton, activities) if strange else []
        return [replace(d, expected=self._expected(d.index), after=self._after(d.index)) for d in found]

    def _branches(self, extra: list[Deviation]) -> list[Deviation]:
        """Steps of another branch in place of those of the chosen one, in one stretch, are one deviation."""
        found: list[Deviation] = []
        instead: dict[int, Deviation] = {}  # number of the stretch between synchronised events -> what was done there
        for deviation in extra:
            stretch = bisect_left(self.synchronised, deviation.index)
            first = instead.get(stretch)
            left_out = self._left_out(stretch) if deviation.kind is DeviationKind.UNEXPECTED else []
            if first is not None and deviation.kind is DeviationKind.UNEXPECTED:
                instead[stretch] = replace(first, weight=first.weight + 1)
            elif left_out:
                del self.missing[self.synchronised[stretch]]
                labels, weight = tuple(entry.step.label for entry in left_out), 1 + len(left_out)
                wrong = replace(deviation, kind=DeviationKind.WRONG_BRANCH, missing=labels, weight=weight)
                instead[stretch] = replace(wrong, due=self._next(deviation.index))
            else:
                found.append(deviation)
        return found + list(instead.values())

    def _left_out(self, stretch: int) -> list[_Missing]:
        """The steps left out before the synchronised event that ends a stretch."""
        return self.missing[self.synchronised[stretch]] if stretch < len(self.synchronised) else []

    def _skipped(self) -> list[Deviation]:
        found, kind = list[Deviation](), DeviationKind.SKIPPED
        for index, slot, (label, element), position in [one for entries in self.missing.values() for one in entries]:
            if index < self.end:
                expected, after = self._choice(index, label, position), self._after(index)
                found.append(Deviation(kind, index, label, expected, (label,), element, 1, after, slot=slot))
        return found

    def _choice(self, index: int, label: str, position: int) -> tuple[str, ...]:
        """The steps any one of which would have done in place of one that was left out."""
        standing, activity = self.path.standings[index], self.path.activities[index]
        missing = self.path.moves[index].missing
        if len(missing) == 1:
            alone = steps_before(standing, activity) == 1
            return tuple(sorted({label, *(first_steps(standing, activity) if alone else ())}))
        remarks, question = remarks_of(standing), (missing, position, activity)
        found: tuple[str, ...] | None = remarks.get(question)
        if found is None:
            labels = [step.label for step in missing]
            there = followed(self.path.automaton, standing, labels[:position])
            rest = [*labels[position + 1 :], activity]
            fit = self._instead_of(label, there, rest) if there and len(labels) <= MOST_LOOKED_AT else []
            found = remarks[question] = tuple(sorted([label, *fit]))
        return found

    def _instead_of(self, label: str, there: Frontier, rest: list[str]) -> list[str]:
        """The steps that lead on as one does from where it was left out; one that leaves it still to be done is beside
        it, and not in its place."""
        automaton, found = self.path.automaton, list[str]()
        for one in expected(there).difference([label], rest):
            after = followed(automaton, there, [one])
            if after and label not in expected(after) and followed(automaton, after, rest):
                found.append(one)
        return found

    def _not_finished(self) -> list[Deviation]:
        steps = [entry.step for entry in self.missing[self.end]]
        if not steps and not self.lost:
            return []
        first, labels = steps[0] if steps else ModelStep("", None), tuple(step.label for step in steps)
        kind, weight = DeviationKind.NOT_FINISHED, INF if self.lost else len(steps)
        found = Deviation(kind, self.end, first.label, self._expected(self.end), labels, first.element, weight)
        return [replace(found, after=self._after(self.end), shown_by=self.end)]
