"""BPMN files as tools write them: dialects, several processes, and what is wrong told by element and line.

What each construct means stands in `constructs`; here is how it is found in a file.
"""

import pytest

from schemas.problem import Refused
from stream.models import read_model
from stream.models.bpmn import read_bpmn
from stream.models.net import Net
from tests.stream.models.constructs import ENDS, INNER, boundary, event, gateways, many, on_event, sub, undone
from tests.stream.models.language import HEAD, bpmn, flows, tasks, words

POOLS = (
    '<process id="two" name="Second"><task id="b" name="b"/></process><process id="empty"/><collaboration id="c">'
    '<participant id="p1" name="Pool" processRef="two"/><participant id="box" name="Black box"/>'
    '<participant id="p2" name="Empty" processRef="empty"/><messageFlow id="m" sourceRef="a" targetRef="b"/>'
    "</collaboration>"
)
ONE = ENDS + tasks("a") + flows("s>a a>e")


def read(process: str, rest: str = "") -> Net:
    """The net of a process."""
    return read_model("m.bpmn", bpmn(process, rest))


def refusal(process: str, rest: str = "", named: str | None = None) -> list[str]:
    """The problems that a process is refused for."""
    with pytest.raises(Refused) as refused:
        read_bpmn("m.bpmn", bpmn(process, rest), named)
    return [str(problem) for problem in refused.value.problems]


def test_labels_are_not_stripped() -> None:
    """A trailing blank is part of a name, and steps point at their elements."""
    net = read(ENDS + '<task id="a" name="Check "/>' + flows("s>a a>e"))
    assert net.labels == {"Check "}
    assert [step.element for step in net.transitions if step.label] == ["a"]


@pytest.mark.parametrize("written", ["Archive&#10;Invoice", "Archive &#13;&#10; Invoice", "Archive Invoice&#10;"])
def test_a_line_break_in_a_name_is_a_blank(written: str) -> None:
    """Tools break names to fit a shape; the events of the log are called by the name that a person reads."""
    assert words(read(ENDS + f'<task id="a" name="{written}"/>' + flows("s>a a>e"))) == {"Archive Invoice"}


def test_a_run_of_blanks_in_a_name_is_kept() -> None:
    """Models that are mined from a log have the names of its events, however they are written."""
    assert words(read(ENDS + '<task id="a" name="Round  Q.C."/>' + flows("s>a a>e"))) == {"Round  Q.C."}


@pytest.mark.parametrize("prefix", ["", "bpmn:", "bpmn2:", "semantic:", "ns0:", "модель:"])
def test_any_prefix_will_do(prefix: str) -> None:
    """Elements go by their namespace, whatever a tool calls it; references may carry a prefix too."""
    xmlns = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    text = (
        f'<{prefix}definitions {xmlns}="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:my="here">'
        f'<{prefix}process id="main"><{prefix}startEvent id="s"/><{prefix}task id="a" name="Prüfen ☃"/>'
        f'<{prefix}sequenceFlow id="f" sourceRef="my:s" targetRef="my:a"/></{prefix}process></{prefix}definitions>'
    )
    assert words(read_model("m.bpmn", text.encode())) == {"Prüfen ☃"}


def test_elements_of_vendors_mean_nothing() -> None:
    """Though they are called like elements of BPMN."""
    vendor = '<x:task xmlns:x="urn:x" id="z"/><extensionElements><x:task xmlns:x="urn:x" id="y"/></extensionElements>'
    assert words(read(vendor + ONE)) == {"a"}


def test_flows_may_be_told_by_their_nodes_alone() -> None:
    """A sequence flow without ends is found in the nodes that name it."""
    shapes = '<startEvent id="s"><outgoing>f</outgoing></startEvent>'
    shapes += '<task id="a" name="a"><incoming> f </incoming></task>'
    assert words(read(shapes + '<sequenceFlow id="f"/>')) == {"a"}


def test_flows_of_a_sub_process_may_stand_outside_it() -> None:
    """Some tools put all of them into the process."""
    inner = INNER + tasks("a b")
    assert words(read(ENDS + sub("p", inner) + flows("s>p p>e s1>a a>b b>e1"))) == {"a b"}


def test_an_event_definition_may_stand_elsewhere() -> None:
    """And be referred to."""
    stop = '<endEvent id="f"><eventDefinitionRef>d</eventDefinitionRef></endEvent>'
    model = ENDS + stop + tasks("a b") + gateways("parallel", "x") + flows("s>x x>a x>b a>f b>e")
    assert words(read(model, '<terminateEventDefinition id="d"/>')) == {"a", "a b", "b a"}


