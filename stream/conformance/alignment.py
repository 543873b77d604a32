"""One alignment behind a cost: which events were synchronised, which model steps were missing, and when.

A *place* is a frontier of one item at no cost, in each branch of a mode again: one thing that the model may be doing.
A frontier remembers nothing of how its items came about, so `origin` asks backwards: from which item, by which move,
does a place after an event come at the least cost? Invariant: the costs of all moves of an alignment add up to the cost
of its last place, which is the case's cost wherever that is certified.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from stream.conformance.block import Block
from stream.conformance.frontier import INF, Frontier, Home, Item, Mode, State
from stream.conformance.machine import Machine
from stream.conformance.routes import Route, before_block, before_label, steps_to_label, to_end

MOST_REMARKS = 1_000  # answers remembered per frontier
MOST_PICKS = 16  # places of a frontier that are looked at to prefer one


class Move(NamedTuple):
    """What one event was taken for: model steps missing before it, then itself, synchronised with `element` or not."""

    missing: Route
    synchronised: bool
    element: str | None = None

    @property
    def cost(self) -> int:
        """What the move costs."""
        return len(self.missing) + (not self.synchronised)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the missing steps."""
        return tuple([step.label for step in self.missing])


LOG_MOVE = Move((), False)


class Origin(NamedTuple):
    """Where a place comes from: what it costs above the frontier before the event, by way of which place there, at what
    cost, and by which move."""

    total: int
    before: int
    source: Frontier
    move: Move


class _Way(NamedTuple):
    """A possible origin, its move not yet spelled out; ways compare by total cost, then by cost before the event."""

    total: int
    before: int
    source: Frontier
    move: Callable[[], Move]


def single(machine: Home, item: Item) -> Frontier:
    """The place of one item."""
    return machine.intern(((item, 0),))


def picks(frontier: Frontier) -> Iterator[Frontier]:
    """The cheapest places of a frontier; of a mode, its first choice and those that differ from it in one branch."""
    machine = frontier.machine
    for item, cost in frontier.items:
        if cost > 0:
            return
        if type(item) is not Mode:
            yield single(machine, item)
            continue
        choices = [list(picks(kid)) for kid in item.kids]
        first = tuple([choice[0] for choice in choices])
        yield single(machine, item.block.mode(first))
        for branch, choice in enumerate(choices):
            for other in choice[1:MOST_PICKS]:
                yield single(machine, item.block.mode((*first[:branch], other, *first[branch + 1 :])))


def ending(frontier: Frontier) -> Frontier:
    """The place of a frontier from which the final state is reached at the least cost."""
    machine = frontier.machine
    item = frontier.ending.item
    if type(item) is Mode:
        return single(machine, item.block.mode(tuple([ending(kid) for kid in item.kids])))
    return single(machine, item)


def cost_of(place: Frontier, frontier: Frontier) -> int:
    """What a place costs within a frontier; INF where it is not there."""
    wanted, best = place.items[0][0], INF
    for item, cost in frontier.items:
        if type(item) is Mode:
            if type(wanted) is Mode and item.block is wanted.block:
                pairs = zip(wanted.kids, item.kids, strict=True)
                best = min(best, cost + sum([cost_of(mine, kid) for mine, kid in pairs]))
        elif type(wanted) is not Mode and item == wanted:
            best = min(best, cost)
    return best


def origin(frontier: Frontier, label: str, target: Frontier) -> Origin | None:
    """Where a place after an event comes from at the least cost; None where it does not come from this frontier."""
    remarks, question = remarks_of(frontier), (label, target)
    if question in remarks:
        known: Origin | None = remarks[question]
        return known
    machine = frontier.machine
    assert isinstance(machine, Machine)
    machine.prepare(frontier)
    best = min(_ways(machine, frontier, label, target), key=lambda way: way[:2], default=None)
    found = None if best is None else Origin(best.total, best.before, best.source, best.move())
    remarks[question] = found
    return found


def steps_before(standing: Frontier, label: str) -> int:
    """How many steps a standing lacks at least before a label can be synchronised; INF where it never can."""
    remarks, question = remarks_of(standing), (label, None)
    if question not in remarks:
        machine = standing.machine
        assert isinstance(machine, Machine)
        machine.prepare(standing)
        remarks[question] = min(INF, *[_steps_before(machine, item, label) for item, _ in standing.items])
    known: int = remarks[question]
    return known


