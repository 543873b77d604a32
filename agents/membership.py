"""The worker's place in the group of workers: what a rebalance does, and whether it still belongs.

The rebalance listener only pauses and notes, since no heartbeat is sent while it runs. Group offsets are for tools
and are committed here every few seconds, outside the transactions; that call is also the check of membership.
Invariant: a worker with a static id that has lost its place ends, since two processes with one id would throw each
other out for ever."""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, RebalanceInProgressError

from agents.custody import Custody
from agents.health import Health
from agents.retry import Notice, explain
from agents.source_groups import TaskId
from stream.inputs import Input

_log = structlog.get_logger("casewatch.group")

COMMIT_EVERY_S: Final = 3.0
COMMIT_TIMEOUT_S: Final = 5.0
REVOKE_TIMEOUT_S: Final = 3.0
PROBE_TIMEOUT_S: Final = 3.0


class Displaced(Exception):
    """Another process runs under this worker's static id, or the group has forgotten it."""


class RebalanceListener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Pauses and notes."""

    def __init__(self, consumer: AIOKafkaConsumer, custody: Custody, health: Health, membership: "Membership") -> None:
        self._consumer, self._custody, self._health, self._membership = consumer, custody, health, membership

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Suspend every task; commits under way get their time, but are never cut off."""
        await self._membership.stay_away_if_displaced()
        self._health.block("group", "the workers are sharing out the tasks")
        adopting = self._custody.suspend_all()
        unfinished = {task.committing for task in self._custody.tasks.values() if task.committing is not None}
        if adopting is not None:
            unfinished.add(adopting)
        if unfinished:
            await asyncio.wait(unfinished, timeout=REVOKE_TIMEOUT_S)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note which tasks are ours; records may arrive before this returns, so pause first."""
        partitions = set(assigned)
        self._consumer.pause(*partitions)
        groups = self._custody.groups.values()
        ids = {TaskId(group.name, p.partition) for group in groups for p in partitions if p.topic == group.topics[0]}
        _log.info("tasks assigned", count=len(ids))
        self._custody.assign(ids)
        self._health.clear("group")


class Membership:
    """Commits group offsets, and knows whether this worker still belongs."""

    def __init__(self, custody: Custody, health: Health, instance: str | None) -> None:
        self.consumer: AIOKafkaConsumer | None = None
        self._custody, self._health, self._instance = custody, health, instance
        self._offsets: dict[TopicPartition, int] = {}
        self._notice = Notice()
        self._wake = asyncio.Event()
        self._checking: asyncio.Task[bool] | None = None
        self.displaced = False

    async def run(self) -> None:
        """Commit offsets and look whether the brokers answer, until cancelled; raises `Displaced`."""
        while True:
            await self._pause()
            await self._probe()
            if self._health.broker_up:
                await self.check()
            if self.displaced:
                raise Displaced(f"another process runs as {self._instance}, or the group has forgotten it")

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), COMMIT_EVERY_S)
        except TimeoutError:
            return

    async def _probe(self) -> None:
        assert self.consumer is not None, "the group was not joined"
        try:
            await asyncio.wait_for(self.consumer.topics(), PROBE_TIMEOUT_S)
        except (KafkaError, OSError, TimeoutError) as error:
            self._health.broker_up = False
            self._notice.say("broker not reachable, trying again", reason=explain(error))
        else:
            if not self._health.broker_up:
                _log.info("broker reachable again")
                self._notice.forget()
            self._health.broker_up = True

    async def check(self) -> bool:
        """Commit the positions that are journalled; whether this worker still belongs to the group.

        Who asks while the question is under way gets its answer: two at once, around a loss of membership, would make
        aiokafka forget the membership that the first has just won back.
        """
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())
        return await asyncio.shield(self._checking)

    async def _check(self) -> bool:
        if self.consumer is None or self._custody.suspended:
            return False
        assigned = self.consumer.assignment()
        self._offsets |= self._journalled()
        self._offsets = {each: offset for each, offset in self._offsets.items() if each in assigned}
        if not self._offsets:
            return True
        try:
            await asyncio.wait_for(self.consumer.commit(self._offsets), COMMIT_TIMEOUT_S)
        except CommitFailedError as error:
            return self._lost_membership(error)
        except IllegalStateError:
            return False
        except (KafkaError, OSError, TimeoutError) as error:
            self._notice.say("group offsets not committed", reason=explain(error))
        return True

    async def stay_away_if_displaced(self) -> None:
        """Before the group is joined again: does not return for a static member that has lost its place, since joining
        would take the place back from whoever has it, and then both would end."""
        if self._instance is not None:
            await self.check()
            if self.displaced:
                await asyncio.Event().wait()

    def _journalled(self) -> dict[TopicPartition, int]:
        committed: dict[Input, int] = {}
        for task in self._custody.running:
            committed |= task.committed
        return {TopicPartition(*source): offset for source, offset in committed.items()}

    def _lost_membership(self, error: CommitFailedError) -> bool:
        if isinstance(error.__cause__, RebalanceInProgressError):
            return False
        _log.warning("no longer a member of the group", reason=explain(error.__cause__ or error))
        self._health.block("group", "this worker is joining the group again")
        if self._instance is not None:
            self.displaced = True
            self._wake.set()
        return False
