"""Standings: written down and read again anywhere, by whatever monitor, and never taking back what is permanent."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.declare import Happening, Monitor, Standing
from tests.stream.declare.cases import INFORM, MINUTE, Step, anchor, monitor, spelled, stand, told

SET = (
    "Response[A, B]",
    "Not Chain Response[A, C]",
    "Precedence[B, C]",
    "Absence3[B]",
    "Exactly1[A]",
    "Co-Existence[A, C]",
    "End[C]",
    "Responded Existence[A, B] |A.x > 1 |same y |0,3,m",
    "Alternate Precedence[A, B] |A.x is 1 |T.y is 2",
    "Not Succession[C, A] | |different x |0,2,m",
    "Chain Succession[A, B] |A.x is 1",
    "Exactly1[B] |A.x is 1 |0,4,m",
)
sides = st.fixed_dictionaries({}, optional={"x": st.integers(1, 2), "y": st.integers(1, 2)})
cases = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ABC"), sides), max_size=12)
WARM = monitor(*SET)


def test_a_changed_set_of_constraints_keeps_what_both_know() -> None:
    """By their text: what is gone is left out, what is new begins afresh, the rest goes on, in any order."""
    before = monitor("Response[A, B]", INFORM, "Absence[C]", "Init[A]")
    written = before.dump(stand(before, [(0, "A"), (1, "Escalated", {"priority": "high"}), (2, "C")]))
    after = monitor("Existence[D]", INFORM, "Response[A, B]", "Absence[C]")
    standing = after.load(json.loads(json.dumps(written)))
    assert told(after.violations(standing, 99 * MINUTE, 98 * MINUTE)) == [
        ("C", 2, "event"),
        ("Escalated", 31, "time"),
        ("", 98, "end"),
        ("A", 98, "end"),
    ]


@pytest.mark.parametrize("fields", [None, [], [1, [], []], ["x", [], [], []], [0, [["k"]], [], [5]], [0, 7, [], []]])
def test_what_no_monitor_wrote_is_refused(fields: object) -> None:
    """A journal that was damaged is said to be, as a ValueError."""
    with pytest.raises(ValueError, match="not a standing of constraints"):
        monitor("Response[A, B]").load(fields)


def test_a_state_that_the_automaton_does_not_have_is_refused() -> None:
    """Also where the constraint is known."""
    watching = monitor("Response[A, B]")
    written = watching.dump(stand(watching, spelled("A")))
    written[1][0][1] = 7
    with pytest.raises(ValueError, match="7 is no state of"):
        watching.load(written)


@settings(max_examples=60)
@given(cases, st.sets(st.integers(0, 11)))
def test_cutting_a_case_anywhere_changes_nothing(case: list[tuple[int, str, dict[str, int]]], cuts: set[int]) -> None:
    """Written down and read by a monitor whose memos are cold, at any steps: equal standings, violations, deadlines."""
    warm, standing = WARM, WARM.start()
    other, resumed = Monitor(WARM.constraints), WARM.start()
    minute = 0
    for place, (pause, activity, attributes) in enumerate(case):
        minute += pause
        happening = Happening(anchor(minute * MINUTE, activity, place), attributes)
        standing, resumed = warm.step(standing, happening), other.step(resumed, happening)
        if place in cuts:
            written = json.dumps(other.dump(resumed))
            other = Monitor(WARM.constraints)
            resumed = other.load(json.loads(written))
        assert resumed == standing
    clock = (minute + 1) * MINUTE
    assert everything(warm, standing, clock) == everything(other, resumed, clock)


def everything(watching: Monitor, standing: Standing, clock: int) -> list[object]:
    """All that a monitor says of a case."""
    indices = range(len(watching.constraints))
    return [
        watching.violations(standing, clock, None),
        watching.violations(standing, clock, clock),
        watching.next_deadline(standing, 0),
        [watching.verdict(standing, index, clock, False) for index in indices],
        watching.dump(standing),
    ]


@settings(max_examples=60)
@given(cases)
def test_what_is_permanent_stays(case: list[tuple[int, str, dict[str, int]]]) -> None:
    """No event and no passing of time takes a permanent verdict or a violation back."""
    steps: list[Step] = [(place, activity, attributes) for place, (_, activity, attributes) in enumerate(case)]
    standings = [stand(WARM, steps[:length]) for length in range(len(steps) + 1)]
    for index in range(len(WARM.constraints)):
        verdicts = [WARM.verdict(one, index, place * MINUTE, False) for place, one in enumerate(standings)]
        for before, after in pairwise(verdicts):
            assert before == after or not before.startswith("permanently")
    for place, (before_it, after_it) in enumerate(pairwise(standings)):
        earlier = set(WARM.violations(before_it, place * MINUTE, None))
        assert earlier <= set(WARM.violations(after_it, (place + 1) * MINUTE, None))
