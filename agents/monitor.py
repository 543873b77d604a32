"""Feeds the shards: batches in slices, ticks as time; and hands a task to its committer when an interval is over.

Decides nothing about processes. Invariant: one thing at a time reaches a shard, and only under a living lease. An event
that makes the core raise is tried again alone after a restore, and set aside if it raises again.
"""

import asyncio
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import structlog
from aiokafka import ConsumerRecord

from agents.collector import settle
from agents.committer import Committer
from agents.custody import OTHER_VERSION, Custody
from agents.feed import Message
from agents.retry import Notice
from agents.tasks import Control, Fetched, Lease, Status, Task, Tick
from stream.core import Core
from stream.inputs import Batch, Refusal
from stream.layout import UnreadableState
from stream.shard import PositionGap

_log = structlog.get_logger("casewatch.monitor")

SLICE: Final = 100
"""So many records are folded before other work gets its turn; a transaction takes dozens of turns."""

DUE_AT_ONCE: Final = 250
"""So many due cases are looked at before other work gets its turn: some 20 ms where each of them says something."""

SLICES_IN_MEMORY: Final = 8
"""So many slices of due deadlines wait for a commit at most: after a long absence everything may be due at once, and to
write down what has changed holds the loop too."""

SLICES_UNCOMMITTED: Final = 500
"""So many slices of a task's events wait for a commit at most: while a slow broker takes longer over one, nothing more
is taken in, and the feed and its broker wait."""

TRACEBACK_CHARS: Final = 3_000
STUMBLES: Final = 2
"""So often in a row time itself may make the core raise before the worker gives up."""


