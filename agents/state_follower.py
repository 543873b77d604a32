"""Reads every state topic of an installation as it grows, for whoever waits until tasks have taken something.

Keeps of each partition its newest task record, and whether one case lies in it; nothing else of the state is kept.
Invariant: what is known of a partition is what its newest committed records say, as of the last reading.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.connection import Connection
from agents.readiness import administration
from agents.topics import TopicNames, find_topics
from stream.shard import TASK_KEY

ASK_TIMEOUT_S: Final = 15.0
POLL_MS: Final = 100


async def state_partitions(connection: Connection, names: TopicNames) -> list[TopicPartition]:
    """Name every partition of every state topic of an installation."""
    async with asyncio.timeout(ASK_TIMEOUT_S), administration(connection) as admin:
        topics = [topic for topic in await admin.list_topics() if topic.startswith(names.state(""))]
        found = await find_topics(admin, topics)
    return [TopicPartition(topic, p) for topic in sorted(found) for p in range(found[topic].partitions)]


class Heard(NamedTuple):
    """How far a task has heard control: how often the topic was created anew, and up to which offset."""

    topics: int
    position: int

    def taken(self, offset: int, before: "Heard") -> bool:
        """Whether it has taken the record at `offset`, which was written when it had heard as much as `before`. Where
        that is more, it has not noticed yet that the topic is another one."""
        return self.position > offset and (before.position <= offset or self.topics != before.topics)


class StateFollower:
    """Follows partitions of state topics; `tasks` are their task records, `holders` those in which the case lies."""

    def __init__(self, reader: AIOKafkaConsumer, partitions: Sequence[TopicPartition], case_key: bytes) -> None:
        self._reader, self.partitions, self._case_key = reader, partitions, case_key
        self.tasks: dict[TopicPartition, dict[str, Any]] = {}
        self.holders: set[TopicPartition] = set()

    async def open(self) -> None:
        """Connect, and begin at the beginnings."""
        async with asyncio.timeout(ASK_TIMEOUT_S):
            await self._reader.start()
            self._reader.assign(self.partitions)
            for partition, first in (await self._reader.beginning_offsets(self.partitions)).items():
                self._reader.seek(partition, first)

    async def read_on(self) -> None:
        """Read what there is by now. A broker may count less than there is: it is over when nothing more comes."""
        ends = await self._reader.end_offsets(self.partitions)
        while await self._fetch() or any([await self._reader.position(p) < end for p, end in ends.items()]):
            pass

    async def _fetch(self) -> int:
        found = await self._reader.getmany(timeout_ms=POLL_MS)
        for partition, records in found.items():
            for record in records:
                if record.key == TASK_KEY and record.value is not None:
                    self.tasks[partition] = _fields(record.value)
                elif record.key == self._case_key:
                    (self.holders.discard if record.value is None else self.holders.add)(partition)
        return len(found)

    def watching(self, process: str) -> Iterator[TopicPartition]:
        """The partitions of those groups whose tasks watch a process; an intake only passes its records on."""
        topics = {
            partition.topic
            for partition, fields in self.tasks.items()
            if "intake" not in fields and process in fields.get("processes", ())
        }
        return (partition for partition in self.partitions if partition.topic in topics)

    def sources(self, process: str) -> list[str]:
        """The topics that the process was read from."""
        read = [f["processes"][process] for f in self.tasks.values() if process in f.get("processes", ())]
        return sorted({label.partition("/")[0] for each in read for label in each.get("inputs", each)})

    def heard(self, partition: TopicPartition) -> Heard:
        """How far a task has heard the control topic."""
        fields = self.tasks.get(partition, {})
        return Heard(int(fields.get("control_topics", 0)), int(fields.get("control", 0)))


def _fields(value: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(value)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
