"""How many events a second the conformance engine takes, on one core, without any broker.

    python tests/bench/bench_conformance.py            the loan log, a22 with half its events disturbed, a wide block
    python tests/bench/bench_conformance.py MODEL LOG  any model file and XES log

Cold: a fresh automaton meets the log for the first time. Warm: the same log again, through the look-up that a shard
makes. Explained: every case replayed with its reasons, warm. The best of several runs counts; real logs are found
through CASEWATCH_TEST_DATA.
"""

import gc
import gzip
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from stream.conformance.automaton import INF, Automaton
from stream.conformance.explain import explain
from stream.models import read_model
from stream.models.net import Net, Transition

ROUNDS = 3
LOGS = (
    ("loan, completed events", "models_discovered/bpic2012_complete_imf02.pnml", "bpic2012_loan/BPIC12.xes.gz"),
    ("a22, half noise", "conformance_aXXfYnZZ/a22/a22.pnml", "conformance_aXXfYnZZ/a22/a22f0n50.xes.gz"),
)

Cases = Sequence[Sequence[str]]


def main(arguments: list[str]) -> None:
    """Measure what was asked for."""
    print(f"{'':24} {'events':>8} {'cold/s':>12} {'warm/s':>12} {'explained/s':>12} {'exact':>8} {'worst us':>9}")
    if arguments:
        model, log = map(Path, arguments)
        measure(log.name, read_model(model.name, model.read_bytes()), list(cases(log)))
        return
    data = os.environ.get("CASEWATCH_TEST_DATA")
    if data is None:
        print("CASEWATCH_TEST_DATA is not set: real logs were not measured", file=sys.stderr)
    for name, model_name, log_name in LOGS if data else ():
        model, log = Path(data or "", model_name), Path(data or "", log_name)
        measure(name, read_model(model.name, model.read_bytes()), list(cases(log)))
    measure("10 branches of 3 steps", *wide(10, 3))


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


def measure(name: str, net: Net, log: Cases) -> None:
    """Print one line of the table."""
    events, cold, warm, told = sum(map(len, log)), 0.0, 0.0, 0.0
    for _ in range(ROUNDS):
        automaton = Automaton(net)
        gc.collect()
        cold = max(cold, events / seconds(align, automaton, log))
        warm = max(warm, events / seconds(align, automaton, log))
    explain_all(automaton, log)
    told = max(events / seconds(explain_all, automaton, log) for _ in range(ROUNDS))
    exact, worst = slowest(Automaton(net), log)
    print(f"{name:24} {events:8,} {cold:12,.0f} {warm:12,.0f} {told:12,.0f} {exact:8.3%} {worst * 1e6:9,.0f}")


def seconds(work: Callable[[Automaton, Cases], None], automaton: Automaton, log: Cases) -> float:
    """How long something takes."""
    began = time.perf_counter()
    work(automaton, log)
    return time.perf_counter() - began


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
    main(sys.argv[1:])
