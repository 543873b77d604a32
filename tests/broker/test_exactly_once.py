"""Every event is counted exactly once, whatever happens to the workers that count."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import orjson
from aiokafka import AIOKafkaProducer

from tests.broker.kafka import Kafka
from tests.broker.traffic import COUNTING, WorkerProgram, committed, create_topics, latest
from tests.programs import wait_until

KEYS = 40
PARTITIONS = 4
TOPICS = ("counted-a", "counted-b")


def counting_worker(kafka: Kafka, name: str, folder: Path) -> WorkerProgram:
    """A worker over both topics, with a short session."""
    settings = {"brokers": kafka.bootstrap, "prefix": "counted", "session_timeout": "3s"}
    return WorkerProgram(name, folder, (*COUNTING, *TOPICS), **settings)


async def produce(bootstrap: str, until: asyncio.Event) -> int:
    """Write a numbered event for each key to each topic, twenty rounds a second; returns the number of rounds."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await producer.start()
    number = 0
    while not until.is_set():
        number += 1
        for topic in TOPICS:
            for k in range(KEYS):
                event = orjson.dumps({"key": f"{topic}-k{k}", "number": number})
                await producer.send(topic, event, f"k{k}".encode())
        await asyncio.sleep(0.05)
    await producer.stop()
    return number


async def stage(first: WorkerProgram, second: WorkerProgram, over: asyncio.Event) -> None:
    """Two workers share the tasks; one stands still for longer than its session, the other is killed and comes back,
    the first is stopped; at the end one worker reads all that is left, and is stopped in the middle of nothing."""
    await asyncio.to_thread(first.start, first.ready)
    await asyncio.to_thread(second.start, second.ready)
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    await asyncio.sleep(4.5)
    os.kill(first.process.pid, signal.SIGCONT)
    await asyncio.sleep(1.5)
    await asyncio.to_thread(second.kill)
    await asyncio.to_thread(second.start, second.alive)
    await asyncio.sleep(2)
    assert await asyncio.to_thread(first.stop, 5) == 0
    over.set()
    await asyncio.to_thread(wait_until, second.ready, 30, "the last worker to be ready")
    await asyncio.sleep(1)
    assert await asyncio.to_thread(second.stop, 5) == 0


async def test_every_event_counts_once_over_a_stop_a_kill_a_standstill_and_a_newcomer(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Counts, sums and the log of transitions are those of the events, each exactly once."""
    await create_topics(kafka.bootstrap, dict.fromkeys(TOPICS, PARTITIONS))
    first, second = (counting_worker(kafka, name, tmp_path) for name in ("first", "second"))
    over = asyncio.Event()
    try:
        producing = asyncio.create_task(produce(kafka.bootstrap, over))
        await stage(first, second, over)
        rounds = await producing
        await asyncio.to_thread(second.start, second.ready)
        assert await asyncio.to_thread(second.stop, 5) == 0
    finally:
        over.set()
        for worker in (first, second):
            await asyncio.to_thread(worker.kill)

    expected = [rounds, sum(range(1, rounds + 1))]
    keys = [f"{topic}-k{k}" for topic in TOPICS for k in range(KEYS)]
    state = await latest(kafka.bootstrap, f"counted.state.{TOPICS[0]}")
    log = Counter(record.key for record in await committed(kafka.bootstrap, "counted.alert-log"))
    assert {key.decode(): value for key, value in state.items() if key != b"task"} == dict.fromkeys(keys, expected)
    assert log == {f"{key}-{n}".encode(): 1 for key in keys for n in range(1, rounds + 1)}
