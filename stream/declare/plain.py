"""A plain constraint compiled, and to which events each of several listens.

Invariant: a plain constraint is nothing but its automaton; what it says when it is broken needs only the event that had
armed it and the event, or the end, that broke it.
"""

from typing import Final, NamedTuple, TypeAlias

from stream.declare.automaton import OTHER, Automaton, automaton
from stream.declare.constraint import Constraint
from stream.declare.template import Template
from stream.declare.verdict import Verdict
from stream.declare.violation import Violation, Why
from stream.event import Anchor

_TOO_MUCH: Final = frozenset({Template.ABSENCE, Template.EXACTLY, Template.EXCLUSIVE_CHOICE})
States: TypeAlias = tuple[int, ...]
Heeding: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
"""By letter: the numbers of the plain constraints to which it matters, each with its own letter for it."""


class Plain(NamedTuple):
    """A plain constraint: its place among all constraints of the monitor, itself, and its automaton."""

    place: int
    constraint: Constraint
    automaton: Automaton

    @classmethod
    def of(cls, place: int, constraint: Constraint) -> "Plain":
        """Compile a constraint."""
        return cls(place, constraint, automaton(constraint.template, constraint.count))

    def accepts(self, state: int) -> bool:
        """Whether a case may end in a state."""
        return self.automaton.accepting[state]

    def verdict(self, state: int) -> Verdict:
        """What is known in a state."""
        return self.automaton.verdicts[state]

    def violation(self, armed: Anchor | None, at: int, culprit: Anchor | None) -> Violation:
        """It broken by a culprit, or by the end of the case."""
        why = Why.END if culprit is None else Why.EVENT
        return Violation(self.place, armed or culprit, at, culprit, why, self._expected(armed, why))

    def _expected(self, armed: Anchor | None, why: Why) -> tuple[str, ...]:
        """The activities that would have kept it: all there are, or the one that answers the other."""
        template, activities = self.constraint.template, self.constraint.activities
        if template.negative or (why is Why.EVENT and template in _TOO_MUCH):
            return ()
        if not template.has_target:
            return activities
        return (activities[armed is not None and armed.activity == activities[0]],)


def heeding(plains: tuple[Plain, ...], letters: dict[str, int]) -> Heeding:
    """Which events matter to which constraints; `letters` are the numbers of the activities, from 1; 0: any other."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(len(letters) + 1)]
    for number, plain in enumerate(plains):
        own = {letters[name]: place for place, name in enumerate(plain.constraint.activities, start=1)}
        for letter in range(len(found)) if plain.automaton.heeds_all else own:
            found[letter].append((number, own.get(letter, OTHER)))
    return tuple(map(tuple, found))
