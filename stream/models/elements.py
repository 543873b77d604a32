"""BPMN elements of a file, read into a flow graph.

Tools write BPMN in many dialects: prefixes, extension elements, references with or without a prefix, flows told by
their ends or by their nodes. Invariant: whatever is read here has the meaning that the standard gives to it, and
elements of other namespaces have none.
"""

import re

from schemas.problem import Problem
from stream.models.graph import ONCE, Flow, Kind, Node, Scope, Times
from stream.models.xml import Element

TASKS = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask"}
)
KINDS = {
    **dict.fromkeys(TASKS, Kind.TASK),
    "callActivity": Kind.TASK,
    "subProcess": Kind.SUB_PROCESS,
    "adHocSubProcess": Kind.SUB_PROCESS,
    "transaction": Kind.SUB_PROCESS,
    "startEvent": Kind.START,
    "endEvent": Kind.END,
    "intermediateCatchEvent": Kind.EVENT,
    "intermediateThrowEvent": Kind.EVENT,
    "boundaryEvent": Kind.BOUNDARY,
    "exclusiveGateway": Kind.EXCLUSIVE,
    "parallelGateway": Kind.PARALLEL,
    "inclusiveGateway": Kind.INCLUSIVE,
    "complexGateway": Kind.COMPLEX,
    "eventBasedGateway": Kind.EVENT_BASED,
}
REFUSED = dict.fromkeys(("choreographyTask", "subChoreography", "callChoreography"), ("a choreography", "a process"))
REFERENCES = ("errorRef", "escalationRef", "activityRef", "name")
EVENTS = (Kind.START, Kind.END, Kind.EVENT, Kind.BOUNDARY)
ACTIVITIES = (Kind.TASK, Kind.SUB_PROCESS)
UNDOING = ("compensateEventDefinition", "cancelEventDefinition")
DEEPEST = 40  # sub-processes and calls within each other
MOST_NODES = 5_000  # of all processes, as often as they are called


