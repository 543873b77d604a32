"""Costs of the automaton against brute force, on random nets of every shape."""

import json
from random import Random
from typing import NamedTuple

import pytest

from stream.conformance import block, gains, tabulated
from stream.conformance.automaton import INF, Automaton
from stream.conformance.explain import explain
from stream.conformance.machine import Machine
from stream.models.net import Net
from tests.stream.conformance.oracle import Oracle
from tests.stream.conformance.random_nets import Maker, nested, shapeless, side_by_side, small, tangled, trace

LABELS = "abcdef"
KINDS: list[tuple[Maker, int]] = [(nested, 16), (tangled, 10), (side_by_side, 6), (shapeless, 30)]
BOUNDS = [(60, 200), (3, 200), (1, 200), (0, 200), (60, 3)]  # window, most items


class Verdict(NamedTuple):
    """What the automaton says after some events: cost, least dropped, closing cost, and the least that can be."""

    cost: int
    least: int
    closing: int
    least_closing: int


def verdicts(automaton: Automaton, events: list[str], moved_to: Automaton | None = None) -> list[Verdict]:
    """The verdict after each number of events; with `moved_to`, the case moves between the two automata by what is
    written of it, before each event."""
    frontier, cost, least, found = automaton.start(), 0, INF, list[Verdict]()
    for event in [None, *events]:
        if event is not None:
            if moved_to is not None:
                written = json.dumps(automaton.dump(frontier))
                automaton, moved_to = moved_to, automaton
                frontier = automaton.load(json.loads(written))
            frontier, extra, dropped = automaton.step(frontier, event)
            cost, least = cost + extra, min(least, cost + dropped)
        closing = min(INF, cost + automaton.completion(frontier))
        found.append(Verdict(cost, least, closing, min(least, cost + automaton.completion_cut(frontier))))
    return found


def nets(make: Maker, number: int, seed: str, most: int = 400) -> list[tuple[Net, Oracle, list[list[str]]]]:
    """Random nets of a kind, each with random traces."""
    random, found = Random(seed), list[tuple[Net, Oracle, list[list[str]]]]()
    for _ in range(number):
        net, oracle = small(make, random, LABELS, most=most)
        found.append((net, oracle, [trace(random, oracle, LABELS + "z") for _ in range(4)]))
    return found


@pytest.mark.parametrize(("window", "most"), BOUNDS)
@pytest.mark.parametrize(("make", "number"), KINDS)
def test_certified_costs_are_the_true_ones_and_others_bound_them(
    make: Maker, number: int, window: int, most: int
) -> None:
    """A cost up to its certificate is brute force's; any other has the truth between certificate and itself."""
    for net, oracle, traces in nets(make, number, f"{make.__name__} {window} {most}"):
        automaton = Automaton(net, window=window, most=most)
        for events in traces:
            prefix, closing = oracle.costs(events)
            for index, verdict in enumerate(verdicts(automaton, events)):
                assert min(verdict.least, verdict.cost) <= prefix[index] <= verdict.cost, (net, events, index)
                assert min(verdict.least_closing, verdict.closing) <= closing[index] <= verdict.closing, (net, events)


