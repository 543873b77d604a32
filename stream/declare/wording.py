"""How constraints and their violations read: one plain phrase each, without the case's name.

Invariant: the steps are named as the process names them, both where there are two; conditions are said as written,
behind the phrase, since they are what the author knows the constraint by.
"""

from typing import Final

from stream.declare.constraint import Constraint
from stream.declare.template import Template
from stream.declare.violation import Violation, Why

_RULES: Final[dict[Template, str]] = {
    Template.EXISTENCE: "{a} must be done {at_least}{within}",
    Template.ABSENCE: "{a} must {not_more}{within}",
    Template.EXACTLY: "{a} must be done exactly {n}{within}",
    Template.INIT: "{a} must come first{within}",
    Template.END: "{a} must come last{within}",
    Template.CHOICE: "{a} or {b} must be done{within}",
    Template.EXCLUSIVE_CHOICE: "either {a} or {b} must be done{within}, not both",
    Template.RESPONDED_EXISTENCE: "where {a} is done, {b} must be done too{within}",
    Template.CO_EXISTENCE: "{a} and {b} must be done both or neither{within}",
    Template.RESPONSE: "{a} must be followed by {b}{later}",
    Template.PRECEDENCE: "{b} must be preceded by {a}{before}",
    Template.SUCCESSION: "{a} must be followed by {b}{later}, and {b} preceded by {a}{before}",
    Template.ALTERNATE_RESPONSE: "{a} must be followed by {b}{later} before it is done again",
    Template.ALTERNATE_PRECEDENCE: "{b} must be preceded by {a}{before}, each time anew",
    Template.ALTERNATE_SUCCESSION: "{a} and {b} must alternate{within}, {a} first",
    Template.CHAIN_RESPONSE: "{a} must be followed at once by {b}{later}",
    Template.CHAIN_PRECEDENCE: "{b} must be directly preceded by {a}{before}",
    Template.CHAIN_SUCCESSION: "{a} and {b} must come as a pair, one directly after the other{within}",
    Template.NOT_RESPONDED_EXISTENCE: "where {a} is done, {b} must not be done{within}",
    Template.NOT_CO_EXISTENCE: "{a} and {b} must not both be done{within}",
    Template.NOT_RESPONSE: "{a} must not be followed by {b}{later}",
    Template.NOT_PRECEDENCE: "{b} must not be preceded by {a}{before}",
    Template.NOT_SUCCESSION: "{b} must not come after {a}{within}",
    Template.NOT_CHAIN_RESPONSE: "{a} must not be followed at once by {b}{later}",
    Template.NOT_CHAIN_PRECEDENCE: "{b} must not be directly preceded by {a}{before}",
    Template.NOT_CHAIN_SUCCESSION: "{b} must not come directly after {a}{within}",
}

_ALONE: Final[dict[tuple[Template, bool], str]] = {
    (Template.EXISTENCE, False): "{a} was {too_seldom}{within}",
    (Template.ABSENCE, True): "{a} was done {too_often}{within}",
    (Template.EXACTLY, False): "{a} was {too_seldom}{within}",
    (Template.EXACTLY, True): "{a} was done more than {n}{within}",
    (Template.INIT, False): "the case did not begin with {a}",
    (Template.INIT, True): "the case began with {culprit}, not with {a} as it must",
    (Template.END, False): "the case did not end with {a}{within}",
    (Template.END, True): "the case went on with {culprit}, too late to end with {a}{within}",
    (Template.CHOICE, False): "neither {a} nor {b} was done{within}",
    (Template.EXCLUSIVE_CHOICE, False): "neither {a} nor {b} was done{within}",
    (Template.EXCLUSIVE_CHOICE, True): "both {a} and {b} were done{within}, and only one of them may be",
}
"""Without targets; the flag says whether an event broke it."""

_TOGETHER: Final = frozenset({"Existence", "Co-Existence"})


