"""Two workers instead of one on the same events: what an event costs them in all, and how much sooner they are through.

The workers are there before the events are, which are sent in one transaction: nothing of them can be read until it is
committed, and then all of them can. Each worker is a process of one thread; they, the broker and the sender share the
machine, so a machine of two cores has none to spare for the second worker. The row of a worker `beside a busy core`
tells how much dearer an event is for that reason alone: its neighbour does nothing but count.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer

from tests.bench.bench_backtest import EXAMPLES, ticket_events
from tests.bench.figures import Table, busy_seconds
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics
from tests.programs import NotReady, wait_until

EVENTS: Final = 200_000
PARTITIONS: Final = 4
POLLED_EVERY_S: Final = 0.25
PATIENCE_S: Final = 300
GOAL: Final = 1.1
ALONE: Final = "one worker"
TOGETHER: Final = "two workers"
ROWS: Final = {ALONE: (1, False), "one worker beside a busy core": (1, True), TOGETHER: (2, False)}
"""How many workers, and whether a core is kept busy beside them."""


def measure() -> Table:
    """One row for one worker, one for one beside a busy core, one for two."""
    columns = ("events/s", "busy µs an event", "broker µs an event", "events/s ÷ one", "busy ÷ one", "goal")
    table = Table("Two workers instead of one, four partitions", columns)
    table.notes.append("busy: all workers' processors, from when the events can be read until all are counted")
    events = ticket_events(EVENTS)
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder, "kafka"))
        kafka.start()
        try:
            for number, (name, (workers, neighbour)) in enumerate(ROWS.items()):
                with busy_core() if neighbour else nullcontext():
                    row = Installation(kafka, Path(folder), f"tickets-{number}").read_by(workers, events)
                table.rows[name] = row
        finally:
            kafka.stop()
    one = dict(table.rows[ALONE])
    for row in table.rows.values():
        row["events/s ÷ one"] = row["events/s"] / one["events/s"]
        row["busy ÷ one"] = row["busy µs an event"] / one["busy µs an event"]
    table.rows[TOGETHER]["goal"] = GOAL
    return table


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy meanwhile."""
    counting = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        counting.kill()
        counting.wait()


class Installation:
    """Workers under a prefix of their own, on a topic of their own."""

    def __init__(self, kafka: Kafka, folder: Path, topic: str) -> None:
        self._kafka, self._topic, self._folder = kafka, topic, folder / topic
        shutil.copytree(EXAMPLES, self._folder)
        self._definition = self._folder / "customer-service.yaml"
        self._definition.write_text(self._definition.read_text().replace("support.tickets", topic))

    def read_by(self, count: int, events: list[bytes]) -> dict[str, float]:
        """Have so many workers read the events; the figures of a row."""
        asyncio.run(create_topics(self._kafka.bootstrap, {self._topic: PARTITIONS}))
        workers = [self._worker(number) for number in range(count)]
        try:
            for worker in workers:
                worker.start(worker.ready)
            shared = {PARTITIONS // count}
            wait_until(lambda: {self._tasks(worker) for worker in workers} == shared, 60, "the tasks to be shared out")
            asyncio.run(self._send(events))
            return self._measured(workers)
        finally:
            for worker in workers:
                worker.kill()

    def _worker(self, number: int) -> WorkerProgram:
        settings = {"brokers": self._kafka.bootstrap, "prefix": self._topic, "pseudonym_key": "of no importance"}
        command = (*CASEWATCH, "run", str(self._definition))
        return WorkerProgram(f"worker-{number}", self._folder, command, **settings)

    def _tasks(self, worker: WorkerProgram) -> int:
        pattern = rf'^casewatch_lag_events{{.*topic="{self._topic}"'
        return len(re.findall(pattern, worker.get("/metrics")[1], re.MULTILINE))

    async def _send(self, events: list[bytes]) -> None:
        """Send everything in one transaction, and return at its end."""
        id = f"{self._topic}-sender"
        producer = AIOKafkaProducer(bootstrap_servers=self._kafka.bootstrap, transactional_id=id)
        await producer.start()
        try:
            async with producer.transaction():
                for event in events:
                    await producer.send(self._topic, event, orjson.loads(event)["ticket"]["id"].encode())
                await producer.flush()
        finally:
            await producer.stop()

    def _measured(self, workers: list[WorkerProgram]) -> dict[str, float]:
        began, workers_busy, broker_busy = monotonic(), self._busy(workers), self._busy_broker()
        while (seen := sum(self._counted(worker) for worker in workers)) < EVENTS:
            if monotonic() > began + PATIENCE_S:
                raise NotReady(f"only {seen} events were counted within {PATIENCE_S} s\n{workers[0].tail()}")
            sleep(POLLED_EVERY_S)
        return {
            "events/s": EVENTS / (monotonic() - began),
            "busy µs an event": (self._busy(workers) - workers_busy) / EVENTS * 1e6,
            "broker µs an event": (self._busy_broker() - broker_busy) / EVENTS * 1e6,
        }

    def _counted(self, worker: WorkerProgram) -> int:
        pattern = rf'^casewatch_events_total{{.*topic="{self._topic}".*}} (\S+)$'
        return int(sum(map(float, re.findall(pattern, worker.get("/metrics")[1], re.MULTILINE))))

    def _busy(self, workers: list[WorkerProgram]) -> float:
        return sum(busy_seconds(worker.process.pid) for worker in workers if worker.process is not None)

    def _busy_broker(self) -> float:
        process = self._kafka.program.process
        return 0.0 if process is None else busy_seconds(process.pid)
