"""A hundred thousand breaches due in one instant, published by one worker on a real Kafka.

All cases are opened in the same millisecond and promised the same; the worker has read them long before. What is
measured is the time from the due instant to the last alert that a reader of what is committed has, the patience with
late events included, and how long the worker's processor was busy from the due instant on. Broker, worker and reader
share the machine. A broker that was just started takes five times as long as one that has run for a while; so some
cases are due before the others, and are not counted.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer

from agents.topics import TopicNames
from agents.wall_clock import now_ms
from tests.bench.bench_mass import CASES
from tests.bench.bench_worker import progress
from tests.bench.cores import cores
from tests.bench.figures import Table, busy_seconds
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics, send
from tests.programs import NotReady

PARTITIONS: Final = 4
TARGET_S: Final = 80
"""Long enough to write and read all cases before they are due."""
WARM_UP: Final = 50_000
"""So many more are due before."""
SOONER_S: Final = 30
PATIENCE_S: Final = 120
DEFINITION: Final = f"""
process: orders
version: "1"
events:
  topics: [TOPIC]
  mapping: {{case: case, activity: activity, timestamp: {{path: at, format: epoch_ms}}}}
  patience: 1s
sla: [{{id: answer, kind: between, from: Opened, to: Answered, target: {TARGET_S}s, at_risk: []}}]
"""


def measure() -> Table:
    """A row for the plain core, and one for the compiled one where it was made from these sources."""
    columns = ("to the last alert, s", "busy µs an alert", "alerts")
    table = Table("Breaches due in one instant, on a real Kafka", columns)
    table.notes.append("from the due instant on, patience of 1 s included; broker, worker and reader share the machine")
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder, "kafka"))
        kafka.start()
        try:
            for core, surroundings in cores().items():
                name = f"{CASES:,} cases, {PARTITIONS} partitions, {core} core"
                table.rows[name] = asyncio.run(all_due(kafka, Path(folder), core, surroundings))
        finally:
            kafka.stop()
    return table


async def all_due(kafka: Kafka, folder: Path, core: str, surroundings: dict[str, str]) -> dict[str, float]:
    """Open all cases, wait until they are due, and read what is said of them."""
    prefix = topic = f"mass-{core}"
    await create_topics(kafka.bootstrap, {topic: PARTITIONS})
    opened_at = now_ms()
    await send(kafka.bootstrap, topic, opened(range(WARM_UP), opened_at - SOONER_S * 1_000))
    await send(kafka.bootstrap, topic, opened(range(WARM_UP, WARM_UP + CASES), opened_at))
    definition = folder / f"{core}.yaml"
    definition.write_text(DEFINITION.replace("TOPIC", topic))
    options = {"isolation_level": "read_committed", "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(TopicNames(prefix).alert_log, bootstrap_servers=kafka.bootstrap, **options)
    arguments = (*CASEWATCH, "run", str(definition))
    worker = WorkerProgram(core, folder, arguments, brokers=kafka.bootstrap, prefix=prefix)
    worker.settings |= surroundings
    try:
        worker.start(worker.alive)
        assert worker.process is not None, "it was started"
        *_, _last = progress(worker, WARM_UP + CASES, 0.5)
        await consumer.start()
        await last_read(consumer, WARM_UP)
        due = opened_at + TARGET_S * 1_000
        if now_ms() > due:
            raise NotReady("the cases were due before all of them were read")
        await asyncio.sleep((due - now_ms()) / 1_000)
        busy = busy_seconds(worker.process.pid)
        last_at = await last_read(consumer, CASES)
        busy = busy_seconds(worker.process.pid) - busy
        worker.stop()
    finally:
        worker.kill()
        await consumer.stop()
    return {"to the last alert, s": (last_at - due) / 1_000, "busy µs an alert": busy / CASES * 1e6, "alerts": CASES}


def opened(numbers: range, at: int) -> Iterator[tuple[bytes, bytes]]:
    """The records of cases that are opened at an instant (ms)."""
    for number in numbers:
        case = f"C-{number}"
        yield case.encode(), orjson.dumps({"case": case, "activity": "Opened", "at": at})


async def last_read(consumer: AIOKafkaConsumer, alerts: int) -> int:
    """When the last of so many more alerts was read (ms); raises `NotReady` if it takes too long."""
    give_up_at, read = now_ms() + PATIENCE_S * 1_000, 0
    while read < alerts:
        read += sum(map(len, (await consumer.getmany(timeout_ms=100)).values()))
        if now_ms() > give_up_at:
            raise NotReady(f"only {read} of {alerts} alerts were published")
    return now_ms()
