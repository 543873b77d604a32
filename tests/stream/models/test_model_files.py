"""Real model files: read, or refused by element for a reason that is known to be true of them."""

from pathlib import Path

import pytest

from schemas.problem import Refused
from stream.conformance.automaton import Automaton
from stream.models import read_model
from stream.models.pnml import read_pnml
from stream.models.xml import read_xml

READ = {
    "running_example/running-example.bpmn": 8,
    "running_example/running-example.pnml": 8,
    "receipt_wabo/receipt.bpmn": 27,
    "bpic2020_travel/declaration_documents.bpmn": 6,
    "models_misc/a32f0n00.bpmn": 32,
    "models_misc/SimpleParallel.bpmn": 6,
    "models_misc/ch7_InsuranceClaimsSimulationNormalSeason.bpmn": 7,
    "models_discovered/simod_Production.bpmn": 26,
    "models_discovered/bpic2012_complete_imf02.pnml": 22,
    "bpmn_miwg/Reference/A.1.0.bpmn": 3,
    "bpmn_miwg/Reference/A.2.0.bpmn": 4,
    "bpmn_miwg/Reference/A.3.0.bpmn": 5,
    "bpmn_miwg/Reference/A.4.1.bpmn": 6,
    "bpmn_miwg/Reference/B.1.0.bpmn": 10,
    "bpmn_miwg/Reference/C.2.0.bpmn": 11,
    "bpmn_miwg/Reference/C.4.0.bpmn": 22,
    "bpmn_miwg/Reference/C.5.0.bpmn": 18,
    "bpmn_miwg/Reference/C.6.0.bpmn": 12,
    "bpmn_miwg/Reference/C.7.0.bpmn": 6,
    "bpmn_miwg/Reference/C.9.0.bpmn": 10,
    "bpmn_miwg/Reference/C.9.1.bpmn": 4,
    "bpmn_miwg/Reference/C.9.2.bpmn": 5,
    "models_misc/Subprocess1.bpmn": 5,
    "models_misc/Subprocess3.bpmn": 4,
    "road_fines/roadtraffic_pm4py.pnml": 11,
}
REFUSED = {
    "bpmn_miwg/Reference/B.2.0.bpmn": "may run any number of times at once, and takes several steps in an order",
    "bpmn_miwg/Reference/C.3.0.bpmn": "needs 2 tokens to begin",
    "sepsis/SepsisModel_fixed_DPN.pnml": "a guard on data",
}


@pytest.mark.parametrize("model", READ)
def test_a_real_model_is_read(model: str, test_data: Path) -> None:
    """Its activities are all there, and a case can begin and come to an end."""
    path = test_data / model
    net = read_model(path.name, path.read_bytes())
    automaton = Automaton(net)
    start = automaton.start()
    assert len(automaton.labels) == READ[model]
    assert automaton.expected(start)
    assert automaton.completion(start) < 100


@pytest.mark.parametrize("model", REFUSED)
def test_a_real_model_is_refused_for_a_known_reason(model: str, test_data: Path) -> None:
    """By an element that stands on the line that is named."""
    path = test_data / model
    with pytest.raises(Refused) as refused:
        read_model(path.name, path.read_bytes())
    lines = {(element.tag, element.get("id"), element.line) for element in read_xml("", path.read_bytes()).walk()}
    assert any(REFUSED[model] in problem.wrong for problem in refused.value.problems)
    assert {(*problem.element.split(" "), problem.line) for problem in refused.value.problems} <= lines


def test_a_data_net_can_be_read_for_its_control_flow(test_data: Path) -> None:
    """When asked for."""
    content = (test_data / "sepsis/SepsisModel_fixed_DPN.pnml").read_bytes()
    assert "IV Antibiotics" in read_pnml("sepsis.pnml", content, ignore_guards=True).labels


def test_bpmn_and_pnml_of_one_process_mean_the_same(test_data: Path) -> None:
    """The running example exists in both notations; its net may do more than its diagram, never less on real cases."""
    folder = test_data / "running_example"
    automata = [
        Automaton(read_model(name, (folder / name).read_bytes()))
        for name in ("running-example.bpmn", "running-example.pnml")
    ]
    case = ["register request", "examine casually", "check ticket", "decide", "reinitiate request"]
    case += ["check ticket", "examine thoroughly", "decide", "pay compensation"]
    for automaton in automata:
        frontier, cost = automaton.start(), 0
        for event in case:
            frontier, extra, _ = automaton.step(frontier, event)
            cost += extra
        assert cost == 0
        assert automaton.finished(frontier)
