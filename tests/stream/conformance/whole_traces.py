"""r4pm's whole-trace alignments, an independent implementation, of any net that Casewatch has read."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import r4pm

from stream.models.net import Net


def r4pm_net(net: Net) -> Any:
    """The net as r4pm holds one: places, transitions and arcs by identifiers."""
    places = [str(UUID(int=number)) for number in range(len(net.places))]
    steps = [str(UUID(int=len(places) + number)) for number in range(len(net.transitions))]
    arcs = []
    for step, transition in zip(steps, net.transitions, strict=True):
        arcs += [_arc("PlaceTransition", places[place], step, weight) for place, weight in transition.pre.items()]
        arcs += [_arc("TransitionPlace", step, places[place], weight) for place, weight in transition.post.items()]
    return {
        "places": {place: {"id": place} for place in places},
        "transitions": {s: {"id": s, "label": t.label} for s, t in zip(steps, net.transitions, strict=True)},
        "arcs": arcs,
        "initial_marking": {places[place]: tokens for place, tokens in net.initial.items()},
        "final_markings": [{places[place]: tokens for place, tokens in net.final.items()}],
    }


def _arc(kind: str, source: str, target: str, weight: int) -> dict[str, Any]:
    return {"from_to": {"type": kind, "nodes": [source, target]}, "weight": weight}


def aligned(net: Any, variants: Iterable[Sequence[str]]) -> list[int]:
    """The cost of an optimal alignment of each trace."""
    return [r4pm.bindings.align_trace(net, list(variant))["cost"] for variant in variants]