def test_errors_go_by_their_codes() -> None:
    """Two errors of one code are the same error."""
    inner = INNER + event("endEvent", "f", "error:errorRef=E1") + tasks("a") + flows("s1>a a>f")
    codes = '<error id="E1" errorCode="7"/><error id="E2" errorCode="7"/><error id="E3" errorCode="8"/>'
    model = ENDS + sub("p", inner.replace('<endEvent id="e1"/>', ""))
    model += boundary("t", "p", "error:errorRef=E2") + tasks("b") + flows("s>p p>e t>b b>e")
    assert words(read(model, codes)) == {"a b"}
    assert "endEvent f: an error that nothing catches" in refusal(model.replace("E2", "E3"), codes)[0]


def test_of_several_processes_the_only_executable_one_is_meant() -> None:
    """And that is said."""
    net = read(ONE, '<process id="two" isExecutable="true"><task id="b" name="b"/></process>')
    assert words(net) == {"b"}
    assert net.notes == ("of 2 processes, the only executable one is taken: two",)


def test_several_processes_run_side_by_side() -> None:
    """Each once; messages order nothing, pools without a process are left aside, and all that is said."""
    net = read(ONE, POOLS)
    assert words(net) == {"a b", "b a"}
    assert net.notes == (
        "2 processes are taken side by side, each running once, and messages between them order nothing: main, "
        "two (Pool, Second); name one of them (process) to take it alone",
    )


@pytest.mark.parametrize("named", ["two", "Second", "Pool", "p1"])
def test_a_process_may_be_named(named: str) -> None:
    """By its id or name, or by its pool's."""
    net = read_bpmn("m.bpmn", bpmn(ONE, POOLS), named)
    assert words(net) == {"b"}
    assert net.notes == ()


@pytest.mark.parametrize("named", ["three", "Black box", "empty"])
def test_a_process_that_is_not_there_cannot_be_named(named: str) -> None:
    """The problem tells which ones are."""
    wrong = f"0 processes with flow nodes go by the name {named!r}"
    assert refusal(ONE, POOLS, named) == [f"m.bpmn:1: definitions: {wrong}; one of main, two (Pool, Second)"]


def test_what_is_worth_knowing_is_noted() -> None:
    """Steps without names, calls of what is elsewhere, empty sub-processes, instances whose number is not told."""
    shapes = '<task id="a"/><callActivity id="b" name="b"/><subProcess id="c" name="c"/>'
    net = read(ENDS + shapes + f'<task id="d" name="d">{many()}</task>' + flows("s>a a>b b>c c>d d>e"))
    assert net.notes == (
        "call activity b calls nothing in this file and is taken as one step",
        "sub-process c is empty and is taken as one step",
        "task d is multi-instance: any number of times, at least once",
        "task a has no name and is taken as silent",
    )


def test_a_process_whose_ends_cannot_be_told_apart_is_over_when_it_is_empty() -> None:
    """Where too much can be left in too many ways, there is no last place."""
    wide = " ".join(f"x>t{number} t{number}>y" for number in range(12))
    shapes = tasks(" ".join(f"t{number}" for number in range(12))) + gateways("parallel", "x y")
    shapes += tasks("a b c") + gateways("exclusive", "z")
    net = read(ENDS + shapes + flows(f"s>a s>x {wide} y>c c>z z>b z>e b>e a>e"))
    assert net.final == {}
    assert "is over when nothing is left to do" in net.notes[0]


REFUSED = {
    '<boundaryEvent id="a" attachedToRef="s"/>': "boundaryEvent a: is attached to 's'",
    '<boundaryEvent id="a" attachedToRef="?"/>': "boundaryEvent a: is attached to '?'",
    '<startEvent id="a"/><sequenceFlow id="f" sourceRef="b" targetRef="a"/>': "startEvent a: something leads to it",
    '<sequenceFlow id="a" sourceRef="b" targetRef="?"/>': "sequenceFlow a: leads from 'b' to '?'",
    '<sequenceFlow id="a"/>': "sequenceFlow a: leads from '' to ''",
    '<task name="x"/>': "task: it has no id",
    '<task id="b"/>': "task b: its id is used twice",
    '<task id="a"/>': "task a: nothing leads to it",
    '<eventBasedGateway id="a" eventGatewayType="Parallel"/>': "eventBasedGateway a: a parallel event-based gateway",
    '<subProcess id="a" triggeredByEvent="true"/>': "subProcess a: an event sub-process with 0 start events",
    '<endEvent id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>': "endEvent a: an end event with a way out",
    on_event("a", "", "c"): "subProcess a: an event sub-process with 1 start events, or with one that nothing triggers",
}


