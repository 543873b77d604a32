"""A best-first walk over markings by model moves, shared by the searches of a lazy machine.

Invariant: markings come in order of cost, each once, at its cheapest; `cut` is the least cost of anything not followed.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence

from stream.conformance.frontier import INF
from stream.conformance.marking import MarkingGraph

TRANSITIONS_FOR_ONE = 32  # transitions that are looked at in the time of one marking


class Walk:
    """Dijkstra's algorithm from markings with costs; the caller says at each marking which transitions to follow."""

    def __init__(self, graph: MarkingGraph, starts: Mapping[bytes, int], budget: int) -> None:
        self.graph, self.left, self.cut = graph, budget, INF
        self.reached = dict(starts)
        self.came: dict[bytes, tuple[bytes, int]] = {}  # marking -> the one before, and the transition between
        self.heap = sorted((cost, marking) for marking, cost in starts.items())

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield (cost, marking) until the budget is spent, which counts as cut; a marking costs 1, or more."""
        price = 1 + len(self.graph.transitions) // TRANSITIONS_FOR_ONE
        while self.heap:
            cost, marking = heapq.heappop(self.heap)
            if cost > self.reached[marking]:
                continue
            self.left -= price
            if self.left < 0:
                self.cut = min(self.cut, cost)
                return
            yield cost, marking

    def charge(self, transitions: int) -> None:
        """Count what the caller looked at beside."""
        self.left -= transitions // TRANSITIONS_FOR_ONE

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

    def start(self, marking: bytes) -> bytes:
        """Where the walk to a marking started."""
        while marking in self.came:
            marking, _ = self.came[marking]
        return marking

    def path(self, marking: bytes) -> list[int]:
        """The transitions from where it started to a marking reached."""
        found = list[int]()
        while marking in self.came:
            marking, transition = self.came[marking]
            found.append(transition)
        return found[::-1]
