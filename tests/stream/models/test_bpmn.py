"""What BPMN constructs mean: the complete runs of small models, one construct at a time."""

import pytest

from schemas.problem import Refused
from stream.models import read_model
from tests.stream.models.language import bpmn, flows, tasks, words

ENDS = '<startEvent id="s"/><endEvent id="e"/>'


def language(process: str, rest: str = "", longest: int = 6) -> set[str]:
    """The complete runs of a process."""
    return words(read_model("m.bpmn", bpmn(process, rest)), longest)


def refusal(process: str, rest: str = "") -> list[str]:
    """The problems that a process is refused for."""
    with pytest.raises(Refused) as refused:
        read_model("m.bpmn", bpmn(process, rest))
    return [str(problem) for problem in refused.value.problems]


def gateways(kind: str, ids: str) -> str:
    """Gateways of a kind."""
    return "".join(f'<{kind}Gateway id="{id_}"/>' for id_ in ids.split())


def test_tasks_of_every_kind_are_labelled_steps() -> None:
    """Tasks show their names; events show nothing."""
    kinds = [
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
    ]
    steps = "".join(f'<{kind} id="t{number}" name="{number}"/>' for number, kind in enumerate(kinds))
    chain = " ".join(f"t{number}>t{number + 1}" for number in range(7))
    events = '<intermediateCatchEvent id="i" name="wait"><timerEventDefinition/></intermediateCatchEvent>'
    assert language(ENDS + steps + events + flows(f"s>t0 {chain} t7>i i>e"), longest=8) == {"0 1 2 3 4 5 6 7"}


def test_labels_are_not_stripped() -> None:
    """A trailing blank is part of a name."""
    net = read_model("m.bpmn", bpmn(ENDS + '<task id="a" name="Check "/>' + flows("s>a a>e")))
    assert net.labels == {"Check "}
    assert [step.element for step in net.transitions if step.label] == ["a"]


def test_an_exclusive_gateway_takes_one_way() -> None:
    """One branch, whichever."""
    model = ENDS + tasks("a b") + gateways("exclusive", "x y") + flows("s>x x>a x>b a>y b>y y>e")
    assert language(model) == {"a", "b"}


def test_a_loop_of_flows_goes_round() -> None:
    """A way back is a loop."""
    model = ENDS + tasks("a b") + gateways("exclusive", "x y") + flows("s>x x>a a>y y>b b>x y>e")
    assert language(model, longest=5) == {"a", "a b a", "a b a b a"}


def test_a_parallel_gateway_takes_all_ways_and_waits_for_them() -> None:
    """Both branches, in any order, then what follows."""
    model = ENDS + tasks("a b c") + gateways("parallel", "x y") + flows("s>x x>a x>b a>y b>y y>c c>e")
    assert language(model) == {"a b c", "b a c"}


def test_a_task_with_two_ways_in_runs_for_each_token() -> None:
    """Flows that meet without a gateway are not joined (BPMN 2.0, 13.3.1), and the process waits for all ends."""
    model = ENDS + tasks("a b c") + gateways("parallel", "x") + flows("s>x x>a x>b a>c b>c c>e")
    assert language(model) == {"a b c c", "b a c c", "a c b c", "b c a c"}


def test_a_task_with_two_ways_out_takes_both() -> None:
    """Flows that part without a gateway and without conditions are parallel."""
    model = ENDS + tasks("a b c") + flows("s>a a>b a>c b>e c>e")
    assert language(model) == {"a b c", "a c b"}


def test_conditional_ways_out_of_a_task_may_be_taken_or_not() -> None:
    """An implicit inclusive split: any set of conditional flows, the default where none holds."""
    conditional = "".join(
        f'<sequenceFlow id="a{t}" sourceRef="a" targetRef="{t}"><conditionExpression/></sequenceFlow>' for t in "bc"
    )
    model = ENDS + '<task id="a" name="a" default="a_d"/>' + tasks("b c d") + conditional + flows("s>a a>d b>e c>e d>e")
    assert language(model) == {"a b", "a c", "a b c", "a c b", "a d"}


def test_an_event_based_gateway_waits_for_one_of_its_events() -> None:
    """Whichever happens first decides."""
    events = '<intermediateCatchEvent id="m"><messageEventDefinition/></intermediateCatchEvent>'
    model = ENDS + gateways("eventBased", "x") + events + '<receiveTask id="r" name="r"/>' + tasks("a")
    assert language(model + flows("s>x x>m x>r m>a a>e r>e")) == {"a", "r"}


