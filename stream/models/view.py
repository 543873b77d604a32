"""What a state space says about ends: where cases are stuck, go round for ever, or end with work left behind.

Invariant: markings are told in the order in which they were found, so that the first of its kind is reached by the
fewest activities; runs are given in steps of the whole net, also where the space is that of a smaller one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from stream.models.agglomeration import Joined
from stream.models.net import Net
from stream.models.state_space import StateSpace


class View:
    """A state space with the marking that ends a case.

    `steps`: those of a smaller net, in the order of the space's transitions; None where the space is the net's own.
    """

    def __init__(self, space: StateSpace, net: Net, steps: Sequence[Joined] | None = None) -> None:
        self.space, self.net = space, net
        self.final = space.graph.marking(net.final)
        self.whole = steps is None
        self.runs = [(n,) for n in range(len(net.transitions))] if steps is None else [step.run for step in steps]
        self.proves = [step.proves for step in steps or ()]

    @property
    def looked_at(self) -> int:
        """How many markings were looked at."""
        return len(self.space.followers)

    def run(self, marking: bytes, since: bytes | None = None) -> list[int]:
        """A shortest way to a marking, in steps of the whole net."""
        return [step for transition in self.space.way(marking, since) for step in self.runs[transition]]

    def tokens(self, marking: bytes) -> dict[int, int]:
        """Place to tokens, in the whole net; a smaller one may lack places."""
        if self.whole:
            return self.space.graph.tokens(marking)
        tokens = Counter(self.net.initial)
        for number in self.run(marking):
            tokens.subtract(self.net.transitions[number].pre)
            tokens.update(self.net.transitions[number].post)
        return {place: tokens[place] for place in sorted(tokens) if tokens[place]}

    @cached_property
    def ending(self) -> set[bytes]:
        """The markings from which the end can be reached."""
        return self._leading_to([self.final])

    @cached_property
    def left(self) -> list[bytes]:
        """The markings that hold the end and more."""
        return [m for m in self.space.followers if m != self.final and all(map(int.__le__, self.final, m))]

    @cached_property
    def stuck(self) -> list[bytes]:
        """The markings without the end where nothing can happen."""
        left = {self.final, *self.left}
        enabled = self.space.graph.enabled
        return [m for m, after in self.space.followers.items() if not after and m not in left and not enabled(m)]

    @property
    def endless(self) -> bytes | None:
        """The first marking from which cases only ever go round."""
        lead_out = self._leading_to([self.final, *self.left, *self.stuck])
        return next((marking for marking in self.space.followers if marking not in lead_out), None)

    @property
    def sound(self) -> bool:
        """Whether every case can end, with nothing left behind."""
        return not self.left and len(self.ending) == len(self.space.followers)

    def alive(self, circling: Mapping[int, frozenset[int]]) -> set[int]:
        """The steps of the whole net that can happen; `circling`: those that can wherever a place is marked."""
        fired = {transition for found in self.space.followers.values() for transition, _ in found}
        alive = {step for transition in fired for step in self.runs[transition]}
        if self.proves:
            alive.update(*(self.proves[transition] for transition in fired))
        at = {place: index for index, place in enumerate(self.space.graph.places)}
        for place, steps in circling.items():
            if place in at and any(marking[at[place]] for marking in self.space.followers):
                alive |= steps
        return alive

    def after(self, marking: bytes) -> set[int]:
        """The steps that can still happen at some time after a marking."""
        found, seen, todo = set[int](), {marking}, [marking]
        while todo:
            for transition, after in self.space.followers.get(todo.pop(), ()):
                found.update(self.runs[transition])
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        return found

    def distinct(self, markings: Iterable[bytes]) -> list[bytes]:
        """The first marking for each set of places."""
        first: dict[tuple[bool, ...], bytes] = {}
        for marking in markings:
            first.setdefault(tuple(map(bool, marking)), marking)
        return list(first.values())

    def _leading_to(self, markings: Iterable[bytes]) -> set[bytes]:
        found = {marking for marking in markings if marking in self.space.followers}
        todo = list(found)
        while todo:
            for before in self._before.get(todo.pop(), ()):
                if before not in found:
                    found.add(before)
                    todo.append(before)
        return found

    @cached_property
    def _before(self) -> dict[bytes, list[bytes]]:
        before: dict[bytes, list[bytes]] = {}
        for marking, found in self.space.followers.items():
            for _, after in found:
                before.setdefault(after, []).append(marking)
        return before
