"""Every BPMN construct with a small diagram, its complete runs written out by hand, and how it is honoured in words.

The one list behind the tests of the reader and the table in the docs, so that neither can say what the other does not;
it is long because it is one list.
"""

from typing import NamedTuple

from tests.stream.models.language import flows, tasks

ENDS = '<startEvent id="s"/><endEvent id="e"/>'
INNER = '<startEvent id="s1"/><endEvent id="e1"/>'


class Construct(NamedTuple):
    """A construct: what it is, how it is honoured, a process that shows it, and its complete runs of at most `longest`
    steps; or, with `refused`, how its refusal begins. `rest`: what stands beside the process."""

    name: str
    meaning: str
    process: str
    runs: str = ""
    longest: int = 4
    rest: str = ""
    refused: str = ""

    @property
    def words(self) -> set[str]:
        """The complete runs; a dot is the run without steps."""
        return {"" if run == "." else run.strip() for run in self.runs.split(",")}


def gateways(kind: str, ids: str) -> str:
    """Gateways of a kind."""
    return "".join(f'<{kind}Gateway id="{id_}"/>' for id_ in ids.split())


def event(tag: str, id_: str, trigger: str = "", **attributes: str) -> str:
    """An event with one event definition."""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<{tag} id="{id_}"{written}>{definition(trigger) if trigger else ""}</{tag}>'


def definition(trigger: str) -> str:
    """An event definition, written `kind`, `kind:attribute=value`, or with content in square brackets."""
    kind, _, content = trigger.partition("[")
    kind, _, attribute = kind.partition(":")
    key, _, value = attribute.partition("=")
    written = f' {key}="{value}"' if key else ""
    return f"<{kind}EventDefinition{written}>{content.rstrip(']')}</{kind}EventDefinition>"


def boundary(id_: str, on: str, trigger: str, *, interrupts: bool = True) -> str:
    """A boundary event."""
    return event("boundaryEvent", id_, trigger, attachedToRef=on, cancelActivity=str(interrupts).lower())


def sub(id_: str, inner: str, attributes: str = "", tag: str = "subProcess") -> str:
    """A sub-process."""
    return f'<{tag} id="{id_}" {attributes}>{inner}</{tag}>'


def on_event(id_: str, trigger: str, task: str, *, interrupts: bool = True) -> str:
    """An event sub-process of one task."""
    begins = event("startEvent", f"{id_}s", trigger, isInterrupting=str(interrupts).lower())
    inner = begins + tasks(task) + f'<endEvent id="{id_}e"/>' + flows(f"{id_}s>{task} {task}>{id_}e")
    return sub(id_, inner, 'triggeredByEvent="true"')


def looped(id_: str, loop: str) -> str:
    """A task with loop characteristics."""
    return f'<task id="{id_}" name="{id_}">{loop}</task>'


def many(attributes: str = "", inner: str = "") -> str:
    """Multi-instance characteristics."""
    return f"<multiInstanceLoopCharacteristics {attributes}>{inner}</multiInstanceLoopCharacteristics>"


def undone(activity: str, by: str) -> str:
    """A compensation event on an activity, and the task that undoes it."""
    caught = boundary(f"{activity}u", activity, "compensate")
    task = f'<task id="{by}" name="{by}" isForCompensation="true"/>'
    return caught + task + f'<association id="{activity}a" sourceRef="{activity}u" targetRef="{by}"/>'


def throw(id_: str, trigger: str) -> str:
    """An intermediate event that throws."""
    return event("intermediateThrowEvent", id_, trigger)


def end(id_: str, trigger: str) -> str:
    """An end event that throws."""
    return event("endEvent", id_, trigger)


