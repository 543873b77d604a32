"""What is true of a case at an instant: service levels at risk or broken, deviations from the model.

A finding is a function of the case's fold and the clock alone. What alerts say is the difference between the findings
before and after (see `stream.lifecycle`). Invariant: the same history gives the same findings with the same keys,
whatever order it arrived in.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from stream.clock import Moment
from stream.conformance.deviation import Deviation, DeviationKind
from stream.event import Place
from stream.fold import Fold
from stream.sla.running import Running

FOREVER = 1 << 62


class Finding(NamedTuple):
    """One thing that is true: `key` names it within its process and case; `closed_at` is None while it holds.

    `marks_passed` counts the warnings of a service level before its breach, so that a rise from 75 % to 90 % is seen.
    `detail` is the deviation's (class, activity, expected, missing, element), or the service level's (start, marks).
    """

    rule: str
    kind: str
    key: str
    instance: int
    stage: str | None
    marks_passed: int
    happened_at: int
    due_at: int | None
    closed_at: int | None
    outcome: str | None
    severity: str
    grade: str
    detail: tuple[Any, ...]
    places: tuple[Place, ...]

    @property
    def rests_on(self) -> int:
        """The newest instant that this finding rests on (ms): once nothing before it can change, it is settled.

        A promise may be broken before it became known; then it rests on the event that made it known.
        """
        rests_on = max(self.happened_at, self.detail[0]) if self.kind == "sla" else self.happened_at
        return rests_on if self.closed_at is None else max(rests_on, self.closed_at)


def findings_of(fold: Fold, moment: Moment) -> list[Finding]:
    """All findings of a case at a moment, those of its earlier instances first.

    An end stops the clocks as an answer does: its own instant is still in time. One that is closed as idle was stopped
    by nobody: a deadline at that instant has fired.
    """
    over_at = fold.over_at(moment.clock)
    ended = "case ended" if fold.ended_at is not None else "idle"
    found: list[Finding] = list(fold.past)
    for stopped in fold.stopped:
        level = _level(fold, stopped.rule, stopped.running, stopped.at)
        found.append(level._replace(closed_at=stopped.at, outcome="answered", places=(*level.places, stopped.place)))
    for index, running in fold.running():
        until = moment.clock if over_at is None else over_at + (fold.ended_at is None)
        if running.marks[0] < until:
            level = _level(fold, index, running, until)
            if over_at is not None:
                places = (*level.places, fold.last_place)
                level = level._replace(closed_at=over_at, outcome=ended, places=places)
            found.append(level)
    if fold.cost or over_at is not None:
        found.extend(_deviations(fold, over_at, moment))
    return found


def stages(finding: Finding, told: int, *, live: bool) -> list[Finding]:
    """What a service level has said since `told` of its marks had passed, still open: each stage with its instant, the
    highest alone where `live`."""
    passed = finding.marks_passed
    if passed <= told:
        return []
    marks = finding.detail[1]
    return [
        finding._replace(
            stage="breach" if number == len(marks) else "at_risk",
            marks_passed=number,
            happened_at=marks[number - 1],
            closed_at=None,
            outcome=None,
        )
        for number in range(passed if live else told + 1, passed + 1)
    ]


def _level(fold: Fold, index: int, running: Running, instant: int) -> Finding:
    """What a clock says that ran until `instant`, by when it passed at least one mark."""
    rule = fold.process.rulebook.rules[index]
    passed = running.reached(instant)
    return Finding(
        rule=rule.promise.id,
        kind="sla",
        key=running.anchor.name,
        instance=fold.instance,
        stage="breach" if passed == len(running.marks) else "at_risk",
        marks_passed=passed,
        happened_at=running.marks[passed - 1],
        due_at=running.due,
        closed_at=None,
        outcome=None,
        severity=rule.promise.severity,
        grade="late" if fold.late else "warm_start" if fold.warm and rule.whole else "exact",
        detail=(running.start, running.marks),
        places=(running.anchor.place,),
    )


def _deviations(fold: Fold, over_at: int | None, moment: Moment) -> Iterator[Finding]:
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
