"""The parts of a worker and how they come up, run and go down.

Comes up in steps, each tried until it succeeds: topics, the broker's abilities, readers, the group. Invariant: an end
that was asked for comes within five seconds, with the work committed if the brokers answer; after a crash nothing is
committed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.assignor import TaskAssignor
from agents.broker_clock import BrokerClock
from agents.committer import Committer
from agents.connection import Connection
from agents.control_reader import ControlReader
from agents.custody import Custody, OpenShard
from agents.definition_book import DefinitionBook
from agents.definition_topic import DefinitionTopic
from agents.feed import Feed, Message
from agents.generations import keep_generation, present_generation, told_generation
from agents.health import Health
from agents.intake import Common, open_core, open_intake, with_intake
from agents.journal import BatchJournal, Journal, TransactionJournal
from agents.membership import Displaced, Membership, RebalanceListener
from agents.metrics import Metrics
from agents.monitor import Monitor
from agents.readiness import prepare_topics, supports_transactions
from agents.restore import Restorer
from agents.retry import keep_trying
from agents.scorekeeper import open_scorekeeper, with_scorekeeper
from agents.source_groups import SourceGroup, TaskId
from agents.stalls import Stalls
from agents.survey import Survey
from agents.tasks import Control
from agents.topic_reader import partitions_of
from agents.topics import TopicNames
from agents.wall_clock import now_ms
from agents.web import WebServer
from schemas.settings import Settings
from stream import shard
from stream.awake import Room
from stream.control import ControlRecord
from stream.core import Core

_log = structlog.get_logger("casewatch.worker")

LAST_COMMIT_S: Final = 2.0
LAST_OFFSETS_S: Final = 0.5
LEAVE_S: Final = 1.2


class Worker:
    """One worker: everything but the framework that runs it. `put` hands a message to the monitor's channel.

    `open_shard` makes the core of a task, the real one unless a test counts. `book` has what is to be published.
    """

    def __init__(
        self,
        settings: Settings,
        groups: Sequence[SourceGroup],
        version: str,
        open_shard: OpenShard | None = None,
        book: DefinitionBook | None = None,
    ) -> None:
        self.settings, self.names, self._sources = settings, TopicNames(settings.prefix), groups
        self.groups = self._laid_out()
        self._open_core = open_shard or self.new_core
        self.partitions: dict[str, int] = {}
        self._room = Room(settings.unpacked, settings.max_cases)
        self._earliest = round(settings.earliest.timestamp() * 1000)
        self.connection = Connection(settings)
        self.health, self.metrics = Health(), Metrics(version)
        self.stalls = Stalls()
        self.metrics.loop_stall.set_function(self.stalls.late.seconds)
        self.metrics.loop_held.set_function(self.stalls.held.seconds)
        self.crashed = False
        self._jobs: list[asyncio.Task[None]] = []
        self.put: Callable[[Message], Awaitable[object]] | None = None
        self.clock = BrokerClock(now_ms)
        self.feed = Feed(self._put, self.clock, settings.max_record, {self.names.partials})
        self.custody = Custody(self.groups, self.feed, self.health, self.metrics)
        self.control = ControlReader(self.connection, self.names.control, self._hear)
        self.definitions = DefinitionTopic(self.connection, self.names, book or DefinitionBook())
        self.control.prepare = self.definitions.complete
        self.committer = Committer(self.custody, self.metrics, settings.commit_interval, self.clock)
        self.monitor = Monitor(self.committer, self.custody)
        self.membership = Membership(self.custody, self.health, settings.instance)
        self.survey = Survey(self.custody, self.feed, self.health, self.metrics, self.clock)
        self.web = WebServer(settings.http, self.health, self.survey)

    async def _put(self, message: Message) -> None:
        assert self.put is not None, "the channel is connected before the feed runs"
        await self.put(message)

    def _laid_out(self) -> tuple[SourceGroup, ...]:
        """All groups of tasks, by the names in force."""
        return with_scorekeeper(with_intake(self._sources, self.names), self.names)

    async def _hear(self, message: Control) -> None:
        """Pass on what tasks are told; raises `Displaced` once another generation of the state is in force. Where
        the topic was begun anew, it is told which one is."""
        self._check_generation(message.records)
        if message.end == 0:
            await keep_generation(self.connection, self.names)
        await self._put(message)

    def _check_generation(self, records: Sequence[ControlRecord]) -> None:
        generation = told_generation(records)
        if generation is not None and generation != self.names.generation:
            raise Displaced("the state was built anew, and this worker goes by the old one; start it again")

    async def run(self) -> None:
        """Come up and work until cancelled; raises `Refused` or `Displaced` if only a person can help."""
        await self._come_up()
        parts = (self.feed, self.custody, self.membership, self.control, self.stalls)
        self._jobs = [asyncio.create_task(part.run()) for part in parts]
        done, _ = await asyncio.wait(self._jobs, return_when=asyncio.FIRST_COMPLETED)
        for job in done:
            if not job.cancelled():
                job.result()

    async def _come_up(self) -> None:
        settings, brokers = self.settings, self.settings.brokers
        generation = await keep_trying(
            "asking which state is in force",
            brokers,
            lambda: present_generation(self.connection, self.names),
            self.health,
        )
        self.names = self.names._replace(generation=generation)
        self.groups = self._laid_out()
        self.feed.undecoded = {self.names.partials}
        self.custody.groups = {group.name: group for group in self.groups}
        self.partitions = await prepare_topics(self.connection, self.names, self.groups, self.health)
        self.health.block("start", "the worker is joining its group")
        transactions = await keep_trying(
            "asking for transactions", brokers, lambda: supports_transactions(self.connection), self.health
        )
        restorer = await keep_trying("connecting", brokers, lambda: self._start_restorer(transactions), self.health)
        self._equip(restorer, transactions)
        await keep_trying(
            "publishing definitions", brokers, lambda: self.definitions.prepare(self.control, now_ms()), self.health
        )
        self._check_generation(self.control.latest)
        self.health.block("group", "the workers are sharing out the tasks")
        join = self._join if transactions else self._take_everything
        await keep_trying("joining the group", brokers, join, self.health)
        compiled = not str(shard.__file__).endswith(".py")
        _log.info(
            "worker started", brokers=brokers, group=settings.group, transactions=transactions, compiled=compiled
        )
        self.health.clear("start")

    async def _start_restorer(self, transactions: bool) -> Restorer:
        restorer = Restorer(self.connection, transactions)
        try:
            await restorer.start()
        except BaseException:
            await restorer.stop()
            raise
        return restorer

    def new_core(self, group: SourceGroup, partition: int) -> Core:
        """Make the core of a task, without memory."""
        if group.name == self.names.partials:
            groups, under = self.definitions.in_force(self.groups, self.control)
            return open_scorekeeper(groups, self.names, self.partitions, partition, under)
        if group.rekeyed_to:
            [active], under = self.definitions.in_force([group], self.control)
            return open_intake(group, active, partition, self._earliest, under)
        common = Common(self._earliest, self.definitions.book.older, self._room)
        return open_core(group, partition, self.partitions, common)

    def _equip(self, restorer: Restorer, transactions: bool) -> None:
        custody = self.custody

        def open_journal(task: TaskId) -> Journal:
            if transactions:
                return TransactionJournal(self.connection, self.names, task, self.clock)
            return BatchJournal(self.connection, self.names, task, self.clock)

        custody.restorer, custody.prefix = restorer, self.names.inner
        custody.open_journal, custody.open_shard = open_journal, self._open_core
        custody.check_membership = self.membership.check
        # A broker without transactions counts batches where it should count records: its ends prove nothing.
        custody.orders = self.control.standing if transactions else lambda: Control(self.control.latest)

    async def _connect_member(self) -> tuple[AIOKafkaConsumer, RebalanceListener]:
        consumer = self.connection.member(TaskAssignor(self.groups, self.settings.prefix))
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        self.feed.consumer = self.membership.consumer = consumer
        return consumer, RebalanceListener(consumer, self.custody, self.health, self.membership)

    async def _join(self) -> None:
        consumer, listener = await self._connect_member()
        consumer.subscribe(sorted(topic for group in self.groups for topic in group.topics), listener=listener)

    async def _take_everything(self) -> None:
        """Without transactions nobody is fenced, so there is one worker only: it need not wait for a group."""
        partitions: list[TopicPartition] = []
        for group in self.groups:
            for topic in group.topics:
                partitions += await partitions_of(self.connection, topic)
        consumer, listener = await self._connect_member()
        consumer.assign(partitions)
        await listener.on_partitions_assigned(partitions)

    async def stop(self) -> None:
        """Commit what can be committed, leave the group, and disconnect."""
        for job in self._jobs:
            job.cancel()
        committed = False
        if self.feed.consumer is not None and self.health.broker_up and not self.crashed:
            committed = await self.committer.finish(list(self.custody.tasks.values()), LAST_COMMIT_S)
            if not committed:
                _log.warning("the last commit was not finished; it is found or done again at the next start")
            await _within(LAST_OFFSETS_S, self.membership.check())
        leaving: list[Awaitable[object]] = [self.custody.release(), self.control.stop()]
        if self.feed.consumer is not None:
            leaving.append(self.feed.consumer.stop())
        if self.custody.restorer is not None:
            leaving.append(self.custody.restorer.stop())
        await asyncio.gather(*(_within(LEAVE_S, each) for each in leaving))
        if committed:
            _log.info("stopped, work committed")


async def _within(seconds: float, work: Awaitable[object]) -> None:
    """Give up on `work` after so long, without cancelling what it has under way."""
    job = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({job}, timeout=seconds)
    if done:
        with suppress(KafkaError, OSError, TimeoutError):
            job.result()
