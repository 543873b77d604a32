"""The alignment of a case that its explanation tells, found event by event.

The path goes on from where it stood as long as that is cheapest; where it is not, it is looked for backwards from a
cheapest place, until it joins the old one. So what was said of earlier events stays said for as long as it is among the
cheapest explanations. Invariant: the path is a function of the activities alone, and costs what the case costs.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stream.conformance.alignment import LOG_MOVE, Move, Origin, cost_of, ending, origin, picks, remarks_of, same
from stream.conformance.automaton import Automaton
from stream.conformance.frontier import Frontier


class Extension(NamedTuple):
    """How a path goes on from its place with an event: the cost, the next place, and the move."""

    cost: int
    place: Frontier
    move: Move


class Path:
    """Places before and after each event, the moves between, and the path's cost up to each place."""

    def __init__(self, automaton: Automaton, activities: Sequence[str], *, warm: bool) -> None:
        self.automaton, self.activities = automaton, activities
        start = (automaton.warm_start() if warm else None) or automaton.start()
        self.frontiers, self.bases = [start], [0]  # what the automaton knows, and the case's cost, before each event
        self.places, self.costs, self.moves = [next(picks(start))], [0], list[Move]()
        for activity in activities:
            self._go_on(activity)

    def _go_on(self, activity: str) -> None:
        frontier, costs, bases, place = self.frontiers[-1], self.costs, self.bases, self.places[-1]
        frontier, cost, _ = frontier.next.get(activity) or self.automaton.step(frontier, activity)
        extra, place, move = self._extension(place, activity)
        self.frontiers.append(frontier)
        bases.append(bases[-1] + cost)
        self.places.append(place)
        self.moves.append(move)
        costs.append(costs[-1] + extra)
        if costs[-1] > bases[-1]:
            self._turn_back(self._preferred())

    def _extension(self, place: Frontier, activity: str) -> Extension:
        """The cheapest way on from a place; a synchronised event is preferred to one that is too many."""
        known: Extension | None = place.remarks.get(activity) if place.remarks else None
        if known is not None:
            return known
        if activity not in self.automaton.machine.labels:
            return Extension(1, place, LOG_MOVE)
        found = remarks_of(place)[activity] = self._extend(place, activity)
        return found

    def _extend(self, place: Frontier, activity: str) -> Extension:
        frontier, cost, _ = self.automaton.step(place, activity)
        ways = [(target, origin(place, activity, target)) for target in picks(frontier)]
        target, way = min(ways, key=lambda pair: pair[1] is None or not pair[1].move.synchronised)
        return Extension(cost, target, way.move if way else LOG_MOVE)

    def _preferred(self) -> Frontier:
        """A cheapest place to end at, preferably one that the last event was synchronised into."""
        before, activity = self.frontiers[-2], self.activities[len(self.moves) - 1]
        targets = list(picks(self.frontiers[-1]))
        for target in targets:
            way = origin(before, activity, target)
            if way is not None and way.move.synchronised:
                return target
        return targets[0]

    def end(self) -> None:
        """Turn to the place from which the final marking is nearest, counting what it costs to be there."""
        last = self.frontiers[-1]
        chosen = ending(last)
        here = self.automaton.completion(self.places[-1]) + self.costs[-1]
        if here > self.automaton.completion(last) + self.bases[-1]:
            self._turn_back(chosen)

    def _turn_back(self, target: Frontier) -> None:
        """Replace the last part of the path by a cheapest way to a place, joining the old path as late as possible."""
        index, places, moves = len(self.moves), [target], list[Move]()
        cost = self.bases[index] + cost_of(target, self.frontiers[index])
        while index:
            index -= 1
            way, joins = self._back(index, places[-1], cost)
            moves.append(way.move)
            if joins:
                break
            places.append(way.source)
            cost = self.bases[index] + way.before
        self.places[index + joins :] = places[::-1]
        self.moves[index:] = moves[::-1]
        del self.costs[index + 1 :]
        for move in self.moves[index:]:
            self.costs.append(self.costs[-1] + move.cost)

    def _back(self, index: int, target: Frontier, cost: int) -> tuple[Origin, bool]:
        """Where a place after event `index` comes from, and whether that is on the old path."""
        activity, old = self.activities[index], self.places[index]
        if activity not in self.automaton.machine.labels:
            before = cost - 1 - self.bases[index]
            return Origin(before + 1, before, target, LOG_MOVE), same(old, target) and self.costs[index] < cost
        joined = origin(old, activity, target)
        if joined is not None and self.costs[index] + joined.total <= cost:
            return joined, True
        way = origin(self.frontiers[index], activity, target)
        assert way is not None  # every item of a frontier comes from the one before
        return way, False
