"""How fast state is read back: case records a second, of the core alone and of a worker on a real Kafka.

    python -m tests.bench restore

The cases are those of the bench of a million: a model, three service levels, two to four events each, which follow one
another closely here, so that the state has about one record a case, as a compacted topic has. The core takes
their journalled records as they come from the broker. The worker has read the same cases and was stopped; then another
is started: what counts is the time from the moment at which it is assigned its tasks to that at which the last of them
is restored, waiting for the broker included.
"""

import asyncio
import gc
import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from agents.collector import collector_at_rest
from schemas.definition import Definition
from stream.inputs import Batch, Input, Received
from stream.process import Process, compile_process
from stream.shard import Shard
from tests.bench.bench_million import COMMIT, DEFINITION, MODEL, START, record
from tests.bench.bench_worker import progress
from tests.bench.figures import Table, busy
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics, send

CASES: Final = 200_000
PARTITIONS: Final = 4
ROUNDS: Final = 3
TOPIC: Final = "loans"
COLUMNS: Final = ("records", "bytes a record", "records/s")


def measure() -> Table:
    """A row for the core, and one for the worker."""
    table = Table("State read back", COLUMNS)
    journal = journalled(CASES // PARTITIONS)
    process = compiled()
    took = min(restored(process, journal) for _ in range(ROUNDS))
    sizes = sum(map(len, journal.values())) / len(journal)
    name = f"the core, {CASES // PARTITIONS:,} cases of one task"
    table.rows[name] = {"records": len(journal), "bytes a record": sizes, "records/s": len(journal) / took}
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder, "kafka"))
        kafka.start()
        try:
            name = f"a worker on a real Kafka, {CASES:,} cases of {PARTITIONS} tasks"
            table.rows[name] = read_back(kafka, Path(folder))
        finally:
            kafka.stop()
    table.notes.append("the worker: by the wall, from tasks assigned to the last one restored, broker beside it")
    return table


def compiled() -> Process:
    """What the cases are watched for."""
    return compile_process(Definition.model_validate(DEFINITION), MODEL)


def followed(cases: int) -> Iterator[tuple[int, int, int]]:
    """The events (ms, case, step) of each case, one case after the other, in order of time."""
    steps = ((case, step) for case in range(cases) for step in range(2 + case % 3))
    return ((START + nth, case, step) for nth, (case, step) in enumerate(steps))


def journalled(cases: int) -> dict[bytes, bytes]:
    """The newest journal records of so many open cases of one task."""
    shard, newest, offset = Shard([compiled()]), dict[bytes, bytes](), 0
    coming = followed(cases)
    while some := list(islice(coming, COMMIT)):
        now = some[-1][0]
        values = [orjson.loads(record(at, case, step)) for at, case, step in some]
        batch = [Received(offset + nth, value["at"], value) for nth, value in enumerate(values)]
        shard.observe(Batch(Input(TOPIC, 0), offset, batch, offset + len(batch), offset + len(batch), now))
        shard.advance(now)
        newest |= {key: value for key, value in shard.drain().journal if value is not None}
        offset += len(batch)
    return newest


def restored(process: Process, journal: dict[bytes, bytes]) -> float:
    """Seconds that the core is busy with taking the records up."""
    shard = Shard([process])
    gc.collect()
    with collector_at_rest():
        return busy(lambda: shard.restore(journal.items()))


def read_back(kafka: Kafka, folder: Path) -> dict[str, float]:
    """Have one worker make the state, and another read it back."""
    events = [(f"LOAN-{case:09}".encode(), record(at, case, step)) for at, case, step in followed(CASES)]
    asyncio.run(create_topics(kafka.bootstrap, {TOPIC: PARTITIONS}))
    asyncio.run(send(kafka.bootstrap, TOPIC, events))
    (folder / "model.pnml").write_bytes(MODEL)
    definition = folder / "loans.yaml"
    definition.write_bytes(orjson.dumps(DEFINITION))  # which is YAML, too
    worker = program(kafka, folder, definition, "maker")
    try:
        worker.start(worker.alive)
        *_, _last = progress(worker, len(events), 0.5)
        worker.stop()
    finally:
        worker.kill()
    worker = program(kafka, folder, definition, "reader")
    try:
        worker.start(worker.ready)
        worker.stop()
    finally:
        worker.kill()
    return rate([orjson.loads(line) for line in (folder / "reader.log").read_text().splitlines() if line[:1] == "{"])


def program(kafka: Kafka, folder: Path, definition: Path, name: str) -> WorkerProgram:
    """A worker of the one installation."""
    return WorkerProgram(name, folder, (*CASEWATCH, "run", str(definition)), brokers=kafka.bootstrap, prefix="restore")


def rate(log: list[dict[str, Any]]) -> dict[str, float]:
    """Records a second, as a worker's log has it."""
    assigned = next(line for line in log if line["event"] == "tasks assigned")
    restored = [line for line in log if line["event"] == "task restored"]
    began, ended = (datetime.fromisoformat(line["timestamp"]) for line in (assigned, restored[-1]))
    records = sum(line["records"] for line in restored)
    return {"records": records, "records/s": records / (ended - began).total_seconds()}
