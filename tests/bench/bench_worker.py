"""How fast a worker catches up on a real Kafka, exactly once, from its start to the last event.

Beside it, in the same run and on the same topic: a bare aiokafka loop that only fetches and decodes the records, the
least that any reader of the topic has to do. `from start` counts from the worker's process being started, imports and
joining the group included; `while reading` from the first commit that its counters show to the last.
"""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer

from tests.bench.bench_backtest import EXAMPLES, ticket_events
from tests.bench.figures import Table
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics, send
from tests.programs import NotReady

EVENTS: Final = 100_000
PARTITIONS: Final = 4
TOPIC: Final = "support.tickets"
PATIENCE_S: Final = 300
PLAIN: Final = """
process: plain
version: "1"
events: {topics: [support.tickets], mapping: {case: ticket.id, activity: event, timestamp: at, event_id: id}}
case: {ends: [Closed, Cancelled]}
sla: [{id: first-response, kind: between, from: Ticket opened, to: First answer, target: 4h}]
"""

Sample = tuple[float, int]


def measure() -> Table:
    """One row for each definition, and one for the bare loop."""
    columns = ("events", "from start/s", "while reading/s", "bare loop/s", "bare ÷ reading")
    table = Table("Worker: events a second from a real Kafka, until caught up", columns)
    table.notes.append("bare loop: aiokafka getmany and orjson.loads, nothing kept; wall time, broker beside it")
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder, "kafka"))
        kafka.start()
        try:
            asyncio.run(filled(kafka))
            (Path(folder) / "plain.yaml").write_text(PLAIN)
            for name, definition in definitions(Path(folder)):
                bare = EVENTS / asyncio.run(bare_loop(kafka))
                table.rows[name] = {**caught_up(kafka, Path(folder), definition), "bare loop/s": bare}
                table.rows[name]["bare ÷ reading"] = bare / table.rows[name]["while reading/s"]
        finally:
            kafka.stop()
    return table


def definitions(folder: Path) -> Iterator[tuple[str, Path]]:
    """What the worker is given to do."""
    yield "1 SLA, no model", folder / "plain.yaml"
    yield "the example: model, 4 SLAs", EXAMPLES / "customer-service.yaml"


async def filled(kafka: Kafka) -> None:
    """Made-up tickets, keyed by ticket."""
    await create_topics(kafka.bootstrap, {TOPIC: PARTITIONS})
    events = ticket_events(EVENTS)
    await send(kafka.bootstrap, TOPIC, ((orjson.loads(event)["ticket"]["id"].encode(), event) for event in events))


async def bare_loop(kafka: Kafka) -> float:
    """How many seconds it takes to fetch and decode the whole topic, after a first fetch has warmed things up."""
    options = {"auto_offset_reset": "earliest", "isolation_level": "read_committed"}
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka.bootstrap, **options)
    await consumer.start()
    try:
        await consumer.getmany(timeout_ms=1_000)
        await consumer.seek_to_beginning()
        began, read = monotonic(), 0
        while read < EVENTS:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                read += sum(orjson.loads(record.value) is not None for record in records)
        return monotonic() - began
    finally:
        await consumer.stop()


def caught_up(kafka: Kafka, folder: Path, definition: Path) -> dict[str, float]:
    """Run a worker until it has counted every event."""
    name = definition.stem
    settings = {"brokers": kafka.bootstrap, "prefix": f"bench-{name}", "pseudonym_key": "of no importance"}
    worker = WorkerProgram(name, folder, (*CASEWATCH, "run", str(definition)), **settings)
    began = monotonic()
    try:
        worker.start(worker.alive)
        samples = list(progress(worker))
        worker.stop()
    finally:
        worker.kill()
    (first_at, first), (last_at, last) = samples[0], samples[-1]
    if last == first:
        raise NotReady("the events were counted all at once: too few to measure")
    return {
        "events": EVENTS,
        "from start/s": EVENTS / (last_at - began),
        "while reading/s": (last - first) / (last_at - first_at),
    }


def progress(worker: WorkerProgram, events: int = EVENTS, pause_s: float = 0.05) -> Iterator[Sample]:
    """When how many events were counted, from the first to the last one; raises `NotReady` if it takes too long."""
    give_up_at = monotonic() + PATIENCE_S
    while monotonic() < give_up_at:
        counts = re.findall(r"^casewatch_events_total{.*} (\S+)$", worker.get("/metrics")[1], re.MULTILINE)
        if seen := int(sum(map(float, counts))):
            yield monotonic(), seen
        if seen >= events:
            return
        sleep(pause_s)
    raise NotReady(f"not caught up within {PATIENCE_S} s\n{worker.tail()}")
