"""A flow graph: what a BPMN file says about the order of work, before it is given a meaning as a net.

Invariant: only what bears on behaviour is here; lanes, data, messages between pools and drawing are left behind.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


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
    COMPLEX = "complex gateway"
    EVENT_BASED = "event-based gateway"
    SUB_PROCESS = "sub-process"
    EVENT_SUB_PROCESS = "event sub-process"


class Times(NamedTuple):
    """How often an activity is done: from `least` to `most` times (None: any number), one after the other or `at_once`;
    `early` where a condition may end it before its number is reached."""

    least: int = 1
    most: int | None = 1
    at_once: bool = False
    early: bool = False


ONCE = Times()


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
    escalation, the name of a link, or the activity to compensate. A boundary event is `attached` to an activity and may
    interrupt it; an event that does not can happen `at_most` so often while that is active (None: any number)."""

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
    at_most: int | None = None
    times: Times = ONCE
    default: str = ""
    instantiates: bool = False
    waits: bool = True  # a compensation: until it is done
    needed: int = 0  # tokens that a complex gateway waits for; 0: not said
    takes: int = 1  # tokens that it takes to begin, and gives on each way out when it is done
    gives: int = 1
    ad_hoc: bool = False
    handler: "Node | None" = None  # what compensates this activity
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
    undoing: "Scope | None" = None  # an event sub-process that undoes this sub-process
    called: bool = False  # a process that a call activity runs: only its start event without a trigger counts

    def of(self, *kinds: Kind) -> list[Node]:
        """The nodes of these kinds, in the order of the file."""
        return [node for node in self.nodes.values() if node.kind in kinds]

    def boundaries(self, activity: Node) -> list[Node]:
        """The boundary events of an activity."""
        return [node for node in self.nodes.values() if node.kind is Kind.BOUNDARY and node.attached == activity.id]

    def links(self, thrown: Node) -> list[Node]:
        """The links that catch what a link event throws."""
        links = [event for event in self.of(Kind.EVENT) if event.trigger == "link" and not event.throws]
        return [event for event in links if event.reference == thrown.reference]

    def follows(self, node: Node) -> list[Node]:
        """The nodes that a token may go on to from a node, also by the events on its boundary and by links."""
        after = [self.nodes[flow.target] for flow in node.outgoing] + self.boundaries(node)
        return after + (self.links(node) if node.trigger == "link" and node.throws else [])

    def reached(self, start: Node, avoiding: Node | None = None) -> list[Node]:
        """The nodes that a token may come to from a node, itself included, in the order of the file."""
        seen, todo = {start.id}, [start]
        while todo:
            for node in self.follows(todo.pop()):
                if node.id not in seen and node is not avoiding:
                    seen.add(node.id)
                    todo.append(node)
        return [node for node in self.nodes.values() if node.id in seen]

    def walk(self) -> "list[Node]":
        """All nodes, those of sub-processes included."""
        found = list[Node]()
        for node in self.nodes.values():
            found.append(node)
            found += node.body.walk() if node.body else []
        return found
