"""Puts a scenario's records on a Kafka topic: its history at once, then what happens live, each record at its time.

Invariant: history is marked as replayed and ends with a clock mark in every partition before the first live record, so
that a reader knows which records are old and up to which instant nothing is missing.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError, for_code

from agents.codec import CLOCK_HEADER, REPLAY_HEADER
from agents.simulator.desk import simulate
from agents.simulator.profile import Scenario
from agents.simulator.reporting import Report
from agents.wall_clock import as_text, now_ms

Say = Callable[[str], None]

_IN_FLIGHT = 500
_REQUEST_MS = 20_000


class Destination(NamedTuple):
    """Where the records go; `partitions` counts only where the topic has yet to be created."""

    brokers: str
    topic: str
    partitions: int = 4


async def ensure_topic(destination: Destination) -> bool:
    """Create the topic unless it is there, stamped by the broker; says whether it holds records already.

    Raises `KafkaConnectionError` where no broker answers, another `KafkaError` where the broker refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=destination.brokers, request_timeout_ms=_REQUEST_MS)
    await admin.start()
    try:
        topic_configs = {"message.timestamp.type": "LogAppendTime"}
        new = NewTopic(destination.topic, destination.partitions, 1, topic_configs=topic_configs)
        answer = await admin.create_topics([new])
    finally:
        await admin.close()
    _, code, message, *_ = answer.topic_errors[0]
    if code and for_code(code) is not TopicAlreadyExistsError:
        raise for_code(code)(message)
    return bool(code) and await _holds_records(destination)


async def _holds_records(destination: Destination) -> bool:
    consumer = AIOKafkaConsumer(destination.topic, bootstrap_servers=destination.brokers)
    await consumer.start()
    try:
        numbers = consumer.partitions_for_topic(destination.topic) or set()
        ends = await consumer.end_offsets([TopicPartition(destination.topic, number) for number in numbers])
    finally:
        await consumer.stop()
    return any(end > 0 for end in ends.values())


async def reach(destination: Destination, say: Say) -> bool:
    """`ensure_topic`, tried again for as long as no broker answers."""
    waits = chain((1, 2, 4, 8), repeat(10))
    while True:
        try:
            return await ensure_topic(destination)
        except KafkaConnectionError:
            wait_s = next(waits)
            say(f"no broker answers at {destination.brokers}; trying again in {wait_s} s")
            await asyncio.sleep(wait_s)


async def produce(destination: Destination, scenario: Scenario, until: int, say: Say) -> None:
    """Send the records up to `until` (ms UTC) as history, then the others live, until cancelled."""
    producer = AIOKafkaProducer(
        bootstrap_servers=destination.brokers,
        linger_ms=20,
        max_batch_size=262_144,
        request_timeout_ms=_REQUEST_MS,
    )
    await producer.start()
    try:
        sender = _Sender(producer, destination.topic)
        records = simulate(scenario)
        if scenario.starts_at < until:
            first_live, sent = await sender.history(records, until, f"simulated-{scenario.seed}")
            say(f"{sent} records of history are on {destination.topic}, up to {as_text(until)}")
            records = chain([first_live], records)
        say(f"live: new tickets go to {destination.topic} as they are opened")
        await sender.live(records)
    finally:
        await producer.stop()


class _Sender:
    """Sends records to one topic."""

    __slots__ = ("_producer", "_topic")

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def history(self, records: Iterator[Report], until: int, run: str) -> tuple[Report, int]:
        """Send what was sent by `until` and the clock marks; returns the first record after it, and how many went."""
        headers = [(REPLAY_HEADER, run.encode())]
        flying: list[asyncio.Future[object]] = []
        for sent, report in enumerate(records):
            if report.sent_at > until:
                await asyncio.gather(*flying)
                await self._mark(until, run)
                return report, sent
            flying.append(await self._send(report, headers))
            if len(flying) >= _IN_FLIGHT:
                await asyncio.gather(*flying)
                flying.clear()
        raise AssertionError("unreachable: a scenario is endless")

    async def live(self, records: Iterator[Report]) -> None:
        """Send each record when its time has come; those already due go at once."""
        for report in records:
            await asyncio.sleep(max(report.sent_at - now_ms(), 0) / 1000)
            await (await self._send(report, []))

    async def _send(self, report: Report, headers: list[tuple[str, bytes]]) -> "asyncio.Future[object]":
        value = report.value if isinstance(report.value, bytes) else orjson.dumps(report.value)
        sending: asyncio.Future[object] = await self._producer.send(
            self._topic, value, report.key.encode(), headers=headers
        )
        return sending

    async def _mark(self, instant: int, run: str) -> None:
        """One record without a value in every partition; aiokafka wants a key where there is no value."""
        headers = [(REPLAY_HEADER, run.encode()), (CLOCK_HEADER, as_text(instant).encode())]
        for partition in await self._producer.partitions_for(self._topic):
            await self._producer.send_and_wait(
                self._topic, None, CLOCK_HEADER.encode(), partition=partition, headers=headers
            )
