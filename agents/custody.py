"""Which tasks this worker holds: takes them over, suspends them in a rebalance, restores them after a failure.

A rebalance only notes what was assigned; a job beside it adopts task by task, and the next revocation cancels it.
Adopting means: start the producer (which fences the last owner and ends its transaction), wait until nothing is open
on the state partition, restore, seek, resume. Invariant: a task is fed only between its adoption and whatever comes
next of suspension, failure and loss; memory is kept over a rebalance only if nobody else has written to the state
since."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

import structlog
from aiokafka import TopicPartition

from agents.contest import Contest
from agents.feed import Feed
from agents.health import Health
from agents.journal import Journal
from agents.metrics import Metrics
from agents.restore import Journalled, Progress, Restorer, state_partitions
from agents.retry import FIRST_PAUSE_S, LONGEST_PAUSE_S, TRANSIENT, Notice, explain
from agents.settling import Settling, settled_and_measured
from agents.source_groups import SourceGroup, TaskId
from agents.tasks import Control, Lease, Task
from schemas.problem import Problem, Refused
from stream.core import Core
from stream.layout import UnreadableState

_log = structlog.get_logger("casewatch.tasks")

MARKER_TIMEOUT_S: Final = 5.0
MARKER_PAUSE_S: Final = 0.01

OTHER_VERSION: Final = "another version is in force than it was opened under"

OpenJournal = Callable[[TaskId], Journal]
OpenShard = Callable[[SourceGroup, int], Core]
Orders = Callable[[], Control]
CheckMembership = Callable[[], Coroutine[Any, Any, bool]]


class Custody:
    """The tasks of this worker. What it needs of a connection is given to it when there is one."""

    def __init__(self, groups: Iterable[SourceGroup], feed: Feed, health: Health, metrics: Metrics) -> None:
        self.groups = {group.name: group for group in groups}
        self.tasks: dict[TaskId, Task] = {}
        self.restorer: Restorer | None = None
        self.prefix = ""
        self.suspended = False
        self.open_journal: OpenJournal | None = None
        self.open_shard: OpenShard | None = None
        self.check_membership: CheckMembership | None = None
        self.orders: Orders = lambda: Control([])
        self._feed, self._health, self._metrics = feed, health, metrics
        self._notice = Notice()
        self._refused: Refused | None = None
        self._contest = Contest(health)
        self._pending: dict[TaskId, float] = {}
        self._wake = asyncio.Event()
        self._adopting: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        feed.lost = self.fail

    @property
    def running(self) -> list[Task]:
        """The tasks that are being fed."""
        return [task for task in self.tasks.values() if task.running]

    def suspend_all(self) -> asyncio.Task[None] | None:
        """Stop everything for a rebalance, and keep memory; returns the adoption that was cancelled, if any."""
        self.suspended = True
        self._pending.clear()
        for task in self.tasks.values():
            task.suspend()
            self._feed.starve(task)
        self._feed.leases.clear()
        if self._adopting is not None:
            self._adopting.cancel()
        return self._adopting

    def assign(self, ids: Iterable[TaskId]) -> None:
        """Note which tasks are this worker's now; they are adopted beside the rebalance."""
        wanted, self.suspended = set(ids), False
        for id in self.tasks.keys() - wanted:
            task = self.tasks.pop(id)
            self._close(task.drop(), after=task.committing)
        self._health.clear_all_but((f"task {id}" for id in wanted), "task ")
        self._metrics.forget_tasks()
        for id in sorted(wanted):
            self.tasks.setdefault(id, Task(id, self.groups[id.group]))
            self._queue(id, 0.0)

    def _queue(self, id: TaskId, pause_s: float) -> None:
        self._pending[id] = asyncio.get_running_loop().time() + pause_s
        if self._health.says(f"task {id}") is None:
            self._health.block(f"task {id}", f"{id} is waiting to be restored")
        self._wake.set()

    def fail(self, task: Task, reason: str, at_once: bool = False) -> None:
        """Forget a task's memory and producer, and restore it: at once, or after a pause that grows each time."""
        if self._drop(task, reason):
            self._queue(task.id, 0.0 if at_once else self._pause(task))

    def _pause(self, task: Task) -> float:
        task.failures += 1
        return 0.0 if task.failures == 1 else min(FIRST_PAUSE_S * 2.0 ** (task.failures - 2), LONGEST_PAUSE_S)

    def _drop(self, task: Task, reason: str) -> bool:
        if self.tasks.get(task.id) is not task:
            return False  # it has gone to another worker meanwhile
        self._close(task.drop(), after=task.committing)
        self._feed.starve(task)
        self._health.block(f"task {task.id}", f"{task.id} is to be restored: {reason}")
        self._notice.say(f"task {task.id} dropped, restoring it", reason=reason)
        return True

    def commit_failed(self, task: Task, reason: str, *, fenced: bool = False) -> None:
        """A commit failed. Perhaps another worker has the task by now: the group knows, so it is asked first."""
        if self._drop(task, reason):
            self._spawn(self._ask_group(task, fenced))

    async def _ask_group(self, task: Task, fenced: bool) -> None:
        still_ours = self.check_membership is None or await self.check_membership()
        if still_ours and self.tasks.get(task.id) is task and task.id not in self._pending and not task.running:
            contested = fenced and self._contest.taken(task.id, self.prefix)
            self._queue(task.id, LONGEST_PAUSE_S if contested else self._pause(task))

    def refuse(self, task: Task, error: UnreadableState) -> None:
        """A record of a task's state proved unreadable when it was needed: nothing is committed after it, and the
        worker ends with the way out."""
        if self._drop(task, "its state cannot be read"):
            self._refused = Refused([_unreadable(self._state_partition(task), error)])
            self._wake.set()

    def rewind(self, task: Task) -> None:
        """Fetch again from where the shard is, with memory as it stands."""
        task.suspend()
        self._feed.starve(task)
        self._queue(task.id, 0.0)

    async def run(self) -> None:
        """Adopt what is waiting, one task at a time, until cancelled; raises `Refused` if a person has to help."""
        while True:
            if self._refused is not None:
                raise self._refused
            id = self._next()
            if id is None:
                self._wake.clear()
                await self._until_woken()
                continue
            task = self.tasks[id]
            self._adopting = asyncio.create_task(self._adopt(task))
            await asyncio.wait({self._adopting})
            finished, self._adopting = self._adopting, None
            self._settle(task, finished)

    def _next(self) -> TaskId | None:
        if self.suspended:
            return None
        now = asyncio.get_running_loop().time()
        ready = [id for id, due in self._pending.items() if due <= now and self.tasks[id].committing is None]
        return min(ready, key=self._pending.__getitem__, default=None)  # who failed waits behind who was not tried yet

    async def _until_woken(self) -> None:
        timeout = 0.05 if self._pending else None
        try:
            await asyncio.wait_for(self._wake.wait(), timeout)
        except TimeoutError:
            return

    def _settle(self, task: Task, finished: asyncio.Task[None]) -> None:
        if finished.cancelled():
            return
        error = finished.exception()
        if error is None:
            return
        if not isinstance(error, TRANSIENT):
            raise error
        self.fail(task, explain(error))

    async def _adopt(self, task: Task) -> None:
        if not await self._memory_is_valid(task):
            await self._restore(task)
        await self._resume(task)

    async def _memory_is_valid(self, task: Task) -> bool:
        """Whether the state partition ends where this worker's last commit left it. Its marker may still be to come."""
        if task.shard is None or task.journal is None or task.end is None or self.restorer is None:
            return False
        partition = self._state_partition(task)
        deadline = asyncio.get_running_loop().time() + MARKER_TIMEOUT_S
        while asyncio.get_running_loop().time() < deadline:
            end = (await self.restorer.stable_ends([partition]))[partition]
            if end >= task.end:
                return end == task.end
            await asyncio.sleep(MARKER_PAUSE_S)
        return False

    def _state_partition(self, task: Task) -> TopicPartition:
        return next(iter(state_partitions([task], self.prefix)))

    async def _restore(self, task: Task) -> None:
        assert self.open_journal is not None, "the worker is not connected"
        assert self.open_shard is not None, "the worker is not connected"
        assert self.restorer is not None, "the worker is not connected"
        self._close(task.drop())
        started = asyncio.get_running_loop().time()
        self._health.block(f"task {task.id}", f"{task.id} is being restored")
        journal = self.open_journal(task.id)
        try:
            await journal.open()
            found = await self._read(task, journal, self.restorer)
            if found.outbox:
                await journal.resend(found.outbox)
                found = await self._read(task, journal, self.restorer)
            shard = self.open_shard(task.group, task.id.partition)
            # In a thread, since heartbeats have to go on meanwhile.
            await asyncio.to_thread(shard.restore, found.records.items())
        except UnreadableState as error:
            self._close(journal)
            raise Refused([_unreadable(self._state_partition(task), error)]) from error
        except BaseException:
            self._close(journal)
            raise
        self._feed.clock.compare_journalled(str(task.id), shard.clock)
        task.journal, task.shard, task.end = journal, shard, found.end
        gc.freeze()  # what was restored lives long: looking through it for garbage would stop the worker for seconds
        took = asyncio.get_running_loop().time() - started
        self._metrics.restore_seconds.observe(took)
        _log.info("task restored", task=str(task.id), records=len(found.records), seconds=round(took, 3))

    async def _read(self, task: Task, journal: Journal, restorer: Restorer) -> Journalled:
        """Read a task's state when nothing is open on it any more; meanwhile the obstacle says what is waited for."""
        place = self._state_partition(task)

        def say(awaited: str) -> None:
            self._health.block(f"task {task.id}", f"{task.id} waits to be restored: {awaited}")

        settling = Settling(place, restorer, journal, say)
        end = await settled_and_measured(settling, journal, task.confirmed)
        return await restorer.read(place, end, Progress(task, self._health))

    async def _resume(self, task: Task) -> None:
        assert self.restorer is not None, "the worker is not connected"
        assert task.shard is not None, "a task is resumed after it was restored"
        found, told = await self.restorer.positions(task), self.orders()
        task.committed = dict(found.next) if not task.committed else task.committed
        lease = Lease(task, found.next, found.end)
        try:
            superseded = task.shard.control(told.records, told.end)  # from here on it is told what comes
        except UnreadableState as error:
            self.refuse(task, error)
            return
        if superseded:
            self.fail(task, OTHER_VERSION, at_once=True)
            return
        task.lease = lease
        self._pending.pop(task.id, None)
        self._health.clear(f"task {task.id}")
        self._feed.feed(lease, found.first)

    def _close(self, journal: Journal | None, after: asyncio.Task[None] | None = None) -> None:
        if journal is not None:
            self._spawn(_close(journal, after))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        job = asyncio.create_task(work)
        self._background.add(job)
        job.add_done_callback(self._background.discard)

    async def release(self) -> None:
        """Stop adopting and close every journal, at the end of the worker."""
        if self._adopting is not None:
            self._adopting.cancel()
        for task in self.tasks.values():
            self._close(task.drop())
        if self._background:
            await asyncio.wait(self._background, timeout=1.0)


async def _close(journal: Journal, after: asyncio.Task[None] | None) -> None:
    """A commit under way when its shard was dropped is still good work: it is not cut off."""
    if after is not None and after is not asyncio.current_task():
        await asyncio.wait({after})
    await journal.close()


def _unreadable(partition: TopicPartition, error: UnreadableState) -> Problem:
    right = "run the version that wrote it, or build it anew with `casewatch rebuild DEFINITION…`"
    return Problem("kafka", 1, f"{partition.topic}/{partition.partition}", str(error), right)
