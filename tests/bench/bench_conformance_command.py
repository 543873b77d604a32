"""How many events a second `casewatch conformance` takes on one core, once the log is read.

Measured is all that the command does with a log that it has read: sorting its records into cases, aligning them with
an automaton that has seen nothing, summing up, and then the same with a row per event and per case, which are thrown
away. Beside it, in the same run, the bare loop that steps the automaton through the same cases, cold as well. The best
of several runs counts; real logs are found through CASEWATCH_TEST_DATA.
"""

import gc
import os
from functools import partial
from pathlib import Path
from typing import Final

from agents.collector import collector_at_rest
from agents.conformance import Report, Tables, run
from agents.logs import Log, read_log
from agents.logs.cases import Cases, Choice, cases_of
from agents.model_files import Reading, load_model
from stream.conformance.automaton import Automaton
from stream.models.net import Net
from tests.bench.figures import Table, busy

ROUNDS: Final = 4
COLUMNS: Final = ("events", "reads/s", "command/s", "with rows/s", "bare steps/s", "bare ÷ command", "mean cost")
LOGS: Final = (
    ("loan, completed events", "models_discovered/bpic2012_complete_imf02.pnml", "bpic2012_loan/BPIC12.xes.gz"),
    ("a22, half noise", "conformance_aXXfYnZZ/a22/a22.pnml", "conformance_aXXfYnZZ/a22/a22f0n50.xes.gz"),
)
COMPLETED: Final = Choice(completed_only=True)


def measure() -> Table:
    """One row for each log; none without real logs."""
    table = Table("casewatch conformance: events a second of one core, once the log is read", COLUMNS)
    table.notes.append("bare steps: the automaton alone, stepped through the same cases; events are those used")
    data = os.environ.get("CASEWATCH_TEST_DATA")
    for name, model, log in LOGS if data else ():
        table.rows[name] = figures(load_model(Path(data or "", model), Reading()), Path(data or "", log))
    return table


def figures(net: Net, path: Path) -> dict[str, float]:
    """The row of a net and a log."""
    logs: list[Log] = []
    reading = busy(lambda: logs.append(read_log(path)))
    log = logs[0]
    gc.collect()
    gc.freeze()  # what was read is no garbage, and is not to be searched for any
    plain = min(busy(partial(align, Automaton(net), log, Tables())) for _ in range(ROUNDS))
    thrown = Tables(lambda row: None, lambda row: None)
    rows = min(busy(partial(align, Automaton(net), log, thrown)) for _ in range(ROUNDS))
    cases = cases_of(log, COMPLETED)
    bare = min(busy(partial(steps, Automaton(net), cases)) for _ in range(ROUNDS))
    gc.unfreeze()
    report, events = align(Automaton(net), log, Tables()), cases.used
    return {
        "events": events,
        "reads/s": len(log.records) / reading,
        "command/s": events / plain,
        "with rows/s": events / rows,
        "bare steps/s": events / bare,
        "bare ÷ command": plain / bare,
        "mean cost": report.cost / report.closed,
    }


def align(automaton: Automaton, log: Log, tables: Tables) -> Report:
    """What the command does."""
    with collector_at_rest():
        cases = cases_of(log, COMPLETED)
    return run(automaton, cases, tables, lambda done: None)


def steps(automaton: Automaton, cases: Cases) -> None:
    """Every event of every case, and nothing else."""
    step = automaton.step
    for case in cases.by_name.values():
        frontier = automaton.start()
        for activity in case.activities:
            frontier, _, _ = frontier.next.get(activity) or step(frontier, activity)
