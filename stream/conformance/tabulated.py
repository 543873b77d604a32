"""A machine whose states are numbers and whose answers are tables, worked out once when the model is compiled.

Invariant: a final state cannot go on. Where the exit place can, "done" is a state of its own, reached silently: leaving
gives up what could still happen inside.
"""

from collections.abc import Sequence
from typing import Any

from stream.conformance.block import Block
from stream.conformance.edges import Edge, Shape
from stream.conformance.enabling import expected
from stream.conformance.frontier import INF, Ending, Frontier, Home, Item, Mode
from stream.conformance.gains import LARGEST, gains
from stream.conformance.machine import Hops, Machine


class TabulatedMachine(Machine):
    """Plain states 0 … size - 1, edges between them, and blocks (source, target, branches)."""

    initial: int
    final: int

    def __init__(
        self,
        ends: tuple[int, int],
        edges: Sequence[Edge],
        blocks: Sequence[tuple[int, int, Sequence[Home]]],
        bounds: tuple[int, int],
    ) -> None:
        """`ends`: initial and final state; `bounds`: window and most items of a frontier."""
        super().__init__(*bounds)
        self.initial, self.final = ends
        size = 1 + max([*ends, *[s for e in edges for s in (e.source, e.target)], *[s for b in blocks for s in b[:2]]])
        if any(edge.source == self.final for edge in edges) or any(block[0] == self.final for block in blocks):
            edges = [*edges, Edge(self.final, None, size)]
            self.final, size = size, size + 1
        self.blocks = [Block(index, *block) for index, block in enumerate(blocks)]
        self.shape = Shape(size, edges, self.blocks, INF - 1 if size <= LARGEST else self.window)
        self.labels = frozenset(edge.label for edge in edges if edge.label is not None)
        self.labels = self.labels.union(*[block.takers for block in self.blocks])
        self.gain_of = gains(self.shape, self.final, self.window + 1)
        self.completions = [row[self.final] for row in self.shape.distance]
        self.nowhere: list[Hops] = [((), (), self.shape.cut(state)) for state in range(size)]
        self.hops = [self._hops(state) for state in range(size)]
        self._ready: list[frozenset[str] | None] = [None] * size
        self.routes: dict[tuple[int, int], Any] = {}  # what explanations remember of cheapest model moves
        self.begin()

    def _hops(self, state: int) -> dict[str, Hops]:
        """Hops that no cheaper hop and no log move dominates, and the blocks that know the label."""
        found: dict[str, tuple[list[tuple[int, int]], list[tuple[Block, int]], int]] = {}
        g, cut = self.gain_of, self.nowhere[state][2]
        for label, targets in self.shape.raw_hops[state].items():
            kept: list[tuple[int, int]] = []
            for target, cost in targets:
                log_move_is_no_dearer = cost > 0 and 1 + g[target][state] <= cost
                if not log_move_is_no_dearer and not any(d + g[target][z] <= cost for z, d in kept):
                    kept.append((target, cost))
            if kept:
                found[label] = (kept, [], cut)
        for block in self.blocks:
            cost = self.shape.distance[state][block.source]
            if cost < INF:
                for label in block.takers:
                    found.setdefault(label, ([], [], cut))[1].append((block, cost))
        return dict(found)

    def hop(self, state: int, label: str) -> Hops:
        """See `Machine`."""
        return self.hops[state].get(label) or self.nowhere[state]

    def leads(self, state: int, label: str) -> bool:
        """See `Machine`."""
        return label in self.hops[state] or self.nowhere[state][2] < INF

    def may_come(self, state: int, label: str) -> bool:
        """See `Machine`."""
        row = self.shape.distance[state]
        if any(edge.label == label and row[edge.source] < INF for edge in self.shape.edges):
            return True
        return any(label in block.takers and row[block.source] < INF for block in self.blocks)

    def prepare(self, frontier: Frontier, patience: int = 1) -> None:
        """See `Machine`; nothing here depends on the frontier."""

    def state_gain(self, state: int, other: int) -> int:
        """See `Machine`."""
        return self.gain_of[state][other]

    def ending(self, frontier: Frontier) -> Ending:
        """See `Machine`; the tables know every way, so that nothing is ever cut."""
        best, first = 2 * INF, frontier.items[0][0]
        for item, cost in frontier.items:
            if type(item) is Mode:
                total = cost + item.completion + self.completions[item.block.target]
            else:
                total = cost + self.completions[item]
            if total < best:
                best, first = total, item
        return Ending(min(INF, best), INF, first)

    def holds(self, state: object) -> bool:
        """See `Machine`."""
        return isinstance(state, int) and 0 <= state < self.shape.size

    def ready(self, state: int) -> frozenset[str]:
        """See `Machine`."""
        if self._ready[state] is None:
            self._ready[state] = self._find_ready(state)
        return self._ready[state] or frozenset()

    def _find_ready(self, state: int) -> frozenset[str]:
        found = set[str]()
        for label, (targets, blocks, _) in self.hops[state].items():
            if any(cost == 0 for _, cost in targets) or any(
                cost == 0 and any(label in expected(kid.fresh) for kid in block.kids) for block, cost in blocks
            ):
                found.add(label)
        return frozenset(found)

    def reachable(self, most: int) -> list[Item] | None:
        """See `Machine`."""
        states = [state for state, cost in enumerate(self.shape.distance[self.initial]) if cost < INF]
        if len(states) > most:
            return None
        found: list[Item] = list(states)
        for block in self.blocks:
            if block.source in states:
                kids = [kid.everything(most) for kid in block.kids]
                if any(kid is None for kid in kids):
                    return None
                found.append(block.mode(tuple([kid for kid in kids if kid is not None])))
        return found
