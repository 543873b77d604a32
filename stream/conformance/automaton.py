"""The automaton of a reference model: one memoised step per event, with a certificate.

A case keeps a frontier, its cost C so far and D, the least of C + dropped over its steps. Its prefix cost is C, exact
iff C <= D; its closing cost is C + completion, exact iff that is <= D and the completion itself was not cut;
otherwise the truth lies in [D, C]. A prefix cost does not require that the final marking can still be reached.
Invariant: two cases with equal frontiers have equal futures, in every process that has the same `version`.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from stream.conformance import journal
from stream.conformance.building import Bounds
from stream.conformance.counts import Counts
from stream.conformance.decomposition import REVISION, decompose
from stream.conformance.enabling import expected, finished
from stream.conformance.frontier import INF, Frontier, Step
from stream.conformance.resolving import Resolution, resolve
from stream.models.net import Net

BUDGET = 2_000  # items looked at for one certificate; some tens of milliseconds
MOST_WARM = 2_000  # reachable states of any one machine that a warm start takes in

__all__ = ["INF", "Automaton", "Frontier", "Resolution"]


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
        self._counts: dict[bool, Counts] = {}

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

    def interval(self, case: Resolution, *, closing: bool) -> tuple[int, int]:
        """The least and the most that a case can cost, equal where that is proven: its prefix, or with `closing` all
        of it, the cheapest way to the end included."""
        if not closing:
            return min(case.cost, case.floor), case.cost
        most = min(INF, case.cost + self.completion(case.frontier))
        return min(most, case.floor, case.cost + self.completion_cut(case.frontier)), most

    def align(self, labels: Sequence[str], *, warm: bool = False) -> Resolution | None:
        """The frontier, cost and floor of a case after all its events, step by step; None where a warm start is wanted
        and there is none."""
        frontier, cost, floor = self.warm_start() if warm else self.start(), 0, INF
        if frontier is None:
            return None
        for label in labels:
            frontier, extra, dropped = frontier.next.get(label) or self.step(frontier, label)
            floor = min(floor, cost + dropped)
            cost += extra
        return Resolution(frontier, cost, floor)

    def resolve(
        self,
        labels: Sequence[str],
        *,
        closing: bool,
        warm: bool = False,
        known: Resolution | None = None,
        budget: int = BUDGET,
    ) -> Resolution | None:
        """The events of a case whose certificate is lost, aligned anew: a better frontier, cost and floor, certified or
        at least narrower, or None.

        What is found for an open case (`closing` false) goes on from its frontier, as any other. What is found with
        `closing` bounds the closing cost, and is no place to go on from. `known` is what is to be bettered, by default
        what `align` says. `budget` bounds the work: items looked at, some twenty microseconds each. The answer depends
        on the arguments and the `version` alone.
        """
        case = known or self.align(labels, warm=warm)
        start = self.warm_start() if warm else self.start()
        if case is None or start is None:
            return None
        least, most = self.interval(case, closing=closing)
        if least == most or most >= INF:
            return case if least == most else None
        if closing not in self._counts:
            self._counts[closing] = Counts(self.machine, closing=closing)
        found = resolve(self._counts[closing], start, labels, most, budget)
        if found is None:
            return None
        better_least, better_most = self.interval(found, closing=closing)
        return found if better_least == better_most or (better_most <= most and better_least > least) else None

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
