"""The broker of the tests does what they rely on: transactions, and a restart on the same port with the same data."""

import asyncio
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.broker.kafka import Kafka


async def _write(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="test-writer")
    await producer.start()
    try:
        async with producer.transaction():
            for value in values:
                await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def _read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_a_broker_that_was_killed_comes_back_with_what_was_committed(tmp_path: Path) -> None:
    """Committed records are still there, on the same port, after the broker was killed and started again."""
    broker = Kafka(tmp_path / "broker", heap="512m")
    await asyncio.to_thread(broker.start)
    try:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 1, 1)])
        await admin.close()
        await _write(broker.bootstrap, "kept", [b"one", b"two"])
        # A commit returns before its marker is written; once read, it is, and the kill cannot come between.
        await _read(broker.bootstrap, "kept", 2)

        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)

        assert await _read(broker.bootstrap, "kept", 2) == [b"one", b"two"]
    finally:
        await asyncio.to_thread(broker.stop)
