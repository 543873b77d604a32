"""The states of all plain constraints of a case as one vector, and its moves, computed once for all cases.

Invariant: a vector is compared by its states; serial numbers only find remembered moves, and are never given out.
Moves name their targets, vectors name nothing, so that what the bounded memos forget is really gone.
"""

from typing import NamedTuple

from stream.conformance.memo import Memo
from stream.declare.conflict import Conflicts, Sets
from stream.declare.plain import Plain, States, heeding
from stream.declare.verdict import Verdict

MOST_VECTORS = 20_000
MOST_MOVES = 100_000


class Vector:
    """The states of all plain constraints."""

    __slots__ = ("serial", "states")

    def __init__(self, serial: int, states: States) -> None:
        self.serial, self.states = serial, states

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self.states == other.states

    def __hash__(self) -> int:
        return hash(self.states)

    def __repr__(self) -> str:
        return f"Vector{self.states}"


class Move(NamedTuple):
    """What an event of one letter does to a vector; numbers are those of plain constraints.

    `quiet`: nothing changes. `broken`: those that become permanently violated; `gone`: those that are armed no more, or
    by another event. `conflicts`: those at the target.
    """

    target: Vector
    quiet: bool
    arms: tuple[int, ...]
    gone: frozenset[int]
    broken: tuple[int, ...]
    conflicts: Sets


class Vectors:
    """All vectors and moves of a set of plain constraints; `letters` are the numbers of the activities, from 1;
    `foresees`: whether moves tell conflicts, which have to be searched for."""

    def __init__(self, plains: tuple[Plain, ...], letters: dict[str, int], foresees: bool = True) -> None:
        self.plains, self.width, self.foresees = plains, len(letters) + 1, foresees
        self.serial = 0
        self.vectors: Memo[States, Vector] = Memo(MOST_VECTORS)
        self.moves: Memo[int, Move] = Memo(MOST_MOVES)
        self.heeding = heeding(plains, letters)
        self.conflicts = Conflicts(plains, self.heeding)
        self.start = self.vector((0,) * len(plains))

    def vector(self, states: States) -> Vector:
        """The one vector of these states."""
        known = self.vectors.get(states)
        if known is not None:
            return known
        self.serial += 1
        return self.vectors.put(states, Vector(self.serial, states))

    def move(self, vector: Vector, letter: int) -> Move:
        """What an event of this letter does; remembered."""
        return self.moves.put(vector.serial * self.width + letter, self._computed(vector, letter))

    def _computed(self, vector: Vector, letter: int) -> Move:
        states = list(vector.states)
        arms: list[int] = []
        disarms: list[int] = []
        broken: list[int] = []
        for number, own in self.heeding[letter]:
            plain, state = self.plains[number], states[number]
            machine = plain.automaton
            states[number] = machine.moves[state][own]
            effect = machine.effects[state][own]
            if effect:
                (arms if effect > 0 else disarms).append(number)
            if states[number] != state and plain.verdict(states[number]) is Verdict.PERMANENTLY_VIOLATED:
                broken.append(number)
        target = self.vector(tuple(states))
        quiet = target == vector and not arms
        gone = frozenset((*arms, *disarms, *broken))
        conflicts = () if quiet or not self.foresees else self.conflicts.among(target.states)
        return Move(target, quiet, tuple(arms), gone, tuple(broken), conflicts)