def test_an_inclusive_gateway_takes_at_least_one_way_and_waits_for_those() -> None:
    """Every non-empty set of branches, joined."""
    model = ENDS + tasks("a b d") + gateways("inclusive", "x y") + flows("s>x x>a x>b a>y b>y y>d d>e")
    assert language(model) == {"a d", "b d", "a b d", "b a d"}


def test_the_default_way_of_an_inclusive_gateway_is_taken_alone() -> None:
    """Default only where no condition holds (BPMN 2.0, 10.6.3)."""
    split = '<inclusiveGateway id="x" default="x_c"/>' + gateways("inclusive", "y")
    model = ENDS + tasks("a b c") + split + flows("s>x x>a x>b x>c a>y b>y c>y y>e")
    assert language(model) == {"a", "b", "a b", "b a", "c"}


def test_an_inclusive_split_need_not_be_joined() -> None:
    """Without a join each branch ends for itself."""
    model = ENDS + tasks("a b") + gateways("inclusive", "x") + flows("s>x x>a x>b a>e b>e")
    assert language(model) == {"a", "b", "a b", "b a"}


@pytest.mark.parametrize(("kind", "expected"), [("parallel", {"a b", "b a"}), ("exclusive", {"a", "b"})])
def test_an_inclusive_join_of_another_split_waits_for_what_that_took(kind: str, expected: set[str]) -> None:
    """After a parallel split it waits for all, after an exclusive one for the only one."""
    model = ENDS + tasks("a b") + gateways(kind, "x") + gateways("inclusive", "y") + flows("s>x x>a x>b a>y b>y y>e")
    assert language(model) == expected


def test_an_inclusive_join_without_a_split_of_its_own_is_refused() -> None:
    """What can still arrive cannot be told."""
    model = ENDS + tasks("a b c") + gateways("parallel", "x") + gateways("exclusive", "z") + gateways("inclusive", "y")
    found = refusal(model + flows("s>x x>a x>z z>b z>c a>y b>y c>e y>e"))
    assert found == [
        "m.bpmn:2: inclusiveGateway y: joins branches of no single split; a join nested with its split",
    ]


def test_an_inclusive_join_whose_branch_brings_two_tokens_is_refused() -> None:
    """A branch that ends twice cannot be waited for exactly."""
    model = (
        ENDS + tasks("a b c") + gateways("inclusive", "x y") + gateways("parallel", "p") + gateways("exclusive", "q")
    )
    found = refusal(model + flows("s>x x>a a>y x>p p>b p>c b>q c>q q>y y>e"))
    assert found == ["m.bpmn:2: inclusiveGateway y: a branch may bring more than one token; branches that end once"]


def test_a_sub_process_is_its_inside() -> None:
    """An embedded sub-process shows its own steps."""
    inner = '<startEvent id="s1"/><endEvent id="e1"/>' + tasks("a b") + flows("s1>a a>b b>e1")
    model = ENDS + f'<subProcess id="p" name="P">{inner}</subProcess>' + tasks("c") + flows("s>p p>c c>e")
    assert language(model) == {"a b c"}


def test_a_sub_process_ends_with_the_last_of_its_branches() -> None:
    """Branches that end apart are waited for all the same."""
    inner = '<startEvent id="s1"/><endEvent id="e1"/><endEvent id="e2"/>' + tasks("a b")
    inner += flows("s1>a s1>b a>e1 b>e2")
    model = ENDS + f'<subProcess id="p">{inner}</subProcess>' + tasks("c") + flows("s>p p>c c>e")
    assert language(model) == {"a b c", "b a c"}


def test_a_sub_process_that_may_end_with_work_left_is_refused() -> None:
    """Whether the last token is gone cannot always be told by a net."""
    inner = '<startEvent id="s1"/><endEvent id="e1"/>' + tasks("a b") + gateways("inclusive", "x")
    inner += flows("s1>x x>a x>b a>e1 b>e1")
    model = ENDS + f'<subProcess id="p">{inner}</subProcess>' + flows("s>p p>e")
    assert "its sub-process may end with work left" in refusal(model)[0]


def test_an_interrupting_event_stops_its_task() -> None:
    """The task shows when it completes, and not where it was interrupted."""
    boundary = '<boundaryEvent id="t" attachedToRef="a"><timerEventDefinition/></boundaryEvent>'
    model = ENDS + tasks("a b") + boundary + flows("s>a a>e t>b b>e")
    assert language(model) == {"a", "b"}


