"""The automaton of a reference model: one memoised step per event, with a certificate.

A case keeps a frontier, its cost C so far and D, the least of C + dropped over its steps. Its prefix cost is C, exact
iff C <= D; its closing cost is C + completion, exact iff that is <= D and the completion itself was not cut;
otherwise the truth lies in [D, C]. A prefix cost does not require that the final marking can still be reached.
Invariant: two cases with equal frontiers have equal futures, in every process that has the same `version`.
"""

from hashlib import blake2b
from typing import Any

from stream.conformance import journal
from stream.conformance.building import Bounds
from stream.conformance.decomposition import REVISION, decompose
from stream.conformance.enabling import expected, finished
from stream.conformance.frontier import INF, Frontier, Step
from stream.models.net import Net

MOST_WARM = 2_000  # reachable states of any one machine that a warm start takes in

__all__ = ["INF", "Automaton", "Frontier"]


class Automaton:
    """A net compiled for monitoring; see the module.

    `unobserved` labels happen without events. `window`: items dearer than the cheapest by more are dropped; it must
    exceed the completion costs that are to be exact. `most`: items kept in a frontier.
    """

    def __init__(
        self, net: Net, *, unobserved: frozenset[str] = frozenset(), window: int = 60, most: int = 200
    ) -> None:
        self.net = net.silenced(unobserved)
        self.bounds = Bounds(window, most)
        self.machine = decompose(self.net, self.bounds)
        self.labels = self.net.labels
        self.elements: dict[str, str | None] = {}  # label -> the first element that shows it
        for step in self.net.transitions:
            if step.label is not None:
                self.elements.setdefault(step.label, step.element)
        self.version = _version(self.net, self.bounds)
        self._warm: Frontier | None = None
        self._warm_known = False

    def start(self) -> Frontier:
        """The frontier of a case that begins at the beginning."""
        return self.machine.fresh

    def warm_start(self) -> Frontier | None:
        """The frontier of a case met in the middle: every reachable state at no cost; None where they are too many."""
        if not self._warm_known:
            self._warm, self._warm_known = self.machine.everything(MOST_WARM), True
        return self._warm

    def step(self, frontier: Frontier, label: str) -> Step:
        """The frontier after an event, the cost of the event, and the least cost dropped (INF: nothing).

        A label that the model does not have leaves the frontier as it is, at cost 1. The hot path of a caller is
        `frontier.next.get(label)`, which holds the same answer for labels that were met before.
        """
        found = frontier.next.get(label)
        if found is not None:
            return found
        if label not in self.machine.labels:
            return frontier, 1, INF
        return self.machine.step(frontier, label)

    def completion(self, frontier: Frontier) -> int:
        """Cheapest cost from a frontier to the final marking; INF where none was found."""
        return frontier.completion

    def completion_cut(self, frontier: Frontier) -> int:
        """The least cost at which the search for the completion was cut: the true completion is no less than the
        smaller of this and `completion`. INF where it was not cut."""
        return frontier.ending.cut

    def finished(self, frontier: Frontier) -> bool:
        """Whether the final marking is reached at no cost and nothing visible can follow without deviating."""
        return finished(frontier)

    def enabled_at_start(self, label: str) -> bool:
        """Whether the label can be the first of a case, with silent moves only before it."""
        return label in self.machine.labels and self.step(self.machine.fresh, label)[1] == 0

    def expected(self, frontier: Frontier) -> tuple[str, ...]:
        """The labels that can come next without deviating, sorted."""
        return tuple(sorted(expected(frontier)))

    def dump(self, frontier: Frontier) -> list[Any]:
        """A frontier as nested lists of numbers, for the journal."""
        return journal.dump(frontier)

    def load(self, data: Any) -> Frontier:
        """The frontier that `dump` wrote; raises `ValueError` for anything else."""
        return journal.load(self.machine, data)


def _version(net: Net, bounds: Bounds) -> str:
    steps = [(t.label, sorted(t.pre.items()), sorted(t.post.items())) for t in net.transitions]
    content = repr((REVISION, bounds, len(net.places), steps, sorted(net.initial.items()), sorted(net.final.items())))
    return blake2b(content.encode(), digest_size=16).hexdigest()
