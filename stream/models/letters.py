"""Parts of which any number may run at once: told exactly where one label at a time is all that a run ever shows.

What an event that does not interrupt starts, the instances of a parallel multi-instance sub-process and the steps of an
ad-hoc sub-process interleave without limit, and a bounded net cannot count them. It need not where a run of the part
may be over after any label, and could show from its start whatever else it can still show: then the labels come in any
order and number. Invariant: `letters_of` answers only where that is so.
"""

from typing import NamedTuple

from stream.models.quotient import OVER, Graph, Hop, Outs
from stream.models.sketch import Move

MANY = "may run any number of times at once, and takes several steps in an order"
FEW = "one step, or steps none of which needs another first"


class Letter(NamedTuple):
    """A label (None: nothing), and what is put outside with it."""

    label: str | None
    outs: Outs
    element: str | None

    def move(self, before: int, after: int, flags: set[int]) -> Move:
        """The letter as a move between two places; flags that it raises are raised once."""
        raised = frozenset(place for place, _ in self.outs if place in flags)
        return Move(self.label, {before: 1}, {after: 1} | dict(self.outs), self.element, clears=raised)


def letters_of(graph: Graph) -> tuple[list[Letter], bool] | None:
    """What runs of a part show, one letter at a time, and whether one may show nothing; None where order matters."""
    runs = _Runs(graph)
    letters = dict[tuple[str | None, Outs], Letter]()
    for hop in runs.shown(0):
        letters[hop.label, hop.outs] = Letter(hop.label, hop.outs, hop.element)
        for effect in runs.shown(hop.target) if hop.target != OVER and not hop.outs else ():
            if effect.label is None:  # an error thrown after the label, say: the two are taken as one
                letters[hop.label, effect.outs] = Letter(hop.label, effect.outs, hop.element)
    todo = [(hop.target, hop.label) for hop in runs.shown(0)]
    seen = set(todo)
    while todo:
        state, label = todo.pop()
        if OVER not in runs.silently(state):
            return None
        for hop in runs.shown(state):
            known = (hop.label, hop.outs) in letters or (hop.label is None and (label, hop.outs) in letters)
            if not known:
                return None
            if (hop.target, hop.label) not in seen:
                seen.add((hop.target, hop.label))
                todo.append((hop.target, hop.label))
    return sorted(letters.values(), key=str), OVER in runs.silently(0)


class _Runs:
    def __init__(self, graph: Graph) -> None:
        self.leaving: dict[int, list[Hop]] = {}
        for hop in graph.hops:
            self.leaving.setdefault(hop.source, []).append(hop)

    def silently(self, state: int) -> set[int]:
        """The states that a run can come to without anything to be seen."""
        seen, todo = {state}, [state]
        while todo:
            for hop in self.leaving.get(todo.pop(), ()):
                if hop.silent and hop.target not in seen:
                    seen.add(hop.target)
                    todo.append(hop.target)
        return seen

    def shown(self, state: int) -> list[Hop]:
        """What can be seen next."""
        return [hop for s in sorted(self.silently(state)) for hop in self.leaving.get(s, ()) if not hop.silent]
