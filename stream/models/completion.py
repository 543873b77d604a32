"""When a process or sub-process is over: once no token is left in it, expressed as steps to one sink place.

A process ends when all its tokens have been consumed (BPMN 2.0, 13.2); a net has no test for emptiness. Invariant: the
steps made here can fire exactly when nothing is left, or the part is reported as not expressible.
"""

from collections.abc import Sequence

from stream.models.firing import FiringGraph
from stream.models.net import Transition
from stream.models.sketch import Move, Sketch
from stream.models.soundness import reduces_to_one_step

MOST_MARKINGS = 5_000  # looked through to tell how a part can end


def close(
    sketch: Sketch, moves: Sequence[Move], ends: tuple[int, int], terminals: Sequence[int], *, by_rule: bool
) -> bool:
    """Add the steps from the places where tokens end to the sink, the second of `ends`; False where no steps say just
    that. `by_rule`: only where reduction rules show it, so that it also holds for several runs at once."""
    source, sink = ends
    steps = [move.transition() for move in moves]
    one_by_one = [Transition(None, {place: 1}, {sink: 1}) for place in terminals]
    if reduces_to_one_step([*steps, *one_by_one], source, sink):
        for step in one_by_one:
            sketch.step(step.pre, step.post)
        return True
    if by_rule:
        return False
    graph = FiringGraph(steps, [{source: 1}, {sink: 1}, dict.fromkeys(terminals, 1)])
    reach = graph.reach(graph.marking({source: 1}), MOST_MARKINGS)
    if reach is None:
        return False
    markings = [graph.tokens(marking) for marking in sorted(reach.markings)]
    ended = [tokens for tokens in markings if tokens and all(place in terminals for place in tokens)]
    whole = [*ended, {sink: 1}]
    if any(tokens != end and _covers(tokens, end) for tokens in markings for end in whole):
        return False
    for end in ended:
        sketch.step(end, [sink])
    return True


def emits_one(moves: Sequence[Move], entry: int, leave: int) -> bool:
    """Whether a part that gets one token on its entry can only ever leave exactly one on its exit, and nothing else."""
    graph = FiringGraph([move.transition() for move in moves], [{entry: 1}, {leave: 1}])
    reach = graph.reach(graph.marking({entry: 1}), MOST_MARKINGS)
    if reach is None:
        return False
    left = [graph.tokens(marking) for marking in reach.markings]
    return all(tokens == {leave: 1} for tokens in left if leave in tokens)


def _covers(tokens: dict[int, int], needed: dict[int, int]) -> bool:
    return all(tokens.get(place, 0) >= number for place, number in needed.items())
