"""Inclusive joins: the split that each belongs to, or else what each waits for.

An inclusive join waits for every token that can still reach it. Properly nested with a split it waits for exactly the
branches which that took, and a net can say so. Otherwise the rule of BPMN 2.0, 13.3.2 is kept as it stands: it goes on
once each token elsewhere that could come to a way into it which is still empty could also come to one that is not.
"""

from typing import NamedTuple

from stream.models.graph import Flow, Kind, Node, Scope

SPLITS = (Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE)


class Branch(NamedTuple):
    """What lies between a split and its join: the flow out of the split, the nodes, the flow into the join."""

    out: Flow
    nodes: frozenset[str]
    back: Flow


class Pair(NamedTuple):
    """A split and the inclusive join that brings all its branches together."""

    split: Node
    join: Node
    branches: list[Branch]


def pair_of(scope: Scope, join: Node) -> Pair | None:
    """The split that an inclusive join belongs to, if the two are properly nested."""
    for split in scope.of(*SPLITS):
        if split is not join and len(split.outgoing) == len(join.incoming):
            branches = [_branch(scope, split, join, flow) for flow in split.outgoing]
            whole = [branch for branch in branches if branch is not None]
            nodes = [node for branch in whole for node in branch.nodes]
            if len(whole) == len(branches) and len(nodes) == len(set(nodes)):
                return Pair(split, join, whole)
    return None


def _branch(scope: Scope, split: Node, join: Node, out: Flow) -> Branch | None:
    nodes, back, todo = set[str](), list[Flow](), [out]
    while todo:
        flow = todo.pop()
        if flow.target == join.id:
            back.append(flow)
            continue
        if flow.target in nodes:
            continue
        for node in (scope.nodes[flow.target], *scope.boundaries(scope.nodes[flow.target])):
            nodes.add(node.id)
            if not node.outgoing:
                return None
            todo += node.outgoing
    inside = all(flow.source in nodes or flow is out for node in nodes for flow in scope.nodes[node].incoming)
    if len(back) != 1 or not inside or split.id in nodes:
        return None
    return Branch(out, frozenset(nodes), back[0])


def ways_in(scope: Scope, join: Node) -> dict[str, frozenset[str]]:
    """For each node from which a token can come to a join without passing it, the flows that it could come by."""
    found: dict[str, set[str]] = {}
    for flow in join.incoming:
        todo, seen = [flow.source], {flow.source}
        while todo:
            name = todo.pop()
            if name == join.id:
                continue
            found.setdefault(name, set()).add(flow.id)
            before = [other.source for other in scope.nodes[name].incoming]
            before += _leads_by_itself(scope, scope.nodes[name])
            todo += [other for other in before if other not in seen]
            seen.update(before)
    after = [found[flow.target] for flow in join.outgoing if flow.target in found]
    if after:
        found[join.id] = set().union(*after)
    return {name: frozenset(flows) for name, flows in found.items()}


def _leads_by_itself(scope: Scope, node: Node) -> list[str]:
    """The nodes from which a token comes to a node without a flow: the activity of a boundary event, throwing links."""
    if node.kind is Kind.BOUNDARY:
        return [node.attached]
    if node.trigger == "link" and not node.throws:
        thrown = [event for event in scope.of(Kind.EVENT, Kind.END) if event.trigger == "link" and event.throws]
        return [event.id for event in thrown if event.reference == node.reference]
    return []
