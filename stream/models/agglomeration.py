"""A net made smaller without a change to what can go wrong in it: steps that may as well happen at once are joined.

The rules are Berthelot's (Murata 1989, section V): a place that doubles another, a place that one step alone takes
from, a place that one step alone fills, a step that changes nothing. Invariant: the smaller net is unbounded, fails to
end or leaves tokens behind exactly where the whole one does, and each of its steps is a run of steps of the whole one.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from stream.models.net import Net, Transition

Places = frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """A step of the smaller net: what it takes and puts, the steps of the whole net that it runs through, in order, and
    others of the whole net that can happen if it can."""

    pre: Places
    post: Places
    run: tuple[int, ...]
    proves: frozenset[int] = frozenset()


class Agglomeration:
    """The smaller net of a net.

    `steps`: its steps; None for a net with arc weights, which stays as it is. `circling`: steps of the whole net that
    change nothing and were left out, by the one place that they need.
    """

    def __init__(self, net: Net) -> None:
        self.kept: Places = frozenset(net.initial) | frozenset(net.final)
        self.shown = [step.label is not None for step in net.transitions]
        self.circling: dict[int, frozenset[int]] = {}
        self._same: dict[tuple[Places, Places], Joined] = {}
        self._used: defaultdict[int, set[Joined]] = defaultdict(set)
        self._made: defaultdict[int, set[Joined]] = defaultdict(set)
        self.steps: tuple[Joined, ...] | None = None
        if all(weight == 1 for step in net.transitions for side in (step.pre, step.post) for weight in side.values()):
            for number, step in enumerate(net.transitions):
                self._add(Joined(frozenset(step.pre), frozenset(step.post), (number,)))
            self._reduce()
            self.steps = tuple(self._same.values())

    def weight(self, step: Joined) -> int:
        """How many activities a step shows."""
        return sum(self.shown[number] for number in step.run)

    def transitions(self) -> list[Transition]:
        """The steps as transitions without labels."""
        assert self.steps is not None
        return [Transition(None, dict.fromkeys(step.pre, 1), dict.fromkeys(step.post, 1)) for step in self.steps]

    def _add(self, step: Joined) -> None:
        if step.pre == step.post and len(step.pre) == 1:
            (place,) = step.pre
            self.circling[place] = self.circling.get(place, frozenset()).union(step.run, step.proves)
            return
        double = self._same.get((step.pre, step.post))
        if double is not None:
            self._remove(double)
            step, other = sorted((step, double), key=lambda one: (self.weight(one), one.run))
            step = replace(step, proves=step.proves.union(other.run, other.proves))
        self._same[step.pre, step.post] = step
        for place in step.pre:
            self._used[place].add(step)
        for place in step.post:
            self._made[place].add(step)

    def _remove(self, step: Joined) -> None:
        del self._same[step.pre, step.post]
        for place in step.pre:
            self._used[place].discard(step)
        for place in step.post:
            self._made[place].discard(step)

    def _reduce(self) -> None:
        changed = True
        while changed:
            changed = self._drop_doubles()
            for place in sorted({*self._used, *self._made} - self.kept):
                changed |= self._join_after(place) or self._join_before(place)

    def _drop_doubles(self) -> bool:
        around: dict[tuple[frozenset[Joined], frozenset[Joined]], int] = {}
        doubles = set[int]()
        for place in sorted({*self._used, *self._made} - self.kept - set(self.circling)):
            sides = (frozenset(self._made[place]), frozenset(self._used[place]))
            if any(sides) and around.setdefault(sides, place) != place:
                doubles.add(place)
        touched = [step for step in self._same.values() if doubles & (step.pre | step.post)]
        for step in touched:
            self._remove(step)
        for step in touched:
            self._add(replace(step, pre=step.pre - doubles, post=step.post - doubles))
        return bool(doubles)

    def _join_after(self, place: int) -> bool:
        """One step alone takes from the place, and nothing else: whatever puts a token there may as well go on."""
        made = self._made[place]
        if len(self._used[place]) != 1 or not made:
            return False
        (after,) = self._used[place]
        if after.pre != {place} or place in after.post or not after.post:
            return False
        if any((before.post - {place}) & after.post for before in made):
            return False
        self._replace(place, [(before, after, before.pre, (before.post - {place}) | after.post) for before in made])
        return True

    def _join_before(self, place: int) -> bool:
        """One step alone fills the place, fills no other, and has no rival: it may as well wait for what comes next."""
        used = self._used[place]
        if len(self._made[place]) != 1 or not used:
            return False
        (before,) = self._made[place]
        if before.post != {place} or place in before.pre or not before.pre or before.pre & self.kept:
            return False
        if any(len(self._used[other]) != 1 or other in self.circling for other in before.pre):
            return False
        if any((after.pre - {place}) & before.pre for after in used):
            return False
        self._replace(place, [(before, after, (after.pre - {place}) | before.pre, after.post) for after in used])
        return True

    def _replace(self, place: int, pairs: list[tuple[Joined, Joined, Places, Places]]) -> None:
        circling = self.circling.pop(place, frozenset())
        pairs.sort(key=lambda pair: (pair[0].run, pair[1].run))
        for step in {*self._used[place], *self._made[place]}:
            self._remove(step)
        for before, after, pre, post in pairs:
            proves = circling.union(before.proves, after.proves)
            self._add(Joined(pre, post, before.run + after.run, proves))
