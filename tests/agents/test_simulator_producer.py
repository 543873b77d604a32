"""What the simulator leaves on a topic: marked history, a clock mark a partition, then unmarked records of now."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from agents.embedded_broker import EmbeddedBroker, free_port
from agents.simulator.producer import Destination, ensure_topic, produce, reach
from agents.simulator.profile import Scenario
from agents.wall_clock import now_ms
from schemas.duration import HOUR

TOPIC = "support.tickets"


@pytest.fixture
async def destination() -> AsyncIterator[Destination]:
    """A topic of two partitions on a broker of its own; the topic is yet to be created."""
    async with EmbeddedBroker(free_port(27_000)) as broker:
        yield Destination(broker.address, TOPIC, partitions=2)


async def read(destination: Destination, partition: int, until_live: bool) -> list[ConsumerRecord]:
    """A partition's records from its start: all that are there, or up to the first without a header."""
    consumer = AIOKafkaConsumer(bootstrap_servers=destination.brokers)
    await consumer.start()
    try:
        here = TopicPartition(TOPIC, partition)
        consumer.assign([here])
        await consumer.seek_to_beginning()
        end = (await consumer.end_offsets([here]))[here]
        records: list[ConsumerRecord] = []
        while (not records or records[-1].headers) if until_live else len(records) < end:
            records.append(await consumer.getone())
        return records
    finally:
        await consumer.stop()


async def test_history_is_marked_and_ends_in_a_clock_mark_before_the_first_live_record(
    destination: Destination,
) -> None:
    """In every partition: records of the run, then the mark with the instant where history ends, then live ones."""
    now = now_ms()
    scenario = Scenario(1, now - HOUR, now - HOUR, rush_per_minute=60)
    said: list[str] = []
    assert not await ensure_topic(destination)
    producing = asyncio.create_task(produce(destination, scenario, now, said.append))

    partitions = [await asyncio.wait_for(read(destination, number, until_live=True), 30) for number in (0, 1)]

    producing.cancel()
    await asyncio.gather(producing, return_exceptions=True)
    for records in partitions:
        *history, mark, live = records
        assert {tuple(record.headers) for record in history} == {(("casewatch-replay", b"simulated-1"),)}
        assert mark.value is None
        assert dict(mark.headers).keys() == {"casewatch-replay", "casewatch-clock"}
        assert live.headers == ()
        assert orjson.loads(live.value)["ticket"]["id"] == live.key.decode()
    assert len({dict(records[-2].headers)["casewatch-clock"] for records in partitions}) == 1
    assert "records of history are on support.tickets" in said[0]


async def test_a_topic_that_holds_records_is_recognised(destination: Destination) -> None:
    """Missing, empty, in use: only the last asks for going on without a second history."""
    missing = await ensure_topic(destination)
    empty = await ensure_topic(destination)
    now = now_ms()
    scenario = Scenario(1, now, now, rush_per_minute=6_000, first_ticket=777)
    producing = asyncio.create_task(produce(destination, scenario, now, lambda _: None))
    first = [await asyncio.wait_for(read(destination, number, until_live=True), 30) for number in (0, 1)]
    producing.cancel()
    await asyncio.gather(producing, return_exceptions=True)

    in_use = await ensure_topic(destination)

    assert (missing, empty, in_use) == (False, False, True)
    assert all(records[0].headers == () for records in first)
    assert min(int(records[0].key.decode().removeprefix("T-")) for records in first) == 777


async def test_a_broker_that_is_away_is_waited_for_with_a_word(destination: Destination) -> None:
    """The simulator starts beside the broker, in any order, and says what it waits for."""
    away = EmbeddedBroker(free_port(28_000))
    said: asyncio.Queue[str] = asyncio.Queue()
    reaching = asyncio.create_task(reach(Destination(away.address, TOPIC), said.put_nowait))
    words = await said.get()

    async with away:
        in_use = await asyncio.wait_for(reaching, 30)

    assert not in_use
    assert words == f"no broker answers at {away.address}; trying again in 1 s"
