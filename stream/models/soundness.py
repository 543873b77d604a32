"""Whether a part of a net between a source and a sink completes properly: with one token on the sink, nothing else.

First by reduction (Murata 1989, Desel and Esparza 1995), which does not mind how wide a model is; invariant: every rule
keeps soundness in both directions, so a net reduced to one step is sound. What cannot be reduced is not decided here.
"""

from collections.abc import Iterable

from stream.models.net import Transition

Step = tuple[frozenset[int], frozenset[int]]


def reduces_to_one_step(steps: Iterable[Transition], source: int, sink: int) -> bool:
    """Whether the reduction rules show the net to be sound; False means that they do not say."""
    kept: list[Step] = []
    for step in steps:
        if any(weight != 1 for side in (step.pre, step.post) for weight in side.values()):
            return False
        kept.append((frozenset(step.pre), frozenset(step.post)))
    net = _Reduction(kept, source, sink)
    while net.reduce():
        pass
    return net.steps == {(frozenset({source}), frozenset({sink}))}


class _Reduction:
    def __init__(self, steps: Iterable[Step], source: int, sink: int) -> None:
        self.steps, self.ends = set(steps), {source, sink}  # identical steps are one
        self.source, self.sink = source, sink

    def reduce(self) -> bool:
        """Apply one rule wherever it applies; says whether one did."""
        self.steps = {(pre, post) for pre, post in self.steps if pre != post}
        self.used: dict[int, list[Step]] = {}
        self.made: dict[int, list[Step]] = {}
        for step in self.steps:
            for place in step[0]:
                self.used.setdefault(place, []).append(step)
            for place in step[1]:
                self.made.setdefault(place, []).append(step)
        places = sorted(set(self.used) | set(self.made) - self.ends)
        if self._drop_parallel_places(places):
            return True
        before, gone = self.steps, set[Step]()
        for place in places:
            around = [*self.made.get(place, ()), *self.used.get(place, ())]
            if gone.isdisjoint(around) and self._fuse(place):  # what is near a step that is gone waits for its turn
                gone |= before - self.steps
        return bool(gone)

    def _drop_parallel_places(self, places: list[int]) -> bool:
        seen: dict[tuple[frozenset[Step], frozenset[Step]], int] = {}
        doubles = set[int]()
        for place in places:
            if place not in self.ends:
                around = (frozenset(self.made.get(place, ())), frozenset(self.used.get(place, ())))
                if seen.setdefault(around, place) != place:
                    doubles.add(place)
        self.steps = {(pre - doubles, post - doubles) for pre, post in self.steps}
        return bool(doubles)

    def _fuse(self, place: int) -> bool:
        """Take a place out, joining the step before it with the one after it."""
        made, used = self.made.get(place, []), self.used.get(place, [])
        if place in self.ends or not made or not used:
            return False
        if len(used) == 1 and used[0][0] == {place}:
            # nothing else is needed to go on: whatever puts a token here may as well go on at once
            after = used[0][1]
            if place in after or any((post - {place}) & after for _, post in made):
                return False
            self.steps = self.steps - {*made, *used}
            self.steps |= {(pre, (post - {place}) | after) for pre, post in made}
            return True
        if len(made) == 1 and made[0][1] == {place} and all(self.used[p] == made for p in made[0][0]):
            # the step before has no rival and leads only here: it may as well wait
            before = made[0][0]
            if place in before or self.source in before or any((pre - {place}) & before for pre, _ in used):
                return False
            self.steps = self.steps - {*made, *used}
            self.steps |= {((pre - {place}) | before, post) for pre, post in used}
            return True
        return False
