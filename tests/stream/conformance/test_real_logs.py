"""Costs on real logs against r4pm's whole-trace alignments, and silence where a log fits its model."""

import gzip
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stream.conformance.automaton import Automaton
from stream.conformance.explain import explain
from stream.models import read_model
from stream.models.net import Net
from tests.stream.conformance.whole_traces import aligned, r4pm_net

A12, A22 = "conformance_aXXfYnZZ/a12/a12", "conformance_aXXfYnZZ/a22/a22"
NOISE = ("00", "05", "10", "20", "50")
LOANS = ("models_discovered/bpic2012_complete_imf02.pnml", "bpic2012_loan/BPIC12.xes.gz")
TRAVEL = "bpic2020_travel/declaration_documents.bpmn"
PERMITS = ("receipt_wabo/receipt.bpmn", "receipt_wabo/receipt.xes.gz")
EXAMPLE = ("running_example/running-example.pnml", "running_example/running-example.xes")
PAIRS = [
    EXAMPLE,
    ("running_example/running-example.bpmn", "running_example/running-example.xes"),
    *[(f"{net}.pnml", f"{net}f0n{noise}.xes.gz") for net in (A12, A22) for noise in NOISE],
    PERMITS,
    ("receipt_wabo/receipt_one_variant.pnml", "receipt_wabo/receipt.xes.gz"),
    ("road_fines/roadtraffic_pm4py.pnml", "road_fines/roadtraffic100traces.xes"),
    ("streaming_pm_challenge/model_one.pnml", "streaming_pm_challenge/streaming_conformance.xes.gz"),
    ("sepsis/SepsisModel_Figure13_3_DPN.pnml", "sepsis/Sepsis_Cases.xes.gz"),
    ("sepsis/SepsisModel_fixed_DPN.pnml", "sepsis/Sepsis_Cases.xes.gz"),
    (TRAVEL, "bpic2020_travel/DomesticDeclarations.xes.gz"),
    (TRAVEL, "bpic2020_travel/RequestForPayment.xes.gz"),
    LOANS,
]
FITTING = [(net, log) for net, log in PAIRS if "n00" in log]
IN_PART = [EXAMPLE, PERMITS, *FITTING, LOANS]
MOST_ALIGNED = 150  # variants of one log that r4pm aligns; an even sample of the larger logs


@cache
def variants(path: Path) -> list[tuple[str, ...]]:
    """The distinct traces of an XES file, sorted; of the loan log, whose net has those only, the completed events."""
    found, completed = set(), path.name == "BPIC12.xes.gz"
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _, element in ElementTree.iterparse(file):  # noqa: S314 - public logs that the tests themselves name
            if element.tag.endswith("trace"):
                found.add(tuple(_names(element, completed)))
                element.clear()
    return sorted(found)


def _names(trace: ElementTree.Element, completed: bool) -> Iterator[str]:
    for event in trace:
        if event.tag.endswith("event"):
            values = {a.attrib["key"]: a.attrib["value"] for a in event}
            if not completed or values["lifecycle:transition"].lower() == "complete":
                yield values["concept:name"]


def net_of(path: Path) -> Net:
    """The net of a model file; of a data net, its control flow."""
    return read_model(path.name, path.read_bytes(), ignore_guards="DPN" in path.name)


def automaton_of(path: Path) -> Automaton:
    """The automaton of a model file."""
    return Automaton(net_of(path))


def closing_cost(automaton: Automaton, variant: tuple[str, ...]) -> int:
    """The cost of a whole case, which has to be certified."""
    case = automaton.align(variant)
    assert case is not None
    least, most = automaton.interval(case, closing=True)
    assert least == most
    return most


@pytest.mark.parametrize(("net", "log"), PAIRS)
def test_every_variant_costs_what_a_whole_trace_alignment_costs(net: str, log: str, test_data: Path) -> None:
    """Closing costs are certified, all of them, and equal r4pm's optimal alignments, an even sample of them."""
    model, every = net_of(test_data / net), variants(test_data / log)
    automaton = Automaton(model)
    costs = [closing_cost(automaton, variant) for variant in every]
    step = 1 + len(every) // MOST_ALIGNED
    assert costs[::step] == aligned(r4pm_net(model), every[::step])


@pytest.mark.parametrize(("net", "log"), FITTING)
def test_a_fitting_log_shows_no_deviation(net: str, log: str, test_data: Path) -> None:
    """Nothing is said of a log without noise, and each of its cases is at its end."""
    automaton = automaton_of(test_data / net)
    for variant in variants(test_data / log):
        assert explain(automaton, variant, finished=True) == ()
        frontier = automaton.start()
        for event in variant:
            assert not automaton.finished(frontier)
            frontier = automaton.step(frontier, event)[0]
        assert automaton.finished(frontier)


@pytest.mark.parametrize(("net", "log"), IN_PART)
def test_a_case_met_in_the_middle_shows_no_deviation(net: str, log: str, test_data: Path) -> None:
    """Whatever is left of a fitting case, wherever it was cut, costs nothing from a warm start, and ends."""
    automaton = automaton_of(test_data / net)
    fitting = [variant for variant in variants(test_data / log) if closing_cost(automaton, variant) == 0]
    assert fitting
    for variant in fitting:
        for cut in range(1, len(variant)):
            case = automaton.align(variant[cut:], warm=True)
            assert case is not None
            assert automaton.interval(case, closing=True) == (0, 0)
        assert explain(automaton, variant[len(variant) // 2 :], finished=True, warm=True) == ()
