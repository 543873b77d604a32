"""What is said of a case, one kind of deviation at a time."""

from itertools import pairwise

import pytest

from stream.conformance.automaton import INF, Automaton
from stream.conformance.deviation import Deviation, DeviationKind
from stream.conformance.explain import explain
from stream.models import read_model
from stream.models.net import Net, Transition
from tests.stream.models.language import bpmn, flows, tasks

ENDS = '<startEvent id="s"/><endEvent id="e"/>'
SEQUENCE = tasks("a b c d") + flows("s>a a>b b>c c>d d>e")
CHOICE = (
    tasks("a1 a2 b1 b2 c")
    + '<exclusiveGateway id="x"/><exclusiveGateway id="y"/>'
    + flows("s>x x>a1 a1>a2 a2>y x>b1 b1>b2 b2>y y>c c>e")
)
BOTH = tasks("a b c") + '<parallelGateway id="x"/><parallelGateway id="y"/>' + flows("s>x x>a x>b a>y b>y y>c c>e")


def model(process: str) -> Automaton:
    """The automaton of a process between one start and one end event."""
    return Automaton(read_model("m.bpmn", bpmn(ENDS + process)))


def told(process: str, case: str) -> list[str]:
    """What is said of a finished case, in short: KIND INDEX ACTIVITY, expected, missing."""
    found = []
    for deviation in explain(model(process), case.split(), finished=True):
        expected, missing = ", ".join(deviation.expected), ", ".join(deviation.missing)
        found.append(f"{deviation.kind} {deviation.index} {deviation.activity}: expected {expected}; missing {missing}")
    return found


@pytest.mark.parametrize(
    ("process", "case"), [(SEQUENCE, "a b c d"), (CHOICE, "b1 b2 c"), (CHOICE, "a1 a2 c"), (BOTH, "b a c")]
)
def test_nothing_is_said_of_a_fitting_case(process: str, case: str) -> None:
    """Not of any of its prefixes either."""
    events = case.split()
    for length in range(len(events) + 1):
        assert explain(model(process), events[:length], finished=False) == ()
    assert told(process, case) == []


def test_a_step_left_out_is_skipped() -> None:
    """Told at the event before which it was missing, once for each step."""
    assert told(SEQUENCE, "a c d") == ["skipped 1 b: expected b; missing b"]
    assert told(SEQUENCE, "a d") == ["skipped 1 b: expected b; missing b", "skipped 1 c: expected c; missing c"]
    assert told(BOTH, "a c") == ["skipped 1 b: expected b; missing b"]


def test_two_steps_that_changed_places_are_one_deviation() -> None:
    """A skip and an insertion of the same activity are out of order, and count two."""
    (deviation,) = explain(model(SEQUENCE), ["a", "c", "b", "d"], finished=True)
    assert deviation == Deviation(DeviationKind.OUT_OF_ORDER, 1, "c", ("b",), ("c",), "c", 2, after="a", due=3)
    assert told(SEQUENCE, "b a c d") == ["out_of_order 0 b: expected a; missing b"]


def test_a_skipped_step_that_comes_late_is_out_of_order_under_the_same_anchor() -> None:
    """It is one deviation from first to last: of the event that came without it."""
    automaton = model(SEQUENCE)
    (skipped,) = explain(automaton, ["a", "c"], finished=False)
    (late,) = explain(automaton, ["a", "c", "d", "b"], finished=True)
    assert (skipped.kind, skipped.anchor) == (DeviationKind.SKIPPED, (1, 0))
    assert late == Deviation(DeviationKind.OUT_OF_ORDER, 3, "b", (), ("b",), "b", 2, after="d", due=1)
    assert late.anchor == skipped.anchor


def test_each_of_several_skipped_steps_keeps_its_anchor_when_another_comes_late() -> None:
    """They are numbered in the model's order; what comes late takes its own number along."""
    automaton = model(tasks("a b c d f g") + flows("s>a a>b b>c c>d d>f f>g g>e"))
    both, one = (explain(automaton, case.split(), finished=False) for case in ("a d f g", "a d f g b"))
    assert [(d.activity, d.anchor) for d in both] == [("b", (1, 0)), ("c", (1, 1))]
    assert {(d.kind, d.activity, d.anchor) for d in one} == {
        (DeviationKind.OUT_OF_ORDER, "b", (1, 0)),
        (DeviationKind.SKIPPED, "c", (1, 1)),
    }


def test_a_step_skipped_in_two_rounds_of_a_loop_is_two_deviations() -> None:
    """One that comes late makes up for the later of them."""
    loop = (
        tasks("a b c d")
        + '<exclusiveGateway id="x"/><exclusiveGateway id="y"/>'
        + flows("s>x x>a a>b b>c c>y y>x y>d d>e")
    )
    assert told(loop, "a c a c d") == ["skipped 1 b: expected b; missing b", "skipped 3 b: expected b; missing b"]
    assert told(loop, "a c a c d b") == [
        "skipped 1 b: expected b; missing b",
        "out_of_order 5 b: expected ; missing b",
    ]


def test_where_any_of_several_steps_would_have_done_all_are_named() -> None:
    """Which of them was skipped nobody can tell."""
    either = (
        tasks("a b c d")
        + '<exclusiveGateway id="x"/><exclusiveGateway id="y"/>'
        + flows("s>a a>x x>b x>c b>y c>y y>d d>e")
    )
    (deviation,) = explain(model(either), ["a", "d"], finished=True)
    assert (deviation.kind, deviation.expected, len(deviation.missing)) == (DeviationKind.SKIPPED, ("b", "c"), 1)