def phrase(constraint: Constraint) -> str:
    """What a constraint asks for: `Escalated must be followed by Manager informed within 30 min`."""
    return _filled(_RULES[constraint.template], constraint) + _conditions(constraint)


def sentence(constraint: Constraint, violation: Violation) -> str:
    """What a manager reads: `Escalated was not followed by Manager informed within 30 min`.

    Of a conflict: what is asked for and can no longer be kept; the caller names the others.
    """
    if violation.why is Why.CONFLICT:
        return f"no way is left to keep this together with other constraints: {phrase(constraint)}"
    if not constraint.template.has_target:
        said = _ALONE[constraint.template, violation.why is Why.EVENT]
    else:
        said = _forbidden(constraint) if constraint.template.negative else _missing(constraint, violation)
    return _filled(said, constraint, violation) + _conditions(constraint)


def _missing(constraint: Constraint, violation: Violation) -> str:
    """What did not come; `{p}` is the activation, `{q}` the target."""
    words, culprit = constraint.template.value.split(), violation.culprit
    if words[-1] in _TOGETHER:
        return "{p} was done without {q}{within}"
    if culprit is None:
        return "{p} was not followed by {q}{later}"
    if culprit == violation.anchor:
        return _LOOKED_BACK.get(words[0], "{p} was done without {q}{within} before it")
    if "Chain" not in words:
        return "{p} was done again before {q} had followed{later}"
    as_must_be = ", not by {q} as it must be{later}"
    return "{p} was followed at once by {culprit}" + (
        ", but not as it must be{later}" if (culprit.activity,) == violation.expected else as_must_be
    )


_LOOKED_BACK: Final = {
    "Alternate": "{p} was done without {q}{within} before it since the last time",
    "Chain": "{p} was done, and {q} not just before it{within}",
}


def _forbidden(constraint: Constraint) -> str:
    words = constraint.template.value.split()
    if words[-1] in _TOGETHER:
        return "both {a} and {b} were done{within}, which exclude each other"
    if "Chain" in words:
        return "{b} was done directly after {a}{within}, which it must not be"
    return "{b} was done{within} after {a}, which it must not be"


def _filled(text: str, constraint: Constraint, violation: Violation | None = None) -> str:
    """The text with the names in it, put in all at once, so that braces in names mean nothing."""
    first, *rest = constraint.activities
    second = rest[0] if rest else first
    names = {"a": first, "b": second, "p": first, "q": second, "culprit": "", **_counts(constraint.count)}
    if violation is not None and violation.anchor is not None and violation.anchor.activity == second:
        names |= {"p": second, "q": first}
    if violation is not None and violation.culprit is not None:
        names["culprit"] = violation.culprit.activity
    return text.format_map(names | _times(constraint))


def _counts(count: int) -> dict[str, str]:
    times, allowed = ("once" if number == 1 else f"{number} times" for number in (count, count - 1))
    return {
        "n": times,
        "at_least": f"at least {times}",
        "too_seldom": "not done" if count == 1 else f"done fewer than {times}",
        "too_often": "and must not be" if count == 1 else f"more than {allowed}",
        "not_more": "not be done" if count == 1 else f"be done at most {allowed}",
    }


def _times(constraint: Constraint) -> dict[str, str]:
    """The window by itself, as one after an event, and as one before it; nothing where there is none."""
    if constraint.window is None:
        return {"within": "", "later": "", "before": ""}
    said, exact = f" {constraint.window.words}", constraint.window.exact
    from_start = f" {'after' if constraint.window.least else 'of'} the case's first step"
    within = said if constraint.template.has_target else said + from_start
    return {"within": within, "later": said + " later" * exact, "before": said + " before"}


def _conditions(constraint: Constraint) -> str:
    found = [condition.text for condition in (constraint.activation, constraint.correlation) if condition]
    return f" (where {'; '.join(found)})" if found else ""
