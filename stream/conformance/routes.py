"""The model steps behind a move: which steps a cheapest run of model moves is made of.

Invariant: a route has as many visible steps as the machine's tables and searches say that it costs.
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from stream.conformance.block import Block
from stream.conformance.frontier import INF, Frontier, Home, Mode, State
from stream.conformance.lazy import LazyMachine
from stream.conformance.tabulated import TabulatedMachine


class ModelStep(NamedTuple):
    """A visible step of the model, and the element behind it."""

    label: str
    element: str | None


Route = tuple[ModelStep, ...]


def steps_to_label(machine: Home, state: State, label: str) -> int:
    """How many steps come between a state and a label at least; INF where it never comes."""
    if isinstance(machine, LazyMachine):
        return min([INF, *[cost for _, cost in machine.hop(state, label)[0]]])
    assert isinstance(machine, TabulatedMachine)
    row = machine.shape.distance[state]
    plain = [row[edge.source] for edge in machine.shape.edges if edge.label == label]
    inside = [row[b.source] + _inside(b, label) for b in machine.blocks if label in b.takers and row[b.source] < INF]
    return min([INF, *plain, *inside])


def _inside(block: Block, label: str) -> int:
    kids = [block.kids[position] for position in block.takers[label]]
    return min(steps_to_label(kid, kid.initial, label) for kid in kids)


def before_label(machine: Home, state: State, label: str, target: State) -> tuple[Route, str | None]:
    """The steps from a state to where a label can be synchronised into `target`, and the element of that label."""
    if isinstance(machine, TabulatedMachine):
        ways = [e for e in machine.shape.edges if e.label == label and e.target == target]
        edge = min(ways, key=lambda e: (machine.shape.distance[state][e.source], e.source))
        return _across(machine, state, edge.source), edge.element
    assert isinstance(machine, LazyMachine)
    graph, found = machine.graph, None
    for wanted in machine.by_label[label]:
        walk = machine.search(state, wanted, {})
        ready = [m for m in walk.reached if graph.pre_covered(m, wanted.transition)]
        ready = [m for m in ready if graph.fire(m, wanted.transition) == target]
        for marking in ready:
            if found is None or walk.reached[marking] < found[0]:
                found = (walk.reached[marking], walk.path(marking), wanted.transition)
    assert found is not None  # the machine has found this hop itself
    return _visible(machine, found[1]), graph.transitions[found[2]].element


def before_block(machine: Home, state: State, block: Block) -> Route:
    """The steps from a state to where a block is entered."""
    assert isinstance(machine, TabulatedMachine)  # only these have blocks
    return _across(machine, state, block.source)


def before_end(machine: Home, state: State) -> Route:
    """The steps from a state to the machine's final one; empty where there is no way."""
    if isinstance(machine, TabulatedMachine):
        return _across(machine, state, machine.final)
    assert isinstance(machine, LazyMachine)
    return _visible(machine, machine.walk_to_end({state: 0}).path(machine.final))


def to_end(place: Frontier) -> Route:
    """The steps from the item of a place that is nearest to it to the machine's final state."""
    item = place.ending.item
    if type(item) is not Mode:
        return before_end(place.machine, item)
    inside = [step for kid in item.kids for step in to_end(kid)]
    return (*inside, *before_end(place.machine, item.block.target))


def _visible(machine: LazyMachine, path: Sequence[int]) -> Route:
    steps = [machine.graph.transitions[transition] for transition in path]
    return tuple([ModelStep(step.label, step.element) for step in steps if step.label is not None])


def _across(machine: TabulatedMachine, start: int, target: int) -> Route:
    found = machine.routes.get((start, target))
    if found is None:
        found = machine.routes[start, target] = _dijkstra(machine, start, target)
    return found


def _dijkstra(machine: TabulatedMachine, start: int, target: int) -> Route:
    best, heap, came = {start: 0}, [(0, start)], dict[int, tuple[int, Route]]()
    while heap:
        cost, state = heapq.heappop(heap)
        if state == target:
            break
        for after, route in _moves(machine, state):
            if cost + len(route) < best.get(after, INF):
                best[after] = cost + len(route)
                came[after] = (state, route)
                heapq.heappush(heap, (best[after], after))
    steps: Route = ()
    while target in came and target != start:
        target, route = came[target]
        steps = (*route, *steps)
    return steps


def _moves(machine: TabulatedMachine, state: int) -> list[tuple[int, Route]]:
    edges = [edge for edge in machine.shape.edges if edge.source == state]
    moves: list[tuple[int, Route]] = [
        (e.target, () if e.label is None else (ModelStep(e.label, e.element),)) for e in edges
    ]
    blocks = [block for block in machine.shape.entered[state] if block.distance < INF]
    return moves + [(b.target, tuple([step for kid in b.kids for step in to_end(kid.fresh)])) for b in blocks]
