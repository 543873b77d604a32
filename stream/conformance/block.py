"""A block: an edge of a machine that runs several machines in parallel, from their initial to their final states.

Invariant: inside a block every event is one log move, or is synchronised by exactly one branch. So the cheapest over
"who takes it" is the least over branches of stepping that branch alone (its log move is inside its own step).
"""

from collections.abc import Sequence

from stream.conformance.frontier import Frontier, Home, Mode, gain
from stream.conformance.memo import Memo

MOST_MODES = 5_000  # remembered per block


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
        return self.modes.get(kids) or self.modes.put(kids, Mode(self, kids, sum([kid.completion for kid in kids])))

    def exchanged(self, mode: Mode, position: int, kid: Frontier) -> Mode:
        """The mode with another frontier of one branch."""
        before = mode.kids
        kids = (*before[:position], kid, *before[position + 1 :])
        found = self.modes.get(kids)
        if found is None:
            completion = mode.completion - before[position].completion + kid.completion
            found = self.modes.put(kids, Mode(self, kids, completion))
        return found

    def step(self, mode: Mode, label: str) -> list[tuple[Mode, int, int]]:
        """Modes, costs and least dropped costs after an event, one for each branch that may take it."""
        found = []
        for position in self.takers[label]:
            kid = mode.kids[position]
            frontier, cost, drop = kid.next.get(label) or kid.step(label)
            found.append((self.exchanged(mode, position, frontier), cost, drop))
        return found

    def enter(self, label: str) -> list[tuple[Mode, int, int]]:
        """The same from the moment of entering: every branch fresh."""
        found = self.first.get(label)
        if found is None:
            found = self.first[label] = self.step(self.mode(tuple([kid.fresh for kid in self.kids])), label)
        return found
