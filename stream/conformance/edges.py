"""The static shape of a one-token automaton: its edges and blocks, cheapest model moves, and where a label can lead.

Invariant: `distance[x][y]` is the cheapest cost of model moves from x to y, blocks crossed whole; INF where there is no
way.
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from stream.conformance.block import Block
from stream.conformance.frontier import INF


class Edge(NamedTuple):
    """A step from state to state: visible with a label, silent without; `element` is the model element behind it."""

    source: int
    label: str | None
    target: int
    element: str | None = None


class Shape:
    """The edges and blocks of a machine with `size` states, by state; `reach` is the dearest hop that is tabulated, for
    there are as many as states times labels."""

    def __init__(self, size: int, edges: Sequence[Edge], blocks: Sequence[Block], reach: int) -> None:
        self.size, self.edges, self.reach = size, edges, reach
        self.silent: list[list[int]] = [[] for _ in range(size)]
        self.visible: list[list[tuple[str, int]]] = [[] for _ in range(size)]
        self.entered: list[list[Block]] = [[] for _ in range(size)]
        for edge in edges:
            if edge.label is None:
                self.silent[edge.source].append(edge.target)
            else:
                self.visible[edge.source].append((edge.label, edge.target))
        for block in blocks:
            self.entered[block.source].append(block)
        self.distance = [self._distances(state) for state in range(size)]
        self.raw_hops = [self._raw_hops(state) for state in range(size)]

    def successors(self, state: int) -> list[int]:
        """States one edge or block away."""
        seen = [*self.silent[state], *[target for _, target in self.visible[state]]]
        return seen + [block.target for block in self.entered[state]]

    def cut(self, state: int) -> int:
        """The least cost of a hop that is not tabulated; INF where all are."""
        return self.reach + 1 if any(self.reach < cost < INF for cost in self.distance[state]) else INF

    def moves(self, state: int) -> list[tuple[int, int]]:
        """(state, cost) of single model moves."""
        found = [(target, 0) for target in self.silent[state]]
        found += [(target, 1) for _, target in self.visible[state]]
        return found + [(block.target, block.distance) for block in self.entered[state]]

    def _distances(self, origin: int) -> list[int]:
        best, heap = [INF] * self.size, [(0, origin)]
        best[origin] = 0
        while heap:
            cost, state = heapq.heappop(heap)
            if cost > best[state]:
                continue
            for target, extra in self.moves(state):
                if cost + extra < best[target]:
                    best[target] = cost + extra
                    heapq.heappush(heap, (cost + extra, target))
        return best

    def _raw_hops(self, state: int) -> dict[str, list[tuple[int, int]]]:
        """Label to (target, cost of the model moves before it), cheapest first; nothing pruned yet."""
        row, hops = self.distance[state], dict[str, dict[int, int]]()
        for edge in self.edges:
            if edge.label is not None and row[edge.source] <= self.reach:
                best = hops.setdefault(edge.label, {})
                best[edge.target] = min(row[edge.source], best.get(edge.target, INF))
        return {label: sorted(best.items(), key=lambda hop: (hop[1], hop[0])) for label, best in hops.items()}
