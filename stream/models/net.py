"""A net: places, transitions, a first and a final marking, the one form that every model takes.

Invariant: a net means exactly what its file says; whatever a reader cannot express here it refuses. Places are numbered
from 0 in the order of the file, and every transition names the model element that it stands for.
"""

from collections.abc import Mapping
from typing import NamedTuple

Marking = Mapping[int, int]  # place -> tokens, places without tokens left out

MOST_TOKENS = 200  # per place in a first or final marking and on an arc; far beyond any process


class Transition(NamedTuple):
    """One step: the activity that it shows (None: silent), and what it takes from and puts on places."""

    label: str | None
    pre: Marking
    post: Marking
    element: str | None = None


class Net(NamedTuple):
    """A place/transition net (Murata 1989) with one final marking; `notes` are for whoever gave the file."""

    places: tuple[str, ...]
    transitions: tuple[Transition, ...]
    initial: Marking
    final: Marking
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> frozenset[str]:
        """The activities that the net can show."""
        return frozenset(t.label for t in self.transitions if t.label is not None)

    def silenced(self, unobserved: frozenset[str]) -> "Net":
        """The same net with the steps of these labels silent: they happen without an event."""
        steps = tuple(t._replace(label=None) if t.label in unobserved else t for t in self.transitions)
        return self._replace(transitions=steps)
