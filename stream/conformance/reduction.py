"""Keeping frontiers small without loss: dominated items go, and modes that differ in one branch become one.

Invariant: for every future, the cheapest alignment from what is kept costs the same as from what was given, but for
what is reported as left out. How much is left out depends on the items alone: work is counted, never timed.
"""

from stream.conformance.frontier import INF, Home, Item, Mode, gain

Costed = tuple[Item, int]

COMPARISONS = 10_000  # pairs of items compared for one frontier; some milliseconds


def reduce(machine: Home, candidates: dict[Item, int], most: int) -> tuple[list[Costed], int]:
    """Items that no other dominates, sorted by cost and content, and the least cost left out past `most` of them or
    past `COMPARISONS` (INF: none). Of equals that dominate each other the first stays."""
    key = machine.key
    ranked = sorted([(cost, key(item), item) for item, cost in candidates.items()], key=_rank)
    kept: list[Costed] = []
    compared = 0
    for cost, _, item in ranked:
        if len(kept) >= most or compared > COMPARISONS:
            return kept, cost
        compared += len(kept)
        for rival, below in kept:
            if _covers(machine, rival, item, cost - below):
                break
        else:
            if kept and kept[-1][1] == cost:
                kept = [pair for pair in kept if pair[1] < cost or not _covers(machine, item, pair[0], 0)]
            kept.append((item, cost))
    return kept, INF


def _rank(entry: tuple[int, tuple[object, ...], Item]) -> tuple[int, tuple[object, ...]]:
    return entry[:2]


def _covers(machine: Home, rival: Item, item: Item, slack: int) -> bool:
    """Whether `item` can never be cheaper than `rival` by more than `slack`; of modes, branch by branch, and as soon as
    a branch or the completion shows that it can be, no further."""
    if type(item) is not Mode or type(rival) is not Mode or item.block is not rival.block:
        return machine.bound(item, rival) <= slack
    if rival.completion - item.completion > slack:
        return False
    for kid, other in zip(item.kids, rival.kids, strict=True):
        if kid is not other:
            found = kid.gains.get(other)
            slack -= gain(kid, other) if found is None else found
            if slack < 0:
                return False
    return True


def merge(items: list[Costed]) -> dict[Item, int] | None:
    """Join modes of one block that differ in one branch only: its frontier becomes the union. None: nothing to join."""
    modes = {item: cost for item, cost in items if type(item) is Mode}
    if len(modes) < 2 or (len(modes) == 2 and not _near(*modes)):
        return None
    best, joined = {item: cost for item, cost in items if type(item) is not Mode}, False
    for block in {mode.block.index: mode.block for mode in modes}.values():
        mine = [(mode, cost) for mode, cost in modes.items() if mode.block is block]
        for branch in range(len(mine[0][0].kids)):
            mine, some = _join(mine, branch)
            joined = joined or some
        best.update(mine)
    return best if joined else None


def _near(one: Mode, other: Mode) -> bool:
    """Whether two modes may differ in one branch only."""
    if one.block is not other.block:
        return False
    differing = 0
    for kid, twin in zip(one.kids, other.kids, strict=True):
        if kid is not twin and kid.digest != twin.digest:
            differing += 1
            if differing > 1:
                return False
    return True


def _join(modes: list[tuple[Mode, int]], branch: int) -> tuple[list[tuple[Mode, int]], bool]:
    """Join what is equal but for one branch; and whether there was any such thing."""
    kept: dict[tuple[object, ...], tuple[Mode, int]] = {}
    apart: list[tuple[Mode, int]] = []
    joined = False
    for mode, cost in modes:
        digests = mode.key[2]
        others = (*digests[:branch], *digests[branch + 1 :])
        twin = kept.get(others)
        union = None if twin is None else _union(twin, (mode, cost), branch)
        if union is not None:
            joined = True
        elif twin is not None:
            apart.append((mode, cost))
            continue
        kept[others] = union or (mode, cost)
    return [*kept.values(), *apart], joined


def _union(first: tuple[Mode, int], second: tuple[Mode, int], branch: int) -> tuple[Mode, int] | None:
    (mode, cost), (other, above) = first, second
    frontier = mode.kids[branch]
    best = {item: cost + extra for item, extra in frontier.items}
    for item, extra in other.kids[branch].items:
        if above + extra < best.get(item, INF):
            best[item] = above + extra
    frontier, low, cut = frontier.machine.build(best, INF)
    if cut < INF:
        return None  # too wide to be joined without loss
    return mode.block.mode((*mode.kids[:branch], frontier, *mode.kids[branch + 1 :])), low
