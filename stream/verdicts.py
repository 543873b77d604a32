"""What a case's constraints and the rules on its people say, as findings.

A broken rule holds until the case is over beyond change; what was still owed at the end, until the case can no longer
reopen. Invariant: a key names the event that was not answered, or that may not have come, never its place in an order
of arrival; so what is told of it otherwise later is told under the same key.
"""

from collections.abc import Iterator
from typing import Any

from schemas.constraints import Constraint as Asked
from schemas.rules import FourEyes, Rule
from stream.clock import Moment
from stream.declare import Constraint, Violation, Why, sentence
from stream.declare.template import Template
from stream.event import Anchor
from stream.finding import Finding
from stream.fold import Fold
from stream.people import Offence

LOOKING_BACK = frozenset(
    (
        *(Template.INIT, Template.PRECEDENCE, Template.ALTERNATE_PRECEDENCE, Template.CHAIN_PRECEDENCE),
        *(Template.RESPONDED_EXISTENCE, Template.CO_EXISTENCE, Template.EXISTENCE, Template.CHOICE),
    )
)
"""Templates that what happened before a case was first seen may have satisfied."""
LOOKING_BOTH_WAYS = frozenset((Template.SUCCESSION, Template.ALTERNATE_SUCCESSION, Template.CHAIN_SUCCESSION))
COUNTING = frozenset((Template.EXACTLY, Template.EXCLUSIVE_CHOICE))


def verdicts(fold: Fold, over_at: int | None, moment: Moment) -> Iterator[Finding]:
    """All that is broken at a moment, of a case that was over at `over_at`, if it was."""
    over = over_at is not None and over_at < moment.settled_to
    for_good = over_at is not None and over_at + fold.process.reopen < moment.settled_to
    for offence in fold.conduct.offences:
        yield _closed(_offence(fold, offence), fold, over_at if over else None)
    seen: dict[tuple[int, str], int] = {}
    for constraint, violation in _apart(fold, violations_of(fold, over_at, moment)):
        blind = fold.unseen or not fold.asked_late.isdisjoint((violation.constraint, *violation.others))
        if blind and rests_on_the_past(constraint, violation):
            continue
        found = _violation(fold, constraint, violation)
        at = violation.constraint, found.key
        seen[at] = seen.get(at, 0) + 1
        if seen[at] > 1:
            found = found._replace(key=f"{found.key}/{seen[at]}")
        yield _closed(found, fold, over_at if (for_good if violation.why is Why.END else over) else None)


def _apart(fold: Fold, violations: tuple[Violation, ...]) -> Iterator[tuple[Constraint, Violation]]:
    """Violations with their constraints: two steps that exclude each other are told once, though each forbids the
    other."""
    pairs: set[tuple[int, tuple[Anchor, ...]]] = set()
    for violation in violations:
        constraint = fold.process.monitor.constraints[violation.constraint]  # type: ignore[union-attr]  # it found a violation
        pair = violation.constraint, _events(violation)
        if not constraint.template.negative or len(pair[1]) == 1 or pair not in pairs:
            pairs.add(pair)
            yield constraint, violation


def violations_of(fold: Fold, over_at: int | None, moment: Moment) -> tuple[Violation, ...]:
    """The constraints that are broken at a moment. An end stops what is waited for, its own instant being in time; a
    case that was closed as idle was ended by nobody, and a deadline at that instant has passed."""
    if fold.standing is None:
        return ()
    if over_at is None:
        return fold.violations(moment.clock, None)
    if over_at >= moment.settled_to:
        return fold.violations(over_at + (fold.ended_at is None), None)
    found = fold.violations(over_at, over_at)
    if fold.ended_at is not None:
        return found
    missed = {(one.constraint, one.anchor): one for one in fold.violations(over_at + 1, None) if one.why is Why.TIME}
    return tuple(missed.get((one.constraint, one.anchor), one) if one.why is Why.END else one for one in found)


def rests_on_the_past(constraint: Constraint, violation: Violation) -> bool:
    """Whether a violation would be none if the right things had happened before the first event that was seen."""
    template = constraint.template
    if violation.why is Why.CONFLICT or template in LOOKING_BACK:
        return True
    if constraint.window is not None and not template.has_target:
        return True  # its time counts from the first event, which was not seen
    if template in LOOKING_BOTH_WAYS:
        return violation.why is Why.EVENT and violation.anchor == violation.culprit
    return template in COUNTING and violation.why is Why.END


def _closed(finding: Finding, fold: Fold, closed_at: int | None) -> Finding:
    if closed_at is None:
        return finding
    return finding._replace(closed_at=closed_at, outcome="idle" if fold.ended_at is None else "case ended")


def _offence(fold: Fold, offence: Offence) -> Finding:
    rule = fold.process.definition.rules[offence.rule]
    asked: tuple[Any, ...] = rule.activities if isinstance(rule, FourEyes) else (rule.group,)
    done = tuple((anchor.activity, anchor.at, offence.who) for anchor in offence.anchors)
    return _found(fold, rule, "rule")._replace(
        key=offence.anchors[-1].name,
        happened_at=offence.anchors[-1].at,
        detail=(rule.kind, done, asked, offence.found),
        places=tuple(anchor.place for anchor in offence.anchors),
    )


def _violation(fold: Fold, constraint: Constraint, violation: Violation) -> Finding:
    written, anchors = fold.process.definition.constraints, _events(violation)
    broken = written[violation.constraint]
    done = tuple((anchor.activity, anchor.at, None) for anchor in anchors)
    texts = (broken.declare, *(written[other].declare for other in violation.others))
    said = sentence(constraint, violation)
    return _found(fold, broken, "constraint")._replace(
        key=_key(fold, violation),
        happened_at=violation.happened_at,
        due_at=violation.happened_at if violation.why is Why.TIME else None,
        detail=(violation.why.value, done, violation.expected, said, texts),
        places=tuple(anchor.place for anchor in anchors),
    )


def _key(fold: Fold, violation: Violation) -> str:
    """The activation that went wrong, however it did: what waited too long may turn out to have been broken before."""
    if violation.anchor is not None:
        return violation.anchor.name
    return f"case/{fold.first.name}" if fold.first else "case"


def _events(violation: Violation) -> tuple[Anchor, ...]:
    """The events that a violation rests on, in the order of time."""
    found = {violation.anchor: None, violation.culprit: None, violation.witness: None}
    return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.at, one.place)))


def _found(fold: Fold, asked: Rule | Asked, kind: str) -> Finding:
    """A finding of what is asked; what it is about is still to be filled in."""
    return Finding(
        rule=str(asked.id),
        kind=kind,
        key="",
        instance=fold.instance,
        stage=None,
        marks_passed=0,
        happened_at=0,
        due_at=None,
        closed_at=None,
        outcome=None,
        severity=asked.severity,
        grade="late" if fold.late else "exact",
        detail=(),
        places=(),
    )
