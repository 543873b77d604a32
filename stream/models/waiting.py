"""Where tokens wait in a scope: one place before each node, or one per flow before a node that waits for all of them.

Invariant: every sequence flow leads to exactly one of these places.
"""

from stream.models.graph import Flow, Kind, Node, Scope
from stream.models.inclusive import Pair, pair_of
from stream.models.sketch import Sketch

JOINS = (Kind.PARALLEL, Kind.INCLUSIVE, Kind.COMPLEX)


class Waiting:
    """The places of one process or sub-process, and the sketch that they are drawn in. `apart`: inclusive joins that
    are not to be taken together with their splits."""

    def __init__(self, sketch: Sketch, scope: Scope, apart: frozenset[str] = frozenset()) -> None:
        self.sketch, self.scope = sketch, scope
        self.entries: dict[str, int] = {}
        self.arrivals: dict[str, int] = {}  # flows into nodes that wait for all of them
        self.terminals: list[int] = []  # where tokens end
        self.pairs: dict[str, Pair] = {}  # by join
        self.shut: dict[int, int] = {}  # places that say that something was opened -> marked until it is
        for node in scope.nodes.values():
            sketch.nodes.setdefault(node.id, node)
            self.entries[node.id] = sketch.place(node.id)
            if len(node.incoming) > 1 and node.kind in JOINS:
                self._join(node, apart)

    def _join(self, node: Node, apart: frozenset[str]) -> None:
        if node.kind is Kind.INCLUSIVE and node.id not in apart:
            pair = pair_of(self.scope, node)
            if pair is not None:
                self.pairs[node.id] = pair
                if pair.split.kind is Kind.EXCLUSIVE:
                    return
        for flow in node.incoming:
            self.arrivals[flow.id] = self.sketch.place(flow.id)

    def into(self, flow: Flow) -> int:
        """The place that a flow leads to."""
        return self.arrivals.get(flow.id, self.entries[flow.target])

    def out(self, node: Node) -> list[int]:
        """The places after a node that takes all its ways out; a place of its own where it has none."""
        if node.outgoing:
            return [self.into(flow) for flow in node.outgoing]
        end = self.sketch.place(f"after {node.id}")
        self.terminals.append(end)
        return [end]

    def joined(self, node: Node) -> list[int]:
        """The places of which a joining node takes a token each; none where it does not wait."""
        return [self.arrivals[flow.id] for flow in node.incoming if flow.id in self.arrivals]
