"""Builds the state of an installation anew beside the old, and puts it in force.

A worker reads history under a prefix of its own while the installation works on. Then the workers of the installation
have to be stopped; what they read last is read, the alerts are compared, and one transaction tells subscribers the
difference and makes the new generation the present one. Invariant: until that is committed everything is as before, and
whatever fails can be tried again.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import TopicPartition

from agents.connection import Connection
from agents.doctor_group import read_group
from agents.generations import delete_topics, generation_record, topics_of
from agents.journal import Commit, TransactionJournal
from agents.outbox import Outbox
from agents.readiness import administration
from agents.reconciling import Differences, differences
from agents.restore import Restorer
from agents.settling import Settling
from agents.source_groups import SourceGroup, TaskId, Watched
from agents.staging import Staging, Tell
from agents.topic_reader import read_whole
from agents.topics import TopicNames
from agents.wall_clock import as_text, now_ms
from stream.renumbering import renumber

ASK_S: Final = 15.0
LOOK_EVERY_S: Final = 1.0
Written = tuple[str, bytes, bytes | None]
"""A record to be written: topic, key and value."""


class Rebuilt(NamedTuple):
    """What came of it: the generation that is in force now (None: workers were still running), and what subscribers
    were told, by kind."""

    generation: int | None
    counts: dict[str, int]


class Rebuilding:
    """One rebuild of an installation, from the generation in force to the next."""

    def __init__(self, connection: Connection, present: TopicNames, watched: Sequence[Watched], tell: Tell) -> None:
        self.connection, self.present, self._tell = connection, present, tell
        self.coming = present._replace(generation=present.generation + 1)
        self.staging = Staging(connection.settings, self.coming, watched, tell)
        self.staged = TopicNames(self.coming.inner)

    async def carry_out(self, wait_s: float, resume: bool) -> Rebuilt:
        """Build, wait so long for the workers to be stopped, and swap; with `resume` go on from what was built. Raises
        the brokers' errors, and `Refused` where the worker that builds is refused."""
        if not resume:
            await delete_topics(self.connection, await self._staged_topics())
        try:
            await self.staging.start()
            await self.staging.catch_up()
            if not await self._nobody_works(wait_s):
                return Rebuilt(None, {})
            await self.staging.catch_up()
        finally:
            await self.staging.end()
        return await self._swap()

    async def _staged_topics(self) -> list[str]:
        async with asyncio.timeout(ASK_S), administration(self.connection) as admin:
            return [topic for topic in await admin.list_topics() if topic.startswith(f"{self.coming.inner}.")]

    async def _nobody_works(self, wait_s: float) -> bool:
        deadline = asyncio.get_running_loop().time() + wait_s
        group = self.connection.settings.group
        while await self._members(group):
            self._tell(f"all is read: stop the workers of {group} now; it waits for them")
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(LOOK_EVERY_S)
        return True

    async def _members(self, group: str) -> int:
        async with asyncio.timeout(ASK_S), administration(self.connection) as admin:
            answers = await admin.describe_consumer_groups([group])
        return len(read_group(answers[0].to_object()["groups"][0]).members)

    async def _swap(self) -> Rebuilt:
        """Tell subscribers the difference, let the new state go on from there, and put it in force; unless a worker has
        been started meanwhile."""
        processes = {process.name for group in self.staging.worker.groups for process in group.processes}
        rebuilt = await self._alerts(self.staged, processes)
        published = await self._alerts(self.present, processes)
        found = differences(rebuilt, published, as_text(now_ms()))
        await self._renumber(found)
        records: list[Written] = [(self.present.alert_log, id.encode(), body) for id, body in found.log]
        records += [(self.present.alerts, id.encode(), body) for id, body in found.present]
        for name in ("dead_letters", "scorecards", "definitions", "control"):
            records += await self._missing(getattr(self.staged, name), getattr(self.present, name))
        records.append((self.present.control, *generation_record(self.coming.generation, now_ms())))
        if await self._members(self.connection.settings.group):
            return Rebuilt(None, {})
        await self._write(records)
        await self._clear_away()
        return Rebuilt(self.coming.generation, found.counts)

    async def _alerts(self, names: TopicNames, processes: set[str]) -> dict[str, dict[str, Any]]:
        newest = await self._newest(names.alerts)
        alerts = {key.decode(): orjson.loads(value) for key, value in newest.items()}
        return {id: alert for id, alert in alerts.items() if alert["process"] in processes}

    async def _newest(self, topic: str) -> dict[bytes, bytes]:
        found: dict[bytes, bytes | None] = {}
        async for record in read_whole(self.connection, topic):
            found[record.key] = record.value
        return {key: value for key, value in found.items() if value is not None}

    async def _write(self, records: Sequence[Written]) -> None:
        """Write everything in one transaction: subscribers and workers see all of the swap or nothing."""
        settings = self.connection.settings
        producer = self.connection.producer(f"{settings.prefix}-{settings.group}-rebuild")
        try:
            async with asyncio.timeout(ASK_S):
                await producer.start()
            await producer.begin_transaction()
            sent = [await producer.send(topic, value, key) for topic, key, value in records]
            await asyncio.gather(*sent)
            await producer.commit_transaction()
        finally:
            await producer.stop()

    async def _renumber(self, found: Differences) -> None:
        """Each task of the new state goes on from what was published of its alerts."""
        worker = self.staging.worker
        restorer = Restorer(self.connection, transactions=True)
        await restorer.start()
        try:
            for group in worker.groups:
                for partition in range(worker.partitions[worker.names.state(group.name)]):
                    await self._renumber_task(restorer, group, partition, found)
        finally:
            await restorer.stop()

    async def _renumber_task(self, restorer: Restorer, group: SourceGroup, partition: int, found: Differences) -> None:
        worker = self.staging.worker
        task = TaskId(group.name, partition)
        journal = TransactionJournal(self.staging.connection, worker.names, task, worker.clock)
        try:
            await journal.open()
            place = TopicPartition(worker.names.state(group.name), partition)
            core = worker.new_core(group, partition)
            end = await Settling(place, restorer, journal, self._tell).end()
            core.restore((await restorer.read(place, end)).records.items())
            renumber(core, found.revisions)
            effects = core.drain()
            if effects.journal:
                await journal.write(Commit(effects.journal, Outbox()))
        finally:
            await journal.close()

    async def _missing(self, source: str, target: str) -> list[Written]:
        """What stands in a topic of the new state and not in the installation's."""
        there = await self._newest(target)
        return [(target, key, value) for key, value in (await self._newest(source)).items() if there.get(key) != value]

    async def _clear_away(self) -> None:
        """Delete what only the old tasks read, and what was said while it was being built."""
        kept = set(await topics_of(self.connection, self.coming))
        staged = [topic for topic in await self._staged_topics() if topic not in kept]
        await delete_topics(self.connection, [*staged, *await topics_of(self.connection, self.present)])
