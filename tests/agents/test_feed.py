"""Only what joins is passed on; what is stale is thrown away and fetched again; and time is claimed only where it is
known."""

from collections import deque
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.structs import RecordMetadata

from agents.broker_clock import BrokerClock
from agents.feed import Feed, Message
from agents.source_groups import SourceGroup, TaskId
from agents.tasks import Lease, Task, Tick
from stream.inputs import Input

NOW = 1_795_000_000_000
A = TopicPartition("a", 0)
SOURCE = Input("a", 0)
GROUP = SourceGroup("a", ("a",), (), ("earliest",))


def record(offset: int) -> ConsumerRecord:
    """A record of input `a`/0."""
    return ConsumerRecord("a", 0, offset, NOW, 0, b"k", b'{"n": 1}', None, 1, 8, ())


class FakeConsumer:
    """What the feed uses of aiokafka's consumer; `answers` are what fetches find, or callables that happen
    meanwhile."""

    def __init__(self) -> None:
        self.answers: deque[Any] = deque()
        self.sought: list[tuple[TopicPartition, int]] = []
        self.at: dict[TopicPartition, int] = {}
        self.end = 100
        self.polled_at: int | None = NOW

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Note where the feed wants to read on."""
        self.sought.append((partition, offset))
        self.at[partition] = offset

    def resume(self, *partitions: TopicPartition) -> None:
        """Nothing is paused here."""

    def pause(self, *partitions: TopicPartition) -> None:
        """Nothing is paused here."""

    def assignment(self) -> set[TopicPartition]:
        """One partition."""
        return {A}

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        """The next answer."""
        answer = self.answers.popleft()
        found = answer() if callable(answer) else answer
        for partition, records in found.items():
            self.at[partition] = records[-1].offset + 1
        return dict(found)

    async def position(self, partition: TopicPartition) -> int:
        """Behind the last record that was handed out."""
        return self.at[partition]

    def last_stable_offset(self, partition: TopicPartition) -> int:
        """The end as last heard."""
        return self.end

    def last_poll_timestamp(self, partition: TopicPartition) -> int | None:
        """When it was last heard."""
        return self.polled_at


class Bench:
    """A feed with a fake consumer, one task, and what was passed on."""

    def __init__(self) -> None:
        self.now = NOW
        self.passed: list[Message] = []
        self.consumer = FakeConsumer()
        self.clock = BrokerClock(lambda: self.now, lambda: self.now / 1000)
        self.clock.believe()
        self.feed = Feed(self._put, self.clock, 1024)
        self.feed.consumer = self.consumer
        self.task = Task(TaskId("a", 0), GROUP)

    async def _put(self, message: Message) -> None:
        self.passed.append(message)

    def lease(self, position: int) -> Lease:
        """Begin to feed the task at a position."""
        lease = Lease(self.task, {SOURCE: position}, {SOURCE: 100})
        self.feed.feed(lease, {SOURCE: position})
        return lease

    async def fetch(self, answer: Any) -> None:
        """Fetch once."""
        self.consumer.answers.append(answer)
        await self.feed.fetch()

    async def tick(self) -> Tick:
        """Pass the next tick."""
        await self.feed.tick_if_due()
        [tick] = [message for message in self.passed if isinstance(message, Tick)][-1:]
        return tick


async def test_a_batch_joins_the_last_one_whatever_gap_kafka_left_inside() -> None:
    """Offsets 6 and 8 from position 5: the batch is [5, 9), and the next one starts at 9."""
    bench = Bench()
    bench.lease(5)

    await bench.fetch({A: [record(6), record(8)]})
    await bench.fetch({A: [record(9)]})

    batches = [fetched.batch for message in bench.passed if isinstance(message, list) for fetched in message]
    assert [(batch.start, batch.next, len(batch.records)) for batch in batches] == [(5, 9, 2), (9, 10, 1)]
    assert (batches[0].end, batches[0].read_at) == (100, NOW)


async def test_a_batch_from_before_a_new_lease_is_thrown_away_and_fetched_again() -> None:
    """The task was given anew while the fetch was under way: what was found belongs to the old lease."""
    bench = Bench()
    bench.lease(5)

    def given_anew() -> dict[TopicPartition, list[ConsumerRecord]]:
        bench.lease(3)
        return {A: [record(5), record(6)]}

    await bench.fetch(given_anew)

    assert bench.passed == []
    assert bench.consumer.sought[-1] == (A, 3)


async def test_nothing_is_passed_on_for_a_lease_that_has_ended() -> None:
    """A task that was dropped while a fetch was under way."""
    bench = Bench()
    lease = bench.lease(5)

    def dropped() -> dict[TopicPartition, list[ConsumerRecord]]:
        lease.alive = False
        return {A: [record(5)]}

    await bench.fetch(dropped)

    assert bench.passed == []


async def test_a_tick_says_how_far_an_input_reaches() -> None:
    """Markers behind the last record are passed over, and the status joins the batches."""
    bench = Bench()
    lease = bench.lease(98)
    bench.consumer.at[A] = 100

    tick = await bench.tick()

    [status] = tick.statuses
    assert (status.batch.start, status.batch.next, status.batch.end, status.trusted) == (98, 100, 100, True)
    assert (tick.at, lease.next[SOURCE]) == (NOW, 100)


async def test_an_end_that_was_learned_long_ago_is_not_trusted() -> None:
    """No answer for more than a second: something may have come since."""
    bench = Bench()
    bench.lease(100)
    bench.consumer.polled_at = NOW - 1_001

    assert not (await bench.tick()).statuses[0].trusted


async def test_an_input_with_records_waiting_needs_no_trust() -> None:
    """It is known not to be at its end."""
    bench = Bench()
    bench.lease(40)
    bench.consumer.polled_at = NOW - 60_000

    assert (await bench.tick()).statuses[0].trusted


async def test_a_worker_that_stood_still_believes_only_answers_to_new_questions() -> None:
    """An answer that lay in the socket meanwhile bears the time of waking and the news of long ago."""
    bench = Bench()
    bench.lease(100)
    await bench.tick()

    bench.now = bench.consumer.polled_at = NOW + 60_000
    woken = await bench.tick()
    bench.now = bench.consumer.polled_at = NOW + 60_400
    later = await bench.tick()

    assert (woken.statuses[0].trusted, later.statuses[0].trusted) == (False, True)


async def test_before_the_first_answer_nothing_is_said() -> None:
    """Without a known end there is no status."""
    bench = Bench()
    bench.lease(0)
    bench.consumer.end = -1

    assert (await bench.tick()).statuses == []


async def test_time_is_claimed_only_when_the_brokers_is_known_and_is_the_brokers() -> None:
    """A machine an hour ahead: nothing may follow from its time before it was measured, and no tick has it after."""
    bench = Bench()
    bench.feed.clock = clock = BrokerClock(lambda: bench.now, lambda: bench.now / 1000)
    bench.lease(5)
    unknown = await bench.tick()
    bench.now += 200
    clock.measured(bench.now, RecordMetadata("s", 0, TopicPartition("s", 0), 1, bench.now - 3_600_000, 1, 0))
    known = await bench.tick()
    await bench.fetch({A: [record(5)]})

    [batch] = [fetched.batch for message in bench.passed if isinstance(message, list) for fetched in message]
    assert [status.trusted for status in unknown.statuses] == [False]
    assert [(status.trusted, status.batch.read_at) for status in known.statuses] == [(True, NOW + 200 - 3_600_000)]
    assert known.at == batch.read_at == NOW + 200 - 3_600_000


def test_an_input_of_which_its_broker_says_nothing_is_unheard_once_it_was_read_to_its_end() -> None:
    """While records of it still wait here, nobody asks for more; one that is not read at all is nobody's trouble."""
    bench = Bench()
    assert bench.feed.unheard_ms(SOURCE) == 0
    bench.lease(99)
    bench.now = NOW + 12_000
    assert bench.feed.unheard_ms(SOURCE) == 0
    bench.lease(100)
    assert bench.feed.unheard_ms(SOURCE) == 12_000
    bench.consumer.polled_at = bench.now
    assert bench.feed.unheard_ms(SOURCE) == 0
