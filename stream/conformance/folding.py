"""The net while it is being folded: transitions that may already stand for whole blocks, rewritten step by step.

Invariant: each rewriting keeps the language of the net and its costs; a folded part keeps what it was made of
(`inner`), so that a larger part that does not decompose can take it back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stream.conformance.frontier import Home
from stream.models.net import Net, Transition


@dataclass(slots=True)
class Part:
    """A transition of the folding net; with `kids` it is a block of them, else a single step."""

    pre: set[int]
    post: set[int]
    label: str | None = None
    element: str | None = None
    kids: list[Home] = field(default_factory=list)
    inner: list["Part"] = field(default_factory=list)

    @property
    def simple(self) -> bool:
        """Whether it takes one token to one place."""
        return len(self.pre) == 1 == len(self.post)

    def unfolded(self) -> list["Part"]:
        """The single steps that it stands for."""
        return self.inner if self.kids else [self]

    def transition(self) -> Transition:
        """As a transition of a plain net."""
        return Transition(self.label, dict.fromkeys(self.pre, 1), dict.fromkeys(self.post, 1), self.element)


class Folding:
    """Parts by number, with one source and one sink place; places made on the way get numbers of their own."""

    def __init__(self, net: Net) -> None:
        self.parts = {
            index: Part(set(step.pre), set(step.post), step.label, step.element)
            for index, step in enumerate(net.transitions)
        }
        self._next_part, self._next_place = len(self.parts), len(net.places)
        self.work = 0  # parts looked at in searching for fragments
        self.source = self._end(list(net.initial), at_start=True)
        self.sink = self._end(list(net.final), at_start=False)
        self._drop_unreachable()

    def _end(self, places: list[int], *, at_start: bool) -> int:
        if len(places) == 1:
            return places[0]
        end = self.place()
        self.add(Part({end}, set(places)) if at_start else Part(set(places), {end}))
        return end

    def place(self) -> int:
        """A new place."""
        self._next_place += 1
        return self._next_place - 1

    def add(self, part: Part) -> None:
        """Put a part in."""
        self.parts[self._next_part] = part
        self._next_part += 1

    def remove(self, numbers: Iterable[int]) -> None:
        """Take parts out."""
        for number in numbers:
            del self.parts[number]

    def _drop_unreachable(self) -> None:
        """Drop what can never fire even if conflicts are ignored."""
        marked, fired, grown = {self.source}, set[int](), True
        while grown:
            grown = False
            for number, part in self.parts.items():
                if number not in fired and part.pre <= marked:
                    fired.add(number)
                    marked |= part.post
                    grown = True
        self.parts = {number: part for number, part in self.parts.items() if number in fired}

    def index(self) -> None:
        """Look up again who produces and who consumes each place; call it after rewriting, before searching."""
        self.producers: dict[int, set[int]] = {}
        self.consumers: dict[int, set[int]] = {}
        for number, part in self.parts.items():
            for place in part.pre:
                self.consumers.setdefault(place, set()).add(number)
            for place in part.post:
                self.producers.setdefault(place, set()).add(number)

    def made(self, place: int) -> set[int]:
        """The parts that put tokens on a place."""
        return self.producers.get(place, set())

    def used(self, place: int) -> set[int]:
        """The parts that take tokens from a place."""
        return self.consumers.get(place, set())

    @property
    def one_token(self) -> bool:
        """Whether what is left is a single automaton."""
        return all(part.simple for part in self.parts.values())
