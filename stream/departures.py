"""Where a case departs from its model, as findings: each under a key that stays while the explanation tells it.

A key names the event that first showed a deviation, and which of the steps missing there it is. So what is skipped and
comes late, or is read otherwise in the light of what follows, is told anew under the same key. Invariant: keys and
findings are a function of the explanation of the whole history, never of the order in which it arrived.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from stream.clock import Moment
from stream.conformance.deviation import Deviation, DeviationKind
from stream.conformance.frontier import INF
from stream.departure import Departure
from stream.event import Anchor
from stream.finding import Finding
from stream.fold import Fold

MOST_TOLD: Final = 1_000
"""Deviations of a case that are told, the first ones: each is kept with the case, whose record has to fit into one
message."""


def untold(fold: Fold) -> int:
    """How many deviations of a case are too many to be told."""
    return max(0, len(fold.explained[2]) - MOST_TOLD)


def departures(fold: Fold, over_at: int | None, moment: Moment) -> Iterator[Finding]:
    """Deviations hold until the case is over beyond change; that it is not finished, until it can no longer reopen."""
    over = over_at is not None and over_at < moment.settled_to
    end = End(over_at, over, over_at is not None and over_at + fold.process.reopen < moment.settled_to)
    deviations = fold.deviations(over)
    if not deviations and not (over and fold.started):
        return
    begun, surety = _Begun(fold), _surety(fold, deviations, over)
    for deviation, key, known, told in _shown(fold, deviations):
        happened_at, known_at = [over_at or fold.last_at if at is None else at for at in known]
        if deviation.kind is DeviationKind.SKIPPED:
            told = begun.instead(told, happened_at)
        elif deviation.kind is DeviationKind.NOT_FINISHED:
            told = begun.without(told)
            if deviation.missing and not told.missing:
                continue  # all that is missing was started, which is told below
        yield _finding(fold, key, happened_at, surety.of(told), end)._replace(known_at=known_at, grade=surety.grade)
    for start in begun.left if over_at is not None and over else ():
        label = fold.process.rename.get(start.activity, start.activity)
        told = Departure(DeviationKind.NOT_COMPLETED.value, label, (), (label,), begun.element(label))
        yield _finding(fold, f"started/{start.name}", over_at or fold.last_at, told, end)._replace(grade=surety.grade)


class Shown(NamedTuple):
    """A deviation, its key, when it happened and when it was known (ms; None: at the end), and what is said of it."""

    deviation: Deviation
    key: str
    known: tuple[int | None, int | None]
    told: Departure


def _shown(fold: Fold, deviations: tuple[Deviation, ...]) -> tuple[Shown, ...]:
    """What is told of the deviations of a case, made once for as long as they are explained alike."""
    if not deviations:
        return ()
    size, over, _, shown = fold.explained
    if shown is None:
        shown = tuple(_showing(fold, deviations))
        fold.explained = size, over, deviations, shown
    return shown


def _showing(fold: Fold, deviations: tuple[Deviation, ...]) -> Iterator[Shown]:
    names, times = fold.steps()
    anchors = _Anchors(fold, names, times)
    for deviation in deviations[:MOST_TOLD]:
        happened_at, shown_at = [times[i] if i < len(times) else None for i in (deviation.index, deviation.shown_by)]
        yield Shown(deviation, anchors.key(deviation), (happened_at, shown_at), departure(deviation, names))


class End(NamedTuple):
    """When a case ended, whether that stands, and whether it can no longer be reopened."""

    over_at: int | None
    over: bool
    for_good: bool


def _finding(fold: Fold, key: str, happened_at: int, told: Departure, end: End) -> Finding:
    closed = end.for_good if told.kind == DeviationKind.NOT_FINISHED else end.over
    return Finding(
        rule="model",
        kind="deviation",
        key=key,
        instance=fold.instance,
        stage=None,
        marks_passed=0,
        happened_at=happened_at,
        due_at=None,
        closed_at=end.over_at if closed else None,
        outcome=None if not closed else "idle" if fold.ended_at is None else "case ended",
        severity=fold.process.severity,
        grade="exact",
        detail=told,
        places=(),
    )


class Surety(NamedTuple):
    """How sure the deviations of a case are: their grade, and where that is bounded, what the case costs at least, and
    at most, by what is told (None: there is no way to the end)."""

    grade: str
    at_least: int | None = None
    cost: int | None = None

    def of(self, told: Departure) -> Departure:
        """What is said, with the interval that it lies in."""
        return told if self.at_least is None else told._replace(at_least=self.at_least, cost=self.cost)


def _surety(fold: Fold, deviations: Sequence[Deviation], over: bool) -> Surety:
    """What is told is exact if it costs no more than what is proven to be the least."""
    if fold.late or fold.warm:
        return Surety("late" if fold.late else "warm_start")
    least, most = fold.interval(over)
    told = max(most, min(INF, sum(deviation.weight for deviation in deviations)))
    return Surety("exact") if told == least else Surety("bounded", least, told if told < INF else None)


def departure(deviation: Deviation, names: Sequence[str]) -> Departure:
    """What is said of a deviation of a case whose steps have these names."""
    kind, place = deviation.kind, deviation.due
    times = deviation.weight
    if kind is DeviationKind.SKIPPED:
        place = deviation.index
    if kind is DeviationKind.WRONG_BRANCH:
        times -= len(deviation.missing)
    return Departure(
        kind=kind.value,
        activity=deviation.activity,
        expected=deviation.expected,
        missing=deviation.missing,
        element=deviation.element,
        after=deviation.after,
        before=names[place] if place is not None and place < len(names) else None,
        late=deviation.due is not None and deviation.due < deviation.index,
        ahead=deviation.ahead,
        times=times if kind in (DeviationKind.UNKNOWN_ACTIVITY, DeviationKind.WRONG_BRANCH) else 1,
        again=kind is DeviationKind.SKIPPED and deviation.activity in names[: deviation.index],
    )


class _Anchors:
    """The keys of a case's deviations."""

    def __init__(self, fold: Fold, names: Sequence[str], times: Sequence[int]) -> None:
        self.fold, self.steps = fold, list(zip(times, names, strict=True))

    def key(self, deviation: Deviation) -> str:
        """The event that a deviation hangs on, by time, step and count, and its number there.

        What shows at the end hangs on the first event: a case that was forgotten may end again under the same number.
        """
        index, slot = deviation.anchor
        if index >= len(self.steps) or deviation.kind is DeviationKind.NOT_FINISHED:
            return f"end/{self.fold.first.name}" if self.fold.first else "end"
        at, name = self.steps[index]
        first = index
        while first and self.steps[first - 1][0] == at:
            first -= 1
        count = self.steps[first:index].count((at, name))
        return f"{at}+{slot}/{name}/{count}" if slot else f"{at}/{name}/{count}"


