"""A net in the making: places and steps are added while a model is read, and problems gathered.

Invariant: steps are only ever added, so that those of one part of the model are a slice of all.
"""

from collections.abc import Iterable, Mapping

from schemas.problem import Problem
from stream.models.graph import Node
from stream.models.net import Transition

Places = Iterable[int] | Mapping[int, int]


class Sketch:
    """Places by name, steps in order, and what is to be told to the person who gave the file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: list[str] = []
        self.steps: list[Transition] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def place(self, name: str) -> int:
        """A new place, named after what waits there."""
        self.places.append(name)
        return len(self.places) - 1

    def step(self, pre: Places, post: Places, label: str | None = None, element: str | None = None) -> None:
        """A new step; places given twice count twice."""
        self.steps.append(Transition(label, _tokens(pre), _tokens(post), element))

    def refuse(self, node: Node, wrong: str, right: str) -> None:
        """Note a problem at a node."""
        self.problems.append(Problem(self.file, node.line, f"{node.tag} {node.id}", wrong, right))


def _tokens(places: Places) -> dict[int, int]:
    if isinstance(places, Mapping):
        return dict(places)
    tokens: dict[int, int] = {}
    for place in places:
        tokens[place] = tokens.get(place, 0) + 1
    return tokens
