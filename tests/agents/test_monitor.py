"""What reaches a shard, and what is done when it raises."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord

from agents.committer import Committer
from agents.custody import OTHER_VERSION, Custody
from agents.monitor import SLICE, SLICES_IN_MEMORY, Monitor
from agents.source_groups import SourceGroup, TaskId
from agents.tasks import Control, Fetched, Lease, Status, Task, Tick
from stream.control import ControlRecord
from stream.inputs import Batch, Input, Received
from stream.layout import UnreadableState
from stream.shard import PositionGap, Shard

NOW = 1_795_000_000_000
SOURCE, OTHER = Input("a", 0), Input("b", 0)
ANEW = b"anew"
GROUP = SourceGroup("a", ("a", "b"), (), ("earliest", "earliest"))


class FakeShard:
    """Notes what reaches it; `defect` is asked of every call and may raise."""

    def __init__(self, defect: Callable[[str, Any], None] = lambda call, what: None) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.slices_due = 0
        self._defect = defect

    def observe(self, batch: Batch) -> None:
        """Take a batch."""
        self._defect("observe", batch)
        self.calls.append(("observe", (batch.input.topic, batch.start, batch.next)))

    def refuse(self, source: Input, received: Received, refusal: Any) -> None:
        """Set a record aside."""
        self.calls.append(("refuse", (received.offset, refusal.reason)))

    def advance(self, now: int, limit: int = 1000) -> bool:
        """Let time pass; so many slices of deadlines are due."""
        self._defect("advance", now)
        self.calls.append(("advance", now))
        self.slices_due -= 1
        return self.slices_due > 0

    def position(self, source: Input) -> int:
        """Somewhere."""
        return 50

    def control(self, records: list[ControlRecord], end: int | None = None) -> bool:
        """Take what is told, and go on as it is, unless it is ordered to be another."""
        self._defect("control", records)
        self.calls.append(("control", ([record.offset for record in records], end)))
        return any(record.key == ANEW for record in records)


class FakeCustody:
    """Notes what is done with a task."""

    running: list[Task]

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.refused: list[tuple[TaskId, str]] = []
        self.running: list[Task] = []
        self.rewound = 0

    def refuse(self, task: Task, error: UnreadableState) -> None:
        """As custody does, the lease ends."""
        self.refused.append((task.id, str(error)))
        task.suspend()

    def fail(self, task: Task, reason: str, at_once: bool = False) -> None:
        """As custody does, the lease ends."""
        self.failed.append(reason)
        task.suspend()

    def rewind(self, task: Task) -> None:
        """As custody does, the lease ends."""
        self.rewound += 1
        task.suspend()


class FakeCommitter:
    """Never due; notes at which call of `advance` it was told to commit all the same."""

    def __init__(self, calls: Callable[[], int]) -> None:
        self.told_at: list[int] = []
        self._calls = calls

    async def commit_now(self, task: Task) -> None:
        """Note it, and take what waits."""
        self.told_at.append(self._calls())
        task.raw.clear()

    def due(self, task: Task) -> bool:
        """Never."""
        return False

    def commit_if_due(self, task: Task) -> None:
        """Never."""


class Bench:
    """A monitor with one task of two inputs."""

    def __init__(self, defect: Callable[[str, Any], None] = lambda call, what: None) -> None:
        self.custody = FakeCustody()
        self.committer = FakeCommitter(lambda: len(self.shard.calls))
        self.monitor = Monitor(cast(Committer, self.committer), cast(Custody, self.custody))
        self.task = Task(TaskId("a", 0), GROUP)
        self.defect = defect
        self.restore()

    def restore(self) -> None:
        """Give the task a fresh shard and lease, as custody would."""
        self.shard = FakeShard(self.defect)
        self.task.shard = cast(Shard, self.shard)
        self.task.lease = self.lease = Lease(self.task, {SOURCE: 0, OTHER: 0}, {SOURCE: 0, OTHER: 0})

    async def feed(self, count: int, start: int = 0) -> None:
        """Feed so many records of the first input."""
        records = [Received(start + n, NOW, {"n": n}) for n in range(count)]
        raw = [ConsumerRecord("a", 0, start + n, NOW, 0, None, b"{}", None, 0, 2, ()) for n in range(count)]
        await self.monitor.handle([Fetched(self.lease, Batch(SOURCE, start, records, start + count, 1000, NOW), raw)])

    async def tick(self, at: int, *trusted: bool) -> None:
        """Let time pass, with a status of as many inputs as are given."""
        pairs = zip((SOURCE, OTHER), trusted, strict=False)
        statuses = [Status(self.lease, Batch(source, 0, [], 0, 0, at), trust) for source, trust in pairs]
        await self.monitor.handle(Tick(at, statuses))


async def test_a_batch_reaches_the_shard_in_slices_that_join() -> None:
    """So that other work gets its turn."""
    bench = Bench()

    await bench.feed(SLICE + 7)

    assert bench.shard.calls == [("observe", ("a", 0, SLICE)), ("observe", ("a", SLICE, SLICE + 7))]


async def test_what_was_fetched_under_an_old_lease_does_not_reach_the_shard() -> None:
    """The task was given anew since."""
    bench = Bench()
    old = bench.lease
    bench.restore()
    bench.lease = old
    old.alive = False

    await bench.feed(3)

    assert bench.shard.calls == []


async def test_a_core_that_goes_by_a_version_no_longer_in_force_is_opened_anew() -> None:
    """A core that changes over by itself, or that the order is not for, goes on with its memory."""
    bench = Bench()
    bench.custody.running = [bench.task]

    await bench.monitor.handle(Control([ControlRecord(0, b"mute", b"{}")]))
    assert (bench.custody.failed, bench.lease.alive) == ([], True)

    await bench.monitor.handle(Control([ControlRecord(1, ANEW, b"{}")]))
    assert (bench.custody.failed, bench.lease.alive) == ([OTHER_VERSION], False)
    assert bench.shard.calls == [("control", ([0], None)), ("control", ([1], None))]


async def test_time_passes_only_where_every_input_is_known() -> None:
    """One status missing, or one that is not trusted, holds the task's clock."""
    bench = Bench()

    await bench.tick(NOW, True)
    await bench.tick(NOW + 100, True, False)
    assert [call for call, _ in bench.shard.calls].count("advance") == 0
    await bench.tick(NOW + 200, True, True)
    await bench.tick(NOW + 300, True, False)

    assert [what for call, what in bench.shard.calls if call == "advance"] == [NOW + 200, NOW + 200]


