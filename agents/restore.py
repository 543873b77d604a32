"""Reads a task's state back, and finds where each of its inputs is to be read on.

Invariant: a state partition is read to where it ended when nothing was open on it, so that no transaction of a former
owner can still add to what was read; what is read ends exactly there.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from agents.connection import Connection
from agents.health import Health
from agents.outbox import OUTBOX_KEY, WORKER_KEYS, Outbox
from agents.settling import Ends
from agents.source_groups import StartAt
from agents.tasks import Task
from schemas.problem import Problem, Refused
from stream.inputs import Input
from stream.layout import UnreadableState

_log = structlog.get_logger("casewatch.restore")

ASK_TIMEOUT_S: Final = 10.0
SILENCE_TIMEOUT_S: Final = 20.0
POLL_MS: Final = 100
TELL_EVERY_S: Final = 5.0

SoFar = Callable[[int, int], None]
"""Takes how many offsets of a state partition were read, and of how many."""


class Journalled(NamedTuple):
    """What a state partition holds: the newest value per key, the worker's own outbox, and where it ended."""

    records: dict[bytes, bytes]
    outbox: Outbox | None
    end: int


class Positions(NamedTuple):
    """Where each input of a task is to be read on, where the first record there is, and where it ends now."""

    next: dict[Input, int]
    first: dict[Input, int]
    end: dict[Input, int]


class Progress:
    """Shows how far the restore of a task has come: to whoever asks whether the worker is ready, and in the log where
    it takes long."""

    def __init__(self, task: Task, health: Health) -> None:
        self._task, self._health = str(task.id), health
        self._tell_at = asyncio.get_running_loop().time() + TELL_EVERY_S

    def __call__(self, read: int, of: int) -> None:
        """So many offsets were read of so many."""
        share = f"{100 * read // of} % of its state read"
        self._health.block(f"task {self._task}", f"{self._task} is being restored: {share}")
        now = asyncio.get_running_loop().time()
        if now >= self._tell_at:
            self._tell_at = now + TELL_EVERY_S
            _log.info("restoring", task=self._task, read=read, of=of)


