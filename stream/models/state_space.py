"""The markings that a net can reach, by fewest activities first, each with a shortest way there.

Invariant: a complete space holds every reachable marking; one that is not complete says why: it was cut, or the net has
no bound. A net has none where a marking covers one before it on its way (Karp and Miller 1969), and an unbounded net
has such a way, since among endlessly many markings two compare (Dickson).
"""

from collections.abc import Sequence

from stream.models.firing import FiringGraph

_MARKED = bytes([0] + [1] * 255)


class StateSpace:
    """What can be reached from `start` within `limit` markings; a step weighs as many activities as it shows.

    `followers`: what can be fired in each marking, and what is reached by it; `grows`: a marking and a later one on its
    way that covers it, where the net has no bound; `cut`: whether there is more than was looked at.
    """

    def __init__(self, graph: FiringGraph, start: bytes, weights: Sequence[int], limit: int) -> None:
        self.graph, self.start, self.weights, self.limit = graph, start, weights, limit
        self.followers: dict[bytes, list[tuple[int, bytes]]] = {}
        self.grows: tuple[bytes, bytes] | None = None
        self.cut = False
        self._came: dict[bytes, tuple[bytes, int] | None] = {start: None}
        self._sizes = {start: _size(start)}
        self._waiting: dict[int, list[tuple[bytes, int, bytes]]] = {}  # by weight: before, transition, after
        self._explore()

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.cut and self.grows is None

    def way(self, marking: bytes, since: bytes | None = None) -> list[int]:
        """The transitions of a shortest way to a marking, from the start or from a marking on that way."""
        fired = []
        while marking != since and (step := self._came[marking]) is not None:
            marking, transition = step
            fired.append(transition)
        return fired[::-1]

    def _explore(self) -> None:
        layer, weight = [self.start], 0
        while True:
            for marking in layer:  # grows by what weighs nothing
                self._follow(marking, weight, layer)
                if self.grows or len(self._came) > self.limit:
                    self.cut = self.grows is None
                    return
            if not self._waiting:
                return
            weight = min(self._waiting)
            layer = [
                after for before, transition, after in self._waiting.pop(weight) if self._new(before, transition, after)
            ]

    def _follow(self, marking: bytes, weight: int, layer: list[bytes]) -> None:
        found = self.followers[marking] = []
        for transition in self.graph.enabled(marking):
            after = self.graph.fire(marking, transition)
            if after is None:
                self.cut = True
                continue
            found.append((transition, after))
            if after in self._came:
                continue
            if self.weights[transition]:
                heavier = weight + self.weights[transition]
                self._waiting.setdefault(heavier, []).append((marking, transition, after))
            elif self._new(marking, transition, after):
                layer.append(after)

    def _new(self, before: bytes, transition: int, after: bytes) -> bool:
        """Note how a marking was reached, unless it was before."""
        if after in self._came:
            return False
        self._came[after] = (before, transition)
        tokens, marked = self._sizes[after] = _size(after)
        earlier: bytes | None = before
        while earlier is not None and self.grows is None:
            fewer, less = self._sizes[earlier]
            if fewer < tokens and less & marked == less and all(map(int.__le__, earlier, after)):
                self.grows = (earlier, after)
            step = self._came[earlier]
            earlier = step[0] if step else None
        return True


def _size(marking: bytes) -> tuple[int, int]:
    """How many tokens there are, and which places have any, as a number to be compared at once."""
    return sum(marking), int.from_bytes(marking.translate(_MARKED))
