"""A machine for a part that does not decompose: states are markings, and where they lead is found by search.

Model moves are searched among the feeders of the wanted transition only; the search goes on past an enabling marking
where another feeder competes for its inputs. Invariant: every search has a budget that depends on its question alone,
so that equal questions get equal answers; what a budget, the window or the token bound cuts off is reported as cut.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stream.conformance.frontier import INF, Ending, Frontier, Item, Mode, Step
from stream.conformance.machine import Hops, Machine
from stream.conformance.marking import MarkingGraph
from stream.conformance.memo import Memo
from stream.conformance.walk import Walk
from stream.models.net import Marking, Transition

SEARCH = 16_384  # markings looked at in one step, shared by the items of the frontier
LEAST_SEARCH = 64  # markings that even the last of many items may look at
COMPLETION = 20_000  # markings looked at in one search for the final marking
REMEMBERED = 50_000  # searches


class Wanted(NamedTuple):
    """A transition to be synchronised: what can feed it, and whether a search may stop where it is enabled."""

    transition: int
    feeders: set[int]
    stop: bool


class LazyMachine(Machine):
    """The whole of a net, or of a part of one, by its markings."""

    initial: bytes
    final: bytes

    def __init__(
        self, transitions: Sequence[Transition], ends: tuple[Marking, Marking], bounds: tuple[int, int]
    ) -> None:
        """`ends`: initial and final marking; `bounds`: window and most items of a frontier."""
        super().__init__(*bounds)
        initial, final = ends
        self.by_stubborn_sets = all(step.pre for step in transitions)
        if any(all(final.get(p, 0) >= w for p, w in step.pre.items()) for step in transitions):
            # stubborn sets keep deadlocks, so the final marking must be one
            used = {place for step in transitions for place in (*step.pre, *step.post)}
            done = 1 + max(used.union(initial, final))
            transitions, final = [*transitions, Transition(None, dict(final), {done: 1})], {done: 1}
        self.graph = MarkingGraph(transitions, (initial, final))
        self.initial, self.final = self.graph.marking(initial), self.graph.marking(final)
        self.labels = frozenset(step.label for step in transitions if step.label is not None)
        self.blocks = []
        self.hops: Memo[tuple[bytes, str, int], tuple[Hops, int]] = Memo(REMEMBERED)  # and the markings looked at
        self.by_label: dict[str, list[Wanted]] = {}
        for index, step in enumerate(transitions):
            if step.label is not None:
                self.by_label.setdefault(step.label, []).append(self._wanted(index))
        self.share, self.patience = SEARCH, COMPLETION
        self.begin()

    def _wanted(self, transition: int) -> Wanted:
        graph = self.graph
        feeders, mine = graph.feeders(transition), {place for place, _ in graph.pre[transition]}
        rivals = [t for t in feeders if t != transition and any(place in mine for place, _ in graph.pre[t])]
        return Wanted(transition, feeders, not rivals)

    def prepare(self, frontier: Frontier, patience: int = 1) -> None:
        """See `Machine`; the search budget is shared out evenly, by powers of two."""
        self.share = max(LEAST_SEARCH, patience * SEARCH >> (len(frontier.items) - 1).bit_length())

    def step(self, frontier: Frontier, label: str) -> Step:
        """See `Machine`."""
        self.prepare(frontier)
        return super().step(frontier, label)

    def reduce(self, candidates: dict[Item, int]) -> tuple[list[tuple[Item, int]], int]:
        """See `Machine`; no marking dominates another."""
        return sorted(candidates.items(), key=lambda candidate: (candidate[1], candidate[0])), INF

    def leads(self, _state: bytes, label: str) -> bool:
        """See `Machine`."""
        return label in self.by_label

    def may_come(self, state: bytes, label: str) -> bool:
        """See `Machine`."""
        return bool(self.hop(state, label)[0])

    def state_gain(self, state: bytes, other: bytes) -> int:
        """See `Machine`."""
        return 0 if state == other else INF

    def hop(self, state: bytes, label: str) -> Hops:
        """See `Machine`."""
        question = (state, label, self.share)
        found = self.hops.get(question)
        if found is None:
            best: dict[bytes, int] = {}
            walks = [self.search(state, wanted, best) for wanted in self.by_label.get(label, ())]
            targets = sorted(best.items(), key=lambda target: (target[1], target[0]))
            hops = (targets, (), min([INF, *[walk.cut for walk in walks]]))
            found = self.hops.put(question, (hops, sum([self.share - walk.left for walk in walks])))
        self.looked += found[1]
        return found[0]

    def search(self, state: bytes, wanted: Wanted, best: dict[bytes, int]) -> Walk:
        """Walk to where a transition can fire and put the markings after it into `best`, with their cheapest costs."""
        graph, walk = self.graph, Walk(self.graph, {state: 0}, self.share)
        for cost, marking in walk:
            if cost > self.window:
                walk.cut = min(walk.cut, cost)
                break
            enabled = graph.enabled(marking)
            if wanted.transition in enabled:
                after = graph.fire(marking, wanted.transition)
                if after is None:
                    walk.cut = min(walk.cut, cost)
                elif cost < best.get(after, INF):
                    best[after] = cost
                if wanted.stop:
                    continue
            walk.follow(cost, marking, [transition for transition in enabled if transition in wanted.feeders])
        return walk

    def ending(self, frontier: Frontier) -> Ending:
        """See `Machine`; one search from all items at once."""
        walk = self.walk_to_end({item: cost for item, cost in frontier.items if type(item) is not Mode})
        cost = walk.reached.get(self.final, INF)
        item = frontier.items[0][0] if cost >= INF else walk.start(self.final)
        return Ending(cost, walk.cut, item)

    def walk_to_end(self, starts: Mapping[bytes, int]) -> Walk:
        """A walk from markings with costs that stops at the final one, or where its budget ends."""
        graph, walk = self.graph, Walk(self.graph, starts, self.patience)
        for cost, marking in walk:
            if marking == self.final:
                break
            transitions, looked = graph.stubborn(marking) if self.by_stubborn_sets else (graph.enabled(marking), 0)
            walk.charge(looked)
            walk.follow(cost, marking, transitions)
        return walk

    def holds(self, state: object) -> bool:
        """See `Machine`."""
        return isinstance(state, bytes) and len(state) == len(self.initial)

    def ready(self, state: bytes) -> frozenset[str]:
        """See `Machine`."""
        graph, found = self.graph, set[str]()
        walk = Walk(graph, {state: 0}, self.share)
        for cost, marking in walk:
            if cost > 0:
                break
            for transition in graph.enabled(marking):
                label = graph.transitions[transition].label
                if label is not None:
                    found.add(label)
            walk.follow(cost, marking, graph.enabled(marking))
        return frozenset(found)

    def reachable(self, most: int) -> list[Item] | None:
        """See `Machine`."""
        reach = self.graph.reach(self.initial, most)
        return None if reach is None else [*sorted(reach.markings)]
