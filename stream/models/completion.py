"""When a process or sub-process is over: once no token is left in it, expressed as steps to one sink place.

A process ends when all its tokens have been consumed (BPMN 2.0, 13.2); a net has no test for emptiness. Invariant: the
steps made here can fire exactly when nothing is left, or the part is reported as not expressible.
"""

from collections.abc import Sequence

from stream.models.firing import FiringGraph
from stream.models.net import Transition
from stream.models.sketch import Sketch
from stream.models.soundness import reduces_to_one_step

MOST_MARKINGS = 5_000  # looked through to tell how a part can end
MOST_CANCELLED = 400  # markings of a part that is cancelled as a whole


def close(sketch: Sketch, steps: Sequence[Transition], source: int, terminals: Sequence[int], sink: int) -> bool:
    """Add the steps from the places where tokens end to the sink; False where no steps say exactly that."""
    one_by_one = [Transition(None, {place: 1}, {sink: 1}) for place in terminals]
    if reduces_to_one_step([*steps, *one_by_one], source, sink):
        sketch.steps += one_by_one
        return True
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


def cancelled(
    steps: Sequence[Transition], source: int, sink: int, triggers: Sequence[int]
) -> list[dict[int, int]] | None:
    """Every marking of a part that holds a token on a trigger place (any marking, where there are none), its end left
    out; None where they are too many, or where one contains another, so that taking one away would leave a rest."""
    graph = FiringGraph(steps, [{source: 1}, {sink: 1}, dict.fromkeys(triggers, 1)])
    reach = graph.reach(graph.marking({source: 1}), MOST_CANCELLED)
    if reach is None:
        return None
    found = [graph.tokens(marking) for marking in sorted(reach.markings)]
    found = [tokens for tokens in found if not triggers or any(place in tokens for place in triggers)]
    if any(tokens != other and _covers(tokens, other) for tokens in found for other in found):
        return None
    return [tokens for tokens in found if tokens and tokens != {sink: 1}]


def emits_one(steps: Sequence[Transition], entry: int, leave: int) -> bool:
    """Whether a part that gets one token on its entry can only ever leave exactly one on its exit, and nothing else."""
    graph = FiringGraph(steps, [{entry: 1}, {leave: 1}])
    reach = graph.reach(graph.marking({entry: 1}), MOST_MARKINGS)
    if reach is None:
        return False
    left = [graph.tokens(marking) for marking in reach.markings]
    return all(tokens == {leave: 1} for tokens in left if leave in tokens)


def _covers(tokens: dict[int, int], needed: dict[int, int]) -> bool:
    return all(tokens.get(place, 0) >= number for place, number in needed.items())
