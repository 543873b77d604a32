"""How many events a second the conformance engine takes, on one core, without any broker.

    python -m tests.bench conformance                    the loan log, a22 half disturbed, a wide block
    python -m tests.bench.bench_conformance MODEL LOG    any model file and XES log

Cold: a fresh automaton meets the log for the first time. Warm: the same log again, through the look-up that a shard
makes. Explained: every case replayed with its reasons, warm. The best of several runs counts; real logs are found
through CASEWATCH_TEST_DATA, and if there is a prototype of the engine beside them, it runs in turns with it.

Beside it stand whole-trace aligners on the same cases, r4pm (Rust), and pm4py where it is installed, on a sample. They
are spared what they would do twice: each distinct trace is aligned once. All must find the same costs.
"""

import gc
import gzip
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from typing import Any, Final
from xml.etree import ElementTree

from rich.console import Console

from stream.conformance.automaton import INF, Automaton
from stream.conformance.explain import explain
from stream.models import read_model
from stream.models.net import Net
from tests.bench.figures import Table, busy
from tests.bench.made_nets import parallel, rows_apart, runs
from tests.stream.conformance.whole_traces import aligned, r4pm_net

ROUNDS: Final = 5
SAMPLE: Final = 100  # variants that pm4py aligns
COLUMNS: Final = (
    "events", "cold/s", "warm/s", "explained/s", "cold ÷ prototype", "warm ÷ prototype", "÷ r4pm", "÷ pm4py",
    "exact %", "closings %",
)  # fmt: skip
LOGS: Final = (
    ("loan, completed events", "models_discovered/bpic2012_complete_imf02.pnml", "bpic2012_loan/BPIC12.xes.gz"),
    ("a22, half noise", "conformance_aXXfYnZZ/a22/a22.pnml", "conformance_aXXfYnZZ/a22/a22f0n50.xes.gz"),
)

Cases = Sequence[Sequence[str]]
Make = Callable[[], Any]  # an automaton, with start() and step(frontier, label)


def measure() -> Table:
    """One row for each log."""
    table = Table("Conformance: events a second of one core", COLUMNS)
    table.notes.append("÷ r4pm: how much longer one core takes to align all distinct traces of the log, than all its")
    table.notes.append(f"cases here, cold; ÷ pm4py: the same on {SAMPLE} distinct traces, where pm4py is installed")
    data = os.environ.get("CASEWATCH_TEST_DATA")
    for name, model, log in LOGS if data else ():
        table.rows[name] = on_files(Path(data or "", model), Path(data or "", log))
    rows = rows_apart(10, 3)
    table.rows["10 branches of 3 steps"] = figures(parallel(rows), list(runs(Random(3), rows, 100)))
    return table


def on_files(model: Path, log: Path) -> dict[str, float]:
    """The row of a model file and a XES log."""
    net, traces = read_model(model.name, model.read_bytes()), list(cases(log))
    return figures(net, traces) | beside_aligners(net, traces) | beside_pm4py(model, net, traces)


