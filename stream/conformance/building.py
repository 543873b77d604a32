"""Making machines of parts: one-token parts become tables, others their reachability graph or a lazy search.

Invariant: state numbers depend on the net alone, never on the process, so that journalled frontiers mean the same
everywhere for one version.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stream.conformance.edges import Edge
from stream.conformance.folding import Part
from stream.conformance.frontier import INF, Home
from stream.conformance.lazy import LazyMachine
from stream.conformance.machine import Machine
from stream.conformance.tabulated import TabulatedMachine
from stream.models.firing import Reach
from stream.models.net import Marking, Transition

CHECKED = 5_000  # markings of a fragment that is looked through before it may stand alone


class Bounds(NamedTuple):
    """What keeps a model's automaton small: see `Automaton`."""

    window: int = 60  # items dearer than the cheapest by more than this are dropped
    most: int = 200  # items kept in a frontier
    unfold: int = 150  # markings up to which a part that does not decompose becomes a table


class Builder:
    """Builds machines within bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds

    def table(self, parts: Iterable[Part], source: int, sink: int) -> TabulatedMachine:
        """The machine of a one-token part; silent chains are squeezed by the distances, not by rewriting."""
        chosen = list(parts)
        places = sorted({source, sink}.union(*[part.pre | part.post for part in chosen]))
        at = {place: state for state, place in enumerate(places)}
        edges, blocks = list[Edge](), list[tuple[int, int, Sequence[Home]]]()
        for part in chosen:
            (entry,), (leave,) = part.pre, part.post
            if part.kids:
                blocks.append((at[entry], at[leave], part.kids))
            else:
                edges.append(Edge(at[entry], part.label, at[leave], part.element))
        return TabulatedMachine((at[source], at[sink]), edges, blocks, self.bounds[:2])

    def grouped(self, kids: list[Machine]) -> list[Machine]:
        """Branches that share labels become one branch holding a block of them, so that alternatives ("who takes it")
        of unrelated groups add up instead of multiplying."""
        groups: list[list[Machine]] = []
        for kid in kids:
            near = [group for group in groups if any(kid.labels & other.labels for other in group)]
            groups = [group for group in groups if group not in near]
            groups.append([*[other for group in near for other in group], kid])
        if len(groups) == 1:
            return kids
        bounds = self.bounds[:2]
        return [g[0] if len(g) == 1 else TabulatedMachine((0, 1), [], [(0, 1, g)], bounds) for g in groups]

    def whole(self, transitions: Sequence[Transition], ends: tuple[Marking, Marking]) -> Machine:
        """The machine of a net that does not decompose."""
        lazy = LazyMachine(transitions, ends, self.bounds[:2])
        reach = lazy.graph.reach(lazy.initial, self.bounds.unfold)
        return lazy if reach is None else self._unfolded(lazy, reach)

    def fragment(self, transitions: Sequence[Transition], entry: int, leave: int) -> Machine | None:
        """The machine of a part between two places, if it is safe there and completes properly; else None."""
        lazy = LazyMachine(transitions, ({entry: 1}, {leave: 1}), self.bounds[:2])
        reach = lazy.graph.reach(lazy.initial, CHECKED, stop=lazy.final)
        if reach is None:
            return None
        end = lazy.graph.places.index(leave)
        for marking in reach.markings:
            if max(marking) > 1 or (marking[end] and marking != lazy.final):
                return None
        lazy.patience = INF  # a block adds up its branches' completions, so that theirs must not be cut; there are few
        return self._unfolded(lazy, reach) if len(reach.markings) <= self.bounds.unfold else lazy

    def _unfolded(self, lazy: LazyMachine, reach: Reach) -> TabulatedMachine:
        at = {marking: state for state, marking in enumerate(sorted(reach.markings | {lazy.final}))}
        steps = lazy.graph.transitions
        unique: dict[tuple[int, str | None, int], Edge] = {}
        for before, transition, after in reach.edges:
            step = steps[transition]
            unique.setdefault(
                (at[before], step.label, at[after]), Edge(at[before], step.label, at[after], step.element)
            )
        edges = sorted(unique.values(), key=lambda edge: (edge.source, edge.label or "", edge.target))
        return TabulatedMachine((at[lazy.initial], at[lazy.final]), edges, [], self.bounds[:2])