class Restorer:
    """Reads state partitions and asks for offsets, with two consumers of its own outside the group.

    `transactions` tells whether the broker has them: one that has not also counts batches where it should count
    records, so that the ends of its partitions are taken from a fetch."""

    def __init__(self, connection: Connection, transactions: bool) -> None:
        self._stable = connection.reader(committed=True)
        self._raw = connection.reader(committed=False)
        self._transactions = transactions

    async def start(self) -> None:
        """Connect; raises the broker's errors."""
        async with asyncio.timeout(ASK_TIMEOUT_S):
            await self._stable.start()
            await self._raw.start()
        for reader in (self._stable, self._raw):
            reader.unsubscribe()  # asks for all topics: the first question about one not known pauses for 100 ms

    async def stop(self) -> None:
        """Disconnect."""
        await asyncio.wait({asyncio.ensure_future(each.stop()) for each in (self._stable, self._raw)}, timeout=1)

    async def stable_ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Ask for last stable offsets."""
        return await self._ends(self._stable, partitions)

    async def _ends(self, reader: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
            if not self._transactions:
                ends = {each: await self._end_by_fetch(each, end) for each, end in ends.items()}
        return ends

    async def _end_by_fetch(self, partition: TopicPartition, claimed: int) -> int:
        if claimed == 0:
            return 0
        self._raw.assign([partition])
        self._raw.seek(partition, claimed - 1)
        while (high := self._raw.highwater(partition)) is None:
            await self._raw.getmany(timeout_ms=POLL_MS)
        self._raw.unsubscribe()
        return max(int(high), claimed)

    async def both_ends(self, partition: TopicPartition) -> Ends:
        """Ask for the last stable offset and the high watermark of a partition."""
        stable = (await self._ends(self._stable, [partition]))[partition]
        return Ends(stable, (await self._ends(self._raw, [partition]))[partition])

    async def read(self, partition: TopicPartition, end: int, so_far: SoFar | None = None) -> Journalled:
        """Read a state partition from its beginning to its settled `end`, and tell `so_far`; raises `TimeoutError` if
        nothing comes."""
        journalled: dict[bytes, bytes] = {}
        self._stable.assign([partition])
        try:
            await self._read_to(partition, end, journalled, so_far)
        finally:
            self._stable.unsubscribe()
        outbox = journalled.get(OUTBOX_KEY)
        records = {key: value for key, value in journalled.items() if not key.startswith(WORKER_KEYS)}
        return Journalled(records, _outbox(outbox) if outbox else None, end)

    async def _read_to(
        self, partition: TopicPartition, end: int, journalled: dict[bytes, bytes], so_far: SoFar | None
    ) -> None:
        reader, loop = self._stable, asyncio.get_running_loop()
        first = (await reader.beginning_offsets([partition]))[partition]
        reader.seek(partition, first)
        position, heard_at = first, loop.time()
        while position < end:
            for record in (await reader.getmany(timeout_ms=POLL_MS)).get(partition, ()):
                if record.value is None:
                    journalled.pop(record.key, None)
                else:
                    journalled[record.key] = record.value
            before, position = position, await reader.position(partition)
            if position > before:
                heard_at = loop.time()
                if so_far is not None:
                    so_far(position - first, end - first)
            elif loop.time() - heard_at > SILENCE_TIMEOUT_S:
                raise KafkaTimeoutError(f"{partition.topic}/{partition.partition} stopped at {position} of {end}")

    async def positions(self, task: Task) -> Positions:
        """Find where a restored task reads on; an input that was never read begins where its definition says. Raises
        `Refused` if a position lies beyond the source's end."""
        partitions = [TopicPartition(*source) for source in task.inputs]
        async with asyncio.timeout(ASK_TIMEOUT_S):
            firsts = await self._raw.beginning_offsets(partitions)
        highs = await self._ends(self._raw, partitions)
        stables = await self._ends(self._stable, partitions)
        found = Positions({}, {}, {})
        for source, partition in zip(task.inputs, partitions, strict=True):
            position = task.shard.position(source) if task.shard else None
            if position is None:
                start = task.group.start_of(source.topic)
                position = await self._first_position(partition, start, firsts[partition], stables[partition])
            _refuse_recreated(source, position, highs[partition])
            _tell_of_loss(source, position, firsts[partition])
            found.next[source], found.end[source] = position, stables[partition]
            found.first[source] = max(position, firsts[partition])
        return found

    async def _first_position(self, partition: TopicPartition, start: StartAt, first: int, end: int) -> int:
        if start == "earliest":
            return first
        if not isinstance(start, datetime):
            return end
        instant = round(start.timestamp() * 1000)
        async with asyncio.timeout(ASK_TIMEOUT_S):
            found = (await self._raw.offsets_for_times({partition: instant}))[partition]
        return end if found is None else int(found.offset)


def _outbox(record: bytes) -> Outbox:
    try:
        return Outbox.decoded(record)
    except (ValueError, TypeError) as error:
        raise UnreadableState(f"the record under {OUTBOX_KEY!r} cannot be read: {error!r}") from error


def _refuse_recreated(source: Input, position: int, end: int) -> None:
    if position <= end:
        return
    wrong = (
        f"the state says that it was read up to offset {position}, but partition {source.partition} ends at {end}: "
        "the topic was recreated"
    )
    right = "restore the topic, or delete the state topic of its group (or set a new CASEWATCH_PREFIX) to begin anew"
    raise Refused([Problem("kafka", 1, source.topic, wrong, right)])


def _tell_of_loss(source: Input, position: int, first: int) -> None:
    if position < first:
        lost = first - position
        _log.error(
            "records were deleted before they were read", topic=source.topic, partition=source.partition, lost=lost
        )


def state_partitions(tasks: Iterable[Task], prefix: str) -> dict[TopicPartition, Task]:
    """Name the state partition of each task."""
    return {TopicPartition(f"{prefix}.state.{task.id.group}", task.id.partition): task for task in tasks}
