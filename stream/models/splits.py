"""How tokens go on after a node: one way, all ways, or some of them.

Conditions are not evaluated: whatever they could choose may happen. Invariant: where at least one way must be taken, no
run takes none.
"""

from collections.abc import Sequence
from itertools import combinations

from stream.models.graph import Flow, Kind, Node
from stream.models.inclusive import Pair
from stream.models.waiting import Waiting

MOST_CHOICES = 8  # ways out of an inclusive split without a join of its own


def choose(waiting: Waiting, node: Node, entry: int) -> None:
    """One way out, whichever."""
    for place in [waiting.into(flow) for flow in node.outgoing] or waiting.out(node):
        waiting.sketch.step([entry], [place], None, node.id)


def split(waiting: Waiting, node: Node, waits: Sequence[int], label: str | None = None) -> None:
    """All ways out at once, or some, where they have conditions (BPMN 2.0, 10.5.1: an implicit inclusive split)."""
    conditional = [flow for flow in node.outgoing if flow.conditional or flow.id == node.default]
    completed = [waiting.sketch.did[id(node)]] if id(node) in waiting.sketch.did else []
    if node.kind is Kind.PARALLEL or not conditional:
        waiting.sketch.step(waits, waiting.out(node) * node.gives + completed, label, node.id)
        return
    middle = waiting.sketch.place(f"after {node.id}")
    waiting.sketch.step(waits, [middle] * node.gives + completed, label, node.id)
    always = [flow for flow in node.outgoing if flow not in conditional]
    _subsets(waiting, node, middle, [flow for flow in conditional if flow.id != node.default], always)


def some(waiting: Waiting, node: Node, place: int) -> None:
    """At least one way out, or the default alone: an inclusive or a complex split (BPMN 2.0, 10.6.3 and 10.6.5)."""
    if len(node.outgoing) <= 1:
        choose(waiting, node, place)
    else:
        _subsets(waiting, node, place, [flow for flow in node.outgoing if flow.id != node.default], [])


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


def nested(waiting: Waiting, pair: Pair, place: int) -> None:
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