class Monitor:
    """What the agent does with each message of the channel."""

    def __init__(self, committer: Committer, custody: Custody) -> None:
        self._committer, self._custody = committer, custody
        self._notice = Notice()

    async def handle(self, message: Message) -> None:
        """Take one message: fetched batches, a tick, or what tasks are told from elsewhere."""
        if isinstance(message, Tick):
            await self._tick(message)
            return
        if isinstance(message, Control):
            self._tell(message)
            return
        for fetched in message:
            await self._observe(fetched)

    def _tell(self, message: Control) -> None:
        for task in self._custody.running:
            if task.shard is None:
                continue
            try:
                superseded = task.shard.control(message.records, message.end)
            except UnreadableState as error:
                self._custody.refuse(task, error)
                continue
            if superseded:
                self._custody.fail(task, OTHER_VERSION, at_once=True)

    async def _observe(self, fetched: Fetched) -> None:
        lease, task = fetched.lease, fetched.lease.task
        for batch, raw in _slices(fetched, task):
            if not lease.alive or task.shard is None:
                return
            task.raw.append((batch.input, raw))
            if task.suspects(batch) and self._time_alone_raises(task, task.shard):
                return
            if not self._apply(task, task.shard, batch):
                return
            lease.reached(batch.input, batch.next)
            await self._commit_amid_backlog(task)
            settle()
            await asyncio.sleep(0)

    def _time_alone_raises(self, task: Task, shard: Core) -> bool:
        """Whether the core raises before a suspect event is even seen: then the event is not to blame."""
        self._let_time_pass(task, shard)
        return not task.running

    def _apply(self, task: Task, shard: Core, batch: Batch) -> bool:
        """Fold a slice; whether the task may go on."""
        alone = bool(batch.records) and task.suspects(batch)
        try:
            refusal = task.poison.get((batch.input, batch.records[0].offset)) if len(batch.records) == 1 else None
            if refusal is not None:
                shard.refuse(batch.input, batch.records[0], refusal)
            else:
                shard.observe(batch)
            if alone and task.wall is not None:
                shard.advance(task.wall)
        except PositionGap as gap:
            self._notice.say("a batch was lost, fetching it again", task=str(task.id), gap=str(gap))
            self._custody.rewind(task)
            return False
        except UnreadableState as error:
            self._custody.refuse(task, error)
            return False
        except Exception as error:  # noqa: BLE001 - whatever the core raises: its task is restored, the event tried alone
            self._blame(task, batch, error, alone)
            return False
        task.clear_suspect(batch)
        return True

    def _blame(self, task: Task, batch: Batch, error: Exception, alone: bool) -> None:
        """Know a single event for what it is; otherwise let each be tried alone after the restore."""
        if alone and len(batch.records) == 1:
            place = batch.input, batch.records[0].offset
            if place in task.poison:
                raise error
            task.poison[place] = Refusal("poison", _told(error))
        task.suspect[batch.input] = max(task.suspect.get(batch.input, 0), batch.next)
        _log.error("the core raised", task=str(task.id), topic=batch.input.topic, offset=batch.start, exc_info=error)
        self._custody.fail(task, f"the core raised {type(error).__name__}", at_once=True)

    async def _tick(self, tick: Tick) -> None:
        told: list[Lease] = []
        for lease, statuses in _by_lease(tick.statuses):
            task = lease.task
            if not lease.alive or task.shard is None:
                continue
            if not all(self._apply(task, task.shard, status.batch) for status in statuses):
                continue
            for status in statuses:
                lease.reached(status.batch.input, status.batch.next)
            if len(statuses) == len(task.inputs) and all(status.trusted for status in statuses):
                task.wall = max(tick.at, task.wall or 0)
            told.append(lease)
        await self._advance(told)

    async def _advance(self, leases: Iterable[Lease]) -> None:
        """Let deadlines fire, a slice of each task in turn: while one is being committed the others go on."""
        queue = deque((lease, 1) for lease in leases)
        while queue:
            lease, number = queue.popleft()
            task = lease.task
            more = lease.alive and task.shard is not None and self._let_time_pass(task, task.shard)
            if not lease.alive:
                continue
            if more and number % SLICES_IN_MEMORY == 0:
                await self._committer.commit_now(task)
            else:
                self._committer.commit_if_due(task)
            if more:
                queue.append((lease, number + 1))
                settle()
                await asyncio.sleep(0)

    async def _commit_amid_backlog(self, task: Task) -> None:
        """What was touched is looked at before a commit writes it. Where much waits for the commit under way, so does
        the rest."""
        crowded = len(task.raw) >= SLICES_UNCOMMITTED
        if task.shard is not None and (crowded or self._committer.due(task)):
            self._let_time_pass(task, task.shard)
            if task.running and crowded:
                await self._committer.commit_now(task)
            elif task.running:
                self._committer.commit_if_due(task)

    def _let_time_pass(self, task: Task, shard: Core) -> bool:
        """Let deadlines fire; whether more are due. The core also looks at touched cases here: if that raises, each
        event since the last commit is tried alone; if none of them is to blame, it is a bug and ends the worker."""
        if task.wall is None:
            return False
        try:
            return shard.advance(task.wall, DUE_AT_ONCE)
        except UnreadableState as error:
            self._custody.refuse(task, error)
            return False
        except Exception as error:
            task.stumbles += 1
            if task.stumbles > STUMBLES:
                raise
            for source in task.inputs:
                task.suspect[source] = max(task.suspect.get(source, 0), shard.position(source) or 0)
            _log.error("the core raised while time passed", task=str(task.id), exc_info=error)
            self._custody.fail(task, f"the core raised {type(error).__name__} while time passed")
            return False


def _told(error: Exception) -> str:
    told = "".join(traceback.format_exception(error))
    return f"the core raised {type(error).__name__}: {error}\n{told[-TRACEBACK_CHARS:]}"


def _by_lease(statuses: Iterable[Status]) -> Iterator[tuple[Lease, list[Status]]]:
    found: dict[Lease, list[Status]] = {}
    for status in statuses:
        found.setdefault(status.lease, []).append(status)
    return iter(found.items())


def _slices(fetched: Fetched, task: Task) -> Iterator[tuple[Batch, list[ConsumerRecord]]]:
    """Cut a batch into slices that join; where one of its events is suspect, each is a slice."""
    batch, raw = fetched.batch, fetched.raw
    size, start = (1 if task.suspects(batch) else SLICE), batch.start
    for first in range(0, len(batch.records), size):
        records = batch.records[first : first + size]
        next_position = records[-1].offset + 1
        yield batch._replace(start=start, records=records, next=next_position), raw[first : first + size]
        start = next_position
