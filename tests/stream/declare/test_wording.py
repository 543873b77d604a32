"""How constraints and violations read to a manager."""

import pytest

from stream.declare import phrase, read_constraint, sentence
from stream.declare.template import Template
from tests.stream.declare.cases import MINUTE, Step, monitor, stand

HIGH, LOW = {"priority": "high"}, {"priority": "low"}
LATE = 10_000

SAID: list[tuple[str, list[Step], str]] = [
    ("Existence[Check]", [(0, "Ask")], "Check was not done"),
    ("Existence3[Check]", [(0, "Check")], "Check was done fewer than 3 times"),
    ("Existence[Check] | |0,1,h", [(0, "Ask")], "Check was not done within 1 h of the case's first step"),
    ("Absence[Check]", [(0, "Check")], "Check was done and must not be"),
    ("Absence2[Check]", [(0, "Check"), (1, "Check")], "Check was done more than once"),
    ("Exactly2[Check]", [(0, "Check")] * 3, "Check was done more than 2 times"),
    ("Init[Ask]", [(0, "Check")], "the case began with Check, not with Ask as it must"),
    (
        "Init[Ask] |A.priority is high",
        [(0, "Ask", LOW)],
        "the case began with Ask, not with Ask as it must (where A.priority is high)",
    ),
    ("End[Close]", [(0, "Ask")], "the case did not end with Close"),
    ("Choice[Phone, Mail]", [(0, "Ask")], "neither Phone nor Mail was done"),
    (
        "Exclusive Choice[Phone, Mail]",
        [(0, "Mail"), (1, "Phone")],
        "both Phone and Mail were done, and only one of them may be",
    ),
    ("Responded Existence[Pay, Bill]", [(0, "Pay")], "Pay was done without Bill"),
    ("Co-Existence[Pay, Bill]", [(0, "Bill")], "Bill was done without Pay"),
    ("Response[Ask, Answer]", [(0, "Ask")], "Ask was not followed by Answer"),
    (
        "Response[Escalated, Manager informed] |A.priority is high | |0,30,m",
        [(0, "Escalated", HIGH)],
        "Escalated was not followed by Manager informed within 30 min (where A.priority is high)",
    ),
    (
        "Response[Ask, Answer] | | |10,30,m",
        [(0, "Ask"), (5, "Answer")],
        "Ask was not followed by Answer between 10 and 30 min",
    ),
    ("Precedence[Approve, Pay]", [(0, "Pay")], "Pay was done without Approve before it"),
    (
        "Precedence[Approve, Pay] | |same order |0,1,d",
        [(0, "Pay", {"order": 1})],
        "Pay was done without Approve within 1 d before it (where same order)",
    ),
    ("Succession[Approve, Pay]", [(0, "Approve")], "Approve was not followed by Pay"),
    ("Succession[Approve, Pay]", [(0, "Pay")], "Pay was done without Approve before it"),
    ("Alternate Response[Ask, Answer]", [(0, "Ask"), (1, "Ask")], "Ask was done again before Answer had followed"),
    (
        "Alternate Precedence[Approve, Pay]",
        [(0, "Approve"), (1, "Pay"), (2, "Pay")],
        "Pay was done without Approve before it since the last time",
    ),
    ("Chain Response[Ask, Log]", [(0, "Ask"), (1, "Pay")], "Ask was followed at once by Pay, not by Log as it must be"),
    (
        "Chain Response[Ask, Log] | | |0,5,m",
        [(0, "Ask"), (5, "Ask")],
        "Ask was followed at once by Ask, not by Log as it must be within 5 min",
    ),
    (
        "Chain Response[Ask, Log] | | |5,9,m",
        [(0, "Ask"), (1, "Log")],
        "Ask was followed at once by Log, but not as it must be between 5 and 9 min",
    ),
    ("Chain Response[Ask, Log]", [(0, "Ask")], "Ask was not followed by Log"),
    ("Chain Precedence[Ask, Log]", [(0, "Log")], "Log was done, and Ask not just before it"),
    (
        "Not Co-Existence[Pay, Cancel]",
        [(0, "Pay"), (1, "Cancel")],
        "both Pay and Cancel were done, which exclude each other",
    ),
    ("Not Response[Close, Pay]", [(0, "Close"), (1, "Pay")], "Pay was done after Close, which it must not be"),
    (
        "Not Succession[Close, Pay] | | |0,2,d",
        [(0, "Close"), (1, "Pay")],
        "Pay was done within 2 d after Close, which it must not be",
    ),
    ("Not Chain Response[Ask, Pay]", [(0, "Ask"), (1, "Pay")], "Pay was done directly after Ask, which it must not be"),
]
"""A constraint, a case, and the first sentence about it when it has ended."""


@pytest.mark.parametrize(("constraint", "steps", "said"), SAID)
def test_a_violation_reads_as_one_plain_sentence(constraint: str, steps: list[Step], said: str) -> None:
    """Both steps by their names, the time allowed, the conditions as written."""
    watching = monitor(constraint)
    found = watching.violations(stand(watching, steps), LATE * MINUTE, LATE * MINUTE)
    assert sentence(watching.constraints[0], found[0]) == said


def test_a_conflict_says_what_can_no_longer_be_kept() -> None:
    """The rest of the set is for the caller to name."""
    watching = monitor("Response[Ask, Answer]", "Absence[Answer]")
    (found,) = watching.violations(stand(watching, [(0, "Ask")]), MINUTE, None)
    assert sentence(watching.constraints[0], found) == (
        "no way is left to keep this together with other constraints: Ask must be followed by Answer"
    )


@pytest.mark.parametrize("template", Template)
def test_every_template_says_what_it_asks_for(template: Template) -> None:
    """Names with braces in them stay as they are."""
    names = ["{b} Pay", "Ship{0}"][: template.arity]
    said = phrase(read_constraint(f"{template}[{', '.join(names)}] |A.x is 1"))
    assert all(name in said for name in names)
    assert said.endswith(" (where A.x is 1)")


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("Response[Ask, Told] | | |0,30,m", "Ask must be followed by Told within 30 min"),
        ("Response[Ask, Told] | | |10,30,m", "Ask must be followed by Told between 10 and 30 min"),
        ("Response[Ask, Told] | | |48225,48225,s", "Ask must be followed by Told exactly 48225 s later"),
        ("Precedence[Ask, Told] | | |92,14473,s", "Told must be preceded by Ask between 92 and 14473 s before"),
        ("Chain Precedence[Ask, Told] | | |5,5,s", "Told must be directly preceded by Ask exactly 5 s before"),
        (
            "Succession[Ask, Told] | | |0,2,h",
            "Ask must be followed by Told within 2 h, and Told preceded by Ask within 2 h before",
        ),
        ("Absence[Ask] | |1,2,h", "Ask must not be done between 1 and 2 h after the case's first step"),
        ("Response[Ask, Told] | | |0,0,s", "Ask must be followed by Told within 0 d"),
        ("Existence[Ask] | |1,1,h", "Ask must be done at least once exactly 1 h after the case's first step"),
    ],
)
def test_a_rule_reads_with_its_time(rule: str, asked: str) -> None:
    """What is asked for, as the definition has it, on the side of the step on which the time counts."""
    assert phrase(read_constraint(rule)) == asked
