"""What can be wrong with a net, as sentences that point at its elements.

Invariant: a sentence names activities that lead to the trouble, in order, and the elements that are in it.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from stream.models.naming import Names
from stream.models.net import Marking, Net
from stream.models.view import View

MOST_SHOWN = 6  # activities of a round that is told


class Trouble(StrEnum):
    """The kinds of trouble."""

    UNBOUNDED = "unbounded"
    NO_START = "no start"
    NO_END = "no end"
    STUCK = "deadlock"
    ENDLESS = "livelock"
    LEFT_BEHIND = "work left behind"
    DEAD = "dead step"


class Finding(NamedTuple):
    """Something wrong with a net: the ids of the elements that it is about, a sentence, and the activities that lead
    to it."""

    trouble: Trouble
    elements: tuple[str, ...]
    text: str
    trace: tuple[str, ...] = ()


class Teller:
    """Says what is wrong with one net; runs are steps in order, tokens are by place."""

    def __init__(self, net: Net) -> None:
        self.net, self.names = net, Names(net)

    def unbounded(self, view: View) -> Finding:
        """A place gets more tokens each time round."""
        assert view.space.grows is not None
        before, after = view.space.grows
        less, more = view.tokens(before), view.tokens(after)
        places = [place for place, number in more.items() if number > less.get(place, 0)]
        way, loop = view.run(before), view.run(after, since=before)
        shown = self.names.trace(loop) or self._steps(loop)
        where = " and ".join(self.names.place(place) for place in places[:2])
        text = f"{where} has no bound{self._after(way)}: the loop {shown} leaves more there each time round"
        return Finding(Trouble.UNBOUNDED, (*self._places(places), *self._elements(loop)), text, self._labels(way))

    def no_end(self) -> Finding:
        """No run ends."""
        text = (
            f"No case can ever end: {self.names.tokens(dict(self.net.final))} is never reached with nothing else left"
        )
        return Finding(Trouble.NO_END, self._places(self.net.final), text)

    def stuck(self, run: Sequence[int], tokens: Marking) -> Finding:
        """Nothing can happen, and the case has not ended."""
        waiting = [
            (number, {place: weight for place, weight in step.pre.items() if tokens.get(place, 0) < weight})
            for number, step in enumerate(self.net.transitions)
            if any(place in tokens for place in step.pre)
        ]
        needs = [
            f"{self.names.step(number)} still needs {self.names.tokens(missing)}" for number, missing in waiting[:2]
        ]
        where = self.names.tokens(dict(tokens))
        text = (
            f"A case can get stuck{self._after(run)}, at {where}: {'; '.join(needs) or 'nothing leads on from there'}"
        )
        elements = (*self._places(tokens), *self._elements(number for number, _ in waiting))
        return Finding(Trouble.STUCK, elements, text, self._labels(run))

    def endless(self, run: Sequence[int], tokens: Marking, round_: Iterable[int]) -> Finding:
        """Something can always happen, but never the end."""
        steps = sorted(round_)
        shown = list(dict.fromkeys(f"`{' '.join(label.split())}`" for label in self._labels(steps)))
        shown[MOST_SHOWN:] = [f"{len(shown) - MOST_SHOWN} more"] if len(shown) > MOST_SHOWN else []
        text = f"A case can go round without an end{self._after(run)}, from {self.names.tokens(dict(tokens))}: "
        text += f"only {', '.join(shown) or self._steps(steps)} can still happen, and the end is out of reach"
        return Finding(Trouble.ENDLESS, (*self._places(tokens), *self._elements(steps)), text, self._labels(run))

    def left_behind(self, run: Sequence[int], tokens: Marking) -> Finding:
        """The end is reached, and something else is not over."""
        final = self.net.final
        rest = {place: number - final.get(place, 0) for place, number in tokens.items()}
        rest = {place: number for place, number in rest.items() if number}
        text = f"A case can reach its end with work left behind{self._after(run)}, at {self.names.tokens(rest)}"
        return Finding(Trouble.LEFT_BEHIND, self._places(rest), text, self._labels(run))

    def dead(self, steps: Iterable[int]) -> tuple[Finding, ...]:
        """Steps that can never happen; those that stand for no element of the file are not told."""
        steps = sorted(steps)
        shown = {number for number, step in enumerate(self.net.transitions) if step.label is not None}
        if shown and shown.issubset(steps):
            return (Finding(Trouble.NO_START, self._elements(sorted(shown)), "No activity can ever happen"),)
        return tuple(
            Finding(Trouble.DEAD, self._elements([number]), f"{self.names.step(number)} can never happen")
            for number in steps
            if self.net.transitions[number].element is not None or self.net.transitions[number].label is not None
        )

    def _after(self, run: Sequence[int]) -> str:
        shown = self.names.trace(run)
        return f" after {shown}" if shown else " at once, before any activity"

    def _labels(self, run: Sequence[int]) -> tuple[str, ...]:
        return tuple(label for number in run if (label := self.net.transitions[number].label) is not None)

    def _steps(self, steps: Iterable[int]) -> str:
        return ", ".join(dict.fromkeys(map(self.names.step, steps)))

    def _places(self, places: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.net.places[place] for place in places)

    def _elements(self, steps: Iterable[int]) -> tuple[str, ...]:
        elements = (self.net.transitions[number].element for number in steps)
        return tuple(dict.fromkeys(element for element in elements if element is not None))
