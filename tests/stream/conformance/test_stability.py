"""How explanations change while a case goes on: as little as the costs allow, against brute force on small nets."""

from itertools import pairwise
from random import Random

import pytest

from stream.conformance.automaton import INF, Automaton
from stream.conformance.deviation import Deviation, DeviationKind
from stream.conformance.explain import explain
from stream.conformance.path import Path
from tests.stream.conformance.oracle import Oracle, Tokens
from tests.stream.conformance.random_nets import Maker, nested, shapeless, side_by_side, small, tangled, trace

Reading = tuple[bool, tuple[str, ...]]  # whether an event is synchronised, and the steps missing before it
KINDS: list[Maker] = [nested, tangled, side_by_side, shapeless]
FEW, MANY = "abcd", "abcdefgh"  # with few labels, nets have many steps of one name


def pairs(make: Maker, number: int, labels: str) -> list[tuple[Automaton, Oracle, list[str]]]:
    """Automata of random nets of a kind, with their oracles, and random traces with a name that they do not know."""
    random = Random(f"{make.__name__} {labels}")
    nets = [small(make, random, labels) for _ in range(number)]
    return [
        (automaton, oracle, trace(random, oracle, labels + "z"))
        for net, oracle in nets
        for automaton in [Automaton(net)]
        for _ in range(3)
    ]


def readings(automaton: Automaton, events: list[str]) -> list[Reading]:
    """How the events are read together."""
    path = Path(automaton, events, warm=False)
    return [(move.synchronised, tuple(step.label for step in move.missing)) for move in path.moves]


def fired(oracle: Oracle, markings: set[Tokens], label: str) -> set[Tokens]:
    """Where a label leads from any of these markings, after silent steps."""
    seen, todo = set(markings), list(markings)
    while todo:
        for silent, after in oracle.after(todo.pop()):
            if silent is None and after not in seen:
                seen.add(after)
                todo.append(after)
    return {after for marking in seen for shown, after in oracle.after(marking) if shown == label}


def agreeing(oracle: Oracle, read: list[Reading], events: list[str]) -> set[Tokens]:
    """Every marking that a run of the net may be in whose events are read like this."""
    markings = {oracle.initial}
    for (synchronised, missing), event in zip(read, events, strict=False):
        for label in (*missing, event) if synchronised else ():
            markings = fired(oracle, markings, label)
    return markings


def cost(read: list[Reading]) -> int:
    """What these readings cost."""
    return sum(len(missing) + (not synchronised) for synchronised, missing in read)


@pytest.mark.parametrize("labels", [FEW, MANY])
@pytest.mark.parametrize("make", KINDS)
def test_no_reading_is_given_up_that_an_equally_cheap_alignment_keeps(make: Maker, labels: str) -> None:
    """Where an earlier event is read otherwise, no alignment that keeps all readings is as cheap: brute force."""
    for automaton, oracle, events in pairs(make, 30, labels):
        least, _ = oracle.costs(events)
        before: list[Reading] = []
        for length in range(1, len(events) + 1):
            read = readings(automaton, events[:length])
            assert cost(read) == least[length]
            assert agreeing(oracle, read, events), "no run of the net is like this"
            if read[:-1] != before:
                kept = agreeing(oracle, before, events)
                further = oracle.costs([events[length - 1]], kept)[0][1] if kept else INF
                assert cost(before) + further > least[length]
            before = read


@pytest.mark.parametrize("make", KINDS)
def test_the_weights_add_up_to_the_cost_and_no_two_deviations_have_one_anchor(make: Maker) -> None:
    """Of every prefix, and of every prefix as a finished case."""
    for automaton, oracle, events in pairs(make, 25, FEW):
        prefix, closing = oracle.costs(events)
        for length in range(len(events) + 1):
            for costs, finished in ((prefix, False), (closing, True)):
                told = explain(automaton, events[:length], finished=finished)
                assert min(INF, sum(deviation.weight for deviation in told)) == min(INF, costs[length])
                assert len({deviation.anchor for deviation in told}) == len(told)


@pytest.mark.parametrize("make", KINDS)
def test_an_explanation_depends_on_the_activities_alone(make: Maker) -> None:
    """An automaton that has explained every prefix and other cases says what a fresh one says."""
    for automaton, _, events in pairs(make, 10, FEW):
        for length in range(len(events)):
            explain(automaton, events[:length], finished=length % 2 == 0)
        for finished in (False, True):
            fresh = Automaton(automaton.net)
            assert explain(automaton, events, finished=finished) == explain(fresh, events, finished=finished)


@pytest.mark.parametrize("make", KINDS)
def test_a_deviation_is_told_under_its_anchor_for_as_long_as_its_event_is_read_alike(make: Maker) -> None:
    """It may change its class, or become part of a wrong branch; one that is new is of an event newly read."""
    for automaton, _, events in pairs(make, 30, MANY):
        told = [explain(automaton, events[:length], finished=False) for length in range(len(events) + 1)]
        read = [readings(automaton, events[:length]) for length in range(len(events) + 1)]
        for number, (before, after) in enumerate(pairwise(told)):
            alike = {i for i in range(number) if read[number][i] == read[number + 1][i]}
            if not any(deviation.kind is DeviationKind.WRONG_BRANCH for deviation in (*before, *after)):
                assert anchors(before, alike) == anchors(after, alike)


def anchors(told: tuple[Deviation, ...], events: set[int]) -> set[tuple[int, int]]:
    """The anchors of deviations at these events."""
    return {deviation.anchor for deviation in told if deviation.anchor[0] in events}