def test_an_interrupting_event_stops_a_sub_process_wherever_it_stands() -> None:
    """Also between parallel branches."""
    inner = '<startEvent id="s1"/><endEvent id="e1"/>' + tasks("a b") + gateways("parallel", "x y")
    inner += flows("s1>x x>a x>b a>y b>y y>e1")
    boundary = '<boundaryEvent id="t" attachedToRef="p"><messageEventDefinition/></boundaryEvent>'
    model = ENDS + f'<subProcess id="p">{inner}</subProcess>' + boundary + tasks("c d")
    model += flows("s>p p>c c>e t>d d>e")
    assert language(model) == {"a b c", "b a c", "d", "a d", "b d", "a b d", "b a d"}


def test_a_timer_that_does_not_interrupt_happens_at_most_once() -> None:
    """While its task is active, and what it starts may outlast the task."""
    boundary = '<boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition/></boundaryEvent>'
    model = ENDS + tasks("a b c") + boundary + flows("s>a a>c c>e t>b b>e")
    assert language(model) == {"a c", "b a c", "a b c", "a c b"}


def test_a_timer_on_a_sub_process_leaves_with_it() -> None:
    """Fired or not, nothing of it stays behind, even where another event interrupts."""
    inner = '<startEvent id="s1"/><endEvent id="e1"/>' + tasks("a") + flows("s1>a a>e1")
    timer = '<boundaryEvent id="t" attachedToRef="p" cancelActivity="false"><timerEventDefinition/></boundaryEvent>'
    stop = '<boundaryEvent id="m" attachedToRef="p"><messageEventDefinition/></boundaryEvent>'
    model = ENDS + f'<subProcess id="p">{inner}</subProcess>' + timer + stop + tasks("b c")
    found = language(model + flows("s>p p>e t>b b>e m>c c>e"))
    assert found == {"a", "a b", "b a", "c", "a c", "b c", "c b", "a b c", "b a c", "a c b"}


def test_an_error_leaves_its_sub_process_by_the_event_that_catches_it() -> None:
    """Thrown by an end event, caught on the boundary, and only then."""
    inner = '<startEvent id="s1"/><endEvent id="e1"/><endEvent id="f"><errorEventDefinition errorRef="E"/></endEvent>'
    inner += tasks("a b") + flows("s1>a s1>b a>e1 b>f")
    boundary = '<boundaryEvent id="t" attachedToRef="p"><errorEventDefinition errorRef="E"/></boundaryEvent>'
    model = ENDS + f'<subProcess id="p">{inner}</subProcess>' + boundary + tasks("c d") + flows("s>p p>c c>e t>d d>e")
    assert language(model) == {"b d", "a b d", "b a d"}


def test_an_error_that_nothing_catches_is_refused() -> None:
    """BPMN does not say what happens then (10.5.3)."""
    inner = '<startEvent id="s1"/><endEvent id="f"><errorEventDefinition/></endEvent>' + flows("s1>f")
    found = refusal(ENDS + f'<subProcess id="p">{inner}</subProcess>' + flows("s>p p>e"))
    assert found == ["m.bpmn:2: endEvent f: an error that nothing catches; an error boundary event around it"]


def test_a_terminate_event_ends_everything() -> None:
    """Whatever else was going on."""
    stop = '<endEvent id="f"><terminateEventDefinition/></endEvent>'
    model = ENDS + stop + tasks("a b c") + gateways("parallel", "x") + flows("s>x x>a x>b a>f b>c c>e")
    assert language(model) == {"a", "a b", "b a", "a b c", "b a c", "b c a"}


def test_a_link_joins_what_a_drawing_has_parted() -> None:
    """A throwing link goes on at the link that catches its name."""
    links = (
        '<intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="c"><linkEventDefinition name="L"/></intermediateCatchEvent>'
    )
    assert language(ENDS + tasks("a b") + links + flows("s>a a>t c>b b>e")) == {"a b"}


def test_a_called_process_of_the_same_file_is_its_inside() -> None:
    """A call activity shows the steps of the process that it calls, once per call."""
    called = (
        '<process id="other"><startEvent id="s1"/><endEvent id="e1"/>' + tasks("a") + flows("s1>a a>e1") + "</process>"
    )
    calls = '<callActivity id="p" calledElement="other"/><callActivity id="q" calledElement="other"/>'
    assert language(ENDS + calls + flows("s>p p>q q>e"), called) == {"a a"}


def test_a_call_to_elsewhere_is_one_step_and_said_so() -> None:
    """What is not in the file is the step that it is named after."""
    net = read_model("m.bpmn", bpmn(ENDS + '<callActivity id="p" name="Bill" calledElement="x"/>' + flows("s>p p>e")))
    assert words(net) == {"Bill"}
    assert net.notes == ("call activity p calls nothing in this file and is taken as one step",)


