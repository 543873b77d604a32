"""How long a person waits for an alert, live, on a real Kafka: until it can be read with `read_committed`.

Two ways to a breach: an event arrives whose case is overdue already (from the broker's acknowledgement on), and a
deadline passes with no event arriving (from due + `patience` on). A small sample: the tail is a hint, no more.
"""

import asyncio
import math
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from agents.wall_clock import as_text, now_ms
from stream.instants import milliseconds
from tests.bench.figures import Table
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics, send

SAMPLE: Final = 100
PAUSE_S: Final = 0.07
TARGET_MS: Final = 2_000
WITHIN_S: Final = 60
DEFINITION: Final = """
process: latency
version: "1"
events:
  topics: [latency]
  mapping: {case: id, activity: act, timestamp: at}
  patience: 0s
sla:
  - {id: answer, kind: between, from: Open, to: Answer, target: 2s, at_risk: []}
"""


def measure() -> Table:
    """One row for each way to a breach."""
    table = Table("Alerts, live: ms until readable", ("sample", "p50 ms", "p99 ms", "worst ms"))
    table.notes.append("overdue on arrival: from the acknowledgement; silence: from the due instant (patience 0 s)")
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder, "kafka"))
        kafka.start()
        try:
            for name, latencies in asyncio.run(latencies_of(kafka, Path(folder))).items():
                table.rows[name] = percentiles(sorted(latencies))
        finally:
            kafka.stop()
    return table


def percentiles(ordered: list[float]) -> dict[str, float]:
    """The row of a sample: the nearest-rank percentiles."""
    ranked = {p: ordered[math.ceil(len(ordered) * p / 100) - 1] for p in (50, 99)}
    return {"sample": len(ordered), "p50 ms": ranked[50], "p99 ms": ranked[99], "worst ms": ordered[-1]}


async def latencies_of(kafka: Kafka, folder: Path) -> dict[str, list[float]]:
    """Milliseconds of every case, by the way its breach came about."""
    await create_topics(kafka.bootstrap, {"latency": 1})
    definition = folder / "latency.yaml"
    definition.write_text(DEFINITION)
    # A worker is live once it has read a first event; its own case is answered and says nothing.
    for act in ("Open", "Answer"):
        await send(kafka.bootstrap, "latency", [(b"first", event("first", act, now_ms()))])
    settings = {"brokers": kafka.bootstrap, "prefix": "latency"}
    worker = WorkerProgram("latency", folder, (*CASEWATCH, "run", str(definition)), **settings)
    try:
        await asyncio.to_thread(worker.start, worker.ready)
        found = {
            "overdue on arrival": await sampled(kafka, "overdue", TARGET_MS + 500),
            "silence": await sampled(kafka, "silence", 0),
        }
        await asyncio.to_thread(worker.stop)
        return found
    finally:
        await asyncio.to_thread(worker.kill)


def event(case: str, act: str, at: int) -> bytes:
    """One record."""
    return orjson.dumps({"id": case, "act": act, "at": as_text(at)})


async def sampled(kafka: Kafka, name: str, age_ms: int) -> list[float]:
    """Open cases whose opening lies `age_ms` back; how long each breach took from when it could be known."""
    options = {"auto_offset_reset": "latest", "isolation_level": "read_committed", "fetch_max_wait_ms": 20}
    consumer = AIOKafkaConsumer("latency.alert-log", bootstrap_servers=kafka.bootstrap, **options)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await consumer.start()
    await producer.start()
    try:
        await consumer.seek_to_end()
        reading = asyncio.create_task(breaches(consumer, name))
        accepted = {}
        for number in range(SAMPLE):
            case = f"{name}-{number}"
            await producer.send_and_wait("latency", event(case, "Open", now_ms() - age_ms))
            accepted[case] = now_ms()
            await asyncio.sleep(PAUSE_S)
        return waits(accepted, await asyncio.wait_for(reading, WITHIN_S))
    finally:
        await producer.stop()
        await consumer.stop()


async def breaches(consumer: AIOKafkaConsumer, name: str) -> dict[str, tuple[int, int]]:
    """Case to (when its breach was read, when it was due), both in ms, until the sample is whole."""
    found: dict[str, tuple[int, int]] = {}
    while len(found) < SAMPLE:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            alerts = [orjson.loads(record.value) for record in records]
            for alert in alerts:
                if alert["case"].startswith(f"{name}-") and alert["stage"] == "breach":
                    found[alert["case"]] = now_ms(), milliseconds(datetime.fromisoformat(alert["due_at"]))
    return found


def waits(accepted: Mapping[str, int], read: Mapping[str, tuple[int, int]]) -> list[float]:
    """Milliseconds from the later of acceptance and due instant, each to when the breach was read."""
    return [float(at - max(due, accepted[case])) for case, (at, due) in read.items()]
