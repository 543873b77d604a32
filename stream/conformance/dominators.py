"""Dominators of a graph: which nodes every way from the root to a node passes.

Invariant: the immediate dominator of a node is the last of those that is not the node itself; the root has none, and
nodes that the root does not reach are left out.
"""

from collections.abc import Mapping

Graph = Mapping[int, set[int]]


def immediate_dominators(graph: Graph, root: int) -> dict[int, int]:
    """Each node's immediate dominator (Cooper, Harvey, Kennedy 2001: A Simple, Fast Dominance Algorithm)."""
    order = _latest_first(graph, root)
    rank = {node: place for place, node in enumerate(order)}
    before: dict[int, list[int]] = {node: [] for node in order}
    for node in order:
        for follower in graph.get(node, ()):
            before[follower].append(node)
    found, changed = {root: root}, True
    while changed:
        changed = False
        for node in order[1:]:
            known = [one for one in before[node] if one in found]
            nearest = known[0]
            for other in known[1:]:
                nearest = _meet(nearest, other, found, rank)
            if found.get(node) != nearest:
                found[node], changed = nearest, True
    del found[root]
    return found


def _meet(one: int, other: int, found: dict[int, int], rank: dict[int, int]) -> int:
    while one != other:
        if rank[one] > rank[other]:
            one = found[one]
        else:
            other = found[other]
    return one


def _latest_first(graph: Graph, root: int) -> list[int]:
    """Nodes in reverse postorder of a walk from the root."""
    order, seen, stack = list[int](), {root}, [(root, iter(sorted(graph.get(root, ()))))]
    while stack:
        node, rest = stack[-1]
        follower = next((one for one in rest if one not in seen), None)
        if follower is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(follower)
            stack.append((follower, iter(sorted(graph.get(follower, ())))))
    return order[::-1]
