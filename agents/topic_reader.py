"""Reads a topic from its beginning, as the commands do that show what is there: what is committed, and nothing else.

Invariant: a topic is never brought into being by being read, and reading ends at what was the end when it began,
unless it is to be followed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from agents.connection import Connection
from agents.readiness import administration
from agents.topics import find_topics

ASK_TIMEOUT_S: Final = 15.0
POLL_MS: Final = 200


async def partitions_of(connection: Connection, topic: str) -> list[TopicPartition]:
    """Name the partitions of a topic; raises `UnknownTopicOrPartitionError` if it does not exist."""
    async with asyncio.timeout(ASK_TIMEOUT_S), administration(connection) as admin:
        found = await find_topics(admin, [topic])
    if topic not in found:
        raise UnknownTopicOrPartitionError(f"there is no topic {topic}")
    return [TopicPartition(topic, partition) for partition in range(found[topic].partitions)]


async def read_topic(connection: Connection, topic: str, follow: bool = False) -> AsyncIterator[ConsumerRecord | None]:
    """Yield the records of a topic; None once, when the end is reached that it had at the beginning."""
    partitions = await partitions_of(connection, topic)
    reader = connection.reader()
    try:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            await reader.start()
            ends = await reader.end_offsets(partitions)
            firsts = await reader.beginning_offsets(partitions)
        reader.assign(partitions)
        for partition, first in firsts.items():
            reader.seek(partition, first)
        reached = False
        while follow or not reached:
            for records in (await reader.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    yield record
            if not reached and all([await reader.position(each) >= end for each, end in ends.items()]):
                reached = True
                yield None
    finally:
        await reader.stop()


async def read_whole(connection: Connection, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Yield the records of a topic up to the end that it had at the beginning; none of one that does not exist."""
    try:
        async for record in read_topic(connection, topic):
            if record is not None:
                yield record
    except UnknownTopicOrPartitionError:
        return  # nothing was ever written there
