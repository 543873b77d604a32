"""How a task is taken over, from its journal to the first thing it is told, and what is in the way of that."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from agents.custody import Custody
from agents.feed import Feed
from agents.health import Health
from agents.journal import Journal
from agents.metrics import Metrics
from agents.restore import Journalled, Positions, Progress, Restorer, SoFar
from agents.settling import Ends, HangingTransaction
from agents.source_groups import SourceGroup, TaskId
from agents.tasks import Control, Lease, Task
from schemas.problem import Refused
from stream.control import ControlRecord
from stream.core import Core
from stream.inputs import Input
from stream.layout import UnreadableState

ID, SOURCE = TaskId("a", 0), Input("a", 0)
GROUP = SourceGroup("a", ("a",), (), ("earliest",))
ORDER = ControlRecord(3, b'["forget","a","7"]', b"{}")


class Broker:
    """Where a task's state lies, whom it is read by and written by, and who is fed: notes what is done, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.end = 20
        self.clock = SimpleNamespace(compare_journalled=lambda task, clock: None)
        self.leases: dict[TopicPartition, Lease] = {}
        self.fed = asyncio.Event()

    async def open(self) -> None:
        """The journal is opened."""
        self.done.append("open")

    async def close(self) -> None:
        """The journal is closed."""
        self.done.append("close")

    async def compare_clocks(self) -> bool:
        """The journal compares clocks, by a record and the mark of its end."""
        self.done.append("compare clocks")
        self.end += 2
        return True

    async def both_ends(self, partition: TopicPartition) -> Ends:
        """Nothing is open."""
        assert partition == TopicPartition("casewatch.state.a", 0)
        return Ends(self.end, self.end)

    async def stable_ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Nothing is open."""
        return dict.fromkeys(partitions, self.end)

    async def read(self, partition: TopicPartition, end: int, so_far: SoFar) -> Journalled:
        """The state holds nothing."""
        self.done.append(f"read to {end}")
        return Journalled({}, None, end)

    async def positions(self, task: Task) -> Positions:
        """The source is empty."""
        return Positions({SOURCE: 0}, {SOURCE: 0}, {SOURCE: 0})

    def feed(self, lease: Lease, first: dict[Input, int]) -> None:
        """The task is fed."""
        self.done.append("feed")
        self.fed.set()

    def starve(self, task: Task) -> None:
        """The task is not fed any more."""


class Shard:
    """A core that notes what it is told; `defect` is raised then."""

    clock = None

    def __init__(self, defect: Exception | None = None) -> None:
        self.told: list[tuple[list[ControlRecord], int | None]] = []
        self.defect = defect

    def restore(self, records: Iterable[Any]) -> None:
        """There is nothing."""

    def control(self, records: list[ControlRecord], end: int | None = None) -> bool:
        """Take what is ordered, or do not."""
        self.told.append((records, end))
        if self.defect is not None:
            raise self.defect
        return False


def custody_of(broker: Broker, shard: Shard, health: Health | None = None) -> Custody:
    """Custody of one task, connected, which has just been assigned."""
    custody = Custody([GROUP], cast(Feed, broker), health or Health(), Metrics("1"))
    custody.restorer, custody.prefix = cast(Restorer, broker), "casewatch"
    custody.open_journal = lambda id: cast(Journal, broker)
    custody.open_shard = lambda group, partition: cast(Core, shard)
    custody.orders = lambda: Control([ORDER], end=4)
    custody.assign([ID])
    return custody


async def test_a_task_is_restored_told_what_stands_and_fed() -> None:
    """Clocks are compared when nothing is open any more, and the state is read to where that has left it."""
    broker, shard = Broker(), Shard()
    custody = custody_of(broker, shard)

    running = asyncio.create_task(custody.run())
    await broker.fed.wait()
    running.cancel()

    assert broker.done == ["open", "compare clocks", "read to 22", "feed"]
    assert shard.told == [([ORDER], 4)]
    assert [task.id for task in custody.running] == [ID]


@pytest.mark.parametrize(("written", "again"), [(0, []), (2, ["open", "compare clocks", "read to 26", "close"])])
async def test_a_task_that_stays_keeps_its_memory_unless_another_has_written(written: int, again: list[str]) -> None:
    """After a rebalance it is fed on at once; where its state has grown meanwhile, memory and producer are dropped."""
    broker, shard = Broker(), Shard()
    custody = custody_of(broker, shard)
    running = asyncio.create_task(custody.run())
    await broker.fed.wait()
    del broker.done[:]
    broker.fed.clear()

    custody.suspend_all()
    broker.end += written
    assert custody.running == []
    custody.assign([ID])
    await broker.fed.wait()
    running.cancel()

    assert sorted(broker.done) == sorted([*again, "feed"])
    assert [task.id for task in custody.running] == [ID]


class Slow(Broker):
    """Half of the state is read, and no more comes."""

    async def read(self, partition: TopicPartition, end: int, so_far: SoFar) -> Journalled:
        """Tell of the half."""
        so_far(end // 2, end)
        self.fed.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_whoever_asks_hears_how_far_a_restore_has_come() -> None:
    """A worker that is not ready says how much of the state is still to be read."""
    broker = Slow()
    custody = custody_of(broker, Shard(), health := Health())
    running = asyncio.create_task(custody.run())
    await broker.fed.wait()
    running.cancel()
    assert health.says(f"task {ID}") == f"{ID} is being restored: 50 % of its state read"


async def test_a_restore_that_takes_long_is_told_in_the_log_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with every fetch, and not where it is over at once."""
    loop, now = asyncio.get_running_loop(), [100.0]
    monkeypatch.setattr(loop, "time", lambda: now[0])
    progress = Progress(Task(ID, GROUP), Health())
    with capture_logs() as logged:
        for now[0], read in ((101.0, 10), (106.0, 40), (107.0, 50), (112.0, 80)):
            progress(read, 100)
    assert {line["event"] for line in logged} == {"restoring"}
    assert [(line["read"], line["of"]) for line in logged] == [(40, 100), (80, 100)]


