"""BPMN 2.0 (OMG formal/2011-01-03) in, a flow graph out, and from it a net.

Tasks of every kind are labelled steps, named as they are in the file; events and gateways are silent, since logs record
work and not its routing. A catching event waits for nothing that the model itself could say: messages, signals and
time come from outside. Invariant: what bears on the order of work is honoured or refused by element id; lanes, data,
artifacts, message flows and pools without a process are metadata and left aside.
"""

from schemas.problem import Problem, Refused
from stream.models.flow_net import net_of
from stream.models.graph import Flow, Kind, Loop, Node, Scope
from stream.models.net import Net
from stream.models.xml import Element, read_xml

TASKS = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask"}
)
KINDS = {
    **dict.fromkeys(TASKS, Kind.TASK),
    "callActivity": Kind.TASK,
    "subProcess": Kind.SUB_PROCESS,
    "transaction": Kind.SUB_PROCESS,
    "startEvent": Kind.START,
    "endEvent": Kind.END,
    "intermediateCatchEvent": Kind.EVENT,
    "intermediateThrowEvent": Kind.EVENT,
    "boundaryEvent": Kind.BOUNDARY,
    "exclusiveGateway": Kind.EXCLUSIVE,
    "parallelGateway": Kind.PARALLEL,
    "inclusiveGateway": Kind.INCLUSIVE,
    "eventBasedGateway": Kind.EVENT_BASED,
}
REFUSED = {
    "adHocSubProcess": ("an ad-hoc sub-process", "a sub-process with sequence flows"),
    "complexGateway": ("a complex gateway", "exclusive, parallel or inclusive gateways"),
    "choreographyTask": ("a choreography", "a process"),
    "subChoreography": ("a choreography", "a process"),
    "callChoreography": ("a choreography", "a process"),
}
REFERENCES = ("errorRef", "escalationRef", "signalRef", "name")


def read_bpmn(name: str, content: bytes) -> Net:
    """The net of a BPMN file; raises `Refused` with every problem found."""
    root = read_xml(name, content)
    if root.tag != "definitions":
        raise Refused([Problem(name, root.line, root.tag, "not a BPMN file", "<definitions> of BPMN 2.0")])
    reader = _Reader(name, root)
    scope = reader.process()
    if scope is None or reader.problems:
        raise Refused(reader.problems)
    return net_of(name, scope, tuple(reader.notes))


