"""Commits tasks: each at most once an interval and only if it changed, spread over the interval and at most eight at
once.

Invariant: a task has at most one commit under way; what was drained is either committed or its shard is dropped, so
that memory never runs ahead of a journal that failed. Metrics count what was committed."""

import asyncio
from typing import Final

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
from stream.effects import Effects
from stream.inputs import Input

_log = structlog.get_logger("casewatch.commit")

AT_ONCE: Final = 8
"""More transactions at once only wait for each other."""

FAILURES: Final = (KafkaError, AssertionError, OSError, TimeoutError)
"""How aiokafka tells that a commit failed; a producer that was fenced before answers with `AssertionError`."""


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
        if task.shard is None or task.journal is None:
            return
        effects = task.shard.drain()
        if not effects and not self._clock.wants_measuring():
            self._count(effects)
            task.raw.clear()
            return
        commit = self._commit(task, effects) if effects else PROBE_COMMIT
        task.raw.clear()
        positions = {source: at for source in task.inputs if (at := task.shard.position(source)) is not None}
        task.committing = asyncio.create_task(self._write(task, task.journal, commit, effects, positions))

    def _commit(self, task: Task, effects: Effects) -> Commit:
        letters = [dead_letter_record(letter, task.raw_record, self._clock.now()) for letter in effects.dead_letters]
        alerts = [(alert.id.encode(), alert.body) for alert in effects.alerts]
        readers = Outbox(alerts, letters, effects.partials, effects.scorecards, effects.control)
        return Commit(effects.journal, readers, passed_on(effects.rekeyed, task.raw, task.group))

    async def _write(
        self, task: Task, journal: Journal, commit: Commit, effects: Effects, positions: dict[Input, int]
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with self._slots:
                started = loop.time()
                end = await journal.write(commit)
        except FAILURES as error:
            task.committing = None
            if task.journal is journal:  # and not dropped meanwhile for another reason
                self._custody.commit_failed(task, explain(error), fenced=isinstance(error, ProducerFenced))
            return
        task.committing = None
        task.confirmed = task.confirmed if end is None else end
        self._metrics.commit_seconds.observe(loop.time() - started)
        self._count(effects)
        if task.journal is journal:
            task.end = task.end if end is None else end
            task.committed, task.failures, task.stumbles = positions, 0, 0

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