@pytest.mark.parametrize("element", REFUSED)
def test_what_is_wrong_is_told_by_element_and_line(element: str) -> None:
    """First of all problems, in the order of the file."""
    found = refusal(ENDS + tasks("b") + "\n" + element + flows("s>b b>e"))
    assert found[0].startswith(f"m.bpmn:3: {REFUSED[element]}")


def test_every_problem_of_a_file_is_told_at_once() -> None:
    """A person mends a file once."""
    assert len(refusal(ENDS + '<choreographyTask id="x"/><task name="y"/>' + flows("s>e"))) == 2


def test_cancelling_what_nothing_leaves_is_refused() -> None:
    """A cancel event needs one on the boundary around it."""
    inner = '<startEvent id="s1"/>' + event("endEvent", "f", "cancel") + flows("s1>f")
    found = refusal(ENDS + sub("p", inner, tag="transaction") + flows("s>p p>e"))
    assert found[0].startswith("m.bpmn:2: endEvent f: cancels a transaction that nothing leaves")


def test_a_compensation_that_leads_nowhere_is_refused() -> None:
    """Where something throws it."""
    model = ENDS + tasks("a") + boundary("u", "a", "compensate") + event("intermediateThrowEvent", "t", "compensate")
    assert refusal(model + flows("s>a a>t t>e"))[0].startswith("m.bpmn:2: boundaryEvent u: no association leads")


def test_undoing_is_left_aside_where_nothing_asks_for_it() -> None:
    """Compensation activities are no steps of the process."""
    assert words(read(ONE + undone("a", "A"))) == {"a"}


def test_tokens_without_end_are_refused_by_element() -> None:
    """A loop that adds a token each time round."""
    found = refusal(ENDS + tasks("a b") + gateways("exclusive", "x") + flows("s>x x>a a>x a>b b>e"))
    assert found[0].startswith("m.bpmn:2: ")
    assert "without end" in found[0]


def test_an_event_that_may_come_again_must_not_lead_back() -> None:
    """To the activity that it belongs to: that would begin again and again beside itself."""
    shapes = ENDS + tasks("a") + gateways("exclusive", "x") + boundary("t", "a", "message", interrupts=False)
    assert "leads back to its activity" in refusal(shapes + flows("s>x x>a a>e t>x"))[0]


def test_calls_that_multiply_are_refused() -> None:
    """Each process calls the next one twice, thirty times over."""
    chain = "".join(
        f'<process id="c{n}"><callActivity id="x{n}" calledElement="c{n + 1}"/>'
        f'<callActivity id="y{n}" calledElement="c{n + 1}"/>{flows(f"x{n}>y{n}")}</process>'
        for n in range(30)
    )
    calls = ENDS + '<callActivity id="x" calledElement="c0"/>' + flows("s>x x>e")
    assert "beyond 5000 nodes in all" in refusal(calls, chain)[0]


def test_events_that_multiply_are_refused() -> None:
    """Each may come again and again, and leads to the activity of the next."""
    names = [f"t{n}" for n in range(25)]
    events = "".join(boundary(f"i{n}", f"t{n}", "message", interrupts=False) for n in range(24))
    ways = " ".join(f"t{n}>t{n + 1} i{n}>t{n + 1}" for n in range(24))
    assert refusal(ENDS + tasks(" ".join(names)) + events + flows(f"s>t0 {ways} t24>e"))


def test_too_many_states_are_refused_by_element() -> None:
    """An event that interrupts ten parallel branches of three steps would need a million of them."""
    steps = [f"{branch}{number}" for branch in "abcdghijkl" for number in "123"]
    ways = " ".join(f"x>{b}1 {b}1>{b}2 {b}2>{b}3 {b}3>y" for b in "abcdghijkl")
    inner = INNER + tasks(" ".join(steps)) + gateways("parallel", "x y") + flows(f"s1>x {ways} y>e1")
    found = refusal(ENDS + sub("p", inner) + boundary("t", "p", "message") + flows("s>p p>e t>e"))
    assert found[0].startswith("m.bpmn:2: subProcess p: too much parallel work to be told exactly")


@pytest.mark.parametrize("content", ["<definitions/>", HEAD + '<choreography id="c"/></definitions>', "<html/>"])
def test_a_file_without_a_process_is_refused(content: str) -> None:
    """Whatever else it is."""
    with pytest.raises(Refused) as refused:
        read_model("m.bpmn", content.encode())
    assert str(refused.value.problems[0]).startswith("m.bpmn:1: ")