class _Reader:
    def __init__(self, name: str, root: Element) -> None:
        self.name, self.root = name, root
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.processes = {process.get("id"): process for process in root.all("process")}
        self.calling: list[str] = []  # called processes being read, outermost first

    def refuse(self, element: Element, wrong: str, right: str) -> None:
        which = f"{element.tag} {element.get('id')}".strip()
        self.problems.append(Problem(self.name, element.line, which, wrong, right))

    def process(self) -> Scope | None:
        """The one process of the file that has flow nodes and is not called by another."""
        called = {
            call.get("calledElement").rpartition(":")[2] for call in self.root.walk() if call.tag == "callActivity"
        }
        filled = {id_: p for id_, p in self.processes.items() if any(child.tag in KINDS for child in p.children)}
        roots = [process for id_, process in filled.items() if id_ not in called] or list(filled.values())
        meant = [process for process in roots if process.get("isExecutable") == "true"]
        if len(roots) > 1 and len(meant) == 1:
            self.notes.append(f"of {len(roots)} processes, the only executable one is taken: {meant[0].get('id')}")
            roots = meant
        if len(roots) == 1:
            self.calling = [roots[0].get("id")]
            return self.scope(roots[0])
        for process in roots[1:]:
            self.refuse(process, f"one of {len(roots)} processes in the file", "one, or only one that is executable")
        if not roots:
            self.refuse(self.root, "no process with activities", "one process")
        return None

    def scope(self, element: Element) -> Scope:
        scope = Scope(element.get("id"), element.line)
        compensators = self.compensators(element)
        for child in element.children:
            if child.tag in REFUSED:
                self.refuse(child, *REFUSED[child.tag])
            elif child.tag == "sequenceFlow":
                conditional = child.first("conditionExpression") is not None
                id_, ends = child.get("id"), (child.get("sourceRef"), child.get("targetRef"))
                scope.flows[id_] = Flow(id_, *ends, child.line, conditional)
            elif child.tag in KINDS and child.get("id") not in compensators:
                if not child.get("id") or child.get("id") in scope.nodes:
                    self.refuse(child, "its id is missing or used twice", "an id of its own")
                scope.nodes[child.get("id")] = self.node(child)
        self.connect(scope)
        return scope

    def compensators(self, scope: Element) -> set[str]:
        """Compensation handlers: they run only where something throws a compensation, which is refused."""
        thrown = [e for e in self.root.walk() if e.tag in ("intermediateThrowEvent", "endEvent")]
        for event in thrown if scope.get("id") in self.processes else ():
            if event.first("compensateEventDefinition") is not None:
                self.refuse(event, "throws a compensation", "a model without compensation")
        handlers = {child.get("id") for child in scope.children if child.get("isForCompensation") == "true"}
        caught = scope.all("boundaryEvent")
        return handlers | {event.get("id") for event in caught if event.first("compensateEventDefinition") is not None}

    def node(self, element: Element) -> Node:
        kind = KINDS[element.tag]
        node = Node(element.get("id"), kind, element.get("name"), element.line, element.tag)
        node.default = element.get("default")
        node.instantiates = element.get("instantiate") == "true"
        node.throws = element.tag in ("intermediateThrowEvent", "endEvent")
        if kind in (Kind.START, Kind.END, Kind.EVENT, Kind.BOUNDARY):
            self.event(element, node)
        if kind in (Kind.TASK, Kind.SUB_PROCESS):
            self.activity(element, node)
        if kind is Kind.EVENT_BASED and element.get("eventGatewayType") == "Parallel":
            self.refuse(element, "a parallel event-based gateway", "an exclusive one")
        return node

    def event(self, element: Element, node: Node) -> None:
        definitions = [child for child in element.children if child.tag.endswith("EventDefinition")]
        node.attached = element.get("attachedToRef")
        node.interrupting = element.get("cancelActivity", "true") != "false"
        if len(definitions) > 1:
            node.trigger = "multiple"
        elif definitions:
            node.trigger = definitions[0].tag.removesuffix("EventDefinition")
            node.reference = next((definitions[0].get(r) for r in REFERENCES if definitions[0].get(r)), "")
        if node.trigger == "cancel":
            self.refuse(element, "cancels a transaction", "an error event")
        node.once = node.trigger == "timer" and definitions[0].first("timeCycle") is None

    def activity(self, element: Element, node: Node) -> None:
        if element.first("multiInstanceLoopCharacteristics") is not None:
            self.refuse(element, "a multi-instance activity", "a single one, or a loop")
        loop = element.first("standardLoopCharacteristics")
        if loop is not None:
            node.loop = Loop.WHILE if loop.get("testBefore") == "true" else Loop.UNTIL
            if loop.get("loopMaximum"):
                self.refuse(element, "a loop with a maximum", "a loop without one")
        if element.get("triggeredByEvent") == "true":
            self.refuse(element, "an event sub-process", "a boundary event")
        elif element.tag == "callActivity":
            self.call(element, node)
        elif node.kind is Kind.SUB_PROCESS:
            if any(child.tag in KINDS for child in element.children):
                node.body = self.scope(element)
            else:
                node.kind = Kind.TASK
                self.notes.append(f"sub-process {node.id} is empty and is taken as one step")

    def call(self, element: Element, node: Node) -> None:
        called = element.get("calledElement").rpartition(":")[2]
        process = self.processes.get(called)
        if process is None or not any(child.tag in KINDS for child in process.children):
            self.notes.append(f"call activity {node.id} calls nothing in this file and is taken as one step")
        elif called in self.calling or len(self.calling) > 50:
            self.refuse(element, f"calls {called} from within itself", "calls without recursion")
        else:
            self.calling.append(called)
            node.kind, node.body = Kind.SUB_PROCESS, self.scope(process)
            self.calling.pop()

    def connect(self, scope: Scope) -> None:
        for flow in scope.flows.values():
            source, target = scope.nodes.get(flow.source), scope.nodes.get(flow.target)
            if source is None or target is None:
                wrong = f"leads from {flow.source!r} to {flow.target!r}"
                which = f"sequenceFlow {flow.id}"
                self.problems.append(Problem(self.name, flow.line, which, wrong, "two flow nodes of one process"))
            else:
                source.outgoing.append(flow)
                target.incoming.append(flow)
        for node in scope.of(Kind.BOUNDARY, Kind.START):
            host = scope.nodes.get(node.attached)
            which = f"{node.tag} {node.id}"
            if node.incoming:
                self.problems.append(Problem(self.name, node.line, which, "something leads to it", "no flow into it"))
            if node.kind is Kind.BOUNDARY and (host is None or host.kind not in (Kind.TASK, Kind.SUB_PROCESS)):
                wrong = f"is attached to {node.attached!r}"
                self.problems.append(Problem(self.name, node.line, which, wrong, "an activity of the same process"))
