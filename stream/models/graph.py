"""A flow graph: what a BPMN file says about the order of work, before it is given a meaning as a net.

Invariant: only what bears on behaviour is here; lanes, data, messages between pools and drawing are left behind.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a node is, as far as tokens are concerned."""

    TASK = "task"
    START = "start event"
    END = "end event"
    EVENT = "intermediate event"
    BOUNDARY = "boundary event"
    EXCLUSIVE = "exclusive gateway"
    PARALLEL = "parallel gateway"
    INCLUSIVE = "inclusive gateway"
    EVENT_BASED = "event-based gateway"
    SUB_PROCESS = "sub-process"


class Loop(StrEnum):
    """How often an activity is done: once, one or more times, or any number of times."""

    ONCE = "once"
    UNTIL = "until"
    WHILE = "while"


@dataclass(slots=True)
class Flow:
    """A sequence flow; `conditional` where it carries a condition."""

    id: str
    source: str
    target: str
    line: int
    conditional: bool = False


@dataclass(slots=True)
class Node:
    """A flow node. `trigger` is the kind of event definition ("" for none), `reference` what it refers to: the error or
    escalation, or the name of a link. A boundary event is `attached` to an activity and may interrupt it; `once` where
    it can happen only once while that is active."""

    id: str
    kind: Kind
    name: str
    line: int
    tag: str
    trigger: str = ""
    reference: str = ""
    throws: bool = False
    attached: str = ""
    interrupting: bool = True
    once: bool = False
    loop: Loop = Loop.ONCE
    default: str = ""
    instantiates: bool = False
    body: "Scope | None" = None
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)


@dataclass(slots=True)
class Scope:
    """A process or sub-process: its nodes and flows by id."""

    id: str
    line: int
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)

    def of(self, *kinds: Kind) -> list[Node]:
        """The nodes of these kinds, in the order of the file."""
        return [node for node in self.nodes.values() if node.kind in kinds]

    def boundaries(self, activity: Node) -> list[Node]:
        """The boundary events of an activity."""
        return [node for node in self.nodes.values() if node.kind is Kind.BOUNDARY and node.attached == activity.id]
