"""Costs on real logs against r4pm's whole-trace alignments, and silence where a log fits its model."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import r4pm

from stream.conformance.automaton import INF, Automaton
from stream.conformance.explain import explain
from stream.models import read_model

NETS = {
    "running_example/running-example.pnml": ["running_example/running-example.xes"],
    **{
        f"conformance_aXXfYnZZ/{net}/{net}.pnml": [
            f"conformance_aXXfYnZZ/{net}/{net}f0n{noise}.xes.gz" for noise in ("00", "05", "10", "20", "50")
        ]
        for net in ("a12", "a22")
    },
}
PAIRS = [(net, log) for net, logs in NETS.items() for log in logs]
FITTING = [(net, log) for net, log in PAIRS if "n00" in log]


def variants(path: Path, *, completed: bool = False) -> set[tuple[str, ...]]:
    """The distinct traces of an XES file, on request of its completed events only."""
    found = set()
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _, element in ElementTree.iterparse(file):  # noqa: S314 - public logs that the tests themselves name
            if element.tag.endswith("trace"):
                found.add(tuple(_names(element, completed)))
                element.clear()
    return found


def _names(trace: ElementTree.Element, completed: bool) -> Iterator[str]:
    for event in trace:
        if event.tag.endswith("event"):
            values = {a.attrib["key"]: a.attrib["value"] for a in event}
            if not completed or values["lifecycle:transition"].lower() == "complete":
                yield values["concept:name"]


def automaton_of(path: Path) -> Automaton:
    """The automaton of a model file."""
    return Automaton(read_model(path.name, path.read_bytes()))


def closing_cost(automaton: Automaton, variant: tuple[str, ...]) -> int:
    """The cost of a whole case, which has to be certified."""
    frontier, cost, least = automaton.start(), 0, INF
    for event in variant:
        frontier, extra, dropped = automaton.step(frontier, event)
        cost, least = cost + extra, min(least, cost + dropped)
    assert cost + automaton.completion(frontier) <= least
    return cost + automaton.completion(frontier)


@pytest.mark.parametrize(("net", "log"), PAIRS)
def test_every_variant_costs_what_a_whole_trace_alignment_costs(net: str, log: str, test_data: Path) -> None:
    """Closing costs are certified and equal r4pm's optimal alignments."""
    events = r4pm.import_item("EventLog", str(test_data / log))
    projection = r4pm.bindings.log_to_activity_projection(events)
    aligned = r4pm.bindings.align_variants(r4pm.petri_net.import_pnml(str(test_data / net)), projection)
    expected = {tuple(entry["activities"]): entry["result"]["Ok"]["cost"] for entry in aligned}
    automaton = automaton_of(test_data / net)
    assert {variant: closing_cost(automaton, variant) for variant in variants(test_data / log)} == expected


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


@pytest.mark.parametrize(("net", "log"), FITTING)
def test_a_case_met_in_the_middle_shows_no_deviation(net: str, log: str, test_data: Path) -> None:
    """The second half of a fitting trace fits a warm start."""
    automaton = automaton_of(test_data / net)
    for variant in variants(test_data / log):
        half = variant[len(variant) // 2 :]
        assert explain(automaton, half, finished=True, warm=True) == ()


def test_the_loan_log_costs_what_whole_trace_alignments_cost(test_data: Path) -> None:
    """BPIC 2012's completed events against a mined net with 33 silent steps: certified, some compared."""
    path = test_data / "models_discovered/bpic2012_complete_imf02.pnml"
    automaton, net = automaton_of(path), r4pm.petri_net.import_pnml(str(path))
    for number, variant in enumerate(sorted(variants(test_data / "bpic2012_loan/BPIC12.xes.gz", completed=True))):
        cost = closing_cost(automaton, variant)
        if number % 20 == 0:
            assert cost == r4pm.bindings.align_trace(net, list(variant))["cost"]
