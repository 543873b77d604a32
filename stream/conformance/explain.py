"""What went wrong in a case, in the words of a process manager, replayed from the case's own activities.

An alignment says which events were too many and which model steps were missing; a person wants to hear that two steps
were swapped, that one was done twice, or that a branch was taken that the case had not chosen. Invariant: the weights
of the deviations add up to the alignment's cost, the prefix cost or, of a finished case, the closing cost.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from stream.conformance.alignment import can_come
from stream.conformance.automaton import Automaton
from stream.conformance.deviation import Deviation, DeviationKind
from stream.conformance.enabling import expected
from stream.conformance.frontier import INF
from stream.conformance.path import Path
from stream.conformance.routes import ModelStep, to_end

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
        return _unknown(automaton, activities)
    path = Path(automaton, activities, warm=warm)
    if finished:
        path.end()
    wanted = automaton.completion(path.places[-1]) if finished else 0
    return tuple(_Account(path, wanted).deviations()) if path.costs[-1] or wanted else ()


def _unknown(automaton: Automaton, activities: Sequence[str]) -> tuple[Deviation, ...]:
    kind, labels = DeviationKind.UNKNOWN_ACTIVITY, automaton.labels
    return tuple(Deviation(kind, i, activity, ()) for i, activity in enumerate(activities) if activity not in labels)


class _Account:
    """Sorts the moves of a path into named deviations; `wanted` is what it costs to end there, where it has to end."""

    def __init__(self, path: Path, wanted: int) -> None:
        self.path, self.end, self.lost = path, len(path.moves), wanted >= INF
        self.missing: list[tuple[int, ModelStep]] = []  # steps left out, with the event before which they were due
        self.extra: list[int] = []  # events that the model did not take
        self.synchronised: list[int] = []
        for index, move in enumerate(path.moves):
            self.missing += [(index, step) for step in move.missing]
            (self.synchronised if move.synchronised else self.extra).append(index)
        self.first = {path.activities[index]: index for index in reversed(self.synchronised)}
        if 0 < wanted < INF:
            self.missing += [(self.end, step) for step in to_end(path.places[-1])]

    def deviations(self) -> list[Deviation]:
        """All deviations of the events, by index."""
        found = [self._swapped(index) or self._extra(index) for index in self.extra]
        found = self._branches(found) + self._skipped()
        return sorted(found, key=lambda deviation: deviation.index) + self._not_finished()

    def _expected(self, index: int) -> tuple[str, ...]:
        return tuple(sorted(expected(self.path.places[index])))

    def _swapped(self, index: int) -> Deviation | None:
        """An event whose step was left out elsewhere: it came, but not in its order."""
        activity = self.path.activities[index]
        same = [place for place, (_, step) in enumerate(self.missing) if step.label == activity]
        if not same:
            return None
        nearest = min(same, key=lambda place: abs(self.missing[place][0] - index))
        step = self.missing.pop(nearest)[1]
        kind = DeviationKind.OUT_OF_ORDER
        return Deviation(kind, index, activity, self._expected(index), (step.label,), step.element, 2)

    def _extra(self, index: int) -> Deviation:
        """An event too many: done before, too early, or never asked for here."""
        activity, path, awaited = self.path.activities[index], self.path, self._expected(index)
        if activity not in path.automaton.labels:
            kind = DeviationKind.UNKNOWN_ACTIVITY
        elif activity in awaited:  # it could have come here, but not with what the case went on to do
            kind, awaited = DeviationKind.WRONG_BRANCH, tuple(label for label in awaited if label != activity)
        elif self.first.get(activity, self.end) < index:
            kind = DeviationKind.REPEATED
        elif can_come(path.places[index], activity):
            kind = DeviationKind.OUT_OF_ORDER
        else:
            kind = DeviationKind.UNEXPECTED
        return Deviation(kind, index, activity, awaited, element=path.automaton.elements.get(activity))

    def _branches(self, extra: list[Deviation]) -> list[Deviation]:
        """Steps of another branch in place of those of the chosen one, in one stretch, are one deviation."""
        found: list[Deviation] = []
        instead: dict[int, Deviation] = {}  # stretch between synchronised events -> what was done there
        for deviation in extra:
            if deviation.kind is not DeviationKind.UNEXPECTED:
                found.append(deviation)
                continue
            stretch = bisect_right(self.synchronised, deviation.index)
            first = instead.get(stretch)
            left_out = [entry for entry in self.missing if self._stretch(entry[0]) == stretch and entry[0] < self.end]
            if first is not None:
                instead[stretch] = replace(first, weight=first.weight + 1)
            elif left_out:
                self.missing = [entry for entry in self.missing if entry not in left_out]
                labels, weight = tuple(step.label for _, step in left_out), 1 + len(left_out)
                instead[stretch] = replace(deviation, kind=DeviationKind.WRONG_BRANCH, missing=labels, weight=weight)
            else:
                found.append(deviation)
        return found + list(instead.values())

    def _stretch(self, index: int) -> int:
        """The stretch that a step left out before an event belongs to: the one that ends with the event, if that was
        synchronised."""
        return bisect_right(self.synchronised, index - 1)

    def _skipped(self) -> list[Deviation]:
        found: dict[tuple[int, str], Deviation] = {}
        for index, step in self.missing:
            if index == self.end:
                continue
            first = found.get((index, step.label))
            if first is not None:
                again = (*first.missing, step.label)
                found[index, step.label] = replace(first, missing=again, weight=first.weight + 1)
            else:
                kind, awaited = DeviationKind.SKIPPED, self._expected(index)
                found[index, step.label] = Deviation(kind, index, step.label, awaited, (step.label,), step.element)
        return list(found.values())

    def _not_finished(self) -> list[Deviation]:
        steps = [step for index, step in self.missing if index == self.end]
        if not steps and not self.lost:
            return []
        first, labels = steps[0] if steps else ModelStep("", None), tuple(step.label for step in steps)
        kind, weight = DeviationKind.NOT_FINISHED, INF if self.lost else len(steps)
        return [Deviation(kind, self.end, first.label, self._expected(self.end), labels, first.element, weight)]
