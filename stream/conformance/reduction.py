"""Keeping frontiers small without loss: dominated items go, and modes that differ in one branch become one.

Invariant: for every future, the cheapest alignment from what is kept costs the same as from what was given.
"""

from stream.conformance.frontier import INF, Frontier, Home, Item, Mode

Costed = tuple[Item, int]


def reduce(machine: Home, candidates: dict[Item, int], most: int) -> tuple[list[Costed], int]:
    """Items that no other dominates, sorted by cost and content, and the least cost left out past `most` of them (INF:
    none). Of equals that dominate each other the first stays."""
    key = machine.key
    ranked = sorted([(cost, key(item), item) for item, cost in candidates.items()], key=_rank)
    kept: list[Costed] = []
    bound = machine.bound
    for cost, _, item in ranked:
        for rival, below in kept:
            if below + bound(item, rival) <= cost:
                break
        else:
            if kept and kept[-1][1] == cost:
                kept = [(rival, below) for rival, below in kept if below < cost or bound(rival, item) > 0]
            if len(kept) >= most:
                return kept, cost
            kept.append((item, cost))
    return kept, INF


def _rank(entry: tuple[int, tuple[object, ...], Item]) -> tuple[int, tuple[object, ...]]:
    return entry[:2]


def merge(items: list[Costed]) -> dict[Item, int] | None:
    """Join modes of one block that differ in one branch only: its frontier becomes the union. None: nothing to join."""
    modes = [(item, cost) for item, cost in items if type(item) is Mode]
    if len(modes) < 2:
        return None
    kept: list[tuple[Mode, int]] = []
    for mode, cost in modes:
        pending: tuple[Mode, int] | None = (mode, cost)
        while pending is not None:
            for place, other in enumerate(kept):
                joined = _join(other, pending)
                if joined is not None:
                    del kept[place]
                    pending = joined
                    break
            else:
                kept.append(pending)
                pending = None
    if len(kept) == len(modes):
        return None
    best: dict[Item, int] = {item: cost for item, cost in items if type(item) is not Mode}
    for mode, cost in kept:
        if cost < best.get(mode, INF):
            best[mode] = cost
    return best


def _join(first: tuple[Mode, int], second: tuple[Mode, int]) -> tuple[Mode, int] | None:
    (mode, cost), (other, above) = first, second
    if mode.block is not other.block:
        return None
    branch = -1
    for place, (kid, rival) in enumerate(zip(mode.kids, other.kids, strict=True)):
        if kid is not rival and kid.digest != rival.digest:
            if branch >= 0:
                return None
            branch = place
    if branch < 0:  # equal by content, told apart only because a memo was forgotten
        return first if cost <= above else second
    union = _union(mode.kids[branch], cost, other.kids[branch], above)
    frontier, low, cut = mode.kids[branch].machine.build(union, INF)
    if cut < INF:
        return None  # too wide to be joined without loss
    return mode.block.mode((*mode.kids[:branch], frontier, *mode.kids[branch + 1 :])), low


def _union(frontier: Frontier, base: int, other: Frontier, above: int) -> dict[Item, int]:
    best = {item: base + cost for item, cost in frontier.items}
    for item, cost in other.items:
        if above + cost < best.get(item, INF):
            best[item] = above + cost
    return best