def test_each_of_several_missing_steps_names_what_would_have_done_in_its_place() -> None:
    """Where a choice lies among the steps that a case jumped over, all its ways are named, and those of no other."""
    process = (
        tasks("a b c d f")
        + '<exclusiveGateway id="x"/><exclusiveGateway id="y"/>'
        + flows("s>a a>x x>b x>c b>y c>y y>d d>f f>e")
    )
    told_of = explain(model(process), ["a", "f"], finished=True)
    assert [deviation.expected for deviation in told_of] == [("b", "c"), ("d",)]


def test_a_step_far_too_early_says_how_many_come_before_it() -> None:
    """At least so many, and which of them are first."""
    (deviation,) = explain(model(SEQUENCE), ["d", "a"], finished=False)
    assert (deviation.activity, deviation.expected, deviation.ahead) == ("d", ("a",), 3)


def test_a_step_that_came_too_early_is_out_of_order_before_its_place_is_reached() -> None:
    """And stays so when the case ends without it."""
    (deviation,) = explain(model(SEQUENCE), ["d", "a"], finished=False)
    assert (deviation.kind, deviation.index, deviation.weight) == (DeviationKind.OUT_OF_ORDER, 0, 1)
    assert told(SEQUENCE, "d a b c") == ["out_of_order 0 d: expected a; missing d"]


def test_a_step_done_again_is_repeated() -> None:
    """At once or later."""
    assert told(SEQUENCE, "a b b c d") == ["repeated 2 b: expected c; missing "]
    assert told(SEQUENCE, "a b c a d") == ["repeated 3 a: expected d; missing "]


def test_a_step_of_another_branch_in_place_of_the_chosen_one_is_a_wrong_branch() -> None:
    """What was left out and what was done instead are one deviation."""
    (deviation,) = explain(model(CHOICE), ["a1", "b2", "c"], finished=True)
    assert deviation == Deviation(
        DeviationKind.WRONG_BRANCH, 1, "b2", ("a2",), ("a2",), "b2", 2, after="a1", due=2
    )
    assert told(CHOICE, "a1 b1 b2 c") == ["wrong_branch 0 a1: expected b1; missing "]
    (begun,) = explain(model(CHOICE), ["a1", "b1", "b2", "c"], finished=True)
    assert begun.due == 1, "the branch that the case went on with begins there"


def test_a_step_of_another_branch_beside_the_chosen_one_is_unexpected() -> None:
    """Nothing of the chosen branch is missing."""
    assert told(CHOICE, "a1 a2 b1 c") == ["unexpected 2 b1: expected c; missing "]


def test_an_activity_that_the_model_does_not_have_is_unknown() -> None:
    """Wherever it comes, and with no model element."""
    (deviation,) = explain(model(SEQUENCE), ["a", "x", "b"], finished=False)
    assert deviation == Deviation(DeviationKind.UNKNOWN_ACTIVITY, 1, "x", ("b",), after="a")


def test_an_unknown_activity_is_told_once_for_all_its_events() -> None:
    """At the first of them; a log of other names is not a storm of alerts."""
    found = explain(model(SEQUENCE), ["x", "a", "x", "y", "x"], finished=False)
    assert [(d.kind.value, d.index, d.activity, d.weight) for d in found] == [
        ("unknown_activity", 0, "x", 3),
        ("unknown_activity", 3, "y", 1),
    ]


def test_a_case_that_ends_early_is_not_finished() -> None:
    """With the steps of the cheapest completion, once."""
    (deviation,) = explain(model(SEQUENCE), ["a", "b"], finished=True)
    assert deviation == Deviation(DeviationKind.NOT_FINISHED, 2, "c", ("c",), ("c", "d"), "c", 2, after="b")
    assert explain(model(SEQUENCE), ["a", "b"], finished=False) == ()


def test_a_case_that_cannot_finish_says_so_without_steps() -> None:
    """Where the final marking cannot be reached, nothing is missing in particular."""
    net = Net(("p", "q", "r"), (Transition("a", {0: 1}, {1: 1}), Transition("b", {2: 1}, {2: 1})), {0: 1}, {2: 1})
    (deviation,) = explain(Automaton(net), ["a"], finished=True)
    assert deviation == Deviation(DeviationKind.NOT_FINISHED, 1, "", (), (), None, INF, after="a")


def test_what_was_said_stays_said_while_the_case_goes_on() -> None:
    """Each longer prefix repeats the verdicts of the one before, as long as they are among the cheapest."""
    automaton, case = model(SEQUENCE), ["a", "c", "d", "d", "x"]
    said = [explain(automaton, case[:length], finished=False) for length in range(len(case) + 1)]
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(said))
    assert [deviation.kind for deviation in said[-1]] == ["skipped", "repeated", "unknown_activity"]


def test_where_a_case_stands_cannot_be_told_only_unknown_activities_are() -> None:
    """Without a warm start nothing is skipped and nothing unfinished."""
    endless = (Transition(None, {0: 1}, {0: 1, 1: 1}), Transition("a", {1: 1}, {2: 1}))
    automaton = Automaton(Net(("p", "q", "r"), endless, {0: 1}, {2: 1}))
    (deviation,) = explain(automaton, ["a", "x", "a"], finished=True, warm=True)
    assert automaton.warm_start() is None
    assert deviation == Deviation(DeviationKind.UNKNOWN_ACTIVITY, 1, "x", ())


def test_a_case_met_in_the_middle_is_told_from_there() -> None:
    """A warm start says nothing of what came before, and all the more of what comes after."""
    automaton = model(SEQUENCE)
    assert explain(automaton, ["c", "d"], finished=True, warm=True) == ()
    (deviation,) = explain(automaton, ["b", "d"], finished=True, warm=True)
    assert (deviation.kind, deviation.activity) == (DeviationKind.SKIPPED, "c")
