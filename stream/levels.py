"""What the clocks of a case say: service levels at risk or broken, stage by stage.

Invariant: a stage is a mark that has passed; its instant is the mark's own, however late it was noticed.
"""

from collections.abc import Mapping

from schemas.sla import Severity, StageSeverity
from stream.finding import Finding, Level
from stream.fold import Fold
from stream.sla.running import Running, Terms, made
from stream.sla.special import Special

Severities = Mapping[str, Severity]
"""How severe each stage of a service level is."""


def severities(severity: Severity | StageSeverity) -> Severities:
    """The severities that a definition gives."""
    if isinstance(severity, StageSeverity):
        return {"at_risk": severity.at_risk, "breach": severity.breach, "overdue": severity.overdue}
    return dict.fromkeys(("at_risk", "breach", "overdue"), severity)


def stages(finding: Finding, told: int, severity: Severities | None, *, live: bool) -> list[Finding]:
    """What a service level has said since `told` of its marks had passed, still open: each stage with its instant, the
    highest alone where `live`. `severity` is None for one that is no longer defined."""
    passed = finding.marks_passed
    if passed <= told:
        return []
    if finding.closed_at is None and (live or passed == told + 1):
        return [finding]  # which says just that
    level = Level(*finding.detail)
    found = []
    for number in range(passed if live else told + 1, passed + 1):
        stage = stage_at(number, level.whole or len(level.marks))
        found.append(
            finding._replace(
                stage=stage,
                marks_passed=number,
                happened_at=level.marks[number - 1],
                closed_at=None,
                outcome=None,
                severity=finding.severity if severity is None else severity[stage],
            )
        )
    return found


def stage_at(passed: int, whole: int) -> str:
    """The stage that so many passed marks make, where `whole` of them are a breach."""
    return "at_risk" if passed < whole else "breach" if passed == whole else "overdue"


def level(fold: Fold, index: int, running: Running, instant: int) -> Finding:
    """What a clock says that ran until `instant`, by when it passed at least one mark."""
    rule = fold.process.rulebook.rules[index]
    anchor, start, offsets, terms = running
    promise, passed, known = rule.promise, running.reached(instant), len(offsets)
    whole = known if terms is None else terms.whole
    stage = stage_at(passed, whole)
    severity = promise.severity
    fields = (
        promise.id,
        "sla",
        anchor.name,
        fold.instance,
        stage,
        passed,
        start + offsets[passed - 1],
        start + offsets[whole - 1] if 0 < whole <= known else None,
        None,
        None,
        severity if isinstance(severity, str) else severities(severity)[stage],
        "late" if fold.late else "warm_start" if fold.warm and rule.whole else "exact",
        (start, running.marks) if terms is None else _detail(rule.special, running, terms, passed),
        (anchor.place,),
        None,
    )
    return made(Finding, fields)


def _detail(special: Special | None, running: Running, terms: Terms, passed: int) -> Level:
    left = None if special is None or passed >= terms.whole else special.left(running)
    known = running.marks[: max(passed, terms.whole)]
    return Level(running.start, known, terms.chosen_at, terms.whole, terms.choice, left)