TWO = tasks("a b") + flows("s1>a a>b b>e1")  # two steps inside a sub-process
AND = INNER + tasks("a b") + gateways("parallel", "x y") + flows("s1>x x>a x>b a>y b>y y>e1")
ALL_TASKS = "task userTask manualTask serviceTask scriptTask sendTask receiveTask businessRuleTask".split()
SHAPES = "".join(f'<{kind} id="t{number}" name="{number}"/>' for number, kind in enumerate(ALL_TASKS))
CALLED = '<process id="other">' + INNER + tasks("a") + flows("s1>a a>e1") + "</process>"
CONDITIONAL = "".join(
    f'<sequenceFlow id="a{t}" sourceRef="a" targetRef="{t}"><conditionExpression/></sequenceFlow>' for t in "bc"
)
POOLS = (
    '<process id="two" name="Second"><task id="b" name="b"/></process><collaboration id="c">'
    '<participant id="p" name="Pool" processRef="two"/><participant id="box" name="Black box"/>'
    '<messageFlow id="m" sourceRef="a" targetRef="b"/></collaboration>'
)

ACTIVITIES = [
    Construct(
        "tasks of every kind",
        "a step with the task's name, shown when it completes",
        ENDS + SHAPES + flows("s>t0 " + " ".join(f"t{n}>t{n + 1}" for n in range(7)) + " t7>e"),
        "0 1 2 3 4 5 6 7",
        8,
    ),
    Construct("task without a name", "silent, and noted", ENDS + '<task id="a"/>' + flows("s>a a>e"), "."),
    Construct(
        "a task that several flows lead to",
        "runs once for each token",
        ENDS + tasks("a b c") + gateways("parallel", "x") + flows("s>x x>a x>b a>c b>c c>e"),
        "a b c c, b a c c, a c b c, b c a c",
    ),
    Construct(
        "startQuantity and completionQuantity",
        "so many tokens are taken and given",
        ENDS
        + tasks("a b")
        + '<task id="c" name="c" startQuantity="2" completionQuantity="2"/><task id="d" name="d"/>'
        + gateways("parallel", "x")
        + flows("s>x x>a x>b a>c b>c c>d d>e"),
        "a b c d d, b a c d d",
        5,
    ),
    Construct(
        "startQuantity that is never reached",
        "refused",
        ENDS + '<task id="a" name="a" startQuantity="2"/>' + flows("s>a a>e"),
        refused="task a: needs 2 tokens to begin",
    ),
    Construct(
        "standard loop",
        "one or more times; up to loopMaximum where there is one",
        ENDS + looped("a", "<standardLoopCharacteristics/>") + flows("s>a a>e"),
        "a, a a, a a a",
        3,
    ),
    Construct(
        "standard loop, tested before",
        "any number of times, none included",
        ENDS + looped("a", '<standardLoopCharacteristics testBefore="true" loopMaximum="2"/>') + flows("s>a a>e"),
        "., a, a a",
    ),
    Construct(
        "multi-instance task",
        "one or more times, in sequence or parallel: each instance shows one completion. Noted",
        ENDS + looped("a", many()) + tasks("b") + flows("s>a a>b b>e"),
        "a b, a a b, a a a b",
    ),
    Construct(
        "multi-instance task with a literal loopCardinality",
        "just so many times; up to so many where a completionCondition may end it",
        ENDS
        + looped("a", many("", "<loopCardinality>3</loopCardinality>"))
        + looped("b", many("", "<loopCardinality>2</loopCardinality><completionCondition/>"))
        + flows("s>a a>b b>e"),
        "a a a b, a a a b b",
        6,
    ),
    Construct(
        "multi-instance sub-process, sequential",
        "one or more times, one after the other",
        ENDS + sub("p", INNER + TWO + many('isSequential="true"')) + flows("s>p p>e"),
        "a b, a b a b",
    ),
    Construct(
        "multi-instance sub-process, sequential, with a literal loopCardinality",
        "just so many times",
        ENDS
        + sub("p", INNER + TWO + many('isSequential="true"', "<loopCardinality>2</loopCardinality>"))
        + flows("s>p p>e"),
        "a b a b",
        6,
    ),
    Construct(
        "multi-instance sub-process, parallel, with a literal loopCardinality",
        "so many instances side by side",
        ENDS + sub("p", INNER + TWO + many("", "<loopCardinality>2</loopCardinality>")) + flows("s>p p>e"),
        "a b a b, a a b b",
        6,
    ),
    Construct(
        "multi-instance sub-process, parallel, of steps that need no other first",
        "its steps in any order and number",
        ENDS
        + sub("p", INNER + tasks("a b") + gateways("exclusive", "x") + many() + flows("s1>x x>a x>b a>e1 b>e1"))
        + flows("s>p p>e"),
        "a, b, a a, a b, b a, b b",
        2,
    ),
    Construct(
        "multi-instance sub-process, parallel, of several steps in an order",
        "refused: a bounded net cannot count how many instances stand where",
        ENDS + sub("p", INNER + TWO + many()) + flows("s>p p>e"),
        refused="subProcess p: a parallel multi-instance sub-process",
    ),
    Construct(
        "embedded sub-process",
        "its inside; it is over when nothing is left in it",
        ENDS + sub("p", INNER + tasks("a b") + '<endEvent id="e2"/>' + flows("s1>a s1>b a>e1 b>e2")) + tasks("c")
        + flows("s>p p>c c>e"),
        "a b c, b a c",
    ),
    Construct(
        "collapsed sub-process without an inside",
        "one step with its name, and noted",
        ENDS + '<subProcess id="p" name="p"/>' + flows("s>p p>e"),
        "p",
    ),
    Construct(
        "call activity",
        "the inside of the process that it calls, begun at its start event without a trigger",
        ENDS + '<callActivity id="p" calledElement="other"/><callActivity id="q" calledElement="other"/>'
        + flows("s>p p>q q>e"),
        "a a",
        rest=CALLED,
    ),
    Construct(
        "call of a global task or of something in another file",
        "one step with the name of the call, and noted",
        ENDS + '<callActivity id="p" name="Bill" calledElement="x:y"/>' + flows("s>p p>e"),
        "Bill",
    ),
    Construct(
        "a process that calls itself",
        "refused",
        ENDS + '<callActivity id="p" calledElement="main"/>' + flows("s>p p>e"),
        refused="callActivity p: calls main from within itself",
    ),
    Construct(
        "ad-hoc sub-process",
        "its activities in any order and number, none included, until it ends",
        ENDS + sub("p", tasks("a b"), tag="adHocSubProcess") + tasks("c") + flows("s>p p>c c>e"),
        "c, a c, b c, a a c, a b c, b a c, b b c",
        3,
    ),
    Construct(
        "ad-hoc sub-process with steps in an order",
        "refused",
        ENDS + sub("p", tasks("a b") + flows("a>b"), tag="adHocSubProcess") + flows("s>p p>e"),
        refused="task a: what it begins may run any number of times at once",
    ),
]