def test_a_process_that_calls_itself_is_refused() -> None:
    """Recursion has no finite net."""
    found = refusal(ENDS + '<callActivity id="p" calledElement="main"/>' + flows("s>p p>e"))
    assert found == ["m.bpmn:2: callActivity p: calls main from within itself; calls without recursion"]


@pytest.mark.parametrize(("attribute", "expected"), [("false", {"a", "a a"}), ("true", {"", "a", "a a"})])
def test_a_standard_loop_repeats_its_task(attribute: str, expected: set[str]) -> None:
    """At least once, or where it is tested before, any number of times."""
    loop = f'<task id="a" name="a"><standardLoopCharacteristics testBefore="{attribute}"/></task>'
    assert language(ENDS + loop + flows("s>a a>e"), longest=2) == expected


def test_without_start_and_end_events_all_that_nothing_leads_to_starts() -> None:
    """In parallel, and the process ends with the last of them (BPMN 2.0, 10.5.2 and 10.5.3)."""
    assert language(tasks("a b c") + flows("a>b")) == {"a b c", "a c b", "c a b"}


def test_several_start_events_are_alternatives() -> None:
    """Each start event begins a case of its own."""
    model = ENDS + '<startEvent id="s2"><messageEventDefinition/></startEvent>' + tasks("a b")
    assert language(model + flows("s>a a>e s2>b b>e")) == {"a", "b"}


def test_lanes_data_and_message_flows_are_metadata() -> None:
    """None of them changes the order of work."""
    beside = '<collaboration id="c"><participant id="x" processRef="main"/><messageFlow sourceRef="a" targetRef="x"/>'
    lanes = '<laneSet id="l"><lane id="l1"><flowNodeRef>a</flowNodeRef></lane></laneSet><dataObject id="d"/>'
    assert language(lanes + ENDS + tasks("a") + flows("s>a a>e"), beside + "</collaboration>") == {"a"}


REFUSED = {
    '<complexGateway id="a"/>': "complexGateway a: a complex gateway",
    '<adHocSubProcess id="a"/>': "adHocSubProcess a: an ad-hoc sub-process",
    '<task id="a"><multiInstanceLoopCharacteristics/></task>': "task a: a multi-instance activity",
    '<task id="a"><standardLoopCharacteristics loopMaximum="3"/></task>': "task a: a loop with a maximum",
    '<subProcess id="a" triggeredByEvent="true"/>': "subProcess a: an event sub-process",
    '<endEvent id="a"><cancelEventDefinition/></endEvent>': "endEvent a: cancels a transaction",
    '<endEvent id="a"><compensateEventDefinition/></endEvent>': "endEvent a: throws a compensation",
    '<eventBasedGateway id="a" eventGatewayType="Parallel"/>': "eventBasedGateway a: a parallel event-based gateway",
    '<boundaryEvent id="a" attachedToRef="b" cancelActivity="false"/>': "boundaryEvent a: does not interrupt",
    '<boundaryEvent id="a" attachedToRef="s"/>': "boundaryEvent a: is attached to 's'",
    '<boundaryEvent id="a" attachedToRef="?"/>': "boundaryEvent a: is attached to '?'",
    '<startEvent id="a"/><sequenceFlow id="f" sourceRef="b" targetRef="a"/>': "startEvent a: something leads to it",
    '<sequenceFlow id="a" sourceRef="b" targetRef="?"/>': "sequenceFlow a: leads from 'b' to '?'",
}


@pytest.mark.parametrize("element", REFUSED)
def test_what_cannot_be_honoured_is_refused_by_element(element: str) -> None:
    """Each is named with its line, and not approximated."""
    found = refusal(ENDS + tasks("b") + "\n" + element + flows("s>b b>e"))
    assert found[0].startswith(f"m.bpmn:3: {REFUSED[element]}")


def test_every_problem_of_a_file_is_told_at_once() -> None:
    """A person mends a file once."""
    found = refusal(ENDS + '<complexGateway id="x"/><adHocSubProcess id="y"/>' + flows("s>e"))
    assert len(found) == 2


def test_a_file_with_two_processes_is_refused() -> None:
    """Which one is meant cannot be told."""
    found = refusal(ENDS + flows("s>e"), '\n<process id="two"><task id="a"/></process>')
    assert found == ["m.bpmn:3: process two: one of 2 processes in the file; one, or only one that is executable"]


def test_of_several_processes_the_only_executable_one_is_meant() -> None:
    """And that is said."""
    beside = '<process id="two" isExecutable="true"><task id="b" name="b"/></process>'
    net = read_model("m.bpmn", bpmn(ENDS + tasks("a") + flows("s>a a>e"), beside))
    assert words(net) == {"b"}
    assert net.notes == ("of 2 processes, the only executable one is taken: two",)
