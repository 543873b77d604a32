"""How long a person waits for an alert while five thousand events a second come in, live, on a real Kafka.

A program of its own sends them, evenly; one in a hundred opens a case that is overdue already. Of each of these: the
time from the broker's stamp on the event to when a reader of what is committed has the alert, once with four tasks and
once with 64. The worker watches against the example's model, four service levels and three constraints. Broker,
worker, sender and reader share the machine. Invariant: every overdue case of the measured minute is in the sample.
"""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer

from agents.topics import TopicNames
from agents.wall_clock import now_ms
from tests.bench.bench_backtest import EXAMPLES
from tests.bench.bench_latency import percentiles
from tests.bench.figures import Table, busy_seconds
from tests.bench.live_load import SECONDS, TARGET_MS
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics, send
from tests.programs import NotReady

TASKS: Final = (4, 64)
MEASURED_S: Final = 60
"""As far back as the worker tells of its stalls; what comes before it, once the load has begun, is warming up."""

PATIENCE_S: Final = 60
LONGEST_LINE: Final = 2**24
DEFINITION: Final = f"""
process: desk
version: "1"
events:
  topics: [TOPIC]
  mapping: {{case: case, activity: activity, timestamp: at, resource: agent}}
  patience: 0s
case: {{ends: [Closed, Cancelled]}}
model: {{file: customer-service.bpmn}}
sla:
  - {{id: answer, kind: between, from: Ticket opened, to: First answer, target: {TARGET_MS // 1_000}s, at_risk: []}}
  - {{id: solution, kind: between, from: Assigned, to: Resolved, target: 1d}}
  - {{id: resolution, kind: case_duration, target: 3d}}
  - {{id: forgotten, kind: idle, target: 2d, at_risk: []}}
constraints:
  - {{id: one-end, declare: "Not Co-Existence[Closed, Cancelled] | | |"}}
  - {{id: answer-first, declare: "Precedence[First answer, Resolved] | | |"}}
  - {{id: closing, declare: "Response[Resolved, Closed] | | |0,1,d"}}
"""


class Programs(NamedTuple):
    """Who takes part; `topic` is what they speak over."""

    kafka: Kafka
    worker: WorkerProgram
    topic: str


class Reading(NamedTuple):
    """How long processors had been busy at one moment (s), the worker's longest stall of late (s), and by its work."""

    worker: float
    broker: float
    stall: float
    held: float


def measure() -> Table:
    """One row for each number of tasks."""
    columns = ("events/s", "sample", "p50 ms", "p99 ms", "worst ms", "stall ms", "by work", "busy %", "broker %")
    table = Table("Alerts under load, live: ms until readable", columns)
    table.notes.append("from the broker's stamp on the event; busy: of a core, the worker's and the broker's")
    table.notes.append("stall: the longest of the loop; by work: of its own processor time, without the machine's part")
    table.notes.append("goals: 4 tasks p50 250, p99 750, no stall over 100 by work; 64 tasks p99 1,500")
    with tempfile.TemporaryDirectory() as folder:
        for tasks in TASKS:
            kafka = Kafka(Path(folder, f"kafka-{tasks}"))
            kafka.start()
            try:
                table.rows[f"{tasks} tasks"] = asyncio.run(under_load(kafka, Path(folder), tasks))
            finally:
                kafka.stop()
    return table


async def under_load(kafka: Kafka, folder: Path, tasks: int) -> dict[str, float]:
    """The row for so many tasks."""
    topic = f"desk-{tasks}"
    await create_topics(kafka.bootstrap, {topic: tasks}, **{"message.timestamp.type": "LogAppendTime"})
    shutil.copy(EXAMPLES / "customer-service.bpmn", folder)
    definition = folder / f"{topic}.yaml"
    definition.write_text(DEFINITION.replace("TOPIC", topic))
    # Something to read for each task, so that all of them are live; a refused record opens no case.
    for partition in range(tasks):
        await send(kafka.bootstrap, topic, [(b"none", b"{}")], partition=partition)
    settings = {"brokers": kafka.bootstrap, "prefix": topic, "pseudonym_key": "of no importance"}
    worker = WorkerProgram(topic, folder, (*CASEWATCH, "run", str(definition)), **settings)
    try:
        await asyncio.to_thread(worker.start, worker.ready, 90)
        async with breaches(kafka, topic) as read:
            row = await loaded(Programs(kafka, worker, topic), read)
        await asyncio.to_thread(worker.stop)
    finally:
        await asyncio.to_thread(worker.kill)
    return row


