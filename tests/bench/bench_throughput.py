"""The whole monitor on a real Kafka, one worker on one core, held against programs that do less with the same topic.

The worker decodes, folds, aligns each case to its model, runs four service levels and three constraints, journals,
and writes alerts, exactly once. What it is held against is told in `tests.bench.contenders` and, a Kafka Streams
program that is there where real logs are, in `tests.bench.streams_peer`. All run in one run, one after the other, each
on one core; broker and clients share the machine. The monitor is measured before and after the others, with the plain
core and, where it was made, with the compiled one. The topic is the log of BPIC 2012 in order of time, in copies that
are interleaved under case ids of their own; without real logs, made-up support tickets.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from agents.definition_files import load_definition
from agents.logs import read_log
from tests.bench.bench_backtest import EXAMPLES, ticket_events
from tests.bench.bench_worker import progress
from tests.bench.contenders import OUT
from tests.bench.cores import COMPILED, NOT_MADE, PLAIN, cores
from tests.bench.figures import Table, busy_seconds
from tests.bench.streams_peer import NAME, Absent, Peer
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics, send
from tests.programs import NotReady

EVENTS: Final = 240_000
COPIES: Final = 2
PARTITIONS: Final = 4
ONE_CORE: Final = ("taskset", "-c", "0")
LOANS: Final = """
process: loans
version: "1"
events: {topics: [support.tickets], format: xes-json}
model: {file: model.pnml}
sla:
  - {id: first-look, kind: between, from: A_PARTLYSUBMITTED, to: [A_PREACCEPTED, A_DECLINED, A_CANCELLED], target: 2d}
  - {id: decision, kind: between, from: A_SUBMITTED, to: [A_APPROVED, A_DECLINED, A_CANCELLED], target: 30d}
  - {id: offer, kind: between, from: O_SENT, to: [O_SENT_BACK, O_CANCELLED, O_DECLINED, O_ACCEPTED], target: 21d}
  - {id: call, kind: activity_duration, activity: W_Nabellen offertes, target: 1h}
constraints:
  - {id: one-outcome, declare: "Not Co-Existence[A_APPROVED, A_DECLINED] | | |"}
  - {id: offer-first, declare: "Precedence[O_SELECTED, O_SENT] | | |"}
  - {id: quick, declare: "Response[A_SUBMITTED, A_PARTLYSUBMITTED] | | |0,1,h"}
