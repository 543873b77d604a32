"""A machine: a one-token automaton that steps frontiers, exact as far as its certificate says.

Step on label a. A state x at cost c gives x at c + 1 (log move) and, for every hop x ..a-> y by model moves of cost d,
also y at c + d; entering a block that knows a gives fresh branches, stepped. A mode gives itself with one branch
stepped, for each branch that knows a (or itself at c + 1), and may leave: its branches are completed by model moves,
then as from the block's target. Entering and leaving are lazy, like all model moves: nothing moves before an event
needs it.

Invariant: an item left out is either dominated (a kept item is never dearer for any future), or its cost is reported as
dropped. Then the prefix cost C of a case is exact iff C <= D, D the least over its steps of cost so far + dropped;
otherwise the truth lies in [D, C].
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from stream.conformance.block import Block
from stream.conformance.frontier import INF, Ending, Frontier, Item, Mode, State, Step, gain
from stream.conformance.reduction import merge, reduce

Inside = Callable[[Mode, int], list[tuple[Mode, int, int]]]  # from a mode at a cost: modes, costs, least costs dropped
Hops = tuple[Sequence[tuple[State, int]], Sequence[tuple[Block, int]], int]  # targets, blocks, least cost cut


class Machine(ABC):
    """What all machines share; where states lead is said by `hop`, `state_gain` and `ending`."""

    limit = 5_000  # interned frontiers; beyond, the oldest are forgotten one at a time

    initial: State
    final: State
    labels: frozenset[str]
    blocks: list[Block]

    def __init__(self, window: int, most: int) -> None:
        self.window, self.most = window, most
        self.looked = 0  # markings that answers were searched among, those remembered counted as well
        self.table: dict[tuple[tuple[Item, int], ...], Frontier] = {}
        self.order: deque[Frontier] = deque()

    def begin(self) -> None:
        """Intern the two frontiers that every machine needs; the last act of a machine's making."""
        self.fresh = self.intern(((self.initial, 0),))
        self.done = self.intern(((self.final, 0),))

    @abstractmethod
    def hop(self, state: State, label: str) -> Hops:
        """Where the label can be synchronised from a state: (states, blocks to enter, least cost cut off)."""

    @abstractmethod
    def state_gain(self, state: State, other: State) -> int:
        """Upper bound of how much cheaper one state can ever be than another."""

    @abstractmethod
    def ending(self, frontier: Frontier) -> Ending:
        """The cheapest way from a frontier to the final state, by model moves."""

    @abstractmethod
    def leads(self, state: State, label: str) -> bool:
        """Whether the label may be synchronised somewhere from this state on."""

    @abstractmethod
    def holds(self, state: State) -> bool:
        """Whether this is a state of the machine at all."""

    @abstractmethod
    def reachable(self, most: int) -> list[Item] | None:
        """Items that together stand for everything reachable from the initial state; None past `most` of them."""

    @abstractmethod
    def ready(self, state: State) -> frozenset[str]:
        """The labels that can be synchronised from a state after silent moves only."""

    @abstractmethod
    def may_come(self, state: State, label: str) -> bool:
        """Whether the label can be synchronised somewhere after a state, at whatever cost."""

    @abstractmethod
    def prepare(self, frontier: Frontier, patience: int = 1) -> None:
        """Tell `hop` which frontier's items it is going to be asked about, and with how much patience."""

    def everything(self, most: int) -> Frontier | None:
        """The frontier of all reachable states at no cost; None where they are too many."""
        items = self.reachable(most)
        if items is None:
            return None
        frontier, _, cut = self.build(dict.fromkeys(items, 0), INF)
        return frontier if cut >= INF else None

    def key(self, item: Item) -> tuple[Any, ...]:
        """The item's content, the same in every process."""
        return item.key if type(item) is Mode else (0, item)

    def bound(self, x: Item, y: Item) -> int:
        """Upper bound of the gain of item x over item y (see `gains`)."""
        g = self.state_gain
        if type(x) is not Mode:
            return g(x, y) if type(y) is not Mode else self._over_mode(x, y)
        block = x.block
        if type(y) is Mode and block is y.block:
            from_kids = 0
            for kid, rival in zip(x.kids, y.kids, strict=True):
                if kid is not rival:
                    from_kids += gain(kid, rival)
            return from_kids
        over_fresh, over_done, _ = x.scalars
        if type(y) is not Mode:
            return min(over_fresh + g(block.source, y), over_done + g(block.target, y))
        return min(over_fresh + self._over_mode(block.source, y), over_done + self._over_mode(block.target, y))

    def _over_mode(self, state: State, mode: Mode) -> int:
        g, block = self.state_gain, mode.block
        return min(g(state, block.source) + mode.scalars[2], g(state, block.target) + mode.completion)

    def step(self, frontier: Frontier, label: str) -> Step:
        """Compute and remember the frontier after an event: (next, cost, least dropped cost)."""
        if not frontier.admitted:
            frontier = self._admit(self.table.get(frontier.items) or frontier)
            if label in frontier.next:
                return frontier.next[label]
        found = self.build(*self.candidates(frontier, label))
        if frontier.admitted:  # unless it was the oldest, and forgotten meanwhile
            frontier.next[label] = found
        return found

    def candidates(self, frontier: Frontier, label: str, inside: Inside | None = None) -> tuple[dict[Item, int], int]:
        """Everything that an event can lead to, with costs above the frontier's, and the least cost dropped; `inside`
        takes the event inside a mode in place of its block."""
        candidates: dict[Item, int] = {}
        drop = INF
        for item, cost in frontier.items:
            if type(item) is Mode:
                if label in item.block.takers:
                    modes = item.block.step(item, label) if inside is None else inside(item, cost)
                    drop = _collect(modes, cost, candidates, drop)
                elif cost + 1 < candidates.get(item, INF):
                    candidates[item] = cost + 1
                state: State = item.block.target
                cost += item.completion
                if cost > self.window + 1:  # leaving costs too much: whatever it leads to costs at least that
                    drop = min(drop, cost) if self.leads(state, label) else drop
                    continue
            else:
                state = item
                if cost + 1 < candidates.get(item, INF):
                    candidates[item] = cost + 1
            targets, blocks, cut = self.hop(state, label)
            if cost + cut < drop:
                drop = cost + cut
            for target, extra in targets:
                if cost + extra < candidates.get(target, INF):
                    candidates[target] = cost + extra
            for block, extra in blocks:
                drop = _collect(block.enter(label), cost + extra, candidates, drop)
        return candidates, drop

    def build(self, candidates: dict[Item, int], drop: int) -> Step:
        """The frontier of these candidates without dominated and dear ones, its least cost, and the least dropped."""
        low = min(candidates.values())
        if len(candidates) == 1:
            return self.intern(((next(iter(candidates)), 0),)), low, drop
        items, cut = self.reduce(candidates)
        drop = min(drop, cut)
        if len(items) > 1:
            merged = merge(items)
            if merged is not None:
                items, _ = self.reduce(merged)
        high, size = low + self.window, len(items)
        while size and (items[size - 1][1] > high or size > self.most):
            size -= 1
        if size < len(items):
            drop = min(drop, items[size][1])
            items = items[:size]
        return self.intern(tuple([(item, cost - low) for item, cost in items])), low, drop

    def reduce(self, candidates: dict[Item, int]) -> tuple[list[tuple[Item, int]], int]:
        """The candidates that no other dominates, cheapest first, and the least cost left out as too many."""
        return reduce(self, candidates, 2 * self.most)

    def intern(self, items: tuple[tuple[Item, int], ...]) -> Frontier:
        """The one frontier with these items; the oldest is forgotten where there are too many."""
        return self.table.get(items) or self._admit(Frontier(self, items))

    def _admit(self, frontier: Frontier) -> Frontier:
        if not frontier.admitted:
            frontier.admitted = True
            self.table[frontier.items] = frontier
            self.order.append(frontier)
            if len(self.order) > self.limit:
                self._forget_one()
        return frontier

    def _forget_one(self) -> None:
        oldest = self.order.popleft()
        if oldest is self.fresh or oldest is self.done:
            self.order.append(oldest)
            return
        del self.table[oldest.items]
        oldest.forget()


def _collect(modes: list[tuple[Mode, int, int]], base: int, candidates: dict[Item, int], drop: int) -> int:
    for mode, cost, cut in modes:
        if base + cost < candidates.get(mode, INF):
            candidates[mode] = base + cost
        if base + cut < drop:
            drop = base + cut
    return drop
