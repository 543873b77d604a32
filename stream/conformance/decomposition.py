"""A net folded into nested machines, as far as it goes; the rest is searched.

Repeat until nothing changes: parallel branches become blocks, and the smallest fragment that is not one-token becomes a
machine of its own. One-token parts need no structure at all: any tangle of choices and loops is one machine. Invariant:
the root machine has the costs of the net, whatever shape the decomposition took.
"""

from stream.conformance.building import Bounds, Builder
from stream.conformance.folding import Folding
from stream.conformance.fragments import fold_fragment
from stream.conformance.machine import Machine
from stream.conformance.regions import fold_parallel
from stream.models.net import Net

REVISION = 2  # raised with every change of the decomposition or of state numbers: journalled frontiers depend on both


def decompose(net: Net, bounds: Bounds) -> Machine:
    """The root machine of a net."""
    builder = Builder(bounds)
    if _foldable(net):
        folding = Folding(net)
        while fold_parallel(folding, builder) or fold_fragment(folding, builder):
            pass
        if folding.one_token:
            return builder.table(
                [folding.parts[number] for number in sorted(folding.parts)], folding.source, folding.sink
            )
    return builder.whole(net.transitions, (net.initial, net.final))


def _foldable(net: Net) -> bool:
    """Whether tokens come and go one at a time: no weights, and single tokens first and last."""
    weights = [w for step in net.transitions for side in (step.pre, step.post) for w in side.values()]
    tokens = [*net.initial.values(), *net.final.values()]
    return bool(net.initial and net.final) and all(number == 1 for number in weights + tokens)
