"""A best-first walk over markings by model moves, shared by the searches of a lazy machine.

Invariant: markings come in order of cost, each once, at its cheapest; `cut` is the least cost of anything not followed.
"""

import heapq
from collections.abc import Iterator, Sequence

from stream.conformance.frontier import INF
from stream.conformance.marking import MarkingGraph


class Walk:
    """Dijkstra's algorithm from one marking; the caller says at each marking which transitions to follow."""

    def __init__(self, graph: MarkingGraph, start: bytes, budget: int) -> None:
        self.graph, self.budget, self.cut = graph, budget, INF
        self.reached = {start: 0}
        self.came: dict[bytes, tuple[bytes, int]] = {}  # marking -> the one before, and the transition between
        self.heap = [(0, start)]

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield (cost, marking) until the budget is spent, which counts as cut."""
        looked = 0
        while self.heap:
            cost, marking = heapq.heappop(self.heap)
            if cost > self.reached[marking]:
                continue
            looked += 1
            if looked > self.budget:
                self.cut = min(self.cut, cost)
                return
            yield cost, marking

    def follow(self, cost: int, marking: bytes, transitions: Sequence[int]) -> None:
        """Walk on from a marking by these enabled transitions."""
        graph = self.graph
        for transition in transitions:
            after, total = graph.fire(marking, transition), cost + graph.cost[transition]
            if after is None:
                self.cut = min(self.cut, total)
            elif total < self.reached.get(after, INF):
                self.reached[after] = total
                self.came[after] = (marking, transition)
                heapq.heappush(self.heap, (total, after))

    def path(self, marking: bytes) -> list[int]:
        """The transitions from the start to a marking reached."""
        found = list[int]()
        while marking in self.came:
            marking, transition = self.came[marking]
            found.append(transition)
        return found[::-1]