GATEWAYS = [
    Construct(
        "exclusive gateway",
        "one way, whichever: conditions are not evaluated",
        ENDS + tasks("a b") + gateways("exclusive", "x y") + flows("s>x x>a x>b a>y b>y y>e"),
        "a, b",
    ),
    Construct(
        "parallel gateway",
        "all ways; waits for all",
        ENDS + tasks("a b c") + gateways("parallel", "x y") + flows("s>x x>a x>b a>y b>y y>c c>e"),
        "a b c, b a c",
    ),
    Construct(
        "inclusive gateway",
        "any set of ways but none, its default alone; the join waits for those that were taken",
        ENDS
        + tasks("a b c d")
        + '<inclusiveGateway id="x" default="x_c"/>'
        + gateways("inclusive", "y")
        + flows("s>x x>a x>b x>c a>y b>y c>y y>d d>e"),
        "a d, b d, a b d, b a d, c d",
    ),
    Construct(
        "inclusive join that is not nested with a split",
        "waits while a token elsewhere could still come to an empty way in, and to none that is not",
        ENDS
        + tasks("a b c")
        + gateways("parallel", "x")
        + gateways("exclusive", "z")
        + gateways("inclusive", "y")
        + flows("s>x x>a x>z z>b z>c a>y b>y c>e y>e"),
        "a b, b a, a c, c a",
    ),
    Construct(
        "event-based gateway",
        "whichever of its events happens first",
        ENDS
        + gateways("eventBased", "x")
        + event("intermediateCatchEvent", "m", "message")
        + '<receiveTask id="r" name="r"/>'
        + tasks("a")
        + flows("s>x x>m x>r m>a a>e r>e"),
        "a, r",
    ),
    Construct(
        "event-based gateway that instantiates, parallel",
        "all of its events, in any order",
        '<eventBasedGateway id="x" instantiate="true" eventGatewayType="Parallel"/><endEvent id="e"/>'
        + event("intermediateCatchEvent", "m", "message")
        + '<receiveTask id="r" name="r" instantiate="true"/>'
        + tasks("a")
        + flows("x>m x>r m>a a>e r>e"),
        "a r, r a",
    ),
    Construct(
        "complex gateway that splits",
        "any set of ways but none",
        ENDS + tasks("a b") + gateways("complex", "x") + flows("s>x x>a x>b a>e b>e"),
        "a, b, a b, b a",
    ),
    Construct(
        "complex gateway that joins, activationCount >= a number",
        "goes on with so many tokens, and takes away those that come after",
        ENDS
        + tasks("a b c")
        + gateways("parallel", "x")
        + '<complexGateway id="y"><activationCondition>activationCount >= 1</activationCondition></complexGateway>'
        + flows("s>x x>a x>b a>y b>y y>c c>e"),
        "a c b, b c a, a b c, b a c",
    ),
    Construct(
        "complex gateway that joins by another condition",
        "refused",
        ENDS + tasks("a b") + gateways("parallel", "x") + gateways("complex", "y") + flows("s>x x>a x>b a>y b>y y>e"),
        refused="complexGateway y: joins by a condition that is not evaluated",
    ),
    Construct(
        "conditional ways out of an activity",
        "any set of them, its default where none is taken",
        ENDS + '<task id="a" name="a" default="a_d"/>' + tasks("b c d") + CONDITIONAL + flows("s>a a>d b>e c>e d>e"),
        "a b, a c, a b c, a c b, a d",
    ),
]

