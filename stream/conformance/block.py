"""A block: an edge of a machine that runs several machines in parallel, from their initial to their final states.

Invariant: inside a block every event is one log move, or is synchronised by exactly one branch. So the cheapest over
"who takes it" is the least over branches of stepping that branch alone (its log move is inside its own step).
"""

from collections.abc import Sequence

from stream.conformance.frontier import Frontier, Home, Mode, gain
from stream.conformance.memo import Memo

MOST_MODES = 20_000  # remembered per block


class Block:
    """Branches between two states of a machine; `takers` says which branches know a label."""

    def __init__(self, index: int, source: int, target: int, kids: Sequence[Home]) -> None:
        self.index, self.source, self.target, self.kids = index, source, target, list(kids)
        self.takers: dict[str, list[int]] = {}
        for position, kid in enumerate(kids):
            for label in sorted(kid.labels):
                self.takers.setdefault(label, []).append(position)
        self.distance = sum(kid.fresh.completion for kid in kids)  # cheapest way through by model moves
        self.longest = sum(gain(kid.fresh, kid.done) for kid in kids)  # most events that a run through can synchronise
        self.modes: Memo[tuple[Frontier, ...], Mode] = Memo(MOST_MODES)
        self.first: dict[str, list[tuple[Mode, int, int]]] = {}

    def mode(self, kids: tuple[Frontier, ...]) -> Mode:
        """The mode with these branch frontiers, one per branch."""
        return self.modes.get(kids) or self.modes.put(kids, Mode(self, kids))

    def step(self, kids: tuple[Frontier, ...], label: str) -> list[tuple[Mode, int, int]]:
        """Modes, costs and least dropped costs after an event, one for each branch that may take it."""
        found = []
        for position in self.takers[label]:
            frontier, cost, drop = kids[position].step(label)
            found.append((self.mode((*kids[:position], frontier, *kids[position + 1 :])), cost, drop))
        return found

    def enter(self, label: str) -> list[tuple[Mode, int, int]]:
        """The same from the moment of entering: every branch fresh."""
        found = self.first.get(label)
        if found is None:
            found = self.first[label] = self.step(tuple([kid.fresh for kid in self.kids]), label)
        return found