@pytest.mark.parametrize("window", [60, 2])
def test_a_machine_too_large_for_its_tables_still_bounds_the_truth(
    window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past some size gains are taken from distances, and hops dearer than the window are left out and certified so."""
    monkeypatch.setattr(tabulated, "LARGEST", 0)
    monkeypatch.setattr(gains, "LARGEST", 0)
    for net, oracle, traces in nets(nested, 15, f"large {window}"):
        automaton = Automaton(net, window=window)
        for events in traces:
            prefix, closing = oracle.costs(events)
            for index, verdict in enumerate(verdicts(automaton, events)):
                assert min(verdict.least, verdict.cost) <= prefix[index] <= verdict.cost, (net, events, index)
                assert min(verdict.least_closing, verdict.closing) <= closing[index] <= verdict.closing, (net, events)


@pytest.mark.parametrize(("make", "number"), KINDS)
def test_nothing_is_cut_within_the_default_bounds(make: Maker, number: int) -> None:
    """With the default window and number of items, every prefix cost of a small net is certified."""
    for net, oracle, traces in nets(make, number, f"whole {make.__name__}"):
        automaton = Automaton(net)
        for events in traces:
            assert [verdict.cost for verdict in verdicts(automaton, events)] == oracle.costs(events)[0]
            assert all(verdict.cost <= verdict.least for verdict in verdicts(automaton, events))


@pytest.mark.parametrize(("make", "number"), KINDS)
def test_a_journalled_frontier_goes_on_as_the_case_would_have(
    make: Maker, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving before every event, between automata that forget all but a few frontiers and modes, or to one that is
    always cold, changes no verdict."""
    for net, _, traces in nets(make, number, f"journal {make.__name__}"):
        expected = [verdicts(Automaton(net, window=12), events) for events in traces]
        assert [verdicts(Automaton(net, window=12), events, Automaton(net, window=12)) for events in traces] == expected
        with monkeypatch.context() as patch:
            patch.setattr(Machine, "limit", 5)
            patch.setattr(block, "MOST_MODES", 3)
            one, other = Automaton(net, window=12), Automaton(net, window=12)
            assert [verdicts(one, events, other) for events in traces] == expected


@pytest.mark.parametrize(("window", "most"), [(60, 200), (1, 200), (60, 3)])
@pytest.mark.parametrize(("make", "number"), KINDS)
def test_the_weights_of_an_explanation_add_up_to_the_cost(make: Maker, number: int, window: int, most: int) -> None:
    """Prefix by prefix and at the end: equal where certified, else between the bounds."""
    for net, _, traces in nets(make, number, f"explain {make.__name__} {window} {most}"):
        automaton = Automaton(net, window=window, most=most)
        for events in traces:
            for index, verdict in enumerate(verdicts(automaton, events)):
                told = sum(deviation.weight for deviation in explain(automaton, events[:index], finished=False))
                assert min(verdict.least, verdict.cost) <= told <= verdict.cost, (net, events, index)
            told = sum(deviation.weight for deviation in explain(automaton, events, finished=True))
            assert min(verdict.least_closing, verdict.closing) <= told, (net, events)
            assert told <= verdict.closing or verdict.closing >= INF, (net, events)


def test_an_explanation_depends_on_the_activities_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh automaton, a used one and one that forgets give the same explanations."""
    for net, _, traces in nets(nested, 12, "same words") + nets(tangled, 8, "same words"):
        used = Automaton(net)
        first = [explain(used, events, finished=True) for events in traces]
        assert [explain(used, events, finished=True) for events in traces] == first
        assert [explain(Automaton(net), events, finished=True) for events in traces] == first
        with monkeypatch.context() as patch:
            patch.setattr(Machine, "limit", 5)
            assert [explain(Automaton(net), events, finished=True) for events in traces] == first


@pytest.mark.parametrize(("make", "number"), KINDS)
def test_a_warm_start_costs_what_the_best_start_would(make: Maker, number: int) -> None:
    """A case met in the middle is aligned from whichever reachable marking suits it best."""
    for net, oracle, traces in nets(make, number, f"warm {make.__name__}", most=150):
        automaton = Automaton(net)
        reachable = oracle.reachable(150, 3)
        start = automaton.warm_start()
        assert start is not None
        for events in traces:
            prefix, closing = oracle.costs(events, reachable)
            frontier, cost = start, 0
            for index, event in enumerate(events):
                frontier, extra, dropped = automaton.step(frontier, event)
                cost += extra
                assert dropped >= INF or cost <= dropped
                assert cost == prefix[index + 1]
            assert min(INF, cost + automaton.completion(frontier)) == min(INF, closing[-1])
