"""How tokens go on after a node: one way, all ways, or some of them.

Conditions are not evaluated: whatever they could choose may happen. Invariant: where at least one way must be taken, no
run takes none.
"""

from collections.abc import Sequence
from itertools import combinations

from stream.models.graph import Flow, Kind, Node
from stream.models.inclusive import Pair
from stream.models.waiting import Waiting

MOST_CHOICES = 6  # ways out of an inclusive split without a join of its own


def choose(waiting: Waiting, node: Node, entry: int) -> None:
    """One way out, whichever."""
    for place in [waiting.into(flow) for flow in node.outgoing] or waiting.out(node):
        waiting.sketch.step([entry], [place], None, node.id)


def split(waiting: Waiting, node: Node, waits: Sequence[int], label: str | None = None) -> None:
    """All ways out at once, or some, where they have conditions (BPMN 2.0, 10.5.1: an implicit inclusive split)."""
    conditional = [flow for flow in node.outgoing if flow.conditional or flow.id == node.default]
    if node.kind is Kind.PARALLEL or not conditional:
        waiting.sketch.step(waits, waiting.out(node), label, node.id)
        return
    middle = waiting.sketch.place(f"after {node.id}")
    waiting.sketch.step(waits, [middle], label, node.id)
    always = [flow for flow in node.outgoing if flow not in conditional]
    _subsets(waiting, node, middle, [flow for flow in conditional if flow.id != node.default], always)


def inclusive(waiting: Waiting, node: Node) -> None:
    """An inclusive gateway: a join, a split, or both."""
    place, waits = waiting.entries[node.id], waiting.joined(node)
    if waits and len(node.outgoing) <= 1:
        waiting.sketch.step(waits, waiting.out(node), None, node.id)
        return
    if waits:
        waiting.sketch.step(waits, [place], None, node.id)
    pair = next((pair for pair in waiting.pairs.values() if pair.split is node), None)
    if len(node.outgoing) <= 1:
        choose(waiting, node, place)
    elif pair is None:
        _subsets(waiting, node, place, [flow for flow in node.outgoing if flow.id != node.default], [])
    else:
        _nested(waiting, pair, place)


def _subsets(waiting: Waiting, node: Node, place: int, optional: Sequence[Flow], always: Sequence[Flow]) -> None:
    """Every set of optional ways out; none of them only where there is another way."""
    sketch = waiting.sketch
    if len(optional) > MOST_CHOICES:
        sketch.refuse(node, f"chooses among {len(optional)} ways out", f"at most {MOST_CHOICES}, or a join")
        return
    default = [flow for flow in node.outgoing if flow.id == node.default]
    for size in range(0 if always or default else 1, len(optional) + 1):
        for chosen in combinations(optional, size):
            taken = [*always, *(chosen or default)]
            sketch.step([place], [waiting.into(flow) for flow in taken], None, node.id)


def _nested(waiting: Waiting, pair: Pair, place: int) -> None:
    """A split with its join: at least one branch is taken, and the join gets a token for each of the others."""
    sketch, default = waiting.sketch, pair.split.default
    ways = {branch.out.id: (waiting.into(branch.out), waiting.arrivals[branch.back.id]) for branch in pair.branches}
    maybe: dict[str, int] = {}
    for flow, (take, skip) in ways.items():
        maybe[flow] = take
        if take != skip and flow != default:
            maybe[flow] = sketch.place(f"{flow}?")
            sketch.step([maybe[flow]], [take], None, pair.split.id)
            sketch.step([maybe[flow]], [skip], None, pair.split.id)
    for chosen, (take, _) in ways.items():
        others = {flow: skip if default in (flow, chosen) else maybe[flow] for flow, (_, skip) in ways.items()}
        sketch.step([place], [take if flow == chosen else others[flow] for flow in ways], None, pair.split.id)
