"""How each class of deviation reads."""

import pytest

from stream.departure import Departure
from stream.departure_wording import departure_text, ended_text, listed

CASES = [
    (
        Departure("skipped", "Check", ("Check",), ("Check",), "t1", after="Submit", before="Approve"),
        "Check was skipped: Approve came after Submit without it",
    ),
    (
        Departure("skipped", "Check", ("Check",), ("Check",), "t1", before="Approve"),
        "Check was skipped: Approve came first without it",
    ),
    (
        Departure("skipped", "Check", ("Check", "Waive"), ("Check",), "t1", after="Submit", before="Approve"),
        "a step was skipped, Check or Waive: Approve came after Submit without it",
    ),
    (
        Departure("skipped", "Check", ("Check",), ("Check",), "t1", after="Pay", before="Approve", again=True),
        "Check was not done again: Approve came after Pay without it",
    ),
    (
        Departure("not_completed", "Check", (), ("Check",), "t1"),
        "Check was started but never completed",
    ),
    (
        Departure("repeated", "Pay", ("Close",), (), "t2", after="Approve"),
        "Pay was done once too often after Approve; expected Close",
    ),
    (
        Departure("repeated", "Pay", (), (), "t2", after="Pay"),
        "Pay was done once too often; nothing more was expected",
    ),
    (
        Departure("out_of_order", "Check", ("Close",), ("Check",), "t1", after="Pay", before="Approve", late=True),
        "Check came too late after Pay: its place was before Approve",
    ),
    (
        Departure("out_of_order", "Pay", ("Check",), (), "t2", ahead=1),
        "Pay came too early: at least 1 step should come before it, first Check",
    ),
    (
        Departure("out_of_order", "Pay", ("Check",), ("Pay",), "t2", after="Submit"),
        "Pay came too early after Submit; expected first Check",
    ),
    (
        Departure("wrong_branch", "Waive", ("Check",), ("Check", "Sign"), "t3", after="Submit", before="Pay"),
        "Waive was done after Submit instead of Check and Sign",
    ),
    (
        Departure("wrong_branch", "Waive", ("Check",), ("Check",), "t3", before="Pay", times=3),
        "Waive and 2 more steps were done instead of Check",
    ),
    (
        Departure("wrong_branch", "Waive", ("Check",), (), "t3", after="Submit", before="Sign"),
        "Waive was done after Submit, but Sign followed, which is on another branch; expected Check",
    ),
    (
        Departure("unknown_activity", "Nap", ("Check", "Waive"), (), None, after="Submit"),
        "Nap is no step of the model; expected Check or Waive",
    ),
    (
        Departure("unexpected", "Waive", ("Pay",), (), "t3", after="Approve"),
        "Waive was not expected after Approve; expected Pay",
    ),
    (
        Departure("not_finished", "Pay", ("Pay",), ("Pay", "Close"), "t2", after="Approve"),
        "the case ended too early after Approve: at least 2 steps are missing: Pay and Close",
    ),
    (
        Departure("not_finished", "Pay", ("Pay", "Reject"), ("Pay",), "t2", after="Approve"),
        "the case ended too early after Approve: at least 1 step is missing, such as Pay",
    ),
    (
        Departure("not_finished", "", (), (), None, after="Approve"),
        "the case ended after Approve, from where the model's end cannot be reached",
    ),
]


@pytest.mark.parametrize(("told", "text"), CASES)
def test_a_deviation_reads_as_a_sentence(told: Departure, text: str) -> None:
    """What happened, after which step, and what was expected instead."""
    assert departure_text(told) == text
    assert departure_text(Departure.of(tuple(told))) == text


def test_a_departure_that_was_journalled_with_less_still_reads() -> None:
    """It says what it knows."""
    assert departure_text(Departure.of(("repeated", "Pay", ("Close",), (), None))) == (
        "Pay was done once too often; expected Close"
    )


def test_a_case_that_is_over_says_how_it_ended() -> None:
    """One that ended too early is closed when it cannot be reopened."""
    repeated, short = Departure("repeated", "Pay", (), (), None), CASES[-1][0]
    assert ended_text(repeated, "the case has ended").startswith("the case has ended; Pay was done once too often")
    nap = Departure("unknown_activity", "Nap", ("Check",), (), None, times=2)
    assert ended_text(nap, "the case has ended") == (
        "the case has ended; Nap is no step of the model (2 times); expected Check"
    )
    assert ended_text(short, "the case has ended").startswith("it is too late to reopen the case; the case ended")


@pytest.mark.parametrize(
    ("names", "text"),
    [("A", "A"), ("AB", "A or B"), ("ABCD", "A, B, C or D"), ("ABCDE", "A, B, C or 2 others"), ("", "")],
)
def test_of_many_steps_the_first_are_named_and_the_others_counted(names: str, text: str) -> None:
    """A sentence stays short."""
    assert listed(tuple(names)) == text