async def test_a_standing_order_that_meets_unreadable_state_ends_the_worker_with_the_way_out() -> None:
    """The task is not fed, and nothing of it is committed."""
    broker, shard = Broker(), Shard(UnreadableState("the record of case 7 cannot be read"))
    custody = custody_of(broker, shard)

    with pytest.raises(Refused) as refused:
        await custody.run()

    [problem] = refused.value.problems
    assert (problem.element, problem.wrong) == ("casewatch.state.a/0", "the record of case 7 cannot be read")
    assert "casewatch rebuild" in problem.right
    assert (custody.running, custody.tasks[ID].shard) == ([], None)
    assert "feed" not in broker.done


class Crowded(Broker):
    """Four tasks, whose first has a transaction open that nobody ends."""

    async def both_ends(self, partition: TopicPartition) -> Ends:
        """Nobody ends it; of the others nothing is open."""
        if partition.partition == 0:
            self.done.append("wait in vain")
            raise HangingTransaction("nobody ends it")
        return Ends(self.end, self.end)

    async def positions(self, task: Task) -> Positions:
        """The source is empty."""
        source = Input("a", task.id.partition)
        return Positions({source: 0}, {source: 0}, {source: 0})

    def feed(self, lease: Lease, first: dict[Input, int]) -> None:
        """The task is fed; three of them are all that can be."""
        self.done.append(f"feed {lease.task.id.partition}")
        if sum(each.startswith("feed") for each in self.done) == 3:
            self.fed.set()


async def test_a_task_that_waits_in_vain_waits_behind_those_that_were_not_tried_yet() -> None:
    """It takes a minute each time, which the healthy ones of the worker are not to lose twice."""
    broker = Crowded()
    custody = custody_of(broker, Shard())
    custody.assign([TaskId("a", number) for number in range(4)])
    running = asyncio.create_task(custody.run())

    await asyncio.wait_for(broker.fed.wait(), 5)
    running.cancel()

    told = [each for each in broker.done if each.startswith(("wait", "feed"))]
    assert told[:4] == ["wait in vain", "feed 1", "feed 2", "feed 3"]
