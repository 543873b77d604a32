"""Commits tasks: each at most once an interval and only if it changed, spread over the interval and at most eight at
once.

Invariant: a task has at most one commit under way; what was drained is either committed or its shard is dropped, so
that memory never runs ahead of a journal that failed. Metrics count what was committed."""

import asyncio
from typing import Final, NamedTuple

import structlog
from aiokafka.errors import KafkaError, ProducerFenced

from agents.broker_clock import BrokerClock
from agents.complaints import Complaints
from agents.custody import Custody
from agents.dead_letters import dead_letter_record
from agents.intake import passed_on
from agents.journal import PROBE_COMMIT, Commit, Journal
from agents.metrics import Metrics
from agents.outbox import Outbox
from agents.retry import explain
from agents.tasks import Task
from stream.core import Core
from stream.effects import Effects
from stream.inputs import Input

_log = structlog.get_logger("casewatch.commit")

AT_ONCE: Final = 8
"""More transactions at once only wait for each other."""

FAILURES: Final = (KafkaError, AssertionError, OSError, TimeoutError)
"""How aiokafka tells that a commit failed; a producer that was fenced before answers with `AssertionError`."""


class Drained(NamedTuple):
    """What a task has to commit: as it is written, as it is counted afterwards, and up to where it had read."""

    commit: Commit
    effects: Effects
    positions: dict[Input, int]


class Committer:
    """Drains shards and writes what they have to say."""

    def __init__(self, custody: Custody, metrics: Metrics, interval_ms: int, clock: BrokerClock) -> None:
        self._custody, self._metrics, self._interval_s, self._clock = custody, metrics, interval_ms / 1000, clock
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._complaints = Complaints(clock.now)

    def due(self, task: Task) -> bool:
        """Whether a task may commit: its interval is over, and no commit of it is under way."""
        return task.committing is None and asyncio.get_running_loop().time() >= task.commit_due

    def commit_if_due(self, task: Task) -> None:
        """Begin to commit what has changed, if it is time."""
        if self.due(task):
            task.commit_due = self._next_slot(task)
            self._begin(task)

    async def commit_now(self, task: Task) -> None:
        """Commit what has changed as soon as the commit under way is through, whatever the interval."""
        if task.committing is not None:
            await asyncio.wait({task.committing})
        if task.running and task.committing is None:
            task.commit_due = self._next_slot(task)
            self._begin(task)

    def _next_slot(self, task: Task) -> float:
        """Tasks have slots of their own within the interval, by partition."""
        now, interval = asyncio.get_running_loop().time(), self._interval_s
        phase = (task.id.partition % AT_ONCE) / AT_ONCE * interval
        return ((now - phase) // interval + 1) * interval + phase

    def _begin(self, task: Task) -> None:
        """Begin to commit: at once if there is a slot; else the task is drained when it gets one, or what it has to say
        by then would wait for another round of all tasks."""
        if task.shard is None or task.journal is None:
            return
        if self._slots.locked():
            task.committing = asyncio.create_task(self._in_turn(task, task.journal))
        elif (drained := self._drained(task, task.shard)) is not None:
            task.committing = asyncio.create_task(self._at_once(task, task.journal, drained))

    def _drained(self, task: Task, shard: Core) -> Drained | None:
        """Take what a task has to commit; None if that is nothing."""
        effects = shard.drain()
        if not effects and not self._clock.wants_measuring():
            self._count(effects)
            task.raw.clear()
            return None
        commit = self._commit(task, effects) if effects else PROBE_COMMIT
        task.raw.clear()
        positions = {source: at for source in task.inputs if (at := shard.position(source)) is not None}
        return Drained(commit, effects, positions)

    async def _in_turn(self, task: Task, journal: Journal) -> None:
        async with self._slots:
            drained = None
            if task.journal is journal and task.shard is not None:  # it was not dropped meanwhile
                try:
                    drained = self._drained(task, task.shard)
                except Exception as error:  # noqa: BLE001 - whatever the core raises: nobody else would hear of it here
                    _log.error("the core raised when it was drained", task=str(task.id), exc_info=error)
                    self._custody.fail(task, f"the core raised {type(error).__name__} when it was drained")
            if drained is None:
                task.committing = None
            else:
                await self._write(task, journal, drained)

    async def _at_once(self, task: Task, journal: Journal, drained: Drained) -> None:
        async with self._slots:
            await self._write(task, journal, drained)

    def _commit(self, task: Task, effects: Effects) -> Commit:
        letters = [dead_letter_record(letter, task.raw_record, self._clock.now()) for letter in effects.dead_letters]
        alerts = [(alert.id.encode(), alert.body) for alert in effects.alerts]
        readers = Outbox(alerts, letters, effects.partials, effects.scorecards, effects.control)
        return Commit(effects.journal, readers, passed_on(effects.rekeyed, task.raw, task.group))

    async def _write(self, task: Task, journal: Journal, drained: Drained) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            end = await journal.write(drained.commit)
        except FAILURES as error:
            task.committing = None
            if task.journal is journal:  # and not dropped meanwhile for another reason
                self._custody.commit_failed(task, explain(error), fenced=isinstance(error, ProducerFenced))
            return
        task.committing = None
        task.confirmed = task.confirmed if end is None else end
        self._metrics.commit_seconds.observe(loop.time() - started)
        self._count(drained.effects)
        if task.journal is journal:
            task.end = task.end if end is None else end
            task.committed, task.failures, task.stumbles = drained.positions, 0, 0

    def _count(self, effects: Effects) -> None:
        self._metrics.add_counts(effects.counts)
        self._complaints.note(effects.counts)

    async def finish(self, tasks: list[Task], timeout_s: float) -> bool:
        """Commit everything, for the last time; whether all of it was committed within the time-out."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        await self._under_way(tasks, deadline)
        for task in tasks:
            if task.running and task.committing is None:
                self._begin(task)
        await self._under_way(tasks, deadline)
        return all(task.committing is None for task in tasks)

    async def _under_way(self, tasks: list[Task], deadline: float) -> None:
        commits = {task.committing for task in tasks if task.committing is not None}
        if commits:
            await asyncio.wait(commits, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
