"""Parts that are neither one-token nor parallel branches: the smallest between two places becomes a machine of its own.

Invariant: a fragment is entered at one place and left at another, is safe, and nothing is left behind in it when it is
done; its reachability graph proves that before it is folded.
"""

from typing import NamedTuple

from stream.conformance.building import Builder
from stream.conformance.dominators import immediate_dominators
from stream.conformance.folding import Folding, Part

MOST_WORK = 2_000_000  # parts looked at for one net; past this, the rest stays as it is


class Fragment(NamedTuple):
    """The parts between two places."""

    entry: int
    leave: int
    parts: set[int]


def fold_fragment(folding: Folding, builder: Builder) -> bool:
    """Fold the smallest fragment that is not one-token; says whether there was one that may stand alone."""
    if folding.one_token:
        return False
    folding.index()
    best = _smallest(folding)
    if best is None:
        return False
    inner = [part for number in sorted(best.parts) for part in folding.parts[number].unfolded()]
    kid = builder.fragment([part.transition() for part in inner], best.entry, best.leave)
    if kid is None:
        return False
    own = folding.place()  # the fragment's own entry, so that tokens come in only through the block
    renamed = [_renamed(part, best.entry, own) for part in inner]
    renamed.append(Part({best.entry}, {own}))
    folding.remove(best.parts)
    folding.add(Part({best.entry}, {best.leave}, kids=[kid], inner=renamed))
    return True


def _renamed(part: Part, place: int, own: int) -> Part:
    pre, post = ({own if p == place else p for p in side} for side in (part.pre, part.post))
    return Part(pre, post, part.label, part.element)


def _smallest(folding: Folding) -> Fragment | None:
    """The fragment of fewest parts; its exit is a place that every way from its entry to the sink passes."""
    exits = immediate_dominators(_feeding(folding), folding.sink)
    best: Fragment | None = None
    for entry in sorted(exits):
        best = _from(folding, entry, exits, best) or best
    return best


def _feeding(folding: Folding) -> dict[int, set[int]]:
    """Place to the places whose tokens may come to it."""
    places = {folding.source, *folding.producers, *folding.consumers}
    return {place: set().union(*[folding.parts[number].pre for number in folding.made(place)]) for place in places}


def _from(folding: Folding, entry: int, exits: dict[int, int], best: Fragment | None) -> Fragment | None:
    """The smallest fragment that starts at a place, if it is smaller than the best; it grows from exit to exit."""
    most = len(best.parts) - 1 if best else len(folding.parts)
    inside, seen, leave = set[int](), set[int](), entry
    while leave in exits and folding.work < MOST_WORK:
        seen.add(leave)
        todo, leave = [leave], exits[leave]
        while todo:
            for number in folding.used(todo.pop()) - inside:
                inside.add(number)
                fresh = folding.parts[number].post - seen - {leave}
                seen |= fresh
                todo += fresh
        folding.work += len(inside)
        if len(inside) > most or (folding.source in seen and entry != folding.source):
            return None
        if _alone(folding, entry, leave, inside, seen):
            return Fragment(entry, leave, inside)
    return None


def _alone(folding: Folding, entry: int, leave: int, inside: set[int], seen: set[int]) -> bool:
    """Whether these parts and places are a fragment, and not one-token."""
    parts = [folding.parts[number] for number in inside]
    if all(part.simple for part in parts) or not any(leave in part.post for part in parts):
        return False
    if any(not part.pre <= seen for part in parts):
        return False
    return all(folding.made(p) <= inside and folding.used(p) <= inside for p in seen if p != entry)