def _steps_before(machine: Machine, item: Item, label: str) -> int:
    if type(item) is not Mode:
        return steps_to_label(machine, item, label)
    inside = [steps_before(kid, label) for kid in item.kids if label in kid.machine.labels]
    return min(item.completion + steps_to_label(machine, item.block.target, label), *inside, INF)


def remarks_of(frontier: Frontier) -> dict[Any, Any]:
    """What is remembered about a frontier for explanations; bounded."""
    if frontier.remarks is None or len(frontier.remarks) > MOST_REMARKS:
        frontier.remarks = {}
    return frontier.remarks


def _ways(machine: Machine, frontier: Frontier, label: str, target: Frontier) -> Iterator[_Way]:
    wanted = target.items[0][0]
    for item, cost in frontier.items:
        if type(item) is Mode:
            if type(wanted) is Mode and wanted.block is item.block:
                yield from _inside(item, cost, label, target)
            if cost + item.completion < INF:
                chosen = item.block.mode(tuple([ending(kid) for kid in item.kids]))
                source = single(machine, chosen)
                before = cost + sum(cost_of(mine, kid) for mine, kid in zip(chosen.kids, item.kids, strict=True))
                left = _Way(cost + item.completion, before, source, partial(_completed, chosen.kids))
                yield from _hops(machine, item.block.target, left, label, wanted)
        else:
            source = single(machine, item)
            if type(wanted) is not Mode and item == wanted:
                yield _Way(cost + 1, cost, source, _log_move)
            yield from _hops(machine, item, _Way(cost, cost, source, _no_move), label, wanted)


def _log_move() -> Move:
    return LOG_MOVE


def _no_move() -> Move:
    return Move((), True)


def _as_is(move: Move) -> Move:
    return move


def _completed(kids: tuple[Frontier, ...]) -> Move:
    return Move(tuple([step for kid in kids for step in to_end(kid)]), True)


def _inside(mode: Mode, cost: int, label: str, target: Frontier) -> Iterator[_Way]:
    """The event taken inside a block that is not left."""
    wanted = target.items[0][0]
    assert type(wanted) is Mode
    costs = [cost_of(mine, kid) for mine, kid in zip(wanted.kids, mode.kids, strict=True)]
    if label not in mode.block.takers:
        total = cost + sum(costs)
        if total < INF:
            yield _Way(total + 1, total, target, _log_move)
        return
    for branch in mode.block.takers[label]:
        others = cost + sum(costs) - costs[branch]
        came = origin(mode.kids[branch], label, wanted.kids[branch]) if others < INF else None
        if came is not None:
            kids = (*wanted.kids[:branch], came.source, *wanted.kids[branch + 1 :])
            before = others + cost_of(came.source, mode.kids[branch])
            source = single(target.machine, mode.block.mode(kids))
            yield _Way(others + came.total, before, source, partial(_as_is, came.move))


def _hops(machine: Machine, state: State, base: _Way, label: str, wanted: Item) -> Iterator[_Way]:
    """The event synchronised after model moves from a state, which was itself reached by `base`."""
    targets, blocks, _ = machine.hop(state, label)
    if type(wanted) is not Mode:
        for target, extra in targets:
            if target == wanted:
                yield base._replace(
                    total=base.total + extra, move=partial(_hopped, machine, state, base, label, wanted)
                )
        return
    for block, extra in blocks:
        if block is wanted.block:
            for way in _inside(block.mode(tuple([kid.fresh for kid in block.kids])), 0, label, single(machine, wanted)):
                moved = partial(_entered, machine, state, base, way)
                yield base._replace(total=base.total + extra + way.total, move=partial(moved, block))


def _hopped(machine: Machine, state: State, base: _Way, label: str, target: State) -> Move:
    route, element = before_label(machine, state, label, target)
    return Move((*base.move().missing, *route), True, element)


def _entered(machine: Machine, state: State, base: _Way, way: _Way, block: Block) -> Move:
    inside = way.move()
    return inside._replace(missing=(*base.move().missing, *before_block(machine, state, block), *inside.missing))
