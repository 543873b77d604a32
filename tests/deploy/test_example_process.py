"""The example process: its definition is accepted, its model can be drawn, and the simulator's tickets run by it."""

import re
from pathlib import Path
from random import Random
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import parse

from agents.definition_files import load_definition
from agents.simulator.journey import draw_ticket, journey
from agents.simulator.straying import Straying, stray
from stream.conformance.automaton import Automaton
from stream.models import read_model

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
MODEL = EXAMPLES / "customer-service.bpmn"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SHAPES = "{http://www.omg.org/spec/BPMN/20100524/DI}"

LETTERS = {
    "Ticket opened": "O",
    "Assigned": "A",
    "First answer": "F",
    "Waiting for customer": "W",
    "Customer answered": "w",
    "Escalated": "E",
    "Manager informed": "m",
    "Specialist consulted": "s",
    "Resolved": "R",
    "Closed": "C",
    "Cancelled": "X",
}
# The model in other words: opened; then cancelled, or assigned and answered, detours as often as needed, and an end.
ALLOWED = re.compile("O(X|AF(Ww|E(ms|sm))*(RC|X))")


@pytest.fixture(scope="module")
def automaton() -> Automaton:
    """The model as the worker uses it."""
    return Automaton(read_model(MODEL.name, MODEL.read_bytes()))


def cost(automaton: Automaton, trace: list[str]) -> int:
    """What a whole case costs: its deviations, and what is missing at its end."""
    frontier, total = automaton.start(), 0
    for activity in trace:
        frontier, step_cost, _ = automaton.step(frontier, activity)
        total += step_cost
    return total + automaton.completion(frontier)


def traces(count: int) -> list[list[str]]:
    """What happens to tickets that follow the process."""
    drawn = []
    for number in range(count):
        rng = Random(number)
        drawn.append([step.activity for step in journey(rng, draw_ticket(rng, f"T-{number}", 0))])
    return drawn


def elements(kind: str) -> list[Element]:
    """All elements of that kind in the model file."""
    root = parse(MODEL).getroot()
    assert root is not None
    return list(root.iter(kind))


def test_the_definition_is_accepted() -> None:
    """It names its model, its roles, and service levels of each kind that there is."""
    definition, model = load_definition(EXAMPLES / "customer-service.yaml")

    assert definition.process == "customer-service"
    assert {sla.kind for sla in definition.sla} == {"between", "due", "case_duration", "idle", "rate"}
    assert definition.roles is not None
    assert model == MODEL.read_bytes()


def test_every_element_of_the_model_is_drawn() -> None:
    """Any BPMN editor can open it: each node has a shape, each flow an edge with way points, and no others exist."""
    process = elements(f"{BPMN}process")[0]
    nodes = {e.get("id") for e in process if e.get("id") and not e.tag.endswith("sequenceFlow")}
    flows = {e.get("id"): e for e in elements(f"{BPMN}sequenceFlow")}

    assert {e.get("bpmnElement") for e in elements(f"{SHAPES}BPMNShape")} == nodes
    assert {e.get("bpmnElement") for e in elements(f"{SHAPES}BPMNEdge")} == set(flows)
    assert all(len(e) >= 2 for e in elements(f"{SHAPES}BPMNEdge"))
    assert {e.get("sourceRef") for e in flows.values()} | {e.get("targetRef") for e in flows.values()} == nodes


def test_incoming_and_outgoing_agree_with_the_flows() -> None:
    """What a node says of its flows is what the flows say of their ends."""
    flows = {e.get("id"): e for e in elements(f"{BPMN}sequenceFlow")}
    for node in elements(f"{BPMN}process")[0]:
        said = [(kind, e.text) for kind in ("incoming", "outgoing") for e in node.findall(f"{BPMN}{kind}")]

        assert all(
            flows[flow].get("targetRef" if kind == "incoming" else "sourceRef") == node.get("id")
            for kind, flow in said
            if flow
        )


def test_tickets_that_do_not_stray_follow_the_model(automaton: Automaton) -> None:
    """A thousand journeys are paths of the model by its own reading and by the automaton's, loops and branches too."""
    followed = traces(1_000)

    written = {"".join(LETTERS[activity] for activity in trace) for trace in followed}
    assert [word for word in written if not ALLOWED.fullmatch(word)] == []
    assert {cost(automaton, trace) for trace in followed} == {0}
    assert all(any(part in word for word in written) for part in ("OX", "FX", "WwWw", "Ems", "Esm", "WwE"))


def test_tickets_that_stray_do_not(automaton: Automaton) -> None:
    """Each way of straying costs something, and nothing else was made of it."""
    seen = set()
    for number in range(1_000):
        rng = Random(number)
        steps, way = stray(rng, journey(rng, draw_ticket(rng, f"T-{number}", 0)))
        if way is not Straying.NONE:
            assert cost(automaton, [step.activity for step in steps]) > 0, way
        seen.add(way)

    assert seen == set(Straying)


def test_the_model_has_the_activities_of_the_tickets_and_no_others(automaton: Automaton) -> None:
    """Event names are model names: the definition needs no renaming."""
    assert set(automaton.labels) == set(LETTERS)