async def loaded(programs: Programs, read: dict[str, int]) -> dict[str, float]:
    """Send the load; the row of its last minute."""
    arguments = ["-m", "tests.bench.live_load", programs.kafka.bootstrap, programs.topic]
    pipe = asyncio.subprocess.PIPE
    sender = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, limit=LONGEST_LINE)
    assert sender.stdout is not None, "it was asked for"
    try:
        await sender.stdout.readline()
        await asyncio.sleep(SECONDS - MEASURED_S)
        before, began = await look(programs), now_ms()
        await asyncio.sleep(MEASURED_S)
        after, ended = await look(programs), now_ms()
        accepted, by_second = orjson.loads(await sender.stdout.readline())
    finally:
        if sender.returncode is None:
            sender.terminate()
        await sender.wait()
    sample = {case: at for case, at in accepted.items() if began <= at < ended}
    row = percentiles(sorted(await waits(sample, read)))
    whole = [count for second, count in by_second if began <= second * 1_000 < ended - 1_000]
    took = (ended - began) / 1_000
    return row | {
        "events/s": sum(whole) / len(whole),
        "stall ms": after.stall * 1_000,
        "by work": after.held * 1_000,
        "busy %": (after.worker - before.worker) / took * 100,
        "broker %": (after.broker - before.broker) / took * 100,
    }


async def look(programs: Programs) -> Reading:
    """What the programs have used until now."""
    worker, broker = programs.worker.process, programs.kafka.program.process
    assert worker is not None, "it was started"
    assert broker is not None, "it was started"
    _, metrics = await asyncio.to_thread(programs.worker.get, "/metrics")
    told = dict(re.findall(r"^casewatch_loop_(stall|held)_seconds (\S+)$", metrics, re.MULTILINE))
    if not told:
        raise NotReady(f"the worker does not tell of its event loop\n{programs.worker.tail()}")
    return Reading(busy_seconds(worker.pid), busy_seconds(broker.pid), float(told["stall"]), float(told["held"]))


async def waits(accepted: dict[str, int], read: dict[str, int]) -> list[float]:
    """Milliseconds from acceptance to when the breach was read; raises `NotReady` if one never is."""
    give_up_at = now_ms() + PATIENCE_S * 1_000
    while missing := accepted.keys() - read.keys():
        if now_ms() > give_up_at:
            raise NotReady(f"{len(missing)} of {len(accepted)} breaches were not published")
        await asyncio.sleep(0.1)
    return [float(read[case] - at) for case, at in accepted.items()]


@asynccontextmanager
async def breaches(kafka: Kafka, prefix: str) -> AsyncIterator[dict[str, int]]:
    """Case to when its breach was read (ms), as that goes on."""
    options = {"auto_offset_reset": "earliest", "isolation_level": "read_committed", "fetch_max_wait_ms": 20}
    consumer = AIOKafkaConsumer(TopicNames(prefix).alert_log, bootstrap_servers=kafka.bootstrap, **options)
    await consumer.start()
    found: dict[str, int] = {}
    reading = asyncio.create_task(read_on(consumer, found))
    try:
        yield found
    finally:
        reading.cancel()
        await consumer.stop()


async def read_on(consumer: AIOKafkaConsumer, found: dict[str, int]) -> None:
    """Note every breach that is raised, until cancelled."""
    while True:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            at = now_ms()
            for record in records:
                alert = orjson.loads(record.value)
                if alert["stage"] == "breach":
                    found.setdefault(alert["case"], at)
