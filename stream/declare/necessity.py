"""What must still come in a case that is to keep some plain constraints, what can no longer come, and in which order.

Each automaton is asked by itself which of its activities occur in every, or in none, of the continuations that keep it,
given what the others are known to need or to rule out; that goes on until nobody learns anything. What must come is put
in order by its first and last events. Where no continuation is left, or the order runs in a circle, those constraints
that this followed from cannot be kept together.

Invariant: sound: all that is derived holds of every continuation that keeps the constraints given as reasons. It is not
complete, and costs a few look-ups for each constraint however many there are.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise, product
from typing import Final, NamedTuple, TypeAlias

from stream.declare.automaton import FIRST, OTHER, SECOND, automaton
from stream.declare.plain import Heeding, Plain, States
from stream.declare.template import Template

HOPELESS: Final = -1
MOST_TABLES = 2_000
Reasons: TypeAlias = frozenset[int]
Moment: TypeAlias = tuple[int, bool]  # a letter, and whether it is its last event that is meant, or its first

_LATER: Final = frozenset(
    Template(f"{kind}{name}") for kind in ("", "Alternate ", "Chain ") for name in ("Response", "Succession")
)
"""Where both come, the last of the second activity comes after the last of the first."""
_EARLIER: Final = frozenset(
    Template(f"{kind}{name}") for kind in ("", "Alternate ", "Chain ") for name in ("Precedence", "Succession")
)
"""Where both come and neither has come, the first of the first activity comes before the first of the second."""
_APART: Final = frozenset({Template.NOT_RESPONSE, Template.NOT_PRECEDENCE, Template.NOT_SUCCESSION})
"""Where both come and neither has come, the last of the second activity comes before the first of the first."""


class Needs(NamedTuple):
    """What is known of every continuation: by letter, the constraints that rule it out, or that need it; `clash`: the
    constraints that no continuation keeps together, if that came out."""

    ruled_out: dict[int, Reasons]
    needed: dict[int, Reasons]
    clash: Reasons | None = None


class Necessity:
    """Derives what plain constraints need together; numbers are those of plain constraints."""

    def __init__(self, plains: tuple[Plain, ...], heeding: Heeding) -> None:
        self.plains, self.heeding = plains, heeding
        self.letters: list[dict[int, int]] = [{} for _ in plains]
        for letter, heeds in enumerate(heeding):
            for number, own in heeds:
                if own != OTHER:
                    self.letters[number][own] = letter
        self.missing = [0 if SECOND in letters else 1 << SECOND for letters in self.letters]
        self.heeds_all = [plain.automaton.heeds_all for plain in plains]

    def of(self, members: Iterable[int], states: States) -> Needs:
        """What some constraints need in their states."""
        alive = frozenset(members)
        todo, needs = dict.fromkeys(sorted(alive)), Needs({}, {})
        while todo:
            number = next(iter(todo))
            del todo[number]
            learnt = self._learnt(number, states[number], needs)
            if learnt is None:
                return needs._replace(clash=self._because(number, needs))
            for letter in learnt:
                todo.update(dict.fromkeys(other for other, _ in self.heeding[letter] if other in alive))
        return needs._replace(clash=self._circle(sorted(alive), states, needs))

    def _learnt(self, number: int, state: int, needs: Needs) -> list[int] | None:
        """The letters of which a constraint lets something new be known, noted with reasons; None: it has no way."""
        constraint, (banned, needed) = self.plains[number].constraint, self._asked(number, needs)
        usable = tables(constraint.template, constraint.count, banned, needed)[state]
        if usable == HOPELESS:
            return None
        ruled_out, wanted = [], []
        for own, letter in self.letters[number].items():
            bit = 1 << own
            if not (banned | usable) & bit:
                ruled_out.append(letter)
            elif not (needed | banned) & bit and self._lacking(number, state, banned | bit, needed):
                wanted.append(letter)
        if not (usable | banned) & 1 << OTHER:
            others = set(range(len(self.heeding))) - set(self.letters[number].values()) - needs.ruled_out.keys()
            ruled_out += sorted(others)
        if ruled_out or wanted:
            why = self._because(number, needs)
            needs.ruled_out.update(dict.fromkeys(ruled_out, why))
            needs.needed.update(dict.fromkeys(wanted, why))
        return ruled_out + wanted

    def _lacking(self, number: int, state: int, banned: int, needed: int) -> bool:
        """Whether a constraint has no way left without some letters."""
        constraint = self.plains[number].constraint
        return tables(constraint.template, constraint.count, banned, needed)[state] == HOPELESS

    def _asked(self, number: int, needs: Needs) -> tuple[int, int]:
        """Which of its own letters a constraint may not read any more and which it must still read, as bits."""
        banned, needed = self.missing[number], 0
        for own, letter in self.letters[number].items():
            banned |= (letter in needs.ruled_out) << own
            needed |= (letter in needs.needed) << own
        if self._others_ruled_out(number, needs):
            banned |= 1 << OTHER
        return banned, needed

    def _others_ruled_out(self, number: int, needs: Needs) -> bool:
        """Whether a constraint that heeds all others knows that none of them comes."""
        if not self.heeds_all[number] or len(needs.ruled_out) < len(self.heeding) - 2:
            return False
        own = self.letters[number].values()
        return len(needs.ruled_out.keys() | own) == len(self.heeding)

    def _because(self, number: int, needs: Needs) -> Reasons:
        """A constraint with the reasons of all that it is asked for."""
        asked = set(self.letters[number].values())
        if self._others_ruled_out(number, needs):
            asked |= needs.ruled_out.keys()
        found = [known[letter] for letter in asked for known in (needs.ruled_out, needs.needed) if letter in known]
        return frozenset((number,)).union(*found)

    def _circle(self, members: Iterable[int], states: States, needs: Needs) -> Reasons | None:
        """The constraints whose orders of what must come run in a circle."""
        after: dict[Moment, dict[Moment, Reasons]] = {}
        for letter in needs.needed:
            after.setdefault((letter, False), {})[letter, True] = frozenset()
        for number in members:
            own = self.letters[number]
            if len(own) > 1 and all(letter in needs.needed for letter in own.values()):
                why = frozenset((number,)).union(*(needs.needed[letter] for letter in own.values()))
                for before, then in _order(self.plains[number].constraint.template, own, states[number]):
                    after.setdefault(before, {}).setdefault(then, why)
        return _cycle(after)


def _order(template: Template, own: dict[int, int], state: int) -> Iterator[tuple[Moment, Moment]]:
    """What a template says of the order of its two activities, where both must still come; an earlier one and a later
    one. A state past the beginning knows of events that already came, which say nothing of those to come."""
    first, second = own[FIRST], own[SECOND]
    if template in _LATER:
        yield (first, True), (second, True)
    if state == 0 and template in _EARLIER:
        yield (first, False), (second, False)
    if state == 0 and template in _APART:
        yield (second, True), (first, False)


def _cycle(after: dict[Moment, dict[Moment, Reasons]]) -> Reasons | None:
    """The reasons along a circle, None where there is none; the step from a letter's first to its last event has none,
    and is no circle by itself."""
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        round_trip: list[Moment] = error.args[1]
        return frozenset[int]().union(*(after[here][there] for there, here in pairwise(round_trip)))
    return None


@lru_cache(MOST_TABLES)
def tables(template: Template, count: int, banned: int, needed: int) -> tuple[int, ...]:
    """By state: which letters, as bits, occur in accepted continuations without the banned and with the needed ones;
    `HOPELESS` where there is no such continuation."""
    machine = automaton(template, count)
    sets = sorted({chosen & needed for chosen in range(8)})
    sources: dict[tuple[int, int], list[tuple[tuple[int, int], int]]] = {}
    for (state, row), seen, own in product(enumerate(machine.moves), sets, (OTHER, FIRST, SECOND)):
        bit = 1 << own
        if not banned & bit:
            sources.setdefault((row[own], seen | bit & needed), []).append(((state, seen), bit))
    usable = {(state, needed): 0 for state, accepts in enumerate(machine.accepting) if accepts}
    todo = deque(usable)
    while todo:
        there = todo.popleft()
        for here, bit in sources.get(there, ()):
            now = usable.get(here, 0) | bit | usable[there]
            if usable.get(here) != now:
                usable[here] = now
                todo.append(here)
    return tuple(usable.get((state, 0), HOPELESS) for state in range(len(machine.moves)))
