"""Inclusive joins: which split each belongs to.

An inclusive join waits for every token that can still reach it, which no net can test in general. Invariant: a pair
found here is properly nested, so that the join waits for exactly the branches that its split took.
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
