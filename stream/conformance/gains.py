"""Dominance between states: g(x, y) bounds how much cheaper x can ever be than y, for any future, prefix and closing.

It is the least fixpoint of a simulation game in which x moves and y answers with a log move, with model moves and the
same label, or by joining x's run:

    g(x, y) >= max(0, K(y, <>) - K(x, <>))                          stopping, or finishing, now
    g(x, y) >= g(x', y)                                             x -silent-> x'
    g(x, y) >= g(x', y) - 1                                         x -a-> x' as a model move
    g(x, y) >= min(1 + g(x', y), min over y ..a-> z of d + g(x', z))    x -a-> x' as a synchronous move
    g(x, y) >= min(longest(block) + g(Q, y), distance(y, P))        x = P enters a block

Invariant: every value is sound. Any solution of the inequations is, by induction on x's run; distance(y, x) is one, and
so what passes the cap may be set to it.
"""

from stream.conformance.edges import Shape
from stream.conformance.frontier import INF

LARGEST = 400  # states; a larger machine takes the distances as its gains, which is sound and dominates less


def gains(shape: Shape, final: int, cap: int) -> list[list[int]]:
    """The matrix g[x][y] of a machine; values above `cap` may be larger than they need to be."""
    if shape.size > LARGEST:
        return [[shape.distance[y][x] for y in range(shape.size)] for x in range(shape.size)]
    return _Game(shape, final, cap).solve()


class _Game:
    def __init__(self, shape: Shape, final: int, cap: int) -> None:
        self.shape, self.cap = shape, cap
        self.g = [[self._now(x, y, final) for y in range(shape.size)] for x in range(shape.size)]

    def _now(self, x: int, y: int, final: int) -> int:
        mine, other = self.shape.distance[x][final], self.shape.distance[y][final]
        if x == y or mine >= INF:
            return 0
        return INF if other >= INF else max(0, other - mine)

    def solve(self) -> list[list[int]]:
        order = self._successors_first()
        after = [set(self.shape.successors(x)) for x in range(self.shape.size)]
        changed = set(order)
        while changed:
            before, changed = changed, set()
            for x in order:
                if (x in before or after[x] & before or after[x] & changed) and self._raise(x):
                    changed.add(x)
        return self.g

    def _successors_first(self) -> list[int]:
        order, seen = list[int](), set[int]()
        for root in range(self.shape.size):
            if root in seen:
                continue
            seen.add(root)
            stack = [(root, iter(self.shape.successors(root)))]
            while stack:
                x, rest = stack[-1]
                following = next((y for y in rest if y not in seen), None)
                if following is None:
                    order.append(x)
                    stack.pop()
                else:
                    seen.add(following)
                    stack.append((following, iter(self.shape.successors(following))))
        return order

    def _raise(self, x: int) -> bool:
        row, moved = self.g[x], False
        for y in range(self.shape.size):
            if x == y or row[y] >= INF:
                continue
            best = self._needed(x, y)
            if best > row[y]:
                row[y] = best if best <= self.cap else self.shape.distance[y][x]
                moved = True
        return moved

    def _needed(self, x: int, y: int) -> int:
        g, best = self.g, self.g[x][y]
        for silent in self.shape.silent[x]:
            if g[silent][y] > best:
                best = g[silent][y]
        answers = self.shape.raw_hops[y]
        for label, target in self.shape.visible[x]:
            after = g[target]
            value = after[y] + 1
            if value > best:
                for z, cost in answers.get(label, ()):
                    if cost + after[z] < value:
                        value = cost + after[z]
                if value > best:
                    best = value
            if after[y] - 1 > best:
                best = after[y] - 1
        for block in self.shape.entered[x]:
            best = max(best, min(block.longest + g[block.target][y], self.shape.distance[y][block.source]))
        return best
