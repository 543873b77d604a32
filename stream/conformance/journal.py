"""A frontier written down, and read again in any process that has the same version of the automaton.

Invariant: `load(dump(f))` steps as `f` does. The form is nested lists: [cost, state] for a plain state (a number, or
[place, tokens, place, tokens, …] of a marking), [cost, block, [branch, …]] for a mode.
"""

from typing import Any

from stream.conformance.frontier import Frontier, Item, Mode, State
from stream.conformance.machine import Machine


def dump(frontier: Frontier) -> list[Any]:
    """Plain lists and numbers, the same in every process."""
    return [[cost, *_dump_item(item)] for item, cost in frontier.items]


def _dump_item(item: Item) -> list[Any]:
    if type(item) is Mode:
        return [item.block.index, [dump(kid) for kid in item.kids]]
    if isinstance(item, bytes):
        return [[number for place, tokens in enumerate(item) if tokens for number in (place, tokens)]]
    return [item]


def load(machine: Machine, written: Any) -> Frontier:
    """The frontier that was written down; raises `ValueError` where this machine cannot have written it."""
    try:
        return _load(machine, written)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a frontier of this model: {error}") from error


def _load(machine: Machine, written: Any) -> Frontier:
    items: list[tuple[Item, int]] = []
    for cost, place, *branches in written:
        if branches:
            block = machine.blocks[place]
            kids = [_load(kid, part) for kid, part in zip(block.kids, branches[0], strict=True)]
            items.append((block.mode(tuple(kids)), cost))
        else:
            items.append((_state(machine, place), cost))
    if min(cost for _, cost in items) != 0:
        raise ValueError("its least cost is not 0")
    return machine.intern(tuple(items))


def _state(machine: Machine, written: Any) -> State:
    state = written
    if isinstance(written, list):
        tokens = bytearray(len(machine.initial))
        for place, number in zip(written[::2], written[1::2], strict=True):
            tokens[place] = number
        state = bytes(tokens)
    if not machine.holds(state):
        raise ValueError(f"no state {state!r}")
    return state
