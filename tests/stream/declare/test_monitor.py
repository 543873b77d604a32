"""What a monitor says of small cases: whom a violation is hung on, when it happened, and what is still awaited."""

import pytest

from stream.declare import Cut, Happening, Verdict, Violation, Why
from stream.declare.book import MOST_BROKEN, MOST_OPEN
from tests.stream.declare.cases import INFORM, MINUTE, Step, anchor, monitor, spelled, stand, told

BROKEN = {
    "Existence2[A]": ("A", [("", 0, "end")]),
    "Absence2[A]": ("ABA", [("A", 2, "event")]),
    "Exactly1[A]": ("AA", [("A", 1, "event")]),
    "Init[A]": ("BA", [("B", 0, "event")]),
    "End[A]": ("AB", [("", 1, "end")]),
    "Choice[A, B]": ("C", [("", 0, "end")]),
    "Exclusive Choice[A, B]": ("AB", [("B", 1, "event")]),
    "Responded Existence[A, B]": ("CAA", [("A", 2, "end")]),
    "Co-Existence[A, B]": ("CB", [("B", 1, "end")]),
    "Response[A, B]": ("ABAA", [("A", 3, "end")]),
    "Precedence[A, B]": ("CB", [("B", 1, "event")]),
    "Succession[A, B]": ("ABA", [("A", 2, "end")]),
    "Alternate Response[A, B]": ("ACA", [("A", 2, "event")]),
    "Alternate Precedence[A, B]": ("ABB", [("B", 2, "event")]),
    "Alternate Succession[A, B]": ("ABB", [("B", 2, "event")]),
    "Chain Response[A, B]": ("AC", [("A", 1, "event")]),
    "Chain Precedence[A, B]": ("ACB", [("B", 2, "event")]),
    "Chain Succession[A, B]": ("ABAC", [("A", 3, "event")]),
    "Not Responded Existence[A, B]": ("BCA", [("B", 2, "event")]),
    "Not Co-Existence[A, B]": ("AB", [("A", 1, "event")]),
    "Not Response[A, B]": ("BAAB", [("A", 3, "event")]),
    "Not Precedence[A, B]": ("AB", [("A", 1, "event")]),
    "Not Succession[A, B]": ("ACB", [("A", 2, "event")]),
    "Not Chain Response[A, B]": ("AAB", [("A", 2, "event")]),
    "Not Chain Precedence[A, B]": ("AB", [("A", 1, "event")]),
    "Not Chain Succession[A, B]": ("AB", [("A", 1, "event")]),
}
"""A constraint, a case, and what is broken when the case has ended."""

KEPT = {
    "Existence2[A]": "ABA",
    "Absence2[A]": "BAB",
    "Exactly1[A]": "BA",
    "Init[A]": "AB",
    "End[A]": "BA",
    "Choice[A, B]": "CB",
    "Exclusive Choice[A, B]": "AA",
    "Responded Existence[A, B]": "BCA",
    "Co-Existence[A, B]": "BCA",
    "Response[A, B]": "BAACB",
    "Precedence[A, B]": "CABB",
    "Succession[A, B]": "ACB",
    "Alternate Response[A, B]": "ACBBAB",
    "Alternate Precedence[A, B]": "AABCAB",
    "Alternate Succession[A, B]": "ACBAB",
    "Chain Response[A, B]": "BABAB",
    "Chain Precedence[A, B]": "AABCAB",
    "Chain Succession[A, B]": "CABAB",
    "Not Responded Existence[A, B]": "AA",
    "Not Co-Existence[A, B]": "BCB",
    "Not Response[A, B]": "BBAA",
    "Not Precedence[A, B]": "BA",
    "Not Succession[A, B]": "BCA",
    "Not Chain Response[A, B]": "ACB",
    "Not Chain Precedence[A, B]": "BA",
    "Not Chain Succession[A, B]": "ACB",
}
"""A constraint, and a case that keeps it."""


@pytest.mark.parametrize(("constraint", "case"), BROKEN.items())
def test_each_template_says_what_broke_it(constraint: str, case: tuple[str, list[tuple[str, int, str]]]) -> None:
    """The violation hangs on the activation that was let down, else on the culprit, and happened when it was broken."""
    steps, expected = case
    watching = monitor(constraint)
    found = watching.violations(stand(watching, spelled(steps)), 60 * MINUTE, (len(steps) - 1) * MINUTE)
    assert told(found) == expected


@pytest.mark.parametrize(("constraint", "steps"), KEPT.items())
def test_each_template_is_silent_of_a_case_that_keeps_it(constraint: str, steps: str) -> None:
    """A case that ends as it should has no violation, with the automaton as with the book of activations."""
    timed = f"{constraint} | | |0,1,d" if "," in constraint else f"{constraint} | |0,1,d"
    watching = monitor(constraint, timed)
    standing = stand(watching, spelled(steps))
    assert watching.violations(standing, 60 * MINUTE, (len(steps) - 1) * MINUTE) == ()


def test_a_missing_response_is_violated_when_its_time_is_over_though_nothing_happens() -> None:
    """The deadline is an instant that still counts; past it the constraint was broken at that instant."""
    watching = monitor(INFORM)
    standing = stand(watching, [(0, "Escalated", {"priority": "high"})])
    assert watching.next_deadline(standing, 0) == 30 * MINUTE
    assert watching.violations(standing, 30 * MINUTE, None) == ()
    found = watching.violations(standing, 30 * MINUTE + 1, None)
    activation = anchor(0, "Escalated", 0)
    assert found == (Violation(0, activation, 30 * MINUTE, None, Why.TIME, ("Informed",)),)
    assert watching.next_deadline(standing, 30 * MINUTE + 1) is None