class Reader:
    """The elements of one file, by id, and what is found wrong in them."""

    def __init__(self, name: str, root: Element) -> None:
        self.name, self.root = name, root
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.processes = root.all("process")
        self.by_id = {child.get("id"): child for child in root.children if child.get("id")}
        self.calling: list[str] = []  # called processes being read, outermost first
        self.depth = self.count = 0
        self._unique()

    def refuse(self, element: Element, wrong: str, right: str) -> None:
        """Note a problem at an element, once."""
        problem = Problem(self.name, element.line, f"{element.tag} {element.get('id')}".strip(), wrong, right)
        if problem not in self.problems:
            self.problems.append(problem)

    def note(self, text: str) -> None:
        """Note something that whoever gave the file should know, once."""
        if text not in self.notes:
            self.notes.append(text)

    def local(self, reference: str) -> str:
        """What a reference names in this file: an id, which may carry a prefix."""
        return reference if reference in self.by_id else reference.rpartition(":")[2]

    def _unique(self) -> None:
        seen = set[str]()
        for process in self.processes:
            for element in process.walk():
                if element.tag in KINDS or element.tag in ("process", "sequenceFlow"):
                    if element.get("id") in seen:
                        self.refuse(element, "its id is used twice", "an id of its own")
                    seen.add(element.get("id") or f"{len(seen)} without")

    def process(self, element: Element) -> Scope:
        """The flow graph of a process."""
        self.calling = [element.get("id")]
        return self.scope(element)

    def scope(self, element: Element) -> Scope:
        """The flow graph of a process or sub-process."""
        scope = Scope(element.get("id") or element.tag, element.line)
        if self.depth >= DEEPEST or self.count > MOST_NODES:
            wrong = f"deeper than {DEEPEST} levels, or beyond {MOST_NODES} nodes in all"
            self.refuse(element, wrong, "a smaller model")
            return scope
        self.depth += 1
        mine = [child for child in element.children if child.namespace == element.namespace]
        undone = self._undone(mine)
        apart = {child.get("id") for child in mine if child.get("isForCompensation") == "true" or _compensates(child)}
        mine = [child for child in mine if child.get("id") not in apart or child.tag not in KINDS]
        for child in mine:
            if child.tag in REFUSED:
                self.refuse(child, *REFUSED[child.tag])
            elif child.tag in KINDS and not child.get("id"):
                self.refuse(child, "it has no id", "an id of its own")
            elif child.tag in KINDS:
                self.count += 1
                scope.nodes[child.get("id")] = self.node(child)
        for child in mine:
            if child.tag == "sequenceFlow":
                self._flow(scope, mine, child)
        self.depth -= 1
        self._attach(scope)
        for id_, handler in undone.items():
            if id_ in scope.nodes:
                scope.nodes[id_].handler = handler
        for sub in scope.of(Kind.EVENT_SUB_PROCESS):
            if sub.body and [start.trigger for start in sub.body.of(Kind.START)] == ["compensate"]:
                scope.undoing = scope.nodes.pop(sub.id).body
        return scope

    def _undone(self, mine: list[Element]) -> dict[str, Node]:
        """What undoes each activity: the handler that an association joins to a compensation event on its boundary."""
        found, elements = dict[str, Node](), {child.get("id"): child for child in mine}
        joined = [(e.get("sourceRef"), e.get("targetRef")) for e in self.root.walk() if e.tag == "association"]
        for event in mine:
            if event.tag == "boundaryEvent" and _compensates(event):
                ends = [other for pair in joined if event.get("id") in pair for other in pair]
                handlers = [elements[i] for i in ends if i in elements and KINDS.get(elements[i].tag) in ACTIVITIES]
                if handlers:
                    found[event.get("attachedToRef")] = self.node(handlers[0])
                elif self._compensation_thrown():
                    wrong = "no association leads to what undoes its activity"
                    self.refuse(event, wrong, "an association to a compensation activity")
        return found

    def _compensation_thrown(self) -> bool:
        throwing = [e for e in self.root.walk() if e.tag in ("intermediateThrowEvent", "endEvent")]
        return any(event.first(tag) is not None for event in throwing for tag in UNDOING)

    def _flow(self, scope: Scope, around: list[Element], element: Element) -> None:
        id_, ends = element.get("id") or f"line {element.line}", list[str]()
        scopes = [scope, *[node.body for node in scope.walk() if node.body]]  # some tools put all flows at the top
        for attribute, tag in (("sourceRef", "outgoing"), ("targetRef", "incoming")):
            named = element.get(attribute)
            if not named:  # told by its nodes alone
                named = next((n.get("id") for n in around if id_ in [end.texts() for end in n.all(tag)]), "")
            ends.append(named if any(named in nodes.nodes for nodes in scopes) else named.rpartition(":")[2])
        both = next((s for s in scopes if ends[0] in s.nodes and ends[1] in s.nodes), scope)
        source, target = both.nodes.get(ends[0]), both.nodes.get(ends[1])
        if source is None or target is None:
            wrong = f"leads from {ends[0]!r} to {ends[1]!r}"
            self.refuse(element, wrong, "two flow nodes of one process")
            return
        conditional = element.first("conditionExpression") is not None
        flow = Flow(id_, source.id, target.id, element.line, conditional)
        both.flows[id_] = flow
        source.outgoing.append(flow)
        target.incoming.append(flow)

    def node(self, element: Element) -> Node:
        """A flow node, its inside included."""
        kind = KINDS[element.tag]
        node = Node(element.get("id"), kind, element.on_one_line("name"), element.line, element.tag)
        node.default = element.get("default")
        node.instantiates = element.get("instantiate") == "true"
        node.throws = element.tag in ("intermediateThrowEvent", "endEvent")
        if kind in EVENTS:
            self._event(element, node)
        if kind in (Kind.TASK, Kind.SUB_PROCESS):
            self._activity(element, node)
        if kind is Kind.EVENT_BASED and element.get("eventGatewayType") == "Parallel":
            node.needed = 1
            if not node.instantiates:
                self.refuse(element, "a parallel event-based gateway inside a process", "one that instantiates it")
        if kind is Kind.COMPLEX:
            node.needed = _least(element.first("activationCondition"))
        return node

    def _event(self, element: Element, node: Node) -> None:
        definitions = [child for child in element.children if child.tag.endswith("EventDefinition")]
        named = [self.by_id.get(self.local(child.texts())) for child in element.all("eventDefinitionRef")]
        definitions += [definition for definition in named if definition is not None]
        node.attached = element.get("attachedToRef")
        node.interrupting = "false" not in (element.get("cancelActivity"), element.get("isInterrupting"))
        triggers = [definition.tag.removesuffix("EventDefinition") for definition in definitions]
        strong = [trigger for trigger in ("terminate", "error", "cancel") if node.throws and trigger in triggers]
        if len(definitions) > 1 and not strong:
            node.trigger = "multiple"
            for definition in definitions:
                if definition.tag in ("compensateEventDefinition", "linkEventDefinition"):
                    self.refuse(element, f"{definition.tag} beside others", "an event of its own")
        elif definitions:
            chosen = definitions[triggers.index(strong[0])] if strong else definitions[0]
            node.trigger = chosen.tag.removesuffix("EventDefinition")
            node.reference = self._referred(chosen)
            node.waits = chosen.get("waitForCompletion") != "false"
            if node.trigger == "timer":
                node.at_most = _cycles(chosen.first("timeCycle"))

    def _referred(self, definition: Element) -> str:
        """What an event definition refers to: an error or escalation by its code, an activity, the name of a link."""
        named = next((definition.get(r) for r in REFERENCES if definition.get(r)), "")
        thing = self.by_id.get(self.local(named))
        if thing is None or thing.tag not in ("error", "escalation"):
            return named
        return thing.get("errorCode") or thing.get("escalationCode") or thing.get("id")

    def _activity(self, element: Element, node: Node) -> None:
        node.takes, node.gives = (_number(element.get(q)) or 1 for q in ("startQuantity", "completionQuantity"))
        node.times = self._times(element)
        filled = any(child.tag in KINDS for child in element.children)
        if element.tag == "callActivity":
            self._call(element, node)
        elif element.get("triggeredByEvent") == "true":
            self._event_sub_process(element, node)
        elif node.kind is Kind.SUB_PROCESS and filled:
            node.body = self.scope(element)
            node.ad_hoc = element.tag == "adHocSubProcess"
        elif node.kind is Kind.SUB_PROCESS:
            node.kind = Kind.TASK
            self.note(f"sub-process {node.id} is empty and is taken as one step")

    def _times(self, element: Element) -> Times:
        loop, many = element.first("standardLoopCharacteristics"), element.first("multiInstanceLoopCharacteristics")
        if loop is not None:
            most = _number(loop.get("loopMaximum"))
            return Times(0 if loop.get("testBefore") == "true" else 1, most or None, early=True)
        if many is None:
            return ONCE
        cardinality, early = many.first("loopCardinality"), many.first("completionCondition") is not None
        number = _number(cardinality.texts()) if cardinality is not None else None
        at_once = many.get("isSequential") != "true"
        if number is None:
            self.note(f"{element.tag} {element.get('id')} is multi-instance: any number of times, at least once")
            return Times(1, None, at_once, early)
        if number == 0:
            self.refuse(element, "a multi-instance activity with no instance", "a loopCardinality of 1 or more")
        return Times(1 if early else max(number, 1), max(number, 1), at_once, early)

    def _event_sub_process(self, element: Element, node: Node) -> None:
        node.kind, node.body = Kind.EVENT_SUB_PROCESS, self.scope(element)
        starts = node.body.of(Kind.START)
        if len(starts) != 1 or not starts[0].trigger:
            wrong = f"an event sub-process with {len(starts)} start events, or with one that nothing triggers"
            self.refuse(element, wrong, "one start event that says what triggers it")

    def _call(self, element: Element, node: Node) -> None:
        called = self.local(element.get("calledElement"))
        process = self.by_id.get(called)
        if process is None or not any(child.tag in KINDS for child in process.children):
            if process is not None and not node.name:
                node.name = process.on_one_line("name")
            if process is None or not process.tag.startswith("global"):
                self.note(f"call activity {node.id} calls nothing in this file and is taken as one step")
        elif called in self.calling:
            self.refuse(element, f"calls {called} from within itself", "calls without recursion")
        else:
            self.calling.append(called)
            node.kind, node.body = Kind.SUB_PROCESS, self.scope(process)
            node.body.called = True
            self.calling.pop()

    def _attach(self, scope: Scope) -> None:
        """Boundary events belong to activities; nothing leads to what an event begins."""
        for node in scope.of(Kind.BOUNDARY, Kind.START, Kind.EVENT_SUB_PROCESS):
            if node.attached not in scope.nodes:
                node.attached = node.attached.rpartition(":")[2]
            host = scope.nodes.get(node.attached)
            if node.incoming:
                self._wrong(node, "something leads to it", "no flow into it")
            if node.kind is Kind.BOUNDARY and (host is None or host.kind not in (Kind.TASK, Kind.SUB_PROCESS)):
                self._wrong(node, f"is attached to {node.attached!r}", "an activity of the same process")

    def _wrong(self, node: Node, wrong: str, right: str) -> None:
        problem = Problem(self.name, node.line, f"{node.tag} {node.id}", wrong, right)
        if problem not in self.problems:
            self.problems.append(problem)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) else None


def _cycles(cycle: Element | None) -> int | None:
    """How often a timer happens: once without a cycle, or the R of ISO 8601; None where that has no end."""
    if cycle is None:
        return 1
    repeats = re.match(r"R([0-9]{1,3})/", cycle.texts())
    return max(int(repeats[1]), 1) if repeats else None


def _least(condition: Element | None) -> int:
    """How many tokens a complex gateway waits for; 0 where its condition says something else."""
    if condition is None:
        return 0
    found = re.search(r"activationCount\s*(>=|>|==|=)\s*([0-9]{1,2})\W*$", condition.texts())
    return int(found[2]) + (found[1] == ">") if found else 0


def _compensates(element: Element) -> bool:
    """Whether this is a compensation event on the boundary of an activity."""
    return element.tag == "boundaryEvent" and element.first("compensateEventDefinition") is not None
