"""A task commits at most one thing at a time, and counts only what was committed."""

import asyncio
from collections import Counter
from typing import cast
from unittest.mock import Mock

from aiokafka.errors import ProducerFenced

from agents.broker_clock import BrokerClock
from agents.committer import AT_ONCE, Committer
from agents.custody import Custody
from agents.journal import Commit, Journal
from agents.metrics import Metrics
from agents.source_groups import SourceGroup, TaskId
from agents.tasks import Lease, Task
from stream.effects import AlertRecord, DeadLetter, Effects
from stream.inputs import Input
from stream.shard import Shard

SOURCE = Input("a", 0)
GROUP = SourceGroup("a", ("a",), (), ("earliest",))


class FakeShard:
    """Something has changed whenever it is drained, until told otherwise."""

    def __init__(self) -> None:
        self.drained = 0
        self.quiet = False

    def drain(self) -> Effects:
        """One case record, one alert, one dead letter and their counts; or nothing."""
        if self.quiet:
            return Effects([], [], [], Counter())
        self.drained += 1
        letters = [DeadLetter(SOURCE, 3, "p", "no_case", "no case")]
        return Effects(
            [(b"task", b"{}")], [AlertRecord("id", b"{}")], letters, Counter({("events", "p", "a", "applied"): 5})
        )

    def position(self, source: Input) -> int:
        """Five records were read."""
        return 5


class FakeJournal:
    """Takes a commit when it is let, or fails."""

    def __init__(self) -> None:
        self.written: list[Commit] = []
        self.let = asyncio.Event()
        self.error: Exception | None = None

    async def write(self, commit: Commit) -> int:
        """Wait to be let."""
        await self.let.wait()
        if self.error is not None:
            raise self.error
        self.written.append(commit)
        return 17


