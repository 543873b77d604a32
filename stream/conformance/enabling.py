"""What can follow a frontier without deviating, and whether a case is at its end.

Invariant: a label is expected exactly when a step with it costs nothing.
"""

from stream.conformance.frontier import Frontier, Mode


def expected(frontier: Frontier) -> frozenset[str]:
    """The labels that can come next at no cost, after silent moves only."""
    if frontier.awaited is None:
        frontier.awaited = _expected(frontier)
    return frontier.awaited


def _expected(frontier: Frontier) -> frozenset[str]:
    found, machine = frozenset[str](), frontier.machine
    machine.prepare(frontier)
    for item, cost in frontier.items:
        if cost > 0:
            continue
        if type(item) is not Mode:
            found |= machine.ready(item)
            continue
        found = found.union(*[expected(kid) for kid in item.kids])
        if item.completion == 0:
            found |= machine.ready(item.block.target)
    return found


def finished(frontier: Frontier) -> bool:
    """Whether the final state is reached by silent moves from a cheapest item, and nothing visible can follow."""
    return not expected(frontier) and frontier.completion == 0  # in this order: the way to the end may be a long search
