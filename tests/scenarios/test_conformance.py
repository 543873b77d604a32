"""Real logs against their models, by the rows that `casewatch conformance` writes.

The truth is r4pm's optimal alignments of whole traces, which are read, sorted and counted here by themselves. Diagrams
go to it as the net that they mean, since it reads none; what they mean is judged elsewhere.
"""

import csv
import gzip
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import r4pm

from agents.cli import main
from agents.model_files import Reading, load_model
from tests.pnml import pnml

VARIANTS = 40  # aligned by both for each log, evenly over those met
NAMES, TIME, STATE = "concept:name", "time:timestamp", "lifecycle:transition"


class Trial(NamedTuple):
    """A model and a log, how the model is to be read, and what else the command is told."""

    model: str
    log: str
    reading: Reading = Reading()
    options: tuple[str, ...] = ()
    traces: int = 100_000  # looked at by the test; the command always has all

    @property
    def words(self) -> tuple[str, ...]:
        """The options as a user types them."""
        named = tuple(word for place in self.reading.final for word in ("--final", place))
        return (*self.options, *named, *(("--ignore-guards",) if self.reading.ignore_guards else ()))


RUNNING, LOANS, PERMITS = "running_example/running-example", "bpic2012_loan/BPIC12.xes.gz", "receipt_wabo/receipt"
STREAM = "streaming_pm_challenge"
SEPSIS = ("sepsis/SepsisModel_fixed_DPN.pnml", "sepsis/Sepsis_Cases.xes.gz")
TRIALS = [
    Trial(f"{RUNNING}.pnml", f"{RUNNING}.xes"),
    Trial(f"{RUNNING}.bpmn", f"{RUNNING}.xes"),
    *[
        Trial(f"conformance_aXXfYnZZ/{net}/{net}.pnml", f"conformance_aXXfYnZZ/{net}/{net}f0n{noise}.xes.gz")
        for net, noise in (("a12", "00"), ("a12", "20"), ("a22", "05"), ("a22", "50"))
    ],
    Trial(f"{PERMITS}.bpmn", f"{PERMITS}.xes.gz"),
    Trial(f"{PERMITS}_one_variant.pnml", f"{PERMITS}.xes.gz"),
    Trial("models_discovered/bpic2012_complete_imf02.pnml", LOANS, options=("--completed-only",), traces=500),
    Trial("road_fines/roadtraffic_pm4py.pnml", "road_fines/roadtraffic100traces.xes"),
    Trial(f"{STREAM}/model_one.pnml", f"{STREAM}/streaming_conformance.xes.gz", options=("--timezone", "UTC")),
    Trial(f"{STREAM}/model_two.pnml", f"{STREAM}/streaming_conformance.xes.gz", Reading(final=("P6",))),
    Trial("bpic2020_travel/declaration_documents.bpmn", "bpic2020_travel/DomesticDeclarations.xes.gz", traces=2_000),
    Trial(*SEPSIS, Reading(ignore_guards=True)),
    Trial("models_discovered/simod_PurchasingExample.bpmn", "misc_synthetic/PurchasingExample.xes.gz"),
]


def rows(trial: Trial, data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
    """The rows of events and of cases that the command writes, called as a user calls it."""
    events, cases = folder / "events.csv", folder / "cases.csv"
    files = ["--model", str(data / trial.model), "--per-event", str(events), "--per-case", str(cases)]
    command = ["casewatch", "conformance", *files, *trial.words, str(data / trial.log)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    with events.open(newline="") as first, cases.open(newline="") as second:
        return list(csv.DictReader(first)), list(csv.DictReader(second))


def traces(trial: Trial, data: Path) -> dict[str, tuple[str, ...]]:
    """Case to activities in order of time, ties in that of the file, of the first cases of the log."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    path = data / trial.log
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        parsed = ElementTree.iterparse(file)  # noqa: S314 - a file of the test data
        for element in islice((each for _, each in parsed if each.tag.endswith("trace")), trial.traces):
            name = next(field.attrib["value"] for field in element if field.attrib.get("key") == NAMES)
            found.setdefault(name, []).extend(timed(element, "--completed-only" in trial.options))
            element.clear()
    return {case: tuple(name for _, name in sorted(events, key=lambda pair: pair[0])) for case, events in found.items()}


def timed(trace: ElementTree.Element, completed: bool) -> list[tuple[datetime, str]]:
    """Time and activity of the events of a trace; a time without a zone is in UTC, and no time is always the same."""
    found = []
    for event in (child for child in trace if child.tag.endswith("event")):
        field = {attribute.attrib["key"]: attribute.attrib["value"] for attribute in event if attribute.attrib}
        if not completed or field[STATE].lower() == "complete":
            at = datetime.fromisoformat(field.get(TIME, "1970-01-01"))
            found.append((at if at.tzinfo else at.replace(tzinfo=UTC), field[NAMES]))
    return found


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: f"{Path(trial.model).name}-{Path(trial.log).name}")
def test_cases_cost_what_whole_trace_alignments_cost(
    trial: Trial, test_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are the log's in its order, prefix costs rise to that of the case, and that is r4pm's; all exact."""
    events, cases = rows(trial, test_data, tmp_path, monkeypatch)

    expected = traces(trial, test_data)
    told: dict[str, list[dict[str, str]]] = {}
    for row in events:
        told.setdefault(row["case"], []).append(row)
    assert {case: tuple(row["activity"] for row in told[case]) for case in expected} == expected
    assert [row["case"] for row in cases][: len(expected)] == list(expected)
    for case in cases:
        costs = [int(row["cost"]) for row in told[case["case"]]] + [int(case["cost"])]
        assert costs == sorted(costs)
        assert [int(row["index"]) for row in told[case["case"]]] == list(range(1, int(case["events"]) + 1))
    assert {(row["grade"], row["cost"] == row["at_least"]) for row in events + cases} == {("exact", True)}

    net = tmp_path / "net.pnml"
    net.write_text(pnml(load_model(test_data / trial.model, trial.reading)))
    other = r4pm.petri_net.import_pnml(str(net))
    cost = {expected[row["case"]]: int(row["cost"]) for row in cases if row["case"] in expected}
    sample = sorted(cost)[:: len(cost) // VARIANTS + 1]
    assert {v: cost[v] for v in sample} == {v: r4pm.bindings.align_trace(other, list(v))["cost"] for v in sample}


def test_the_fitness_of_a_log_is_that_of_others(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Half of the events of this log are noise; cost, fitting cases and fitness of the whole log are r4pm's."""
    log, model = (str(test_data / "conformance_aXXfYnZZ/a22" / name) for name in ("a22f0n50.xes.gz", "a22.pnml"))
    monkeypatch.setattr(sys, "argv", ["casewatch", "conformance", "--model", model, log])
    with pytest.raises(SystemExit):
        main()

    net, projection = r4pm.petri_net.import_pnml(model), r4pm.bindings.log_to_activity_projection(
        r4pm.import_item("EventLog", log)
    )
    truth = r4pm.bindings.compute_fitness(r4pm.bindings.align_variants(net, projection), net)
    said = capfd.readouterr().out
    assert f"cases: 1000, {truth['perfectly_fitting_frac'] * 1000:.0f} of them fit" in said
    assert f"cost: {truth['total_costs']}, " in said
    assert f"fitness: {truth['log_fitness']:.4f} " in said