class FakeCustody:
    """Notes what failed."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def commit_failed(self, task: Task, reason: str, *, fenced: bool = False) -> None:
        """Note it."""
        self.failed.append(reason)

    def fail(self, task: Task, reason: str, at_once: bool = False) -> None:
        """Note it."""
        self.failed.append(reason)


class Bench:
    """A committer with one running task; its interval is so short that it is always over."""

    def __init__(self) -> None:
        self.custody, self.metrics = FakeCustody(), Metrics("1")
        self.clock = BrokerClock(lambda: 1_795_348_800_000, lambda: 0.0)
        self.clock.believe()
        self.committer = Committer(cast(Custody, self.custody), self.metrics, 1, self.clock)
        self.shard, self.journal = FakeShard(), FakeJournal()
        self.task = Task(TaskId("a", 0), GROUP)
        self.task.shard, self.task.journal = cast(Shard, self.shard), cast(Journal, self.journal)
        self.task.lease = Lease(self.task, {SOURCE: 0}, {SOURCE: 0})

    async def commit(self) -> None:
        """Ask for a commit when the interval is over."""
        await asyncio.sleep(0.002)
        self.committer.commit_if_due(self.task)
        await asyncio.sleep(0)

    async def let(self) -> None:
        """Let the commit under way come to its end."""
        self.journal.let.set()
        if self.task.committing is not None:
            await asyncio.wait({self.task.committing})

    @property
    def counted(self) -> bool:
        """Whether the metrics hold what the shard counted."""
        return b'casewatch_events_total{outcome="applied",process="p",topic="a"} 5.0' in self.metrics.exposition()


async def test_a_commit_holds_state_alerts_and_dead_letters_and_is_counted_when_it_is_through() -> None:
    """And the task knows where its state ends and which positions are safe."""
    bench = Bench()

    await bench.commit()
    before = bench.counted, bench.task.committed
    await bench.let()

    [commit] = bench.journal.written
    assert (commit.state, commit.readers.alerts) == ([(b"task", b"{}")], [(b"id", b"{}")])
    assert [key for key, _ in commit.readers.dead_letters] == [b"a/0/3/p"]
    assert before == (False, {})
    assert (bench.counted, bench.task.committed, bench.task.end) == (True, {SOURCE: 5}, 17)


async def test_nothing_is_drained_while_a_commit_is_under_way() -> None:
    """What changes meanwhile goes into the next one."""
    bench = Bench()

    await bench.commit()
    await bench.commit()
    assert bench.shard.drained == 1
    await bench.let()
    await bench.commit()

    assert bench.shard.drained == 2


async def test_what_cannot_wait_is_drained_when_the_commit_under_way_is_through() -> None:
    """Neither before it, nor at the end of the interval."""
    bench = Bench()
    await bench.commit()

    waiting = asyncio.create_task(bench.committer.commit_now(bench.task))
    await asyncio.sleep(0.01)
    before = bench.shard.drained
    await bench.let()
    await waiting
    await bench.let()

    assert (before, bench.shard.drained, len(bench.journal.written)) == (1, 2, 2)


async def test_a_failed_commit_is_told_and_not_counted() -> None:
    """A fenced producer, for one."""
    bench = Bench()
    bench.journal.error = ProducerFenced()

    await bench.commit()
    await bench.let()

    assert len(bench.custody.failed) == 1
    assert (bench.counted, bench.task.committing, bench.task.committed) == (False, None, {})


async def test_a_commit_that_ends_after_its_task_was_dropped_changes_nothing_of_the_new_life() -> None:
    """The task is being restored already; what the old journal says of its end is no longer true."""
    bench = Bench()

    await bench.commit()
    bench.task.drop()
    await bench.let()

    assert (bench.task.end, bench.task.committed, bench.custody.failed) == (None, {}, [])


async def test_the_last_commit_takes_what_changed_while_one_was_under_way() -> None:
    """First the one under way, then the rest."""
    bench = Bench()
    await bench.commit()
    bench.journal.let.set()

    finished = await bench.committer.finish([bench.task], 1.0)

    assert finished
    assert len(bench.journal.written) == 2


async def test_a_task_that_did_not_change_commits_nothing() -> None:
    """No transaction for nothing."""
    bench = Bench()
    bench.shard.quiet = True

    await bench.commit()

    assert bench.task.committing is None


async def test_a_task_that_did_not_change_commits_what_shows_the_brokers_time_where_it_is_not_known() -> None:
    """A record without content, once: it is not asked for again while it is under way."""
    bench = Bench()
    bench.shard.quiet = True
    bench.committer = Committer(
        cast(Custody, bench.custody), bench.metrics, 1, BrokerClock(lambda: 1_795_348_800_000, lambda: 0.0)
    )

    await bench.commit()
    await bench.let()
    await bench.commit()

    assert [commit.state for commit in bench.journal.written] == [[(b"worker/clock", None)]]
    assert bench.task.committing is None


class Crowd(Bench):
    """A committer all of whose slots are taken by other tasks, but for the last, which is the bench's own."""

    def __init__(self) -> None:
        super().__init__()
        self.others = [Task(TaskId("a", number), GROUP) for number in range(1, AT_ONCE + 1)]
        self.busy = FakeJournal()
        for other in self.others:
            other.shard, other.journal = cast(Shard, FakeShard()), cast(Journal, self.busy)
            other.lease = Lease(other, {SOURCE: 0}, {SOURCE: 0})

    async def crowded(self) -> None:
        """Have the others commit, and then the task ask for it."""
        for other in self.others:
            self.committer._begin(other)
        await asyncio.sleep(0)
        await self.commit()

    async def through(self) -> None:
        """Let all commits come to their end."""
        self.busy.let.set()
        await asyncio.wait({other.committing for other in self.others if other.committing is not None})
        await self.let()


async def test_a_task_that_waits_for_its_turn_is_drained_when_that_comes() -> None:
    """What it has to say by then is in the commit that waited, and it is committed once."""
    crowd = Crowd()
    await crowd.crowded()
    waiting = crowd.shard.drained, crowd.task.committing is not None

    await crowd.through()

    assert waiting == (0, True)
    assert (crowd.shard.drained, len(crowd.journal.written), crowd.task.end) == (1, 1, 17)
    assert crowd.task.committing is None


async def test_a_task_that_was_dropped_while_it_waited_writes_nothing() -> None:
    """Whoever has it now does."""
    crowd = Crowd()
    await crowd.crowded()
    crowd.task.drop()

    await crowd.through()

    assert (crowd.shard.drained, crowd.journal.written, crowd.task.committing) == (0, [], None)


async def test_a_core_that_raises_when_its_turn_comes_is_restored() -> None:
    """It is said why; the slot is free again."""
    crowd = Crowd()
    await crowd.crowded()
    crowd.shard.drain = Mock(side_effect=ZeroDivisionError)  # type: ignore[method-assign]  # it is to raise

    await crowd.through()

    assert crowd.custody.failed == ["the core raised ZeroDivisionError when it was drained"]
    assert crowd.task.committing is None
