"""The alignment of a case that its explanation tells, found event by event.

Each event is read as synchronised, after missing steps or none, or as too many. The path keeps every place that agrees
with the readings so far, and reads the next event so that it stays cheapest; only where no place that agrees is on a
cheapest alignment are the latest readings given up, as few events back as will do. Invariant: the path is a function of
the activities alone, costs what the case costs, and changes no reading that an equally cheap alignment shares.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from stream.conformance.alignment import LOG_MOVE, Move, ending, origin, picks, remarks_of
from stream.conformance.automaton import Automaton
from stream.conformance.frontier import Frontier
from stream.conformance.standing import followed, narrowed

AS_EXPECTED = Move((), True)
LONGEST_KEPT = 256
"""Events of a case whose path is kept; longer ones are few, and large."""


class Extension(NamedTuple):
    """How a path goes on from its standing with an event: the cost, the next standing, and the move."""

    cost: int
    standing: Frontier
    move: Move


def extension(automaton: Automaton, standing: Frontier, activity: str) -> Extension:
    """The cheapest way on; an event that fits after a missing step is preferred to one that is too many."""
    known: Extension | None = standing.remarks.get(activity) if standing.remarks else None
    if known is not None:
        return known
    if activity not in automaton.machine.labels:
        return Extension(1, standing, LOG_MOVE)
    found = remarks_of(standing)[activity] = _extension(automaton, standing, activity)
    return found


def _extension(automaton: Automaton, standing: Frontier, activity: str) -> Extension:
    frontier, cost, _ = automaton.step(standing, activity)
    if cost == 0:
        return Extension(0, narrowed(frontier), AS_EXPECTED)
    ways = [(target, origin(standing, activity, target)) for target in picks(frontier)]
    found = [(target, way.move) for target, way in ways if way is not None and way.move.synchronised]
    if not found:
        return Extension(1, standing, LOG_MOVE)
    target, move = min(found, key=lambda pair: (pair[0].completion, pair[1].labels))
    return Extension(1, followed(automaton, standing, (*move.labels, activity)) or target, move)


def path_of(automaton: Automaton, activities: Sequence[str], *, warm: bool) -> "Path":
    """The path of a case, which may be another case's too: it is not to be ended. Those of the newest are kept, since a
    case asks for its path when it goes on, and again when it is explained."""
    if len(activities) > LONGEST_KEPT:
        return Path(automaton, activities, warm=warm)
    return _path_of(automaton, tuple(activities), warm)


@lru_cache(maxsize=256)
def _path_of(automaton: Automaton, activities: tuple[str, ...], warm: bool) -> "Path":
    return Path(automaton, activities, warm=warm)


class Path:
    """Standings before and after each event, the moves between, and the path's cost up to each standing.

    `read_by`: of each event, the one in whose light it is read as it is, itself or one that came later; ascending.
    """

    def __init__(self, automaton: Automaton, activities: Sequence[str], *, warm: bool) -> None:
        self.automaton, self.activities = automaton, activities
        self.frontier = (automaton.warm_start() if warm else None) or automaton.start()
        self.least = 0  # what the case costs
        self.standings, self.costs, self.moves = [narrowed(self.frontier)], [0], list[Move]()
        self.read_by = list[int]()
        for activity in activities:
            self._go_on(activity)

    def _go_on(self, activity: str) -> None:
        frontier, standing = self.frontier, self.standings[-1]
        self.frontier, cost, _ = frontier.next.get(activity) or self.automaton.step(frontier, activity)
        self.least += cost
        remarks = standing.remarks
        known: Extension | None = remarks.get(activity) if remarks else None
        extra, standing, move = known or extension(self.automaton, standing, activity)
        self.standings.append(standing)
        self.read_by.append(len(self.moves))
        self.moves.append(move)
        cost = self.costs[-1] + extra
        self.costs.append(cost)
        if cost > self.least:
            self._turn_back(self.least, finished=False)

    def twin(self) -> "Path":
        """The same path, to be ended apart."""
        twin = Path(self.automaton, (), warm=False)
        twin.activities, twin.frontier, twin.least = self.activities, self.frontier, self.least
        twin.standings, twin.costs = self.standings.copy(), self.costs.copy()
        twin.moves, twin.read_by = self.moves.copy(), self.read_by.copy()
        return twin

    def end(self) -> None:
        """Turn to an alignment that is cheapest for a finished case."""
        least = self.least + self.automaton.completion(self.frontier)
        if self.costs[-1] + self.automaton.completion(self.standings[-1]) > least:
            self._turn_back(least, finished=True)

    def _turn_back(self, least: int, *, finished: bool) -> None:
        """Read the latest events again, as few as will do, so that all together cost no more than `least`."""
        back, given_up, frontiers = 1, 0, list[Frontier]()
        while not frontiers:
            back = min(back, len(self.moves))
            frontiers = self._onward(len(self.moves) - back, least, finished=finished)
            if not frontiers:
                given_up, back = back, back * 2
        while back - given_up > 1:
            middle = (back + given_up) // 2
            fewer = self._onward(len(self.moves) - middle, least, finished=finished)
            given_up, back, frontiers = (given_up, middle, fewer) if fewer else (middle, back, frontiers)
        self._read_again(frontiers, ending(frontiers[-1]) if finished else self._preferred(frontiers))

    def _onward(self, index: int, least: int, *, finished: bool) -> list[Frontier]:
        """All frontiers from a standing to the last event; none where they lead past a cost."""
        frontiers, total = [self.standings[index]], self.costs[index]
        for activity in self.activities[index : len(self.moves)]:
            frontier, cost, _ = self.automaton.step(frontiers[-1], activity)
            frontiers.append(frontier)
            total += cost
            if total > least and index:
                return []
        done = index == 0 or total + (finished and self.automaton.completion(frontiers[-1])) <= least
        return frontiers if done else []

    def _preferred(self, frontiers: Sequence[Frontier]) -> Frontier:
        """A cheapest place to end at, preferably one that the last event was synchronised into."""
        before, activity = frontiers[-2], self.activities[len(self.moves) - 1]
        targets = list(picks(frontiers[-1]))
        for target in targets:
            way = origin(before, activity, target)
            if way is not None and way.move.synchronised:
                return target
        return targets[0]

    def _read_again(self, frontiers: Sequence[Frontier], target: Frontier) -> None:
        """Go back from a place through these frontiers, and along the readings found, for all places that agree."""
        count = len(self.moves)
        index, moves, places = count, list[Move](), [target]
        for before in frontiers[-2::-1]:
            index -= 1
            activity, move = self.activities[index], LOG_MOVE
            if activity in self.automaton.machine.labels:
                way = origin(before, activity, places[-1])
                assert way is not None  # every item of a frontier comes from the one before
                place, move = way.source, way.move
                places.append(place)
            else:
                places.append(places[-1])
            moves.append(move)
        former = self.moves[index:]
        del self.moves[index:], self.standings[index + 1 :], self.costs[index + 1 :]
        for move, place in zip(reversed(moves), places[-2::-1], strict=True):
            self.standings.append(self._agreeing(self.activities[len(self.moves)], move, place))
            self.costs.append(self.costs[-1] + move.cost)
            self.moves.append(move)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(former, self.moves[index:], strict=True)))
        self.read_by[index + alike :] = [count - 1] * (count - index - alike)

    def _agreeing(self, activity: str, move: Move, place: Frontier) -> Frontier:
        """All places that the last standing comes to by a reading of an event, one of which is known."""
        standing = self.standings[-1]
        if not move.synchronised:
            return standing
        return followed(self.automaton, standing, (*move.labels, activity)) or place
