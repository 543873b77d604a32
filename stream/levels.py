"""What the clocks of a case say: service levels at risk or broken, stage by stage.

Invariant: a stage is a mark that has passed; its instant is the mark's own, however late it was noticed.
"""

from stream.finding import Finding
from stream.fold import Fold
from stream.sla.running import Running


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


def level(fold: Fold, index: int, running: Running, instant: int) -> Finding:
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