class _Begun:
    """The starts of a case that were not completed, as far as they are not told yet."""

    def __init__(self, fold: Fold) -> None:
        self.process, self.left = fold.process, list[Anchor](fold.started)
        self.labels = Counter(self.process.rename.get(start.activity, start.activity) for start in self.left)

    def without(self, told: Departure) -> Departure:
        """What is missing beside the steps that have been started and are told apart."""
        missing = tuple([label for label in told.missing if not self.labels[label]])
        if not missing or missing == told.missing:
            return told._replace(missing=missing)
        return told._replace(activity=missing[0], missing=missing, element=self.element(missing[0]))

    def instead(self, told: Departure, until: int) -> Departure:
        """What is said of a skipped step: where it, or another in its place, had been started, that this one was not
        completed."""
        label = next((label for label in (told.activity, *told.expected) if self._take(label, until)), None)
        if label is None:
            return told
        kind, missing = DeviationKind.NOT_COMPLETED.value, (label,) if told.missing else ()
        return told._replace(kind=kind, activity=label, missing=missing, element=self.element(label))

    def _take(self, label: str, until: int) -> bool:
        """Tell of a start of a step no later than an instant (ms), if there is one."""
        if self.labels[label]:
            for number, start in enumerate(self.left):
                if start.at <= until and self.process.rename.get(start.activity, start.activity) == label:
                    del self.left[number]
                    self.labels[label] -= 1
                    return True
        return False

    def element(self, label: str) -> str | None:
        """The model element of a step."""
        return self.process.automaton.elements.get(label) if self.process.automaton else None
