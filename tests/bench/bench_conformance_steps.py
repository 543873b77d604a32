"""What one step, one model and one case cost the conformance engine at worst, on nets that are made to be hard.

    python -m tests.bench conformance_steps

Steps: each is timed alone, cold, in seconds of one core, Python's garbage collector at work but spared what was there
before. The endless stream goes on long after the engine's tables are full. Where branches share labels, a certificate
that is lost is won back from the case's events, and that time counts as the step's; closings count as steps.
"""

import gc
from collections.abc import Iterable, Iterator
from functools import partial
from random import Random
from time import process_time
from typing import Final

from rich.console import Console

from stream.conformance.automaton import INF, Automaton, Resolution
from stream.conformance.resolving import due
from stream.models.net import Net
from tests.bench.figures import Table, busy
from tests.bench.made_nets import Rows, nested, parallel, rows_apart, rows_sharing, runs, shapeless

ROUNDS: Final = 3
NETS: Final = 5  # with labels shared in different ways
STEPS: Final = ("events", "steps/s", "p50 µs", "p99 ms", "worst ms", "exact %", "closings %")
STREAM: Final = 6_000  # cases of an endless stream
MODELS: Final = {
    "200 activities, nested": partial(nested, 1, 200, loops=False),
    "200 activities, mostly loops": partial(nested, 1, 200, loops=True),
    "200 transitions, shapeless": partial(shapeless, 1, 150, 200),
    "600 transitions, shapeless": partial(shapeless, 1, 600, 600),
}


def measure() -> Table:
    """A row for each kind of net and stream, and one for each model to compile."""
    table = Table("Conformance: single steps, models and cases", (*STEPS, "compile s"))
    rows = rows_apart(10, 3)
    table.rows["10 branches of 3 steps"] = steps(parallel(rows), runs(Random(3), rows, 300))
    table.rows["the same, endless"] = steps(parallel(rows), runs(Random(5), rows, STREAM))
    for labels, cases in ((20, 40), (10, 5)):
        shared = [rows_sharing(Random(seed), 10, 3, labels) for seed in range(NETS)]
        table.rows[f"the same, {labels} labels shared"] = over(shared, cases)
    for name, make in MODELS.items():
        net = make()
        table.rows[name] = {"compile s": min(busy(partial(Automaton, net)) for _ in range(ROUNDS))}
    table.notes.append("exact: of all prefixes and of all whole cases, after certificates were sought again")
    return table


class Tally:
    """Times and verdicts of a stream."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cases = self.exact = self.closings = 0

    def take(self, automaton: Automaton, cases: Iterable[list[str]]) -> None:
        """Run cases, each from its start."""
        for case in cases:
            self.cases += 1
            self._run(automaton, case)

    def _run(self, automaton: Automaton, events: list[str]) -> None:
        state = Resolution(automaton.start(), 0, INF)
        for length, event in enumerate(events, 1):
            began, proven = process_time(), state.cost <= state.floor
            frontier, extra, dropped = automaton.step(state.frontier, event)
            state = Resolution(frontier, state.cost + extra, min(state.floor, state.cost + dropped))
            if state.cost > state.floor and due(proven, length):
                state = automaton.resolve(events[:length], closing=False, known=state) or state
            self.seconds.append(process_time() - began)
            self.exact += state.cost <= state.floor
        began = process_time()
        least, most = automaton.interval(state, closing=True)
        if least < most:
            found = automaton.resolve(events, closing=True, known=state)
            least, most = automaton.interval(found, closing=True) if found else (least, most)
        self.seconds.append(process_time() - began)
        self.closings += least == most

    def row(self) -> dict[str, float]:
        """The figures."""
        ranked, events = sorted(self.seconds), len(self.seconds) - self.cases
        return {
            "events": events,
            "steps/s": events / sum(ranked),
            "p50 µs": ranked[len(ranked) // 2] * 1e6,
            "p99 ms": ranked[len(ranked) * 99 // 100] * 1e3,
            "worst ms": ranked[-1] * 1e3,
            "exact %": 100 * self.exact / events,
            "closings %": 100 * self.closings / self.cases,
        }


def steps(net: Net, cases: Iterator[list[str]]) -> dict[str, float]:
    """The row of one net and a stream of cases."""
    tally, automaton = Tally(), Automaton(net)
    with_fresh_heap()
    tally.take(automaton, cases)
    gc.unfreeze()
    return tally.row()


def over(nets: list[Rows], cases: int) -> dict[str, float]:
    """The row of several nets, so many cases of each."""
    tally = Tally()
    for seed, rows in enumerate(nets):
        automaton = Automaton(parallel(rows))
        log = list(runs(Random(seed), rows, cases))
        with_fresh_heap()
        tally.take(automaton, log)
        gc.unfreeze()
    return tally.row()


def with_fresh_heap() -> None:
    """Spare the collector what is there, as the worker does once it has restored its cases."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    measure().show(Console(width=120))