def test_an_answer_exactly_at_the_limit_is_in_time() -> None:
    """Within half an hour includes the last instant; a millisecond later it does not count."""
    watching = monitor(INFORM)
    escalated = Happening(anchor(0, "Escalated", 0), {"priority": "high"})
    standing = watching.step(watching.start(), escalated)
    in_time = watching.step(standing, Happening(anchor(30 * MINUTE, "Informed", 1), {}))
    late = watching.step(standing, Happening(anchor(30 * MINUTE + 1, "Informed", 1), {}))
    assert told(watching.violations(in_time, 99 * MINUTE, 99 * MINUTE)) == []
    assert told(watching.violations(late, 99 * MINUTE, 99 * MINUTE)) == [("Escalated", 30, "time")]


def test_a_late_event_finds_the_same_violation_as_the_clock() -> None:
    """Whether anybody looked at the deadline or not, it passed when it passed."""
    watching = monitor(INFORM)
    standing = stand(watching, [(0, "Escalated", {"priority": "high"})])
    by_clock = watching.violations(standing, 50 * MINUTE, None)
    later = stand(watching, [(40, "Informed")], standing)
    assert watching.violations(later, 50 * MINUTE, None) == by_clock


def test_a_condition_decides_which_events_activate() -> None:
    """An escalation of low priority asks for nothing."""
    watching = monitor(INFORM)
    standing = stand(watching, [(0, "Escalated", {"priority": "low"}), (1, "Escalated")])
    assert watching.next_deadline(standing, 0) is None
    assert watching.verdict(standing, 0, 99 * MINUTE, False) is Verdict.TEMPORARILY_SATISFIED


def test_each_activation_is_violated_by_itself() -> None:
    """Two escalations, one answer too late for the first: one violation, and one deadline after another."""
    watching = monitor(INFORM)
    steps: list[Step] = [(minute, "Escalated", {"priority": "high"}) for minute in (0, 20)]
    standing = stand(watching, steps)
    assert [watching.next_deadline(standing, minute * MINUTE) for minute in (0, 31)] == [30 * MINUTE, 50 * MINUTE]
    assert told(watching.violations(stand(watching, [(45, "Informed")], standing), 99 * MINUTE, None)) == [
        ("Escalated", 30, "time")
    ]


def test_what_is_still_owed_at_the_end_is_violated_at_the_end() -> None:
    """A deadline that lies after the end does not matter any more."""
    watching = monitor(INFORM)
    standing = stand(watching, [(0, "Escalated", {"priority": "high"}), (5, "Closed")])
    assert told(watching.violations(standing, 99 * MINUTE, 5 * MINUTE)) == [("Escalated", 5, "end")]
    assert watching.verdict(standing, 0, 6 * MINUTE, False) is Verdict.TEMPORARILY_VIOLATED
    assert watching.verdict(standing, 0, 6 * MINUTE, True) is Verdict.PERMANENTLY_VIOLATED


def test_a_forbidden_target_names_the_event_that_made_it_wrong() -> None:
    """Not Precedence is broken by its activation; the earlier event is the witness."""
    watching = monitor("Not Precedence[Cancelled, Paid] | |same order")
    standing = stand(watching, [(0, "Cancelled", {"order": 7}), (1, "Paid", {"order": 8}), (2, "Paid", {"order": 7})])
    (found,) = watching.violations(standing, 3 * MINUTE, None)
    paid, cancelled = anchor(2 * MINUTE, "Paid", 2), anchor(0, "Cancelled", 0)
    assert (found.anchor, found.culprit, found.witness) == (paid, paid, cancelled)


def test_a_step_that_never_comes_in_time_is_missed_from_the_first_step_on() -> None:
    """Without targets the window counts from the case's first step."""
    watching = monitor("Existence[Acknowledged] | |0,1,h")
    standing = stand(watching, [(10, "Opened"), (20, "Assigned")])
    assert watching.next_deadline(standing, 0) == 70 * MINUTE
    assert told(watching.violations(standing, 70 * MINUTE + 1, None)) == [("", 70, "time")]


def test_one_activity_on_both_sides_means_two_events() -> None:
    """No two payments within an hour: a payment is not its own target."""
    watching = monitor("Not Response[Paid, Paid] | | |0,1,h")
    assert told(watching.violations(stand(watching, [(0, "Paid"), (61, "Paid")]), 99 * MINUTE, None)) == []
    assert told(watching.violations(stand(watching, [(0, "Paid"), (60, "Paid")]), 99 * MINUTE, None)) == [
        ("Paid", 60, "event")
    ]


def test_books_are_bounded_and_say_what_they_cut() -> None:
    """Activations past the bound are not followed, violations past it not listed; both are counted."""
    watching = monitor("Response[A, B] | | |0,1,m")
    standing = stand(watching, [(0, "A")] * (MOST_OPEN + 10))
    standing = stand(watching, [(5, "B")], standing)
    assert len(watching.violations(standing, 6 * MINUTE, None)) == MOST_BROKEN
    assert watching.cuts(standing) == (Cut(0, 10, MOST_OPEN - MOST_BROKEN),)


def test_an_activation_whose_target_may_be_forgotten_is_not_accused() -> None:
    """More distinct targets than are remembered: whether the first of them was there is not known any more."""
    watching = monitor("Precedence[A, B] | |same x")
    standing = stand(watching, [(0, "A", {"x": number}) for number in range(MOST_OPEN + 1)])
    standing = stand(watching, [(1, "B", {"x": 0}), (2, "B", {"x": 5})], standing)
    assert watching.violations(standing, 9 * MINUTE, 9 * MINUTE) == ()
    assert watching.cuts(standing) == (Cut(0, 2, 0),)
