"""Fewer states with the same runs: a graph of states is taken modulo delay bisimulation (Milner 1981).

Invariant: the runs that can be shown from the start, and what each hands to the outside on the way, stay the same.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

OVER = -1  # the state where nothing is left

Outs = tuple[tuple[int, int], ...]  # (place, tokens) put outside the part, sorted


class Hop(NamedTuple):
    """From a state to a state, showing a label (None: nothing) and putting tokens outside."""

    source: int
    label: str | None
    outs: Outs
    target: int
    element: str | None

    @property
    def silent(self) -> bool:
        """Whether nothing outside can tell that it happened."""
        return self.label is None and not self.outs


class Graph(NamedTuple):
    """States 0 … size - 1, the first being the start, and hops between them."""

    names: list[str]
    hops: list[Hop]


def quotient(graph: Graph) -> Graph:
    """The same runs with equal states taken as one; the start keeps number 0."""
    leaving: list[list[Hop]] = [[] for _ in graph.names]
    for hop in graph.hops:
        leaving[hop.source].append(hop)
    closures = [_closure(state, leaving) for state in range(len(graph.names))]
    blocks = [0] * len(graph.names)
    count = 1
    while True:
        signs: dict[object, int] = {}
        fresh = [signs.setdefault(_sign(closure, leaving, blocks), len(signs)) for closure in closures]
        blocks = fresh
        if len(signs) == count:
            break
        count = len(signs)
    names: dict[int, str] = {}
    for state, block in enumerate(blocks):
        names.setdefault(block, graph.names[state])
    hops = dict[tuple[object, ...], Hop]()
    for hop in graph.hops:
        moved = hop._replace(source=blocks[hop.source], target=_block(hop.target, blocks))
        if not (moved.silent and moved.source == moved.target):
            hops.setdefault(moved[:4], moved)
    return Graph([names[block] for block in range(count)], _needed(hops.values()))


def _closure(state: int, leaving: list[list[Hop]]) -> list[int]:
    seen, todo = {state}, [state]
    while todo:
        for hop in leaving[todo.pop()]:
            if hop.silent and hop.target != OVER and hop.target not in seen:
                seen.add(hop.target)
                todo.append(hop.target)
    return sorted(seen)


def _block(state: int, blocks: list[int]) -> int:
    return OVER if state == OVER else blocks[state]


def _sign(closure: list[int], leaving: list[list[Hop]], blocks: list[int]) -> object:
    shown = {(h.label, h.outs, _block(h.target, blocks)) for s in closure for h in leaving[s] if not _within(h)}
    return frozenset(shown), frozenset(blocks[state] for state in closure)


def _within(hop: Hop) -> bool:
    return hop.silent and hop.target != OVER


def _needed(hops: Iterable[Hop]) -> list[Hop]:
    """Without those that could as well happen after a silent hop."""
    silent, shown = defaultdict[int, set[int]](set), set[tuple[object, ...]]()
    kept = list(hops)
    for hop in kept:
        shown.add(hop[:4])
        if _within(hop):
            silent[hop.source].add(hop.target)
    return [hop for hop in kept if not any((other, *hop[1:4]) in shown for other in silent[hop.source])]
