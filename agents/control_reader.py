"""Reads what tasks are told from elsewhere, and hands it to all of this worker's tasks.

The topic is read as a whole, by every worker, without a group: a task that comes later is handed the present state of
every key. Invariant: what a task is told is a record of the topic, in order of offset; the core knows which it has had.
A topic that ends before what was read of it was created anew: all of it is new to every task, and is said so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.connection import Connection
from agents.retry import TRANSIENT, Notice, explain
from agents.tasks import Control
from agents.wall_clock import now_ms
from stream.control import ControlRecord

_log = structlog.get_logger("casewatch.control")

START_TIMEOUT_S: Final = 10.0
POLL_MS: Final = 200
PAUSE_S: Final = 0.5
TRUST_MS: Final = 1_000

RIGHT: Final = "start the workers again, so that the versions in force are told anew; give standing orders again"

Put = Callable[[Control], Awaitable[object]]
Prepare = Callable[[list[ControlRecord]], Awaitable[object]]


class ControlReader:
    """The newest record of every key of the control topic; `put` hands on what is new, once `prepare` has seen to it
    that it can be obeyed."""

    def __init__(self, connection: Connection, topic: str, put: Put) -> None:
        self._partition, self._put = TopicPartition(topic, 0), put
        self.prepare: Prepare | None = None
        self._connection = connection
        self._consumer: AIOKafkaConsumer | None = None
        self._latest: dict[bytes, ControlRecord] = {}
        self._fetched: list[ControlRecord] = []
        self._next = 0
        self._anew = False
        self._notice = Notice()

    @property
    def latest(self) -> list[ControlRecord]:
        """The newest record of every key, in order of offset."""
        return sorted(self._latest.values())

    def standing(self) -> Control:
        """What is in force, and where the topic ends if that was heard just now."""
        assert self._consumer is not None, "what is there was not read"
        end = self._consumer.last_stable_offset(self._partition)
        polled_at = self._consumer.last_poll_timestamp(self._partition)
        known = end is not None and polled_at is not None and now_ms() - polled_at <= TRUST_MS
        return Control(self.latest, max(end, self._next) if known else None)

    async def catch_up(self) -> None:
        """Read what is there; raises the broker's errors."""
        reader, self._fetched, self._latest = self._connection.reader(follows=True), [], {}
        self._next, self._anew = 0, False
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await reader.start()
                reader.assign([self._partition])
                await reader.seek_to_beginning(self._partition)
                await self._read_to_end(reader)
        except BaseException:
            await reader.stop()
            raise
        await self.stop()
        self._consumer = reader

    async def read_to_end(self) -> None:
        """Read what has come since; raises the broker's errors."""
        assert self._consumer is not None, "what is there was not read"
        async with asyncio.timeout(START_TIMEOUT_S):
            await self._read_to_end(self._consumer)

    async def _read_to_end(self, reader: AIOKafkaConsumer) -> None:
        end = (await reader.end_offsets([self._partition]))[self._partition]
        while await reader.position(self._partition) < end:
            await self._fetch(reader)

    async def _fetch(self, reader: AIOKafkaConsumer) -> list[ControlRecord]:
        if not self._fetched:
            found = (await reader.getmany(self._partition, timeout_ms=POLL_MS)).get(self._partition, ())
            self._fetched = [ControlRecord(each.offset, each.key or b"", each.value) for each in found]
            self._reached(await reader.position(self._partition))
        if self._fetched and self.prepare is not None:
            await self.prepare(self._fetched)
        records, self._fetched = self._fetched, []
        self._latest |= {record.key: record for record in records}
        return records

    def _reached(self, position: int) -> None:
        """Note how far the topic was read. What lies further back than that comes from another of the same name."""
        if position < self._next or (self._fetched and self._fetched[0].offset < self._next):
            wrong = "the control topic was deleted and created anew, or has lost records: reading it from its beginning"
            _log.error(wrong, topic=self._partition.topic, read_to=self._next, right=RIGHT)
            self._latest, self._anew = {}, True
        self._next = position

    async def run(self) -> None:
        """Hand on what comes, until cancelled."""
        assert self._consumer is not None, "what is there was not read"
        waiting: list[ControlRecord] = []
        while True:
            try:
                waiting += await self._fetch(self._consumer)
                if self._anew:
                    await self._put(Control([], end=0))
                    self._anew = False
            except TRANSIENT as error:
                self._notice.say("reading the control topic failed, trying again", reason=explain(error))
                await asyncio.sleep(PAUSE_S)
                continue
            if waiting:
                await self._put(Control(waiting))
                waiting = []

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            with suppress(KafkaError, OSError):
                await self._consumer.stop()
