"""Parts that are neither one-token nor parallel branches: the smallest between two places becomes a machine of its own.

Invariant: a fragment is entered at one place and left at another, is safe, and nothing is left behind in it when it is
done; its reachability graph proves that before it is folded.
"""

from typing import NamedTuple

from stream.conformance.building import Builder
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
    places = sorted({folding.source, folding.sink, *folding.producers, *folding.consumers})
    best: Fragment | None = None
    for entry in places:
        for leave in places:
            if folding.work > MOST_WORK:
                return None
            if entry != leave:
                most = len(best.parts) - 1 if best else len(folding.parts)
                best = _between(folding, entry, leave, most) or best
    return best


def _between(folding: Folding, entry: int, leave: int, most: int) -> Fragment | None:
    """What lies between two places, if it is a fragment of at most so many parts and not one-token."""
    inside, seen, todo = set[int](), {entry}, [entry]
    while todo:
        for number in folding.used(todo.pop()):
            if number not in inside:
                inside.add(number)
                fresh = folding.parts[number].post - seen - {leave}
                seen |= fresh
                todo += fresh
        folding.work += 1
        if len(inside) > most:
            return None
    parts = [folding.parts[number] for number in inside]
    if all(part.simple for part in parts) or not any(leave in part.post for part in parts):
        return None
    if (folding.source in seen and entry != folding.source) or folding.sink in seen:
        return None
    if any(not part.pre <= seen for part in parts):
        return None
    closed = all(folding.made(p) <= inside and folding.used(p) <= inside for p in seen if p != entry)
    return Fragment(entry, leave, inside) if closed else None
