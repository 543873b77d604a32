"""What searches over markings need beside the firing rule: who feeds whom, stubborn sets, and a memory.

Invariant: the answers depend on the net and the marking alone.
"""

from collections.abc import Iterable, Sequence

from stream.conformance.memo import Memo
from stream.models.firing import FiringGraph
from stream.models.net import Marking, Transition

MOST_SEEDS = 8  # stubborn sets tried at one marking
REMEMBERED = 50_000  # markings whose enabled transitions are remembered


class MarkingGraph(FiringGraph):
    """A firing graph that remembers, and knows the producers and consumers of each place."""

    def __init__(self, transitions: Iterable[Transition], markings: Sequence[Marking]) -> None:
        super().__init__(transitions, markings)
        self.cost = [int(step.label is not None) for step in self.transitions]
        self.producers: list[list[int]] = [[] for _ in self.places]
        self.consumers: list[list[int]] = [[] for _ in self.places]
        for index in range(len(self.transitions)):
            for place, _ in self.pre[index]:
                self.consumers[place].append(index)
            for place, _ in self.post[index]:
                self.producers[place].append(index)
        self._enabled: Memo[bytes, list[int]] = Memo(REMEMBERED)

    def enabled(self, marking: bytes) -> list[int]:
        """The transitions that can fire, remembered."""
        found = self._enabled.get(marking)
        return self._enabled.put(marking, super().enabled(marking)) if found is None else found

    def feeders(self, transition: int) -> set[int]:
        """Every transition that can help to enable this one, however indirectly."""
        found = set[int]()
        todo = [place for place, _ in self.pre[transition]]
        seen = set(todo)
        while todo:
            for feeder in self.producers[todo.pop()]:
                if feeder not in found:
                    found.add(feeder)
                    fresh = [place for place, _ in self.pre[feeder] if place not in seen]
                    seen.update(fresh)
                    todo += fresh
        return found

    def stubborn(self, marking: bytes) -> tuple[list[int], int]:
        """Enabled transitions of a small stubborn set (Valmari 1991): enough to reach every deadlock. And how
        many transitions were looked at to find them."""
        enabled = self.enabled(marking)
        best, looked = enabled, 0
        for seed in enabled[:MOST_SEEDS]:
            chosen = self._closure(marking, seed)
            looked += len(chosen)
            mine = [transition for transition in enabled if transition in chosen]
            if len(mine) < len(best):
                best = mine
            if len(best) <= 1:
                break
        return best, looked

    def _closure(self, marking: bytes, seed: int) -> set[int]:
        chosen, todo = {seed}, [seed]
        while todo:
            pre = self.pre[todo.pop()]
            short = next((place for place, weight in pre if marking[place] < weight), None)
            if short is None:
                needed = [rival for place, _ in pre for rival in self.consumers[place]]
            else:
                needed = self.producers[short]
            for transition in needed:
                if transition not in chosen:
                    chosen.add(transition)
                    todo.append(transition)
        return chosen
