"""What broker tests write and read: topics, numbered events, and everything that is committed on a topic."""

import asyncio
import os
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.programs import Program, free_port


async def create_topics(bootstrap: str, topics: Mapping[str, int], **config: str) -> None:
    """Create topics with so many partitions each."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        new = [NewTopic(name, count, 1, topic_configs=dict(config)) for name, count in topics.items()]
        response = await admin.create_topics(new)
        assert all(code == 0 for _, code, _ in response.topic_errors), response
    finally:
        await admin.close()


async def send(
    bootstrap: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None]], **options: Any
) -> None:
    """Write records in order, each to the partition of its key (or `partition=`)."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=32 * 2**20, acks="all")
    await producer.start()
    try:
        futures = [await producer.send(topic, value, key, **options) for key, value in records]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


async def committed(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Read all that is committed on a topic, partition by partition; a broker without transactions tells where one ends
    only with what it hands out."""
    return [record async for record in each_committed(bootstrap, topic)]


async def each_committed(bootstrap: str, topic: str) -> AsyncIterator[ConsumerRecord]:
    """The records that `committed` would read, one after the other and none kept."""
    options = {"isolation_level": "read_committed", "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, **options)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(p) < max(end, consumer.highwater(p) or 0) for p, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    yield record
    finally:
        await consumer.stop()


async def ends_of(bootstrap: str, topic: str, partitions: int = 1) -> list[int]:
    """Where each partition of a topic ends."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        asked = [TopicPartition(topic, partition) for partition in range(partitions)]
        found = await consumer.end_offsets(asked)
    finally:
        await consumer.stop()
    return [found[each] for each in asked]


async def latest(bootstrap: str, topic: str) -> dict[bytes, Any]:
    """Read a compacted topic: the newest JSON per key."""
    newest = {record.key: record.value for record in await committed(bootstrap, topic)}
    return {key: orjson.loads(value) for key, value in newest.items() if value is not None}


CASEWATCH = ("-c", "from agents.cli import main; main()")
"""What Python is told to be the command line."""

COUNTING = ("-m", "tests.broker.counting")


class WorkerProgram(Program):
    """A worker as a process, with its HTTP address."""

    def __init__(self, name: str, folder: Path, arguments: Iterable[str], **settings: str) -> None:
        self.port = free_port()
        variables = {f"CASEWATCH_{key.upper()}": value for key, value in settings.items()}
        variables["CASEWATCH_HTTP"] = f"127.0.0.1:{self.port}"
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(Path.cwd()))))
        super().__init__(name, [sys.executable, *arguments], folder / f"{name}.log", variables)

    def get(self, path: str) -> tuple[int, str]:
        """Ask over HTTP: status and text; status 0 if nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        """Whether it is restored and caught up."""
        return self.get("/readyz")[0] == 200

    def alive(self) -> bool:
        """Whether it answers at all."""
        return self.get("/healthz")[0] == 200