def cases(path: Path) -> Iterator[list[str]]:
    """The completed events of each trace of an XES file, by activity."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _, element in ElementTree.iterparse(file):  # noqa: S314 - a log that whoever runs the bench has chosen
            if element.tag.endswith("trace"):
                events = [{a.attrib.get("key"): a.attrib.get("value") for a in e} for e in element if len(e)]
                done = [e for e in events if str(e.get("lifecycle:transition", "complete")).lower() == "complete"]
                yield [str(event["concept:name"]) for event in done]
                element.clear()


def figures(net: Net, log: Cases) -> dict[str, float]:
    """The row of a net and a log, the prototype in turns with it."""
    events, other = sum(map(len, log)), prototype_of(net)
    rates = rates_of([partial(Automaton, net), *([other] if other else [])], log)
    automaton = Automaton(net)
    explain_all(automaton, log)
    told = max(events / busy(partial(explain_all, automaton, log)) for _ in range(ROUNDS))
    row = {"events": events, "cold/s": rates[0][0], "warm/s": rates[0][1], "explained/s": told}
    if other:
        row["cold ÷ prototype"] = rates[0][0] / rates[1][0]
        row["warm ÷ prototype"] = rates[0][1] / rates[1][1]
    return row | certified(Automaton(net), log)


def rates_of(makes: Sequence[Make], log: Cases) -> list[tuple[float, float]]:
    """Events a second of each, cold and warm, the best of several rounds in turns."""
    events, best = sum(map(len, log)), [(0.0, 0.0)] * len(makes)
    for _ in range(ROUNDS):
        for number, make in enumerate(makes):
            automaton = make()
            gc.collect()
            cold, warm = (events / busy(partial(align, automaton, log)) for _ in range(2))
            best[number] = (max(best[number][0], cold), max(best[number][1], warm))
    return best


def prototype_of(net: Net) -> Make | None:
    """The prototype's automaton of a net, where its code lies beside the real logs."""
    path = Path(os.environ.get("CASEWATCH_TEST_DATA", "")).parent / "prototypes" / "factored.py"
    spec = spec_from_file_location("factored", path)
    if not path.is_file() or spec is None or spec.loader is None:
        return None
    prototype = module_from_spec(spec)
    spec.loader.exec_module(prototype)
    steps = [(step.label, dict(step.pre), dict(step.post)) for step in net.transitions]
    plain = prototype.Net(list(range(len(net.places))), steps, dict(net.initial), dict(net.final))
    return partial(prototype.Model, plain)


def align(automaton: Any, log: Cases) -> None:
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


def certified(automaton: Automaton, log: Cases) -> dict[str, float]:
    """The share of events and of closings whose cost is proven."""
    exact = closings = 0
    for case in log:
        frontier, cost, least = automaton.start(), 0, INF
        for event in case:
            frontier, extra, dropped = automaton.step(frontier, event)
            cost, least = cost + extra, min(least, cost + dropped)
            exact += cost <= least
        closings += cost + automaton.completion(frontier) <= least
    return {"exact %": 100 * exact / sum(map(len, log)), "closings %": 100 * closings / len(log)}


def beside_aligners(net: Net, log: Cases) -> dict[str, float]:
    """All cases of a log, aligned by both; raises `AssertionError` where costs differ."""
    variants, theirs = sorted(set(map(tuple, log))), list[int]()
    ours = min(busy(partial(align, Automaton(net), log)) for _ in range(ROUNDS))
    seconds = busy(lambda: theirs.extend(aligned(r4pm_net(net), variants)))
    assert list(closing_costs(net, variants)) == theirs, "costs differ from r4pm's"
    return {"÷ r4pm": seconds / ours}


def closing_costs(net: Net, log: Iterable[Sequence[str]]) -> Iterator[int]:
    """The cost of each case as a whole."""
    automaton = Automaton(net)
    for case in log:
        taken = automaton.align(case)
        assert taken is not None
        yield automaton.interval(taken, closing=True)[1]


def beside_pm4py(model: Path, net: Net, log: Cases) -> dict[str, float]:
    """A sample of variants, aligned by both, where pm4py is installed and can read the model."""
    if find_spec("pm4py") is None or model.suffix != ".pnml":
        return {}
    from tests.bench.pm4py_aligner import seconds_of  # noqa: PLC0415 - it imports what most have not installed

    variants = sorted(set(map(tuple, log)))
    sample = variants[:: 1 + len(variants) // SAMPLE]
    ours = min(busy(partial(align, Automaton(net), sample)) for _ in range(ROUNDS))
    return {"÷ pm4py": seconds_of(model, sample) / ours}


if __name__ == "__main__":
    one = Table("Conformance: events a second of one core", COLUMNS)
    one.rows[Path(sys.argv[2]).name] = on_files(Path(sys.argv[1]), Path(sys.argv[2]))
    one.show(Console())
