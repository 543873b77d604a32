"""Winning back a lost certificate: the case is aligned anew from its events, with hindsight.

A step that is taken live keeps what any future may ask for. Here the events are known to the last one, and so is what
the case costs at most: whatever must cost more, for the events that are left fit too few of its ways (`counts`), is
left out at once, and what is kept needs no comparing. Invariants: the cost is the truth unless it is above the floor,
and then the truth lies between, as for any frontier; what is left out is in the floor. Work is bounded, and counted,
never timed: equal events get equal answers, in any process.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stream.conformance.counts import Counts, Row, beyond, together
from stream.conformance.frontier import INF, Frontier, Home, Item, Mode
from stream.conformance.reduction import merge

PATIENCE = 2  # times the markings that a step looks at, in parts that are searched
MARKINGS = 4  # that are looked at in the time of one item
FEW = 8  # items of a branch up to which its remembered step will do


class Resolution(NamedTuple):
    """A frontier after some events, their cost, and the floor below which nothing was left out."""

    frontier: Frontier
    cost: int
    floor: int


def due(proven_before: bool, length: int) -> bool:
    """Whether a case that is unproven after so many events is worth a try: when its certificate is lost, and while it
    stays lost at lengths ever further apart, so that a hopeless case costs little. No memory is needed for that: at
    most two bits of the length are set."""
    return proven_before or length.bit_count() <= 2


def resolve(counts: Counts, start: Frontier, events: Sequence[str], bound: int, budget: int) -> Resolution | None:
    """The events aligned anew from a frontier, where they can cost no more than `bound`, the way to the end included if
    the counts are of that. `budget`: items looked at, some twenty microseconds each. None where it does not suffice."""
    search, left = _Search(counts, bound), counts.left(events)
    frontier, cost = start, 0
    for index, event in enumerate(events):
        search.left, search.looked = left[index + 1], search.looked + 1
        if event not in counts.labels:
            cost += 1
            continue
        step = search.advance(frontier, event, cost, counts.nothing)
        if step is None or search.looked > budget:
            return None
        frontier, cost = step[0], cost + step[1]
    return Resolution(frontier, cost, search.floor)


class _Search:
    """One pass over the events. All costs are those of the whole case, so that one floor does for all branches."""

    def __init__(self, counts: Counts, bound: int) -> None:
        self.counts, self.bound = counts, bound
        self.left: Row = ()
        self.floor, self.looked = INF, 0
        self.rows: dict[Frontier, Row] = {}

    def advance(self, frontier: Frontier, event: str, base: int, beside: Row) -> tuple[Frontier, int] | None:
        """The frontier after an event, as far as it is within the bound, and its cost above `base`, the cost before;
        None if nothing is. `beside` is what may still come outside of this machine."""
        machine = frontier.machine

        def inside(mode: Mode, cost: int) -> list[tuple[Mode, int, int]]:
            behind = together((self.counts.of_item(machine, mode.block.target), beside))
            return self._inside(mode, event, base + cost, behind)

        machine.prepare(frontier, PATIENCE)
        before = machine.looked
        candidates, dropped = machine.candidates(frontier, event, inside)
        self.floor = min(self.floor, base + dropped)
        self.looked += len(candidates) + (machine.looked - before) // MARKINGS
        kept = dict[Item, int]()
        for item, cost in candidates.items():
            total = base + cost + beyond(self._row_of(item, machine, beside), self.left)
            if total <= self.bound:
                kept[item] = cost
            else:
                self.floor = min(self.floor, total)
        return _normal(machine, kept) if kept else None

    def _inside(self, mode: Mode, event: str, base: int, beside: Row) -> list[tuple[Mode, int, int]]:
        """The modes after an event inside one, and their costs: what was dropped for them is in the floor already."""
        found, block = list[tuple[Mode, int, int]](), mode.block
        for position in block.takers[event]:
            kid = mode.kids[position]
            step = self._remembered(kid, event, base)
            if step is None:
                others = [self._row(other) for other in mode.kids if other is not kid]
                step = self.advance(kid, event, base, together([beside, *others]))
            if step is None:
                continue
            frontier, cost = step
            found.append((block.exchanged(mode, position, frontier), cost, INF))
        return found

    def _remembered(self, kid: Frontier, event: str, base: int) -> tuple[Frontier, int] | None:
        """The step of a small branch as it is taken live, if nothing that matters is dropped there."""
        if len(kid.items) > FEW:
            return None
        frontier, cost, dropped = kid.step(event)
        if base + dropped <= self.bound:
            return None
        self.floor = min(self.floor, base + dropped)
        return frontier, cost

    def _row_of(self, item: Item, machine: Home, beside: Row) -> Row:
        """What may still come of an item and beside it."""
        if type(item) is not Mode:
            return together((self.counts.of_item(machine, item), beside))
        return together([*map(self._row, item.kids), self.counts.of_item(machine, item.block.target), beside])

    def _row(self, kid: Frontier) -> Row:
        found = self.rows.get(kid)
        if found is None:
            found = self.rows[kid] = self.counts.of(kid)
        return found


def _normal(machine: Home, kept: dict[Item, int]) -> tuple[Frontier, int]:
    """The frontier of these items, and the cost of the cheapest."""
    merged = merge(list(kept.items())) or kept
    low = min(merged.values())
    ranked = sorted(merged.items(), key=lambda pair: (pair[1], machine.key(pair[0])))
    return machine.intern(tuple([(item, cost - low) for item, cost in ranked])), low
