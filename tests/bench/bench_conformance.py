"""How many events a second the conformance engine takes, on one core, without any broker.

    python -m tests.bench conformance                    the loan log, a22 half disturbed, a wide block
    python -m tests.bench.bench_conformance MODEL LOG    any model file and XES log

Cold: a fresh automaton meets the log for the first time. Warm: the same log again, through the look-up that a shard
makes. Explained: every case replayed with its reasons, warm. The best of several runs counts; real logs are found
through CASEWATCH_TEST_DATA. Beside it, on a sample of each real log's variants, r4pm's whole-trace alignments (Rust),
one variant at a time; the cold ratio is on that same sample, and both must find the same costs.
"""

import gc
import gzip
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import r4pm
from rich.console import Console

from stream.conformance.automaton import INF, Automaton
from stream.conformance.explain import explain
from stream.models import read_model
from stream.models.net import Net, Transition
from tests.bench.figures import Table, busy

ROUNDS: Final = 3
SAMPLE: Final = 100
COLUMNS: Final = ("events", "cold/s", "warm/s", "explained/s", "exact %", "worst µs", "r4pm/s", "sample ÷ r4pm")
LOGS: Final = (
    ("loan, completed events", "models_discovered/bpic2012_complete_imf02.pnml", "bpic2012_loan/BPIC12.xes.gz"),
    ("a22, half noise", "conformance_aXXfYnZZ/a22/a22.pnml", "conformance_aXXfYnZZ/a22/a22f0n50.xes.gz"),
)

Cases = Sequence[Sequence[str]]


def measure() -> Table:
    """One row for each log."""
    table = Table("Conformance: events a second of one core", COLUMNS)
    table.notes.append(f"r4pm, and the ratio to it: {SAMPLE} variants of the log, a fresh automaton, one core each")
    data = os.environ.get("CASEWATCH_TEST_DATA")
    for name, model, log in LOGS if data else ():
        table.rows[name] = on_files(Path(data or "", model), Path(data or "", log))
    table.rows["10 branches of 3 steps"] = figures(*wide(10, 3))
    return table


def on_files(model: Path, log: Path) -> dict[str, float]:
    """The row of a model file and a XES log; what another aligner can read is measured with it too."""
    net, traces = read_model(model.name, model.read_bytes()), list(cases(log))
    found = figures(net, traces)
    return found | beside_r4pm(model, net, traces) if model.suffix == ".pnml" else found


def cases(path: Path) -> Iterator[list[str]]:
    """The completed events of each trace of an XES file, by activity."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _, element in ElementTree.iterparse(file):  # noqa: S314 - a log that whoever runs the bench has chosen
            if element.tag.endswith("trace"):
                events = [{a.attrib.get("key"): a.attrib.get("value") for a in e} for e in element if len(e)]
                done = [e for e in events if str(e.get("lifecycle:transition", "complete")).lower() == "complete"]
                yield [str(event["concept:name"]) for event in done]
                element.clear()


def wide(branches: int, steps: int) -> tuple[Net, Cases]:
    """Parallel branches, and disturbed runs of them: nearly every event meets a frontier for the first time."""
    width, chance = steps + 1, random.Random(3)
    transitions = [
        Transition(f"b{branch}_{step}", {2 + branch * width + step: 1}, {3 + branch * width + step: 1})
        for branch in range(branches)
        for step in range(steps)
    ]
    transitions.append(Transition("start", {0: 1}, {2 + branch * width: 1 for branch in range(branches)}))
    transitions.append(Transition("join", {1 + (branch + 1) * width: 1 for branch in range(branches)}, {1: 1}))
    runs = []
    for _ in range(300):
        order = [branch for branch in range(branches) for _ in range(steps)]
        chance.shuffle(order)
        events = ["start", *[f"b{b}_{order[:i].count(b)}" for i, b in enumerate(order)], "join"]
        runs.append([chance.choice(events) if chance.random() < 0.1 else event for event in events])
    places = tuple(f"p{place}" for place in range(2 + branches * width))
    return Net(places, tuple(transitions), {0: 1}, {1: 1}), runs


def figures(net: Net, log: Cases) -> dict[str, float]:
    """The row of a net and a log."""
    events, cold, warm = sum(map(len, log)), 0.0, 0.0
    for _ in range(ROUNDS):
        automaton = Automaton(net)
        gc.collect()
        cold = max(cold, events / busy(partial(align, automaton, log)))
        warm = max(warm, events / busy(partial(align, automaton, log)))
    explain_all(automaton, log)
    told = max(events / busy(partial(explain_all, automaton, log)) for _ in range(ROUNDS))
    exact, worst = slowest(Automaton(net), log)
    rates = {"cold/s": cold, "warm/s": warm, "explained/s": told}
    return {"events": events, **rates, "exact %": exact * 100, "worst µs": worst * 1e6}


def beside_r4pm(model: Path, net: Net, log: Cases) -> dict[str, float]:
    """A sample of variants, evenly over the log's, aligned by both; raises `AssertionError` where costs differ."""
    variants = sorted(set(map(tuple, log)))
    sample = variants[:: max(len(variants) // SAMPLE, 1)]
    events, other = sum(map(len, sample)), r4pm.petri_net.import_pnml(str(model))
    ours: list[int] = []
    theirs: list[int] = []
    our_seconds = busy(lambda: ours.extend(closing_costs(Automaton(net), sample)))
    their_seconds = busy(lambda: theirs.extend(r4pm.bindings.align_trace(other, list(v))["cost"] for v in sample))
    assert ours == theirs, "costs differ from r4pm's"
    return {"r4pm/s": events / their_seconds, "sample ÷ r4pm": their_seconds / our_seconds}


def closing_costs(automaton: Automaton, log: Cases) -> Iterator[int]:
    """The cost of each case as a whole."""
    for case in log:
        frontier, cost = automaton.start(), 0
        for event in case:
            frontier, extra, _ = automaton.step(frontier, event)
            cost += extra
        yield cost + automaton.completion(frontier)


def align(automaton: Automaton, log: Cases) -> None:
    """Every case from its start, as a shard does it."""
    step = automaton.step
    for case in log:
        frontier, cost, least = automaton.start(), 0, INF
        for event in case:
            frontier, extra, dropped = frontier.next.get(event) or step(frontier, event)
            if cost + dropped < least:
                least = cost + dropped
            cost += extra


def explain_all(automaton: Automaton, log: Cases) -> None:
    """Every case with its reasons."""
    for case in log:
        explain(automaton, case, finished=True)


def slowest(automaton: Automaton, log: Cases) -> tuple[float, float]:
    """The share of events whose cost is certified, and the longest step in seconds, cold."""
    exact, worst, events = 0, 0.0, 0
    for case in log:
        frontier, cost, least = automaton.start(), 0, INF
        for event in case:
            began = time.perf_counter()
            frontier, extra, dropped = automaton.step(frontier, event)
            worst = max(worst, time.perf_counter() - began)
            cost, least, events = cost + extra, min(least, cost + dropped), events + 1
            exact += cost <= least
    return exact / events, worst


if __name__ == "__main__":
    one = Table("Conformance: events a second of one core", COLUMNS)
    one.rows[Path(sys.argv[2]).name] = on_files(Path(sys.argv[1]), Path(sys.argv[2]))
    one.show(Console())