STOP = boundary("t", "p", "message")
EVENTS = [
    Construct(
        "start, intermediate and end events of any other kind",
        "silent: what they wait for comes from outside",
        event("startEvent", "s", "timer")
        + tasks("a")
        + event("intermediateCatchEvent", "i", "conditional")
        + end("e", "message")
        + flows("s>i i>a a>e"),
        "a",
    ),
    Construct(
        "several start events",
        "one of them begins a case",
        ENDS + event("startEvent", "s2", "message") + tasks("a b") + flows("s>a a>e s2>b b>e"),
        "a, b",
    ),
    Construct(
        "no start or end events",
        "all that nothing leads to begins; what nothing leads from ends",
        tasks("a b c") + flows("a>b"),
        "a b c, a c b, c a b",
    ),
    Construct(
        "terminate event",
        "ends its process or sub-process at once",
        ENDS + end("f", "terminate") + tasks("a b c") + gateways("parallel", "x") + flows("s>x x>a x>b a>f b>c c>e"),
        "a, a b, b a, a b c, b a c, b c a",
    ),
    Construct(
        "link events",
        "the throwing one goes on at the catching one of its name",
        ENDS + tasks("a b") + throw("t", "link:name=L") + event("intermediateCatchEvent", "c", "link:name=L")
        + flows("s>a a>t c>b b>e"),
        "a b",
    ),
    Construct(
        "boundary event that interrupts a task",
        "instead of the task",
        ENDS + tasks("a b") + boundary("t", "a", "timer") + flows("s>a a>e t>b b>e"),
        "a, b",
    ),
    Construct(
        "boundary event that interrupts a sub-process",
        "wherever it stands",
        ENDS + sub("p", AND) + STOP + tasks("c d") + flows("s>p p>c c>e t>d d>e"),
        "a b c, b a c, d, a d, b d, a b d, b a d",
    ),
    Construct(
        "boundary timer that does not interrupt, without a cycle",
        "at most once while its activity goes on; what it begins may outlast it",
        ENDS + tasks("a b c") + boundary("t", "a", "timer", interrupts=False) + flows("s>a a>c c>e t>b b>e"),
        "a c, b a c, a b c, a c b",
    ),
    Construct(
        "boundary timer that does not interrupt, R2/…",
        "at most so often",
        ENDS
        + tasks("a b")
        + boundary("t", "a", "timer[<timeCycle>R2/PT1H</timeCycle>]", interrupts=False)
        + flows("s>a a>e t>b b>e"),
        "a, b a, a b, b b a, b a b, a b b",
    ),
    Construct(
        "other boundary event that does not interrupt",
        "any number of times once its activity began, if it begins one step, or steps none of which needs another",
        ENDS + tasks("a b c") + boundary("t", "b", "message", interrupts=False) + flows("s>a a>b b>e t>c c>e"),
        "a b, a c b, a b c, a c c b, a c b c, a b c c",
    ),
    Construct(
        "other boundary event that does not interrupt and begins several steps in an order",
        "refused: they could overlap without limit",
        ENDS + tasks("a b c") + boundary("t", "a", "signal", interrupts=False) + flows("s>a a>e t>b b>c c>e"),
        refused="boundaryEvent t: what it begins may run any number of times at once",
    ),
    Construct(
        "error event",
        "leaves its sub-process by the boundary event that catches it, and only then",
        ENDS
        + sub("p", INNER + end("f", "error:errorRef=E") + tasks("a b") + flows("s1>a s1>b a>e1 b>f"))
        + boundary("t", "p", "error:errorRef=E")
        + tasks("c d")
        + flows("s>p p>c c>e t>d d>e"),
        "b d, a b d, b a d",
    ),
    Construct(
        "error event that nothing catches",
        "ends the process where it is thrown in the process itself; in a sub-process it is refused",
        ENDS + sub("p", '<startEvent id="s1"/>' + end("f", "error") + flows("s1>f")) + flows("s>p p>e"),
        refused="endEvent f: an error that nothing catches",
    ),
    Construct(
        "escalation event that is caught without interrupting",
        "its work goes on, and what the catching event begins runs beside it",
        ENDS
        + sub("p", INNER + tasks("a b") + throw("t1", "escalation") + flows("s1>a a>t1 t1>b b>e1"))
        + boundary("t", "p", "escalation", interrupts=False)
        + tasks("c")
        + flows("s>p p>e t>c c>e"),
        "a b c, a c b",
    ),
    Construct(
        "escalation event that is caught by an interrupting event",
        "leaves its sub-process",
        ENDS
        + sub("p", INNER + tasks("a b") + throw("t1", "escalation") + flows("s1>a a>t1 t1>b b>e1"))
        + boundary("t", "p", "escalation")
        + tasks("c d")
        + flows("s>p p>d d>e t>c c>e"),
        "a c",
    ),
    Construct(
        "event sub-process that interrupts",
        "stops the work around it wherever it stands, and ends it in its place",
        ENDS + tasks("a b") + on_event("v", "message", "c") + flows("s>a a>b b>e"),
        "a b, c, a c, a b c",
    ),
    Construct(
        "event sub-process that does not interrupt, a timer",
        "at most once beside the work; the process is over after both",
        ENDS + sub("p", INNER + tasks("a") + on_event("v", "timer", "c", interrupts=False) + flows("s1>a a>e1"))
        + tasks("d") + flows("s>p p>d d>e"),
        "a d, a c d, c a d",
    ),
    Construct(
        "event sub-process that does not interrupt, any other trigger",
        "any number of times beside the work, under the same condition as for boundary events",
        ENDS + sub("p", INNER + tasks("a") + on_event("v", "message", "c", interrupts=False) + flows("s1>a a>e1"))
        + tasks("d") + flows("s>p p>d d>e"),
        "a d, a c d, c a d, a c c d, c a c d, c c a d",
    ),
    Construct(
        "event sub-process for an error",
        "runs where the error was thrown inside, and ends the work in its place",
        ENDS
        + sub(
            "p",
            INNER + end("f", "error:errorRef=E") + tasks("a") + gateways("exclusive", "x")
            + on_event("v", "error:errorRef=E", "c") + flows("s1>a a>x x>e1 x>f"),
        )
        + tasks("d")
        + flows("s>p p>d d>e"),
        "a d, a c d",
    ),
    Construct(
        "compensation",
        "undoes what was completed and not undone, in the reverse order of the sequence flows",
        ENDS + tasks("a b c") + undone("a", "A") + undone("b", "B") + throw("t", "compensate")
        + flows("s>a a>b b>t t>c c>e"),
        "a b B A c",
        6,
    ),
    Construct(
        "compensation of one activity",
        "of the one that is named",
        '<startEvent id="s"/>' + tasks("a b") + undone("a", "A") + undone("b", "B")
        + end("t", "compensate:activityRef=a")
        + flows("s>a a>b b>t"),
        "a b A",
        6,
    ),
    Construct(
        "compensation of what was not done",
        "nothing",
        ENDS + tasks("a b") + undone("a", "A") + gateways("exclusive", "x y") + throw("t", "compensate")
        + flows("s>x x>a x>b a>y b>y y>t t>e"),
        "a A, b",
    ),
    Construct(
        "compensation of a sub-process",
        "by its compensation event sub-process; without one, by undoing what is in it",
        ENDS + sub("p", AND + undone("a", "A") + undone("b", "B")) + throw("t", "compensate") + flows("s>p p>t t>e"),
        "a b A B, a b B A, b a A B, b a B A",
    ),
    Construct(
        "transaction that is cancelled",
        "stops, undoes what was completed in it, and goes on at its cancel event",
        ENDS
        + sub(
            "p",
            INNER + tasks("a b") + undone("a", "A") + gateways("exclusive", "x") + end("f", "cancel")
            + flows("s1>a a>x x>b b>e1 x>f"),
            tag="transaction",
        )
        + boundary("t", "p", "cancel")
        + tasks("c d")
        + flows("s>p p>c c>e t>d d>e"),
        "a b c, a A d",
    ),
]

