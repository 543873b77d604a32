"""How many events a second a backtest takes on one core, once the log is read; reading it apart.

Beside each, in the same run, a plain loop over the same records: it looks up case, activity and time, reads the time
with the standard library, and keeps the last step of every case in a dictionary. No monitor can do less. The best of
several runs counts. Without real logs it runs on made-up support tickets alone.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from agents.backtest import prepared, run
from agents.definition_files import load_definition
from agents.logs import LogRecord, read_log
from agents.simulator.desk import simulate
from agents.simulator.profile import DEFAULT_SEED, Mishaps, Scenario
from stream.instants import milliseconds
from tests.bench.figures import Table, busy

ROUNDS: Final = 3
TICKET_EVENTS: Final = 60_000
EXAMPLES: Final = Path(__file__).parents[2] / "deploy" / "examples"
SEPSIS: Final = """
process: sepsis
version: "1"
events: {topics: [hospital.events], format: xes-json}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 60m}
  - {id: lactic-acid, kind: between, from: ER Sepsis Triage, to: LacticAcid, target: 180m}
"""
LOANS: Final = """
process: loans
version: "1"
events: {topics: [loans], format: xes-json}
model: {file: model.pnml}
sla:
  - {id: decision, kind: between, from: A_SUBMITTED, to: [A_APPROVED, A_DECLINED, A_CANCELLED], target: 20d}
  - {id: duration, kind: case_duration, target: 30d}
  - {id: offer, kind: between, from: O_SENT, to: [O_SENT_BACK, O_CANCELLED], target: 14d}
"""

Look = Callable[[dict[str, Any]], tuple[str, str, str]]


class Trial(NamedTuple):
    """A definition and a log; `look` finds case, activity and time in a record, for the plain loop."""

    name: str
    definition: Path
    log: Path
    look: Look


def measure() -> Table:
    """One row for each trial."""
    columns = ("events", "reads/s", "runs/s", "plain loop/s", "plain ÷ runs", "alert records")
    table = Table("Backtest: events a second of one core", columns)
    table.notes.append("plain loop: look-ups, datetime.fromisoformat and one dictionary entry a case, nothing else")
    with tempfile.TemporaryDirectory() as folder:
        for trial in trials(Path(folder)):
            table.rows[trial.name] = figures(trial)
    return table


def trials(folder: Path) -> Iterator[Trial]:
    """What can be measured here, its files in `folder`."""
    shutil.copytree(EXAMPLES, folder / "desk")
    tickets = folder / "tickets.jsonl"
    tickets.write_bytes(b"\n".join(ticket_events(TICKET_EVENTS)))
    yield Trial("made-up tickets, model and 4 SLAs", folder / "desk" / "customer-service.yaml", tickets, of_ticket)
    data = os.environ.get("CASEWATCH_TEST_DATA")
    if data is None:
        return
    (folder / "sepsis.yaml").write_text(SEPSIS)
    yield Trial("Sepsis, 2 SLAs", folder / "sepsis.yaml", Path(data, "sepsis/Sepsis_Cases.xes.gz"), of_xes)
    (folder / "loans.yaml").write_text(LOANS)
    shutil.copy(Path(data, "models_discovered/bpic2012_complete_imf02.pnml"), folder / "model.pnml")
    loans = Path(data, "bpic2012_loan/BPIC12.xes.gz")
    yield Trial("BPIC 2012, model and 3 SLAs", folder / "loans.yaml", loans, of_xes)


def ticket_events(count: int) -> list[bytes]:
    """So many events of the simulator, without mishaps, as JSON."""
    begins = milliseconds(datetime.fromisoformat("2026-01-01T00:00:00Z"))
    scenario = Scenario(DEFAULT_SEED, begins, begins + (1 << 50), tickets_per_day=2_000, mishaps=Mishaps(0, 0, 0))
    return [orjson.dumps(report.value) for report in islice(simulate(scenario), count)]


def figures(trial: Trial) -> dict[str, float]:
    """The row of one trial."""
    definition, model = load_definition(trial.definition)
    log = read_log(trial.log, definition.events.mapping)
    records, events = log.records, len(log.records)
    reading = min(busy(lambda: read_log(trial.log, definition.events.mapping)) for _ in range(ROUNDS))
    plain, running = float("inf"), float("inf")
    gc.collect()
    gc.freeze()  # what was read is no garbage, and is not to be searched for any
    for _ in range(ROUNDS):
        plain = min(plain, busy(lambda: plain_loop(records, trial.look)))
        process = prepared(definition, model, log)
        report = run(process, records, None, lambda alert_id, body: None, lambda done: None)
        running = min(running, report.seconds)
    gc.unfreeze()
    return {
        "events": events,
        "reads/s": events / reading,
        "runs/s": events / running,
        "plain loop/s": events / plain,
        "plain ÷ runs": running / plain,
        "alert records": report.records,
    }


def plain_loop(records: Sequence[LogRecord], look: Look) -> dict[str, tuple[datetime, str]]:
    """The last step of every case and when it was."""
    last: dict[str, tuple[datetime, str]] = {}
    for record in records:
        case, activity, at = look(record.value)
        last[case] = datetime.fromisoformat(at), activity
    return last


def of_xes(record: dict[str, Any]) -> tuple[str, str, str]:
    """Case, activity and time under the standard names of XES."""
    return record["case:concept:name"], record["concept:name"], record["time:timestamp"]


def of_ticket(record: dict[str, Any]) -> tuple[str, str, str]:
    """Case, activity and time of a made-up ticket."""
    return record["ticket"]["id"], record["event"], record["at"]
