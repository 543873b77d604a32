"""Parallel branches: one-token regions between the same split and the same join become one block.

Invariant: a region is left and entered only through its entry and exit places, so that inside the block no branch can
see another.
"""

from typing import NamedTuple

from stream.conformance.building import Builder
from stream.conformance.folding import Folding, Part
from stream.conformance.frontier import Home


class Region(NamedTuple):
    """A one-token part: its places and parts, and its ends."""

    entry: int
    leave: int
    places: set[int]
    parts: set[int]


def fold_parallel(folding: Folding, builder: Builder) -> bool:
    """Fold the first set of parallel branches into a block; says whether there was one."""
    folding.index()
    groups: dict[tuple[frozenset[int], frozenset[int]], list[Region]] = {}
    starts = {place for part in folding.parts.values() if len(part.post) > 1 for place in part.post}
    for place in sorted(starts):
        region = _region(folding, place)
        if region is not None:
            ends = _outside(folding, region)
            if ends is not None:
                groups.setdefault(ends, []).append(region)
    for (split, join), regions in groups.items():
        if len(regions) > 1 and len(set().union(*[r.places for r in regions])) == sum(len(r.places) for r in regions):
            _replace(folding, builder, regions, split, join)
            return True
    return False


def _region(folding: Folding, entry: int) -> Region | None:
    """The one-token part that starts at a place, if it has one way in and one way out."""
    places, inner, todo = {entry}, set[int](), [entry]
    while todo:
        for number in folding.used(todo.pop()):
            if folding.parts[number].simple:
                inner.add(number)
                fresh = folding.parts[number].post - places
                places |= fresh
                todo += fresh
    if folding.source in places or folding.sink in places:
        return None
    if any(place != entry and not folding.made(place) <= inner for place in places):
        return None
    exits = [place for place in places if not folding.used(place) <= inner]
    return Region(entry, exits[0], places, inner) if len(exits) == 1 else None


def _outside(folding: Folding, region: Region) -> tuple[frozenset[int], frozenset[int]] | None:
    """The parts that feed a region and those that take from it; None where these do not make it a branch."""
    split = frozenset(folding.made(region.entry) - region.parts)
    join = frozenset(folding.used(region.leave) - region.parts)
    if not split or split & join or any(folding.parts[number].simple for number in split):
        return None
    return split, join


def _replace(
    folding: Folding, builder: Builder, regions: list[Region], split: frozenset[int], join: frozenset[int]
) -> None:
    start, end = folding.place(), folding.place()
    entries, leaves = {region.entry for region in regions}, {region.leave for region in regions}
    inner = [p for region in regions for number in sorted(region.parts) for p in folding.parts[number].unfolded()]
    inner += [Part({start}, entries), Part(leaves, {end})]  # the split and the join, so that it can be unfolded
    branches = [
        builder.table([folding.parts[number] for number in sorted(region.parts)], region.entry, region.leave)
        for region in regions
        if region.parts
    ]
    for number in split:
        part = folding.parts[number]
        part.post = (part.post - entries) | {start}
    for number in join:
        part = folding.parts[number]
        part.pre = (part.pre - leaves) | {end}
    for region in regions:
        folding.remove(region.parts)
    kids: list[Home] = [*builder.grouped([*branches])]
    folding.add(Part({start}, {end}, kids=kids, inner=inner) if kids else Part({start}, {end}))