PROCESSES = [
    Construct(
        "lanes, data, artifacts, messages, extension elements",
        "metadata: they order nothing",
        '<extensionElements><task xmlns="urn:vendor" id="z"/></extensionElements><dataObject id="d"/>'
        '<laneSet id="l"><lane id="l1"><flowNodeRef>a</flowNodeRef></lane></laneSet>' + ENDS + tasks("a")
        + flows("s>a a>e"),
        "a",
    ),
    Construct(
        "several processes, one of them executable",
        "that one is taken, and noted",
        ENDS + tasks("a") + flows("s>a a>e"),
        "b",
        rest='<process id="two" isExecutable="true"><task id="b" name="b"/></process>',
    ),
    Construct(
        "several processes or pools otherwise",
        "side by side, each running once, and noted; the option `process` names one by its id or name or its pool's",
        ENDS + tasks("a") + flows("s>a a>e"),
        "a b, b a",
        rest=POOLS,
    ),
    Construct(
        "choreographies and conversations",
        "refused",
        ENDS + '<choreographyTask id="a"/>' + flows("s>e"),
        refused="choreographyTask a: a choreography",
    ),
]

CONSTRUCTS = {"Activities": ACTIVITIES, "Gateways": GATEWAYS, "Events": EVENTS, "Processes": PROCESSES}
EVERY = [construct for group in CONSTRUCTS.values() for construct in group]
