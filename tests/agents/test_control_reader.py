"""What tasks are told of the control topic, also when it is not the one it was."""

import asyncio
from typing import Any, cast

from aiokafka import ConsumerRecord, TopicPartition

from agents.connection import Connection
from agents.control_reader import ControlReader
from agents.tasks import Control

TOPIC = "casewatch.control"


class Topic:
    """A topic as one consumer without a group sees it: each fetch hands over what `answers` has next, and leaves the
    position where that says; the last of them is no answer."""

    def __init__(self, *answers: tuple[list[int], int]) -> None:
        self.answers, self.at = list(answers), 0

    def reader(self, *, follows: bool) -> "Topic":
        """It is its own consumer."""
        assert follows
        return self

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Read its one partition."""

    async def seek_to_beginning(self, partition: TopicPartition) -> None:
        """Where it is."""

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Behind what is handed over first."""
        return {TopicPartition(TOPIC, 0): self.answers[0][1] if self.at == 0 else self.at}

    async def position(self, partition: TopicPartition) -> int:
        """Behind what was handed over last."""
        return self.at

    async def getmany(self, partition: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        """Hand over what comes next."""
        if not self.answers:
            await asyncio.Event().wait()
        offsets, self.at = self.answers.pop(0)
        records = [ConsumerRecord(TOPIC, 0, at, 0, 0, b"%d" % at, b"{}", None, 0, 2, ()) for at in offsets]
        return {partition: records} if records else {}


async def heard(topic: Topic, messages: int) -> tuple[list[tuple[list[int], int | None]], ControlReader]:
    """Read what is there, then hear so many messages: the offsets of each, and where it says that the topic ends."""
    told: list[tuple[list[int], int | None]] = []
    enough = asyncio.Event()

    async def put(message: Control) -> None:
        told.append(([record.offset for record in message.records], message.end))
        if len(told) == messages:
            enough.set()

    reader = ControlReader(cast(Connection, topic), TOPIC, put)
    await reader.catch_up()
    running = asyncio.create_task(reader.run())
    await enough.wait()
    running.cancel()
    return told, reader


async def test_what_comes_is_handed_on_as_it_comes() -> None:
    """What was there before goes to tasks as they begin."""
    told, reader = await heard(Topic(([3, 4], 6), ([], 6), ([6], 8), ([], 8), ([8, 9], 10)), 2)

    assert told == [([6], None), ([8, 9], None)]
    assert [record.offset for record in reader.latest] == [3, 4, 6, 8, 9]


async def test_a_topic_that_was_created_anew_is_new_to_every_task() -> None:
    """Before anything of it is handed on it is said that it has no beginning in common; what the other one said stands
    no more."""
    told, reader = await heard(Topic(([3, 4], 6), ([], 0), ([0], 1)), 2)

    assert told == [([], 0), ([0], None)]
    assert [record.offset for record in reader.latest] == [0]


async def test_a_topic_created_anew_is_known_though_it_has_grown_longer_meanwhile() -> None:
    """It was read from its beginning again, which nothing else brings about."""
    told, _ = await heard(Topic(([3, 4], 6), ([0, 1, 7], 8)), 2)

    assert told == [([], 0), ([0, 1, 7], None)]
