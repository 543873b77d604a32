"""Where a case departs from its model, as findings: each under a key that stays while the explanation tells it.

Invariant: a key names the event that a deviation shows at, never its place in an order of arrival.
"""

from collections.abc import Iterator

from stream.clock import Moment
from stream.conformance.deviation import Deviation, DeviationKind
from stream.finding import Finding
from stream.fold import Fold


def departures(fold: Fold, over_at: int | None, moment: Moment) -> Iterator[Finding]:
    """Deviations hold until the case is over beyond change; that it is not finished, until it can no longer reopen."""
    over = over_at is not None and over_at < moment.settled_to
    for_good = over_at is not None and over_at + fold.process.reopen < moment.settled_to
    seen: dict[str, int] = {}
    for deviation in fold.deviations(over):
        key = _key(fold, deviation)
        seen[key] = seen.get(key, 0) + 1
        closed = for_good if deviation.kind is DeviationKind.NOT_FINISHED else over
        yield Finding(
            rule="model",
            kind="deviation",
            key=key if seen[key] == 1 else f"{key}/{seen[key]}",
            instance=fold.instance,
            stage=None,
            marks_passed=0,
            happened_at=fold.times[deviation.index] if deviation.index < fold.length else over_at or fold.last_at,
            due_at=None,
            closed_at=over_at if closed else None,
            outcome=None if not closed else "idle" if fold.ended_at is None else "case ended",
            severity=fold.process.severity,
            grade="late" if fold.late else _grade(fold, over),
            detail=(deviation.kind.value, deviation.activity, deviation.expected, deviation.missing, deviation.element),
            places=(),
        )


def _grade(fold: Fold, over: bool) -> str:
    if fold.warm:
        return "warm_start"
    return "exact" if fold.certain(over) else "bounded"


def _key(fold: Fold, deviation: Deviation) -> str:
    """The event that a deviation shows at, by time, step and count; a skipped step is named as well.

    What shows at the end hangs on the first event: a case that was forgotten may end again under the same number.
    """
    index = deviation.index
    if index >= fold.length or deviation.kind is DeviationKind.NOT_FINISHED:
        return f"end/{fold.first.name}" if fold.first else "end"
    at, name = fold.times[index], fold.names[index]
    count = sum(1 for i in range(index) if fold.times[i] == at and fold.names[i] == name)
    skipped = f"skipped {deviation.activity}/" if deviation.kind is DeviationKind.SKIPPED else ""
    return f"{skipped}{at}/{name}/{count}"
