"""Feeds refused records in again: reads the original from its place in the source, or takes what the dead letter kept.

Invariant: a dead letter leaves only after its record has arrived at the source again; what cannot be fed in again
stays, with the reason told."""

import asyncio
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from agents.codec import RETRY_HEADER
from agents.connection import Connection
from schemas.dead_letter import DeadLetter

TIMEOUT_S: Final = 15.0
SEARCH_S: Final = 5.0
POLL_MS: Final = 200


class Outcome(StrEnum):
    """What became of one dead letter."""

    FED_IN = "fed in again"
    GONE = "the source has deleted it, and the dead letter holds only its beginning"
    NO_SOURCE = "its source topic or partition does not exist any more"


class Again(NamedTuple):
    """A record to be fed in again."""

    key: bytes | None
    value: bytes | None
    timestamp: int | None
    headers: list[tuple[str, bytes]]


async def retry_all(
    connection: Connection, letters: Sequence[DeadLetter], dead_letters: str, existing: frozenset[TopicPartition]
) -> list[Outcome]:
    """Feed each letter's record in again, once per source record, and take the letter away; `existing` names the source
    partitions that there are."""
    reader, producer = connection.reader(), connection.producer()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await reader.start()
            await producer.start()
        fed: set[tuple[str, int, int]] = set()
        return [await _retry(letter, (reader, producer), dead_letters, existing, fed) for letter in letters]
    finally:
        await reader.stop()
        await producer.stop()


async def _retry(
    letter: DeadLetter,
    clients: tuple[AIOKafkaConsumer, AIOKafkaProducer],
    dead_letters: str,
    existing: frozenset[TopicPartition],
    fed: set[tuple[str, int, int]],
) -> Outcome:
    reader, producer = clients
    place = letter.topic, letter.partition, letter.offset
    if TopicPartition(*place[:2]) not in existing:
        return Outcome.NO_SOURCE
    async with asyncio.timeout(TIMEOUT_S):
        if place not in fed:
            again = await _original(reader, letter) or _kept(letter)
            if again is None:
                return Outcome.GONE
            headers = [*again.headers, (RETRY_HEADER, letter.place)]
            await producer.send_and_wait(
                letter.topic, again.value, again.key, letter.partition, again.timestamp, headers
            )
            fed.add(place)
        await producer.send_and_wait(dead_letters, None, letter.place)
    return Outcome.FED_IN


async def _original(reader: AIOKafkaConsumer, letter: DeadLetter) -> Again | None:
    partition = TopicPartition(letter.topic, letter.partition)
    first = (await reader.beginning_offsets([partition]))[partition]
    if letter.offset < first:
        return None
    reader.assign([partition])
    reader.seek(partition, letter.offset)
    deadline = asyncio.get_running_loop().time() + SEARCH_S
    while asyncio.get_running_loop().time() < deadline:
        found = (await reader.getmany(timeout_ms=POLL_MS, max_records=1)).get(partition)
        if found:
            return _as_it_was(found[0], letter)
    return None


def _as_it_was(record: ConsumerRecord, letter: DeadLetter) -> Again | None:
    if record.offset != letter.offset or record.timestamp != letter.timestamp:
        return None  # compacted away, or another topic of the same name by now
    return Again(record.key, record.value, record.timestamp, _without_retry(record.headers))


def _without_retry(headers: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [(name, value) for name, value in headers if name != RETRY_HEADER]


def _kept(letter: DeadLetter) -> Again | None:
    if letter.truncated:
        return None
    return Again(letter.key_bytes, letter.value_bytes, letter.timestamp, [])
