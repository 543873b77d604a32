"""Dominators against their definition: what cannot be left out without losing the way."""

from random import Random

from stream.conformance.dominators import Graph, immediate_dominators


def reached(graph: Graph, root: int, without: int | None = None) -> set[int]:
    """The nodes that can be reached from the root, one node left out."""
    seen, todo = set[int](), [] if root == without else [root]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += [follower for follower in graph.get(node, ()) if follower != without]
    return seen


def test_a_dominator_is_what_every_way_passes() -> None:
    """On random graphs with cycles: the chain of immediate dominators is the set of all dominators."""
    for seed in range(200):
        random = Random(seed)
        graph = {node: set(random.sample(range(9), random.randint(0, 3))) for node in range(9)}
        found, all_nodes = immediate_dominators(graph, 0), reached(graph, 0)
        assert set(found) == all_nodes - {0}
        for node in found:
            chain, at = set[int](), node
            while at in found:
                at = found[at]
                chain.add(at)
            assert chain == {one for one in all_nodes if one != node and node not in reached(graph, 0, one)}
