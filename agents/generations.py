"""Which generation of an installation's state is in force, as the control topic says.

What only tasks read (state, partials, what an intake passes on) is named by generation; a rebuild writes the next one
beside the present and puts it in force by one record. Invariant: the first generation is in force until a record says
otherwise, and no generation comes back.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

import orjson

from agents.connection import Connection
from agents.readiness import administration
from agents.topic_reader import read_whole
from agents.topics import TopicNames
from agents.wall_clock import now_ms
from stream.control import ControlRecord, control_key

KEY: Final = control_key("generation", "state")
FIRST: Final = 1
ASK_TIMEOUT_S: Final = 30.0


async def present_names(connection: Connection) -> TopicNames:
    """The names of an installation's topics as they are in force; raises the brokers' errors."""
    names = TopicNames(connection.settings.prefix)
    return names._replace(generation=await present_generation(connection, names))


async def present_generation(connection: Connection, names: TopicNames) -> int:
    """The generation in force; raises the brokers' errors."""
    found = FIRST
    async for record in read_whole(connection, names.control):
        if record.key == KEY:
            found = _generation(record.value)
    return found


def told_generation(records: Iterable[ControlRecord]) -> int | None:
    """The generation that control records put in force, None if they say nothing of it."""
    told = [_generation(record.value) for record in records if record.key == KEY]
    return told[-1] if told else None


def generation_record(generation: int, at: int) -> tuple[bytes, bytes]:
    """Key and value of the record that puts a generation in force."""
    return KEY, orjson.dumps({"generation": generation, "at": at})


async def keep_generation(connection: Connection, names: TopicNames) -> None:
    """Say on the control topic which generation is in force, unless it is the one that needs no saying; raises the
    brokers' errors."""
    if names.generation == FIRST:
        return
    producer = connection.producer()
    async with asyncio.timeout(ASK_TIMEOUT_S):
        await producer.start()
        try:
            key, value = generation_record(names.generation, now_ms())
            await producer.send_and_wait(names.control, value, key, partition=0)
        finally:
            await producer.stop()


def _generation(value: bytes | None) -> int:
    return FIRST if value is None else int(orjson.loads(value)["generation"])


async def topics_of(connection: Connection, names: TopicNames) -> list[str]:
    """The topics that only tasks of this generation read, as far as they exist."""
    inner = f"{names.inner}."
    async with asyncio.timeout(ASK_TIMEOUT_S), administration(connection) as admin:
        existing = await admin.list_topics()
    ours = (names.state(""), names.partials, names.events(""))
    return sorted(topic for topic in existing if topic.startswith(inner) and topic.startswith(ours))


async def delete_topics(connection: Connection, topics: Iterable[str]) -> None:
    """Delete topics of ours; one that is gone already is fine."""
    listed = sorted(topics)
    if listed:
        async with asyncio.timeout(ASK_TIMEOUT_S), administration(connection) as admin:
            await admin.delete_topics(listed)
            while set(listed) & set(await admin.list_topics()):  # noqa: ASYNC110 - the broker sets no event of ours
                await asyncio.sleep(0.1)
