"""Alignment costs by definition: one Dijkstra search on the product of a net and a trace.

Independent of the code under test: markings are plain tuples, the firing rule is written out, nothing is remembered
between traces and nothing is pruned.
"""

import heapq

from stream.models.net import Net

INF = 10**6

Tokens = tuple[int, ...]


class Oracle:
    """A net's reachability graph, as far as it is asked for."""

    def __init__(self, net: Net) -> None:
        self.net, self.followers = net, dict[Tokens, list[tuple[str | None, Tokens]]]()
        self.initial = tuple(net.initial.get(place, 0) for place in range(len(net.places)))
        self.final = tuple(net.final.get(place, 0) for place in range(len(net.places)))

    def after(self, marking: Tokens) -> list[tuple[str | None, Tokens]]:
        """Every (label, marking) one firing away."""
        if marking not in self.followers:
            found = []
            for step in self.net.transitions:
                if all(marking[place] >= weight for place, weight in step.pre.items()):
                    tokens = list(marking)
                    for place, weight in step.pre.items():
                        tokens[place] -= weight
                    for place, weight in step.post.items():
                        tokens[place] += weight
                    found.append((step.label, tuple(tokens)))
            self.followers[marking] = found
        return self.followers[marking]

    def reachable(self, most: int, tokens: int) -> set[Tokens] | None:
        """All reachable markings; None past `most` of them, or so many tokens on one place."""
        seen, todo = {self.initial}, [self.initial]
        while todo:
            for _, marking in self.after(todo.pop()):
                if max(marking) > tokens or len(seen) > most:
                    return None
                if marking not in seen:
                    seen.add(marking)
                    todo.append(marking)
        return seen

    def costs(self, trace: list[str], starts: set[Tokens] | None = None) -> tuple[list[int], list[int]]:
        """Prefix cost and closing cost after each number of events, from none to all of them."""
        best = {(marking, 0): 0 for marking in starts or {self.initial}}
        heap = [(0, 0, marking) for marking in starts or {self.initial}]
        prefix, closing = [INF] * (len(trace) + 1), [INF] * (len(trace) + 1)
        while heap:
            cost, index, marking = heapq.heappop(heap)
            if cost > best[marking, index]:
                continue
            prefix[index] = min(prefix[index], cost)
            if marking == self.final:
                closing[index] = min(closing[index], cost)
            moves = [(cost + (label is not None), index, after) for label, after in self.after(marking)]
            if index < len(trace):
                moves.append((cost + 1, index + 1, marking))
                moves += [(cost, index + 1, after) for label, after in self.after(marking) if label == trace[index]]
            for total, position, after in moves:
                if total < best.get((after, position), INF):
                    best[after, position] = total
                    heapq.heappush(heap, (total, position, after))
        return prefix, closing
