"""Which plain constraints can no longer be kept together, though each of them alone still could.

What all of a group need is derived first: that finds most conflicts, in sets of any size. Else a continuation is looked
for that satisfies some of them; it is tried on all the others; one that it breaks joins those that it is looked for,
and so on, until a continuation serves all, or none serves those joined so far: they are in conflict, and those among
them that are not needed for it are left out. It begins with all that still owe something, within a part of the budget;
then grows from each of these by itself, which finds small conflicts in large sets; then takes all again.

Invariant: sound: a conflict is said only where a search through all continuations has found none. What is too large for
the budget is not in conflict as far as anybody knows. Constraints with conditions or windows are left out: what they
forbid depends on data and time. Constraints are searched in groups that heed the same events: by shared activities,
where Init, End and chains heed all. Groups do not touch each other: what serves each of them serves all, one after the
other.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from stream.conformance.memo import Memo
from stream.declare.continuation import Budget, Continuations, Search, Word
from stream.declare.plain import Heeding, Plain, States
from stream.declare.verdict import Verdict

MOST_SEARCHED = 200_000  # constraints moved by one event, for one group before any case: a tenth of a second
MOST_SEARCHED_LIVE = 12_000  # the same in a case, for states that no case had before
MOST_REMEMBERED = 20_000
MOST_WORDS = 8  # continuations that served lately, tried first
Sets: TypeAlias = tuple[tuple[int, ...], ...]


class Found(NamedTuple):
    """What is known of a group: conflicts that share no constraint, and whether there is certainly no further one."""

    sets: Sets
    decided: bool = True


class Beforehand(NamedTuple):
    """What is known before any case: conflicts, and the groups too large to say that there is no further one."""

    sets: Sets
    undecided: Sets


NOTHING = Found(())


class Conflicts:
    """Finds conflicts in the states of plain constraints; numbers are those of plain constraints."""

    def __init__(self, plains: tuple[Plain, ...], heeding: Heeding) -> None:
        self.plains = plains
        self.groups = _groups(plains, heeding)
        self.continuations = Continuations(plains, heeding)
        self.found: Memo[tuple[tuple[int, ...], States], Found] = Memo(MOST_REMEMBERED)
        self.words = {group: deque[Word]((), MOST_WORDS) for group in self.groups}

    def beforehand(self, states: States) -> Beforehand:
        """All that can be found out in the vector in which cases begin."""
        found = [(group, self._in_group(group, states, frozenset(), MOST_SEARCHED)) for group in self.groups]
        sets = tuple(conflict for _, known in found for conflict in known.sets)
        return Beforehand(sets, tuple(group for group, known in found if not known.decided))

    def among(self, states: States, without: frozenset[int] = frozenset()) -> Sets:
        """Conflicts in a vector that share no constraint with each other, nor with those left out, each as small as the
        budget allows to prove; as many as there are, as far as the budget goes."""
        found = [self._in_group(group, states, without, MOST_SEARCHED_LIVE) for group in self.groups]
        return tuple(conflict for known in found for conflict in known.sets)

    def violated(self, number: int, states: States) -> bool:
        """Whether a constraint is permanently violated already."""
        return self.plains[number].verdict(states[number]) is Verdict.PERMANENTLY_VIOLATED

    def _in_group(self, group: tuple[int, ...], states: States, without: frozenset[int], most: int) -> Found:
        live = tuple([n for n in group if n not in without and not self.violated(n, states)])
        if not self._owing(live, states):
            return NOTHING
        key = (live, tuple([states[number] for number in live]))
        known = self.found.get(key)
        return self.found.put(key, self._all(self.words[group], live, states, most)) if known is None else known

    def _all(self, words: deque[Word], live: tuple[int, ...], states: States, most: int) -> Found:
        """One conflict after the other, each without the members of those before, all within one budget.

        Words that served before only save the search: where one serves, no search can find a conflict."""
        budget, sets = Budget(most), list[tuple[int, ...]]()
        while not any(self.continuations.failing(live, states, word) is None for word in words):
            search = self._searched(live, states, budget)
            if search.word is not None:
                words.append(search.word)
                break
            if not search.complete:
                return Found(tuple(sets), decided=False)
            sets.append(self._least(search.clash, states, Budget(most)))
            live = tuple([number for number in live if number not in sets[-1]])
        return Found(tuple(sets))

    def _searched(self, live: tuple[int, ...], states: States, budget: Budget) -> Search:
        """A continuation that serves all, or some that clash."""
        clash = self.continuations.necessity.of(live, states).clash
        if clash is not None:
            return Search(None, clash=tuple(sorted(clash)))
        most = budget.left
        for members, share in self._beginnings(live, states):
            part = Budget(min(budget.left, most // share))
            budget.left -= part.left
            search = self._grown(members, live, states, part)
            budget.left += max(part.left, 0)
            if search.complete:
                return search
        return Search(None, complete=False)

    def _beginnings(self, live: tuple[int, ...], states: States) -> Iterator[tuple[tuple[int, ...], int]]:
        """What to begin with, and with which share of the budget: one n-th."""
        owing = self._owing(live, states)
        yield owing, 4
        for number in owing:
            yield (number,), 2 * len(owing)
        yield owing, 1

    def _grown(self, members: tuple[int, ...], live: tuple[int, ...], states: States, budget: Budget) -> Search:
        """A continuation that serves all that are alive, or members that clash; members join as they are failed."""
        while True:
            search = self.continuations.search(members, states, budget)
            if search.word is None:
                return search
            failing = self.continuations.failing(live, states, search.word)
            if failing is None:
                return search
            members = tuple(sorted((*members, failing)))

    def _least(self, members: tuple[int, ...], states: States, budget: Budget) -> tuple[int, ...]:
        """A conflict from which nothing can be left out, as far as the budget proves; the later go first."""
        kept = members
        for number in reversed(members):
            if number in kept:
                fewer = tuple(other for other in kept if other != number)
                search = self.continuations.search(fewer, states, budget)
                if search.word is None and search.complete:
                    kept = search.clash
        return kept

    def _owing(self, members: Iterable[int], states: States) -> tuple[int, ...]:
        return tuple([number for number in members if not self.plains[number].accepts(states[number])])


def _groups(plains: tuple[Plain, ...], heeding: Heeding) -> Sets:
    """Plain constraints that heed the same events, one by way of another."""
    group = list(range(len(plains)))
    for letter in heeding:
        joined = {group[number] for number, _ in letter}
        if joined:
            least = min(joined)
            group = [least if mine in joined else mine for mine in group]
    return tuple(tuple(n for n, mine in enumerate(group) if mine == least) for least in sorted(set(group)))
