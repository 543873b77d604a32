"""Continuations of a case that satisfy some plain constraints: looked for, and tried on the others.

Invariant: a search that says there is none has looked at all of them, over every activity that any constraint names and
one that none does, but for those that lead to nothing: where a constraint is broken for good, and activities that the
constraints themselves rule out. A search within a budget that says nothing has not.
"""

from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

from stream.declare.necessity import Necessity
from stream.declare.plain import Heeding, Plain, States
from stream.declare.verdict import Verdict

Word: TypeAlias = tuple[int, ...]
Effect: TypeAlias = tuple[tuple[int, int], ...]
"""What a letter does to some constraints: the places of those that heed it, each with its own letter for it."""


class Search(NamedTuple):
    """How a search ended: with a continuation; or without, having looked at all of them or not. `clash`: members that
    by themselves leave no continuation, all of them where the search does not know better."""

    word: Word | None
    complete: bool = True
    clash: tuple[int, ...] = ()


class Budget:
    """How much work may still be done for one question: constraints moved by one event."""

    __slots__ = ("left",)

    def __init__(self, work: int) -> None:
        self.left = work

    def spend(self, work: int) -> bool:
        """Spend some; False where there is not so much left."""
        self.left -= work
        return self.left >= 0


class Continuations:
    """Looks for continuations; numbers are those of plain constraints."""

    def __init__(self, plains: tuple[Plain, ...], heeding: Heeding) -> None:
        self.heeding, self.necessity = heeding, Necessity(plains, heeding)
        self.moves = [plain.automaton.moves for plain in plains]
        self.accepting = [plain.automaton.accepting for plain in plains]
        self.lost = [[one is Verdict.PERMANENTLY_VIOLATED for one in plain.automaton.verdicts] for plain in plains]

    def failing(self, live: tuple[int, ...], states: States, word: Word) -> int | None:
        """The first constraint that a continuation breaks for good or leaves owing; None where it serves all."""
        now, alive = list(states), set(live)
        for letter in word:
            for number, own in self.heeding[letter]:
                now[number] = self.moves[number][now[number]][own]
                if number in alive and self.lost[number][now[number]]:
                    return number
        return next((number for number in live if not self.accepting[number][now[number]]), None)

    def search(self, members: tuple[int, ...], states: States, budget: Budget) -> Search:
        """A continuation that satisfies the members; vectors that owe least are looked at first."""
        if not budget.spend(4 * len(members)):
            return Search(None, complete=False)
        needs = self.necessity.of(members, states)
        if needs.clash is not None:
            return Search(None, clash=tuple(sorted(needs.clash)))
        start = tuple([states[number] for number in members])
        letters = self._letters(members, needs.ruled_out)
        owed = sum([not self.accepting[number][state] for number, state in zip(members, start, strict=True)])
        todo: list[tuple[int, int, Word, States, int]] = [(owed, 0, (), start, 0)]
        seen = {start}
        while todo:
            owed, length, word, here, tried = heappop(todo)
            if owed == 0:
                return Search(word)
            for place in range(tried, len(letters)):
                effect, letter = letters[place]
                if not budget.spend(1 + len(effect) + len(members) // 8):
                    return Search(None, complete=False)
                moved = self._moved(members, here, effect)
                if moved is not None and moved[1] not in seen:
                    seen.add(moved[1])
                    heappush(todo, (owed + moved[0], length + 1, (*word, letter), moved[1], 0))
                    if moved[0] < 0:  # the other letters are for when this one leads nowhere
                        heappush(todo, (owed, length, word, here, place + 1))
                        break
        return Search(None, clash=members)

    def _letters(self, members: tuple[int, ...], ruled_out: dict[int, frozenset[int]]) -> list[tuple[Effect, int]]:
        """What letters do to the members, with the first letter that does so."""
        places = {number: place for place, number in enumerate(members)}
        found: dict[Effect, int] = {}
        for letter, heeding in enumerate(self.heeding):
            if letter not in ruled_out:
                found.setdefault(tuple([(places[n], own) for n, own in heeding if n in places]), letter)
        return sorted((effect, letter) for effect, letter in found.items() if effect)

    def _moved(self, members: tuple[int, ...], states: States, effect: Effect) -> tuple[int, States] | None:
        """By how much more is owed after an event, and the states; None where it breaks a member for good."""
        moved, more = list(states), 0
        for place, own in effect:
            number, state = members[place], states[place]
            there = self.moves[number][state][own]
            if self.lost[number][there]:
                return None
            more += self.accepting[number][state] - self.accepting[number][there]
            moved[place] = there
        return more, tuple(moved)
