"""Writes what a task has to say, all of it or none of it, and knows where the state partition ends afterwards.

Two ways to the same promise. With transactions: one producer and one transactional id per task, every send awaited
before the commit, since aiokafka commits past a failed batch; starting the producer fences whoever had the task
before. Without: one record batch to the state partition, which holds the alerts in an outbox until they are sent.
Invariant: after any exception the journal is useless and has to be closed; a later restore finds the commit whole or
not at all."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from agents.broker_clock import BrokerClock
from agents.connection import Connection
from agents.outbox import OUTBOX_KEY, PROBE, Outbox, Record
from agents.source_groups import TaskId
from agents.topics import TopicNames

START_TIMEOUT_S: Final = 15.0
COMMIT_TIMEOUT_S: Final = 20.0
CLOSE_TIMEOUT_S: Final = 1.0

_PARTITIONER: Final = DefaultPartitioner()
HeaderList = list[tuple[str, bytes]]
"""What aiokafka takes for headers: a list, and nothing else."""
NO_HEADERS: Final[HeaderList] = []

MARKER: Final = 1
"""A committed transaction leaves one marker behind the last record of each partition."""


class Rekeyed(NamedTuple):
    """A record that the intake passes on to the partition of its key; without a key and value it is a heartbeat, and
    goes to every partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: HeaderList


class Commit(NamedTuple):
    """What one commit writes: (key, value) of the state, what is for readers, what the intake passes on, in order."""

    state: list[Record]
    readers: Outbox
    rekeyed: Sequence[Rekeyed] = ()


PROBE_COMMIT: Final = Commit([PROBE], Outbox())
"""Writes nothing but what shows the broker's time."""


class Sent(NamedTuple):
    """A batch of so many records under way."""

    future: asyncio.Future[RecordMetadata]
    records: int


def _noted(future: asyncio.Future[RecordMetadata]) -> None:
    if not future.cancelled():
        future.exception()


async def _arrived(sent: Iterable[Sent]) -> None:
    await asyncio.gather(*(each.future for each in sent))


class Journal(Protocol):
    """What a task writes to."""

    async def open(self) -> None:
        """Take the task over."""

    async def compare_clocks(self) -> bool:
        """Compare clocks by a record of the state partition, unless that was done just now; whether it was written."""

    async def write(self, commit: Commit) -> int | None:
        """Write a commit; returns where the state partition ends then (None if unknown)."""

    async def probe(self) -> None:
        """Write to the state partition what nobody is to read, and let nobody read what was left open there before."""

    async def resend(self, outbox: Outbox) -> None:
        """Send what a commit before the restore may have left unsent."""

    async def close(self) -> None:
        """Let go."""


class Writer:
    """Where a task's records go, and the producer that takes them there."""

    def __init__(self, names: TopicNames, task: TaskId, producer: AIOKafkaProducer, clock: BrokerClock) -> None:
        self.names, self.task, self.producer, self.clock = names, task, producer, clock
        self.state_topic = names.state(task.group)

    async def open(self) -> None:
        """Start the producer; a transactional one fences whoever held its id."""
        async with asyncio.timeout(START_TIMEOUT_S):
            await self.producer.start()

    def measure(self, sent_at: int, state: list[Sent]) -> None:
        """Compare clocks by what has arrived at the state partition."""
        if state:
            self.clock.measured(sent_at, state[-1].future.result())

    async def send_readers(self, outbox: Outbox) -> list[Sent]:
        """Begin to send what is for readers, each to its topic."""
        names = self.names
        by_topic: dict[str, Sequence[Record]] = {
            names.alert_log: [(key, body) for key, body in outbox.alerts if body is not None],
            names.alerts: list(dict(outbox.alerts).items()),
            names.dead_letters: outbox.dead_letters,
            names.partials: outbox.partials,
            names.scorecards: outbox.scorecards,
            names.control: outbox.control,
        }
        return [sent for topic, records in by_topic.items() for sent in await self._send_by_key(topic, records)]

    async def _send_by_key(self, topic: str, records: Sequence[Record]) -> list[Sent]:
        if not records:
            return []
        partitions = sorted(await self.producer.partitions_for(topic))
        if len(partitions) == 1:
            return await self.send(topic, partitions[0], records)
        by_partition: dict[int, list[Record]] = {}
        for record in records:
            by_partition.setdefault(_PARTITIONER(record[0], partitions, partitions), []).append(record)
        return [sent for partition, part in by_partition.items() for sent in await self.send(topic, partition, part)]

    async def send_rekeyed(self, records: Iterable[Rekeyed]) -> list[Sent]:
        """Begin to send what the intake passes on, each partition's records in the order in which they are given."""
        by_place: dict[tuple[str, int], list[tuple[bytes | None, bytes | None, HeaderList]]] = {}
        for topic, key, value, headers in records:
            partitions = sorted(await self.producer.partitions_for(topic))
            chosen = partitions if key is None else [_PARTITIONER(key, partitions, partitions)]
            for partition in chosen:
                by_place.setdefault((topic, partition), []).append((key, value, headers))
        return [sent for place, part in by_place.items() for sent in await self._send_all(*place, part)]

    async def send(self, topic: str, partition: int, records: Iterable[Record]) -> list[Sent]:
        """Begin to send records in order, in as few batches as they fit into: record by record costs ten times more."""
        return await self._send_all(topic, partition, ((key, value, NO_HEADERS) for key, value in records))

    async def _send_all(
        self, topic: str, partition: int, records: Iterable[tuple[bytes | None, bytes | None, HeaderList]]
    ) -> list[Sent]:
        sent: list[Sent] = []
        batch = self.producer.create_batch()
        for key, value, headers in records:
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                sent.append(await self._send_batch(batch, topic, partition))
                batch = self.producer.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=headers)
        if batch.record_count():
            sent.append(await self._send_batch(batch, topic, partition))
        return sent

    async def _send_batch(self, batch: BatchBuilder, topic: str, partition: int) -> Sent:
        future: asyncio.Future[RecordMetadata] = await self.producer.send_batch(batch, topic, partition=partition)
        future.add_done_callback(_noted)  # when one of many fails, nobody asks for the others' failures
        return Sent(future, batch.record_count())

    async def close(self) -> None:
        """Stop the producer, without waiting for a broker that does not answer."""
        stopping = asyncio.ensure_future(self.producer.stop())
        done, _ = await asyncio.wait({stopping}, timeout=CLOSE_TIMEOUT_S)
        if not done:
            stopping.cancel()
            await asyncio.wait({asyncio.ensure_future(self.producer.client.close())}, timeout=CLOSE_TIMEOUT_S)
        elif stopping.exception() is not None:
            await asyncio.wait({asyncio.ensure_future(self.producer.client.close())}, timeout=CLOSE_TIMEOUT_S)


