"""Has a case forgotten: orders it through the control topic, waits until every task has taken the order, and looks what
is left.

The tasks alone remove what is theirs. Invariant: the order, which names the case, is taken away again once every task
has taken it; what is left is told, not passed over.
"""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition

from agents.connection import Connection
from agents.state_follower import StateFollower, state_partitions
from agents.topic_reader import read_whole
from agents.topics import TopicNames
from agents.wall_clock import now_ms
from stream.control import control_key

ASK_AGAIN_S: Final = 0.3
SEND_TIMEOUT_S: Final = 15.0


class Forgotten(NamedTuple):
    """What became of it: where the case lay, how many tasks have taken the order and which have not, the alerts that
    left; and what is out of reach: the source topics, the records of the log with the newest's time (ms), and how many
    dead letters name the case. `standing`: it had been ordered before, and the order stood."""

    homes: list[TopicPartition]
    tasks: int
    waiting: list[TopicPartition]
    alerts: list[str]
    sources: list[str]
    logged: int
    logged_at: int
    letters: int
    standing: bool

    @property
    def known(self) -> bool:
        """Whether anything was there to be forgotten, or was ordered to be before."""
        return bool(self.homes or self.alerts or self.standing)


class Forgetting:
    """One case of one process of an installation."""

    def __init__(self, connection: Connection, names: TopicNames, process: str, case_id: str) -> None:
        self.connection, self.names, self.process, self.case_id = connection, names, process, case_id
        self._named, self._key = orjson.dumps(case_id), control_key("forget", process, case_id)

    async def carry_out(self, wait_s: float) -> Forgotten | None:
        """Have it forgotten, waiting so long for the tasks; None if no task has ever watched the process. Raises the
        brokers' errors."""
        partitions = await state_partitions(self.connection, self.names)
        reader, producer = self.connection.reader(), self.connection.producer()
        follower = StateFollower(reader, partitions, f"case/{self.process}/{self.case_id}".encode())
        try:
            if partitions:
                await follower.open()
                await follower.read_on()
            tasks = list(follower.watching(self.process))
            if not tasks:
                return None
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await producer.start()
            return await self._order(follower, tasks, producer, wait_s)
        finally:
            await asyncio.wait([asyncio.ensure_future(each.stop()) for each in (reader, producer)], timeout=2)

    async def _order(
        self, follower: StateFollower, tasks: list[TopicPartition], producer: AIOKafkaProducer, wait_s: float
    ) -> Forgotten:
        homes, alerts, standing = sorted(follower.holders), await self._alerts(), await self._ordered()
        waiting: list[TopicPartition] = []
        if homes or alerts or standing:
            waiting = await self._wait(follower, tasks, producer, wait_s)
            if not waiting and not follower.holders:
                await self._remove_orphans(producer)
        logged = [record.timestamp async for record in self._records(self.names.alert_log)]
        letters, done = await self._letters(), len(tasks) - len(waiting)
        sources, logged_at = follower.sources(self.process), max(logged, default=0)
        return Forgotten(homes, done, waiting, alerts, sources, len(logged), logged_at, letters, standing)

    async def _wait(
        self, follower: StateFollower, tasks: list[TopicPartition], producer: AIOKafkaProducer, wait_s: float
    ) -> list[TopicPartition]:
        """Write the order, and take it away again when all have taken it; those that have not within the time."""
        key, before = self._key, {each: follower.heard(each) for each in tasks}
        deadline = asyncio.get_running_loop().time() + wait_s
        async with asyncio.timeout(SEND_TIMEOUT_S):
            order = await producer.send_and_wait(self.names.control, orjson.dumps({"at": now_ms()}), key)
        while waiting := [each for each in tasks if not follower.heard(each).taken(order.offset, before[each])]:
            if asyncio.get_running_loop().time() > deadline:
                return waiting
            await asyncio.sleep(ASK_AGAIN_S)
            await follower.read_on()
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await producer.send_and_wait(self.names.control, None, key)
        return []

    async def _ordered(self) -> bool:
        """Whether an order stands that was not taken away again."""
        control = read_whole(self.connection, self.names.control)
        found = [record.value async for record in control if record.key == self._key]
        return bool(found) and found[-1] is not None

    async def _alerts(self) -> list[str]:
        """The ids of the alerts on the case that are on their topic now."""
        found: dict[bytes, bool] = {}
        async for record in read_whole(self.connection, self.names.alerts):
            found[record.key] = record.value is not None and self._is_of_case(record.value)
        return sorted(key.decode() for key, of_case in found.items() if of_case)

    async def _remove_orphans(self, producer: AIOKafkaProducer) -> None:
        """Take away alerts whose case no task knows any more: state was begun anew, and the topic was not."""
        for alert in await self._alerts():
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await producer.send_and_wait(self.names.alerts, None, alert.encode())

    async def _records(self, topic: str) -> AsyncIterator[Any]:
        async for record in read_whole(self.connection, topic):
            if record.value is not None and self._is_of_case(record.value):
                yield record

    def _is_of_case(self, value: bytes) -> bool:
        """Whether an alert is on the case; most are not, which shows without decoding."""
        if self._named not in value:
            return False
        alert = orjson.loads(value)
        return bool(alert.get("process") == self.process and alert.get("case") == self.case_id)

    async def _letters(self) -> int:
        """How many of the process's dead letters hold the name of the case."""
        found: dict[bytes, bool] = {}
        async for record in read_whole(self.connection, self.names.dead_letters):
            found[record.key] = record.value is not None and self._is_named_in(orjson.loads(record.value))
        return sum(found.values())

    def _is_named_in(self, letter: dict[str, Any]) -> bool:
        held = b64decode(letter.get("value") or "") + b64decode(letter.get("key") or "")
        return letter.get("process") in (self.process, None) and self.case_id.encode() in held
