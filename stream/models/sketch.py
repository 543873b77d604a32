"""A net in the making: places and moves are added while a model is read, and problems gathered.

A move may do what no step of a net can: take a token from each of some places that has one, empty places, or wait until
places are empty. Invariant: places are only ever added, so that those of one part of the model are a range; moves that
say more than a step of a net are gone (`unfolding`) before a net is made.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.problem import Problem
from stream.models.graph import Node
from stream.models.net import Transition

Places = Iterable[int] | Mapping[int, int]
NOWHERE: frozenset[int] = frozenset()


Waits = tuple[tuple[int, frozenset[int]], ...]


class Move(NamedTuple):
    """A step that besides `pre` takes a token from each place of `takes` that has one (at least one must), empties the
    places of `clears`, and waits: for each (place, others) of `waits`, that place must be empty or one of the others
    marked."""

    label: str | None
    pre: Mapping[int, int]
    post: Mapping[int, int]
    element: str | None = None
    takes: tuple[int, ...] = ()
    clears: frozenset[int] = NOWHERE
    waits: Waits = ()

    @property
    def plain(self) -> bool:
        """Whether a step of a net says the same."""
        return not (self.takes or self.clears or self.waits)

    def transition(self) -> Transition:
        """As a step of a net."""
        assert self.plain  # whoever asks has seen to it
        return Transition(self.label, self.pre, self.post, self.element)

    def reads(self) -> set[int]:
        """The places that decide whether and how it can happen."""
        return {*self.pre, *self.takes, *self.clears}.union(*[{place} | others for place, others in self.waits])


class Mark(NamedTuple):
    """How far a sketch had come: what was added since is a part of its own, or can be taken back."""

    places: int
    moves: int
    problems: int
    notes: int


class Sketch:
    """Places by name, moves in order, and what is to be told to the person who gave the file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: list[str] = []
        self.moves: list[Move] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.nodes: dict[str, Node] = {}  # what was met, by id
        self.did: dict[int, int] = {}  # identity of an activity -> where a token says that it was completed
        self.told: dict[int, int] = {}  # first move of a part that is told by states -> how many
        self.flags: set[int] = set()  # places where one token says as much as many
        self.held: dict[int, str] = {}  # places that stop a part from which something was thrown -> what catches it
        self.thrown: set[str] = set()  # events that catch what some event inside throws

    def place(self, name: str) -> int:
        """A new place, named after what waits there."""
        self.places.append(name)
        return len(self.places) - 1

    def step(self, pre: Places, post: Places, label: str | None = None, element: str | None = None) -> None:
        """A new plain step; places given twice count twice."""
        self.moves.append(Move(label, _tokens(pre), _tokens(post), element))

    def add(self, move: Move) -> None:
        """A new move."""
        self.moves.append(move)

    def refuse(self, node: Node, wrong: str, right: str) -> None:
        """Note a problem at a node, once."""
        problem = Problem(self.file, node.line, f"{node.tag} {node.id}".strip(), wrong, right)
        if problem not in self.problems:
            self.problems.append(problem)

    def note(self, text: str) -> None:
        """Note something that whoever gave the file should know, once."""
        if text not in self.notes:
            self.notes.append(text)

    def mark(self) -> Mark:
        """Where the sketch stands."""
        return Mark(len(self.places), len(self.moves), len(self.problems), len(self.notes))

    def unless_thrown(self, places: Iterable[int], catcher: str = "") -> Waits:
        """The waits of what must not happen in a part any more once something was thrown out of it; `catcher` may."""
        return tuple((place, NOWHERE) for place in sorted(places) if self.held.get(place, catcher) != catcher)

    def since(self, mark: Mark) -> range:
        """The places added since a mark."""
        return range(mark.places, len(self.places))

    def back(self, mark: Mark) -> None:
        """Take back everything added since a mark."""
        del self.places[mark.places :], self.moves[mark.moves :]
        del self.problems[mark.problems :], self.notes[mark.notes :]


def _tokens(places: Places) -> dict[int, int]:
    if isinstance(places, Mapping):
        return dict(places)
    tokens: dict[int, int] = {}
    for place in places:
        tokens[place] = tokens.get(place, 0) + 1
    return tokens
