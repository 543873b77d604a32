"""Gateways: what they wait for and which ways out they choose (BPMN 2.0, 13.3).

Invariant: a join whose condition cannot be told is refused, never taken for another kind of join.
"""

from itertools import combinations

from stream.models.graph import Kind, Node
from stream.models.inclusive import ways_in
from stream.models.sketch import Move
from stream.models.splits import choose, nested, some, split
from stream.models.waiting import Waiting

MOST_JOINED = 5  # ways into a complex gateway that are told apart


def gateway(waiting: Waiting, node: Node) -> None:
    """The steps of a gateway; inclusive and complex joins without a split of their own get theirs by `join_late`."""
    entry, waits = waiting.entries[node.id], waiting.joined(node)
    if node.kind is Kind.PARALLEL or (node.kind is Kind.EVENT_BASED and node.instantiates and node.needed):
        split(waiting, node, waits or [entry])
    elif node.kind is Kind.INCLUSIVE:
        _inclusive(waiting, node)
    elif node.kind is Kind.COMPLEX:
        some(waiting, node, entry)
    else:
        choose(waiting, node, entry)


def _inclusive(waiting: Waiting, node: Node) -> None:
    place, waits = waiting.entries[node.id], waiting.joined(node)
    paired = node.id in waiting.pairs
    if waits and paired and len(node.outgoing) <= 1:
        waiting.sketch.step(waits, waiting.out(node), None, node.id)
        return
    if waits and paired:
        waiting.sketch.step(waits, [place], None, node.id)
    pair = next((pair for pair in waiting.pairs.values() if pair.split is node), None)
    if pair is None or len(node.outgoing) <= 1:
        some(waiting, node, place)
    else:
        nested(waiting, pair, place)


Spans = dict[str, range]  # node -> the places that were made for it


def join_late(waiting: Waiting, spans: Spans) -> None:
    """The joins that look at the tokens elsewhere; called once all places of the scope are there."""
    for node in waiting.scope.of(Kind.INCLUSIVE, Kind.COMPLEX):
        arrivals = waiting.joined(node)
        if not arrivals or node.id in waiting.pairs:
            continue
        coming = _coming(waiting, node, spans)
        if node.kind is Kind.INCLUSIVE:
            entry = {waiting.entries[node.id]: 1}
            waiting.sketch.add(Move(None, {}, entry, node.id, takes=tuple(arrivals), waits=coming))
        else:
            _complex(waiting, node, arrivals, coming)


Waits = tuple[tuple[int, frozenset[int]], ...]


def _coming(waiting: Waiting, join: Node, spans: Spans) -> Waits:
    """Where tokens hold up a join, each place with the ways in that they could come by."""
    coming = list[tuple[int, frozenset[int]]]()
    for name, flows in ways_in(waiting.scope, join).items():
        places = {waiting.entries[name]}
        if name != join.id:
            places |= {*spans[name], *waiting.joined(waiting.scope.nodes[name])}
        ways = frozenset(waiting.arrivals[flow] for flow in flows)
        coming += [(place, ways) for place in sorted(places - set(waiting.terminals))]
    return tuple(coming)


def _complex(waiting: Waiting, node: Node, arrivals: list[int], coming: Waits) -> None:
    """Goes on with so many tokens, then waits for the others that can still come and takes them away (13.3.5)."""
    if not 0 < node.needed <= len(arrivals) <= MOST_JOINED:
        wrong = "joins by a condition that is not evaluated"
        waiting.sketch.refuse(node, wrong, "activationCount >= a number, or an inclusive or parallel gateway")
        return
    resetting = dict[frozenset[int], int]()
    for size in range(node.needed, len(arrivals) + 1):
        for came in map(frozenset, combinations(arrivals, size)):
            resetting[came] = waiting.sketch.place(f"{node.id} reset")
    busy = tuple((place, frozenset[int]()) for place in resetting.values())
    for came, reset in resetting.items():
        rest = [place for place in arrivals if place not in came]
        empty = tuple((place, frozenset[int]()) for place in rest)
        after = {waiting.entries[node.id]: 1, reset: 1}
        waiting.sketch.add(Move(None, dict.fromkeys(came, 1), after, node.id, waits=busy + empty))
        for size in range(len(rest) + 1):
            for late in map(frozenset, combinations(rest, size)):
                missing = frozenset(rest) - late
                held = [(place, late & ways) for place, ways in coming if ways & missing and place not in arrivals]
                never = [(place, frozenset[int]()) for place in sorted(missing)]
                pre = dict.fromkeys([reset, *late], 1)
                waiting.sketch.add(Move(None, pre, {}, node.id, waits=tuple(never + held)))