async def test_deadlines_that_fall_due_all_at_once_do_not_pile_up_in_memory() -> None:
    """After a long absence: every so many slices what is waiting is committed, though no interval is over."""
    bench = Bench()
    bench.shard.slices_due = 3 * SLICES_IN_MEMORY + 1

    await bench.tick(NOW, True, True)

    statuses = 2
    assert bench.committer.told_at == [statuses + n * SLICES_IN_MEMORY for n in (1, 2, 3)]


async def test_events_do_not_pile_up_in_memory_while_a_commit_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every so many slices what is under way is waited for, and what has come since is committed."""
    monkeypatch.setattr("agents.monitor.SLICES_UNCOMMITTED", 3)
    bench = Bench()

    await bench.feed(7 * SLICE + 1)

    assert len(bench.committer.told_at) == 2
    assert len(bench.task.raw) == 2


async def test_a_lost_batch_is_fetched_again() -> None:
    """The shard says that something is missing between the batches."""

    def gap(call: str, what: Any) -> None:
        raise PositionGap

    bench = Bench(gap)
    await bench.feed(3)

    assert (bench.custody.rewound, bench.custody.failed) == (1, [])


async def test_an_event_that_raises_twice_is_set_aside_and_the_others_are_not() -> None:
    """First in company, then alone, then refused: three feeds with a restore between them."""

    def defect(call: str, what: Any) -> None:
        if call == "observe" and any(received.offset == 5 for received in what.records):
            raise ZeroDivisionError("defect")

    bench = Bench(defect)
    for _ in range(3):
        bench.restore()
        await bench.feed(8)

    assert len(bench.custody.failed) == 2
    assert [what for call, what in bench.shard.calls if call == "refuse"] == [(5, "poison")]
    assert [what[1] for call, what in bench.shard.calls if call == "observe"] == [0, 1, 2, 3, 4, 6, 7]
    assert "ZeroDivisionError: defect" in bench.task.poison[SOURCE, 5].message


async def test_an_event_that_raises_when_it_is_looked_at_is_found_too() -> None:
    """The core looks at touched cases when time passes: each event since the last commit is then tried with a look."""
    seen: list[int] = []

    def defect(call: str, what: Any) -> None:
        if call == "observe":
            seen.extend(received.offset for received in what.records)
        elif 5 in seen:
            raise ZeroDivisionError("defect")

    bench = Bench(defect)
    for _ in range(3):
        seen.clear()
        bench.restore()
        await bench.feed(8)
        await bench.tick(NOW, True, True)

    assert list(bench.task.poison) == [(SOURCE, 5)]
    assert [what for call, what in bench.shard.calls if call == "refuse"] == [(5, "poison")]


async def test_time_that_keeps_raising_ends_the_worker() -> None:
    """No event is to blame: it is a bug, and nothing is committed past it."""

    def defect(call: str, what: Any) -> None:
        if call == "advance":
            raise ZeroDivisionError("defect")

    bench = Bench(defect)
    await bench.tick(NOW, True, True)
    bench.restore()
    await bench.feed(8)
    bench.restore()

    with pytest.raises(ZeroDivisionError):
        await bench.feed(8)
    assert bench.task.poison == {}


ORDER = ControlRecord(3, b'["forget","a","7"]', b"{}")


def refuses_to_forget(call: str, what: Any) -> None:
    """The case is there, and cannot be read."""
    if call == "control":
        raise UnreadableState("the record of case 7 cannot be read")


async def test_every_running_task_is_told_of_control() -> None:
    """With where its topic ends, as far as that is known."""
    bench = Bench()
    bench.custody.running = [bench.task]

    await bench.monitor.handle(Control([ORDER], end=4))

    assert bench.shard.calls == [("control", ([3], 4))]


async def test_an_order_that_meets_unreadable_state_stops_its_task_alone() -> None:
    """Nothing is committed after it and a person is asked; the others take the order."""
    bench, other = Bench(refuses_to_forget), Bench()
    other.task = Task(TaskId("a", 1), GROUP)
    other.restore()
    bench.custody.running = [bench.task, other.task]

    await bench.monitor.handle(Control([ORDER]))

    assert bench.custody.refused == [(TaskId("a", 0), "the record of case 7 cannot be read")]
    assert not bench.task.running
    assert other.shard.calls == [("control", ([3], None))]
