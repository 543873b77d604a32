"""Whole cases judged: every prefix and the closing against brute force, and the grade that each deserves."""

from collections import Counter
from itertools import accumulate, pairwise
from operator import ne
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.conformance.automaton import Automaton
from stream.conformance.judging import Judge, Verdict, tighten
from stream.models.net import Net, Transition
from tests.stream.conformance.oracle import INF
from tests.stream.conformance.random_nets import Maker, nested, shapeless, side_by_side, small, tangled, trace

LABELS = "abcdef"


@pytest.mark.parametrize("attempts", [0, 1_000])
@pytest.mark.parametrize(("window", "most"), [(60, 200), (1, 200), (0, 200), (60, 3)])
@pytest.mark.parametrize(("make", "number"), [(nested, 4), (tangled, 2), (side_by_side, 2), (shapeless, 8)])
def test_the_truth_is_the_cost_where_exact_and_else_between_the_bounds(
    make: Maker, number: int, window: int, most: int, attempts: int
) -> None:
    """Prefix by prefix and closed, at windows so narrow that certificates are lost, won back or not."""
    random = Random(f"judging {make.__name__} {window} {most}")
    for _ in range(number):
        net, oracle = small(make, random, LABELS, most=400)
        judge = Judge(Automaton(net, window=window, most=most), attempts=attempts)
        for _ in range(4):
            events = trace(random, oracle, LABELS + "z")
            prefix, closing = oracle.costs(events)
            judged = judge.judge(events)
            for index, truth in enumerate(prefix[1:]):
                assert judged.at_least[index] <= truth <= judged.costs[index], (net, events, index)
            at_most, at_least = (INF if bound is None else bound for bound in judged.closing)
            assert at_least <= closing[-1] <= at_most, (net, events)


def test_lost_certificates_are_won_back_as_long_as_there_are_attempts() -> None:
    """Frontiers of one item lose many at first; the second judge may not look again at all, the third only once."""
    random, bounded = Random("won back"), Counter[int]()
    for _ in range(12):
        net, oracle = small(nested, random, LABELS, most=400)
        events = trace(random, oracle, LABELS)
        for attempts in (1_000, 0, 1):
            judge = Judge(Automaton(net, most=1), attempts=attempts)
            judged = judge.judge(events)
            bounded[attempts] += sum(map(ne, judged.costs, judged.at_least)) + (judged.closing.grade == "bounded")
            assert 0 <= judge.attempts <= attempts
    assert bounded[1_000] < bounded[1] < bounded[0]


def test_equal_cases_are_looked_at_closely_only_once() -> None:
    """The second time costs no attempts and says the same."""
    random = Random("twice")
    for _ in range(8):
        net, oracle = small(nested, random, LABELS, most=400)
        judge, events = Judge(Automaton(net, most=1)), trace(random, oracle, LABELS)
        first = judge.judge(events)
        left = judge.attempts

        assert (judge.judge(list(events)), judge.attempts) == (first, left)


@given(
    st.lists(st.integers(0, 1), min_size=1, max_size=12).map(lambda steps: list(accumulate(steps))),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=12, max_size=12),
)
def test_bounds_are_narrowed_by_their_neighbours_and_never_past_the_truth(
    truth: list[int], slack: list[tuple[int, int]]
) -> None:
    """A prefix cost never falls, and never rises by more than one; narrowing twice changes nothing more."""
    least = [max(cost - below, 0) for cost, (below, _) in zip(truth, slack, strict=False)]
    most = [cost + above for cost, (_, above) in zip(truth, slack, strict=False)]
    wide = list(zip(least, most, strict=True))

    tighten(least, most)

    for (low, high), cost, at_least, at_most in zip(wide, truth, least, most, strict=True):
        assert low <= at_least <= cost <= at_most <= high
    for bounds in (least, most):
        assert all(after - before in (0, 1) for before, after in pairwise(bounds))
    again = least.copy(), most.copy()
    tighten(*again)
    assert again == (least, most)


def test_a_case_within_the_window_is_exact_throughout() -> None:
    """One list of costs serves as its own lower bounds."""
    judged = Judge(Automaton(sequence("a", "b", "c"))).judge(["a", "x", "c"])

    assert judged.costs == [0, 1, 2]
    assert judged.at_least is judged.costs
    assert judged.closing == Verdict(2, 2)
    assert judged.closing.grade == "exact"


def test_a_case_without_events_costs_the_shortest_run() -> None:
    """Nothing seen, three steps missing."""
    judged = Judge(Automaton(sequence("a", "b", "c"))).judge([])

    assert (list(judged.costs), judged.closing) == ([], Verdict(3, 3))


def test_an_end_that_cannot_be_reached_has_no_cost() -> None:
    """Prefixes cost what they cost; the whole has neither a cost nor a bound."""
    net = sequence("a", "b")._replace(final={0: 1, 2: 1})

    judged = Judge(Automaton(net)).judge(["a", "a"])

    assert judged.costs == [0, 1]
    assert judged.closing == Verdict(None, None)
    assert judged.closing.grade == "unreachable"


def test_a_case_of_more_events_than_any_single_cost_is_still_exact() -> None:
    """A million and a few unknown activities: the engine's bound for one step is none for a case."""
    judged = Judge(Automaton(sequence("a"))).judge(["x"] * 1_000_002)

    assert judged.costs[-1] == 1_000_002
    assert judged.closing == Verdict(1_000_003, 1_000_003)


def sequence(*labels: str) -> Net:
    """A net of steps one after the other."""
    steps = tuple(Transition(label, {at: 1}, {at + 1: 1}) for at, label in enumerate(labels))
    return Net(tuple(f"p{place}" for place in range(len(labels) + 1)), steps, {0: 1}, {len(labels): 1})
