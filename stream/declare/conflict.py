"""Which plain constraints can no longer be kept together, though each of them alone still could.

A continuation is looked for that satisfies those constraints that still owe something; it is tried on all the others;
one that it breaks joins those that it is looked for, and so on, until a continuation serves all, or none serves those
joined so far: they are in conflict, and those among them that are not needed for it are left out.

Invariant: sound: a conflict is said only where a search through all continuations, over every activity that any
constraint names and one that none does, has found none. What is too large for the budget is not in conflict as far as
anybody knows. Constraints with conditions or windows are left out: what they forbid depends on data and time.
Constraints are searched in groups that heed the same events: by shared activities, where Init, End and chains heed all.
Groups do not touch each other: what serves each of them serves all, one after the other.
"""

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

from stream.conformance.memo import Memo
from stream.declare.plain import Heeding, Plain, States
from stream.declare.verdict import Verdict

MOST_SEARCHED = 40_000  # states looked at for one question, those of all members counted: some milliseconds
MOST_REMEMBERED = 20_000
MOST_WORDS = 8  # continuations that served lately, tried first
Word: TypeAlias = tuple[int, ...]
Sets: TypeAlias = tuple[tuple[int, ...], ...]


class Search(NamedTuple):
    """How a search ended: with a continuation; or without, having looked at all of them or not."""

    word: Word | None
    complete: bool = True


class Budget:
    """How many states may still be looked at for one question."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_SEARCHED

    def spend(self, states: int) -> bool:
        """Spend some; False where there are not so many left."""
        self.left -= states
        return self.left >= 0


class Conflicts:
    """Finds conflicts in the states of plain constraints; numbers are those of plain constraints."""

    def __init__(self, plains: tuple[Plain, ...], heeding: Heeding) -> None:
        self.plains, self.heeding = plains, heeding
        self.groups = _groups(plains, heeding)
        self.group_of = {number: group for group in self.groups for number in group}
        self.found: Memo[tuple[tuple[int, ...], States], Sets] = Memo(MOST_REMEMBERED)
        self.words = {group: deque[Word]((), MOST_WORDS) for group in self.groups}

    def among(self, states: States) -> Sets:
        """The conflicts in a vector: at most one of each group, as small as the budget allows to prove."""
        return tuple(conflict for group in self.groups for conflict in self._in_group(group, states))

    def violated(self, number: int, states: States) -> bool:
        """Whether a constraint is permanently violated already."""
        return self.plains[number].verdict(states[number]) is Verdict.PERMANENTLY_VIOLATED

    def _in_group(self, group: tuple[int, ...], states: States) -> Sets:
        live = tuple([number for number in group if not self.violated(number, states)])
        if not self._owing(live, states):
            return ()
        key = (live, tuple([states[number] for number in live]))
        known = self.found.get(key)
        return self.found.put(key, self._searched(group, live, states)) if known is None else known

    def _searched(self, group: tuple[int, ...], live: tuple[int, ...], states: States) -> Sets:
        """Words that served before only save the search: where one serves, no search can find a conflict."""
        words = self.words[group]
        if any(self._failing(live, states, word) is None for word in words):
            return ()
        members, budget = self._owing(live, states), Budget()
        while True:
            search = self._search(members, states, budget)
            if search.word is None:
                return (self._least(members, states),) if search.complete else ()
            failing = self._failing(live, states, search.word)
            if failing is None:
                words.append(search.word)
                return ()
            members = tuple(sorted((*members, failing)))

    def _least(self, members: tuple[int, ...], states: States) -> tuple[int, ...]:
        """A conflict from which nothing can be left out, as far as the budget proves; the later go first."""
        kept, budget = members, Budget()
        for number in reversed(members):
            fewer = tuple(other for other in kept if other != number)
            search = self._search(fewer, states, budget)
            if search.word is None and search.complete:
                kept = fewer
        return kept

    def _owing(self, members: Iterable[int], states: States) -> tuple[int, ...]:
        return tuple([number for number in members if not self.plains[number].accepts(states[number])])

    def _failing(self, live: tuple[int, ...], states: States, word: Word) -> int | None:
        """The first constraint that a continuation breaks for good or leaves owing; None where it serves all."""
        now, alive = list(states), set(live)
        for letter in word:
            for number, own in self.heeding[letter]:
                now[number] = self.plains[number].automaton.moves[now[number]][own]
                if number in alive and self.plains[number].verdict(now[number]) is Verdict.PERMANENTLY_VIOLATED:
                    return number
        return next((number for number in live if not self.plains[number].accepts(now[number])), None)

    def _search(self, members: tuple[int, ...], states: States, budget: Budget) -> Search:
        """A continuation that satisfies the members; vectors that owe least are looked at first."""
        start = tuple([states[number] for number in members])
        letters = self._letters(members)
        todo: list[tuple[int, int, Word, States]] = [(self._owed(members, start), 0, (), start)]
        seen = {start}
        while todo:
            owed, length, word, here = heappop(todo)
            if owed == 0:
                return Search(word)
            if not budget.spend(len(letters) * len(members)):
                return Search(None, complete=False)
            for effect, letter in letters:
                there = self._moved(members, here, effect)
                if there is not None and there not in seen:
                    seen.add(there)
                    heappush(todo, (self._owed(members, there), length + 1, (*word, letter), there))
        return Search(None)

    def _letters(self, members: tuple[int, ...]) -> list[tuple[tuple[tuple[int, int], ...], int]]:
        """What letters do to the members: the places of those that heed it and their own letters; with the first letter
        that does so."""
        places = {number: place for place, number in enumerate(members)}
        found: dict[tuple[tuple[int, int], ...], int] = {}
        for letter, heeding in enumerate(self.heeding):
            found.setdefault(tuple([(places[n], own) for n, own in heeding if n in places]), letter)
        return sorted((effect, letter) for effect, letter in found.items() if effect)

    def _moved(self, members: tuple[int, ...], states: States, effect: tuple[tuple[int, int], ...]) -> States | None:
        """The states after an event; None where it breaks a member for good."""
        moved = list(states)
        for place, own in effect:
            plain = self.plains[members[place]]
            moved[place] = plain.automaton.moves[states[place]][own]
            if plain.verdict(moved[place]) is Verdict.PERMANENTLY_VIOLATED:
                return None
        return tuple(moved)

    def _owed(self, members: tuple[int, ...], states: States) -> int:
        return sum([not self.plains[number].accepts(state) for number, state in zip(members, states, strict=True)])


def _groups(plains: tuple[Plain, ...], heeding: Heeding) -> Sets:
    """Plain constraints that heed the same events, one by way of another."""
    group = list(range(len(plains)))
    for letter in heeding:
        joined = {group[number] for number, _ in letter}
        if joined:
            least = min(joined)
            group = [least if mine in joined else mine for mine in group]
    return tuple(tuple(n for n, mine in enumerate(group) if mine == least) for least in sorted(set(group)))
