"""A part whose moves say more than steps of a net can: it is played through, and its states become places.

What a net cannot say (wait until nothing is left, stop everything, join whatever can still come) a table of states can.
One token on a place of that table is one run of the part, so that several runs at once stay apart, each with its own
branches. Invariant: the places and steps that stand for the part show exactly the runs that its moves allow.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from stream.models.quotient import OVER, Graph, Hop, Outs, quotient
from stream.models.sketch import Mark, Move, Sketch

MOST_PLAYED = 6_000  # markings that are looked through
MOST_STATES = 500  # states that all such parts of a model may have; its automaton looks at each pair of them
MOST_TOKENS = 60  # on a place; more means that there is no end of them

Marking = bytes


class TooWide(Exception):
    """A part has too many states to be told exactly."""


class Unbounded(Exception):
    """Tokens pile up on a place without end; its name is the argument."""


def unfold(sketch: Sketch, mark: Mark, start: int, most: int = MOST_STATES) -> bool:
    """Replace the moves since a mark by states and steps between them; False where they depend on places outside.

    `start` is the place, among those since the mark, where a run of the part begins; `most`: states it may have. Raises
    `TooWide` and `Unbounded`.
    """
    inside = sketch.since(mark)
    moves = sketch.moves[mark.moves :]
    if any(place not in inside for move in moves for place in move.reads()):
        return False
    graph = quotient(played(sketch, moves, start, inside, min(MOST_PLAYED, 12 * most)))
    before = {moves: count for moves, count in sketch.told.items() if moves < mark.moves}
    if len(graph.names) + sum(before.values()) > most:
        others = f" beside {sum(before.values())} of other parts" if before else ""
        raise TooWide(f"{len(graph.names)} states{others}")
    sketch.told = before | {mark.moves: len(graph.names)}
    del sketch.moves[mark.moves :]
    places = [start] + [sketch.place(name) for name in graph.names[1:]]
    for hop in graph.hops:
        target = {} if hop.target == OVER else {places[hop.target]: 1}
        sketch.step({places[hop.source]: 1}, target | dict(hop.outs), hop.label, hop.element)
    return True


def played(sketch: Sketch, moves: Sequence[Move], start: int, inside: range, most: int = MOST_PLAYED) -> Graph:
    """Every state that a part can come to from one token on its start."""
    game = _Game(moves, inside)
    states, todo, hops = {game.first(start): 0}, [game.first(start)], list[Hop]()
    while todo:
        marking = todo.pop()
        for move, after, outs in game.after(marking, states):
            if max(after) >= MOST_TOKENS:
                raise Unbounded(sketch.places[inside.start + after.index(max(after))])
            over = not any(after)
            if not over and after not in states:
                states[after] = len(states)
                todo.append(after)
            hops.append(Hop(states[marking], move.label, outs, OVER if over else states[after], move.element))
        if len(states) > most:
            raise TooWide(f"more than {most} states")
    return Graph([_name(sketch, marking, inside) for marking in states], hops)


def _name(sketch: Sketch, marking: Marking, inside: range) -> str:
    names = [sketch.places[inside.start + place] for place, number in enumerate(marking) if number]
    return " + ".join(dict.fromkeys(names))[:200]


class _Arcs(NamedTuple):
    """A move over the places of the part, counted from its first."""

    move: Move
    pre: tuple[tuple[int, int], ...]
    post: tuple[tuple[int, int], ...]
    outs: Outs
    takes: tuple[int, ...]
    clears: tuple[int, ...]
    waits: tuple[tuple[int, tuple[int, ...]], ...]


class _Game:
    def __init__(self, moves: Sequence[Move], inside: range) -> None:
        self.first_place, self.size = inside.start, len(inside)
        self.arcs = [self._arcs(move, inside) for move in moves]
        self.by_place: list[list[_Arcs]] = [[] for _ in inside]
        for arcs in self.arcs:
            for place in arcs.takes or [arcs.pre[0][0]]:
                self.by_place[place].append(arcs)
        takers = Counter(place for arcs in self.arcs for place in {*[place for place, _ in arcs.pre], *arcs.takes})
        self.takers: Counter[int] = takers
        self.special = [
            (set(arcs.clears), dict(arcs.waits), {place for _, others in arcs.waits for place in others})
            for arcs in self.arcs
            if not arcs.move.plain
        ]
        self.eager = {id(arcs) for arcs in self.arcs if self._may_go_first(arcs)}

    def _arcs(self, move: Move, inside: range) -> _Arcs:
        base = inside.start
        here = tuple((place - base, number) for place, number in move.post.items() if place in inside)
        outs = tuple(sorted((place, number) for place, number in move.post.items() if place not in inside))
        waits = tuple((place - base, tuple(other - base for other in others)) for place, others in move.waits)
        pre = tuple((place - base, number) for place, number in move.pre.items())
        takes, clears = (tuple(place - base for place in places) for places in (move.takes, sorted(move.clears)))
        return _Arcs(move, pre, here, outs, takes, clears, waits)

    def _may_go_first(self, arcs: _Arcs) -> bool:
        """Whether a silent move without rivals may happen at once: whatever else was possible still is after it."""
        if not arcs.move.plain or arcs.move.label is not None or arcs.outs:
            return False
        pre, post = {place for place, _ in arcs.pre}, {place for place, _ in arcs.post}
        if any(self.takers[place] > 1 for place in pre):
            return False
        for cleared, awaited, looked_at in self.special:
            if (pre & cleared or post & cleared) and not (pre <= cleared and post <= cleared):
                return False
            if any(place in awaited and not any(awaited.get(p) == awaited[place] for p in pre) for place in post):
                return False
            if pre & looked_at:
                return False
        return True

    def first(self, start: int) -> Marking:
        """The marking of one token on a place."""
        return bytes(int(place == start - self.first_place) for place in range(self.size))

    def after(self, marking: Marking, known: dict[Marking, int]) -> list[tuple[Move, Marking, Outs]]:
        """Every move that can happen, with the marking after it; only one where the others can wait."""
        found = []
        for place, number in enumerate(marking):
            for arcs in self.by_place[place] if number else ():
                if (arcs.takes and place != self._first_taken(marking, arcs)) or not self._enabled(marking, arcs):
                    continue
                after = self._fire(marking, arcs)
                if id(arcs) in self.eager and after not in known:
                    return [(arcs.move, after, arcs.outs)]
                found.append((arcs.move, after, arcs.outs))
        return found

    @staticmethod
    def _first_taken(marking: Marking, arcs: _Arcs) -> int:
        return next(place for place in arcs.takes if marking[place])

    @staticmethod
    def _enabled(marking: Marking, arcs: _Arcs) -> bool:
        if any(marking[place] < number for place, number in arcs.pre):
            return False
        return all(not marking[place] or any(marking[other] for other in others) for place, others in arcs.waits)

    @staticmethod
    def _fire(marking: Marking, arcs: _Arcs) -> Marking:
        after = list(marking)
        for place, number in arcs.pre:
            after[place] -= number
        for place in arcs.takes:
            after[place] -= after[place] > 0
        for place in arcs.clears:
            after[place] = 0
        for place, number in arcs.post:
            after[place] += number
        return bytes(after)