"""
TOPIC: Final = "support.tickets"
POLLED_EVERY_S: Final = 1.0
"""How often the worker is asked for its counts, which is work for it too."""
GOALS: Final = {"bare": 0.4, "agent": 3.0, "table": 6.0}
AMBITION: Final = 1.0
MONITOR: Final = {PLAIN: "the whole monitor", COMPILED: "the whole monitor, compiled core"}
RATIOS: Final = {
    PLAIN: ("monitor ÷ it", "by busy time"),
    COMPILED: ("compiled ÷ it", "compiled, by busy time"),
}
NAMES: Final = {
    "bare": "consume, transform, produce: aiokafka alone",
    "agent": "a Faust agent that does nothing",
    "table": "a Faust agent, one table write an event",
}


def measure() -> Table:
    """One row for the monitor, and one for each of the others."""
    columns = ("events/s", "busy µs an event", *(told for each in RATIOS.values() for told in each), "goal", "ambition")
    table = Table("Throughput on a real Kafka, one core, four partitions", columns)
    table.notes.append("busy: the time of the program's own processor; the broker shares the machine")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kafka = Kafka(folder / "kafka")
        kafka.start()
        try:
            definition, events = asyncio.run(filled(kafka, folder))
            monitor = Monitor(kafka, folder, definition, events)
            monitor.run()
            others = {told: contender(kafka, what, events) | {"goal": GOALS[what]} for what, told in NAMES.items()}
            try:
                others[NAME] = Peer(folder, ONE_CORE).figures(kafka.bootstrap, TOPIC, events) | {"ambition": AMBITION}
            except Absent as reason:
                table.notes.append(f"{NAME} was not measured: {reason}")
            monitor.run()
        finally:
            kafka.stop()
    found = {core: rates(*map(sum, zip(*runs, strict=True))) for core, runs in monitor.runs.items()}
    table.rows |= {MONITOR[core]: row for core, row in found.items()}
    table.rows |= {told: row | held_against(found, row) for told, row in others.items()}
    if COMPILED not in found:
        table.notes.append(NOT_MADE)
    return table


async def filled(kafka: Kafka, folder: Path) -> tuple[Path, int]:
    """Fill the topic; the definition and how many events there are."""
    await create_topics(kafka.bootstrap, {TOPIC: PARTITIONS, OUT: PARTITIONS})
    definition, records = traffic(folder)
    count = 0

    def counted() -> Iterator[tuple[bytes, bytes]]:
        nonlocal count
        for record in records:
            count += 1
            yield record

    await send(kafka.bootstrap, TOPIC, counted())
    return definition, count


def traffic(folder: Path) -> tuple[Path, Iterator[tuple[bytes, bytes]]]:
    """The definition, a file in `folder` where there are real logs, and the events by their cases."""
    data = os.environ.get("CASEWATCH_TEST_DATA")
    if data is None:
        return EXAMPLES / "customer-service.yaml", tickets()
    definition = folder / "loans.yaml"
    definition.write_text(LOANS)
    shutil.copy(Path(data, "models_discovered/bpic2012_complete_imf02.pnml"), folder / "model.pnml")
    return definition, loans(definition, Path(data, "bpic2012_loan/BPIC12.xes.gz"))


def tickets(count: int = EVENTS) -> Iterator[tuple[bytes, bytes]]:
    """So many made-up events by their tickets."""
    for event in ticket_events(count):
        yield orjson.loads(event)["ticket"]["id"].encode(), event


def loans(definition: Path, log: Path) -> Iterator[tuple[bytes, bytes]]:
    """The log's events, each once for every copy, by cases of the copy's own."""
    read = read_log(log, load_definition(definition)[0].events.mapping)
    for record in read.records[: EVENTS // COPIES]:
        for copy in range(COPIES):
            case = f"{record.value['case:concept:name']}-{copy}"
            yield case.encode(), orjson.dumps(record.value | {"case:concept:name": case})


def held_against(monitor: dict[str, dict[str, float]], row: dict[str, float]) -> dict[str, float]:
    """What the monitor, with each core, does against the row of another program."""
    found: dict[str, float] = {}
    for core, own in monitor.items():
        by_wall, by_busy = RATIOS[core]
        found[by_wall] = own["events/s"] / row["events/s"]
        found[by_busy] = row["busy µs an event"] / own["busy µs an event"]
    return found


class Monitor:
    """A worker that is run over the whole topic, as often as asked, with each core that there is.

    `runs` holds what came of it, by core: events, seconds, and seconds of the processor."""

    def __init__(self, kafka: Kafka, folder: Path, definition: Path, events: int) -> None:
        self.kafka, self.folder, self.definition, self.events = kafka, folder, definition, events
        self.runs: dict[str, list[tuple[float, float, float]]] = {core: [] for core in cores()}

    def run(self) -> None:
        """Run a worker with each core until it has counted every event."""
        for core, surroundings in cores().items():
            self.runs[core].append(self._run(f"{core}-{len(self.runs[core])}", surroundings))

    def _run(self, name: str, surroundings: dict[str, str]) -> tuple[float, float, float]:
        settings = {"brokers": self.kafka.bootstrap, "prefix": name, "pseudonym_key": "of no importance"}
        worker = WorkerProgram(name, self.folder, (*CASEWATCH, "run", str(self.definition)), **settings)
        worker.command, worker.settings = [*ONE_CORE, *worker.command], worker.settings | surroundings
        samples: list[tuple[float, int, float]] = []
        try:
            worker.start(worker.alive)
            assert worker.process is not None, "it was started"
            for at, seen in progress(worker, self.events, POLLED_EVERY_S):
                samples.append((at, seen, busy_seconds(worker.process.pid)))
            worker.stop()
        finally:
            worker.kill()
        begun = [sample for sample in samples if sample[1] * 10 >= self.events]
        (first_at, first, first_busy), (last_at, last, last_busy) = begun[0], begun[-1]
        if last == first:
            raise NotReady("the events were counted all at once: too few to measure")
        return last - first, last_at - first_at, last_busy - first_busy


def contender(kafka: Kafka, what: str, events: int) -> dict[str, float]:
    """Run one of the others."""
    arguments = ["-m", "tests.bench.contenders", what, kafka.bootstrap, TOPIC, str(events)]
    done = subprocess.run([*ONE_CORE, sys.executable, *arguments], capture_output=True, check=False, timeout=600)
    _, begins, rest = done.stdout.partition(b'{"events"')  # Faust may have written to the terminal before it
    if not begins:
        raise NotReady(f"{what} told nothing\n{done.stderr.decode()[-2_000:]}")
    told = orjson.loads(begins + rest.splitlines()[0])
    return rates(told["events"], told["seconds"], told["busy"])


def rates(events: int, seconds: float, busy: float) -> dict[str, float]:
    """The figures of a row."""
    return {"events/s": events / seconds, "busy µs an event": busy / events * 1e6}