class TransactionJournal(Writer):
    """Commits as Kafka transactions."""

    def __init__(self, connection: Connection, names: TopicNames, task: TaskId, clock: BrokerClock) -> None:
        # Whoever writes under this prefix writes to these topics, whatever group it reads in: so it is fenced.
        id = f"{connection.settings.prefix}-{task.group}-{task.partition}"
        super().__init__(names, task, connection.producer(id), clock)

    async def compare_clocks(self) -> bool:
        """Compare clocks unless that was done just now: no time passes before. Only once nothing is open, since it ends
        whatever is."""
        wanted = self.clock.wants_measuring()
        if wanted:
            await self.probe()
        return wanted

    async def probe(self) -> None:
        """Write what shows the broker's time, and abort it: whatever the task's id left open on the partition ends with
        it, and is not read; a commit would let it be read."""
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            await self.producer.begin_transaction()
            sent_at = self.clock.wall()
            sent = await self.send(self.state_topic, self.task.partition, [PROBE])
            await _arrived(sent)
            self.measure(sent_at, sent)
            await self.producer.abort_transaction()

    async def write(self, commit: Commit) -> int | None:
        """Write a commit as one transaction; returns the end of the state partition, None if it was not written to."""
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            await self.producer.begin_transaction()
            sent_at = self.clock.wall()
            state = await self.send(self.state_topic, self.task.partition, commit.state)
            readers = await self.send_readers(commit.readers)
            readers += await self.send_rekeyed(commit.rekeyed)
            await _arrived(state + readers)
            self.measure(sent_at, state)
            await self.producer.commit_transaction()
        return int(state[-1].future.result().offset) + state[-1].records + MARKER if state else None

    async def resend(self, outbox: Outbox) -> None:
        """A transaction leaves nothing unsent; what an installation without them left is sent in one of its own."""
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            await self.producer.begin_transaction()
            sent = await self.send_readers(outbox)
            await _arrived(sent + await self.send(self.state_topic, self.task.partition, [(OUTBOX_KEY, None)]))
            await self.producer.commit_transaction()


class BatchJournal(Writer):
    """Commits as single record batches, for brokers without transactions; alerts may be repeated after a crash, under
    the same id and revision."""

    def __init__(self, connection: Connection, names: TopicNames, task: TaskId, clock: BrokerClock) -> None:
        super().__init__(names, task, connection.producer(), clock)
        self._pending = False

    async def open(self) -> None:
        """Take the task over; clocks are compared from the first commit on."""
        self.clock.believe()
        await super().open()

    async def compare_clocks(self) -> bool:
        """The first commit does it."""
        return False

    async def probe(self) -> None:
        """Without transactions nothing is ever open."""

    async def write(self, commit: Commit) -> int | None:
        """Write the state and the outbox as one batch, then send what the outbox holds. What is passed on goes first:
        passed on twice it counts once, since it says where it came from."""
        outbox = commit.readers
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            await _arrived(await self.send_rekeyed(commit.rekeyed))
            await self._write_batch(commit.state, outbox)
            self._pending = bool(outbox)
            await _arrived(await self.send_readers(outbox))
        return None

    async def _write_batch(self, state: Iterable[Record], outbox: Outbox) -> None:
        records = list(state)
        if outbox or self._pending:
            records.append((OUTBOX_KEY, outbox.encoded() if outbox else None))
        sent_at = self.clock.wall()
        sent = await self.send(self.state_topic, self.task.partition, records)
        if len(sent) > 1:
            raise OverflowError(f"a commit of {self.task} does not fit into one record batch")
        await _arrived(sent)
        self.measure(sent_at, sent)

    async def resend(self, outbox: Outbox) -> None:
        """Send what the outbox holds; the next commit clears it."""
        self._pending = True
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            await _arrived(await self.send_readers(outbox))
