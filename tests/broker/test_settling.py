"""A transaction that a real broker leaves open: it is ended as it should have been, and a worker goes on."""

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from agents.broker_clock import BrokerClock
from agents.connection import Connection
from agents.journal import MARKER, Commit, TransactionJournal
from agents.outbox import Outbox
from agents.restore import Restorer
from agents.settings import read_settings
from agents.settling import Settling, Waits
from agents.source_groups import TaskId
from agents.topics import TopicNames
from agents.wall_clock import now_ms
from tests.broker.kafka import Kafka
from tests.broker.traffic import create_topics

VERIFICATION = "transaction.partition.verification.enable"
WAITS = Waits(soon=1, last=1)


class Bench:
    """A state topic of two tasks under a prefix of its own."""

    def __init__(self, kafka: Kafka, prefix: str) -> None:
        self.connection = Connection(read_settings({"CASEWATCH_BROKERS": kafka.bootstrap, "CASEWATCH_PREFIX": prefix}))
        self.names = TopicNames(prefix)
        self.clock = BrokerClock(now_ms)

    def journal(self, task: TaskId) -> TransactionJournal:
        """A new journal of a task, which fences the last one."""
        return TransactionJournal(self.connection, self.names, task, self.clock)

    async def written(self, task: TaskId, value: bytes, *, marked: bool) -> int:
        """Write a commit; the mark of its end reaches the partition, or never does, since the broker that coordinates
        it is not told that the partition is part of it. Returns where the partition ends once it is marked."""
        journal = self.journal(task)
        await journal.open()
        try:
            commit = Commit([(value, value)], Outbox())
            if marked:
                return await journal.write(commit) or 0
            manager = journal.producer._txn_manager
            await journal.producer.begin_transaction()
            manager.txn_partitions.add(TopicPartition(journal.state_topic, task.partition))
            [sent] = await journal.send(journal.state_topic, task.partition, commit.state)
            return int((await sent.future).offset) + 1 + MARKER
        finally:
            await journal.close()

    async def restored(self, task: TaskId, confirmed: int | None) -> set[bytes]:
        """What a worker that takes the task over finds."""
        journal, restorer = self.journal(task), Restorer(self.connection, transactions=True)
        await restorer.start()
        try:
            await journal.open()
            place = TopicPartition(journal.state_topic, task.partition)
            assert not (await restorer.both_ends(place)).settled
            end = await Settling(place, restorer, journal, self._never).end(confirmed, WAITS)
            return set((await restorer.read(place, end)).records)
        finally:
            await journal.close()
            await restorer.stop()

    def _never(self, awaited: str) -> None:
        raise AssertionError(awaited)


async def test_a_transaction_that_lost_its_end_is_ended_as_it_should_have_been(kafka: Kafka) -> None:
    """One that this worker knows to be committed is read; one of which nobody knows is not, and hides nothing."""
    bench, confirmed, unknown = Bench(kafka, "hanging"), TaskId("events", 0), TaskId("events", 1)
    await create_topics(kafka.bootstrap, {bench.names.state("events"): 2})
    await verify(kafka, "false")
    try:
        await bench.written(confirmed, b"before", marked=True)
        await bench.written(unknown, b"before", marked=True)
        end = await bench.written(confirmed, b"open", marked=False)
        await bench.written(unknown, b"open", marked=False)

        assert await bench.restored(confirmed, end) == {b"before", b"open"}
        assert await bench.restored(unknown, None) == {b"before"}
    finally:
        await verify(kafka, "true")


async def verify(kafka: Kafka, whether: str) -> None:
    """Have the broker ask, or not, whether what is written belongs to a transaction that is under way."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", {VERIFICATION: whether})])
    finally:
        await admin.close()
