"""Fetches from the sources and passes on, decoded: batches, and ten times a second a tick that says how far inputs
reach.

Batches and ticks go through one channel, so that time and events have one order. Invariant: a batch is passed on only
under the lease it was fetched under and only where it joins the last one; otherwise it is thrown away *and* the
consumer put back. A tick claims an input's end only if that was learned within the last second by a worker that was
running, and nothing is concluded from time before the broker's clock is known."""

import asyncio
from collections.abc import Awaitable, Callable, Container
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    InconsistentGroupProtocolError,
    InvalidSessionTimeoutError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from agents.broker_clock import BrokerClock
from agents.codec import as_they_are, decode_records
from agents.connection import FETCH_WAIT_MS
from agents.retry import Notice, explain
from agents.tasks import Control, Fetched, Lease, Status, Task, Tick
from schemas.problem import Problem, Refused
from stream.inputs import Batch, Input

TICK_MS: Final = 100
TRUST_MS: Final = 1_000
"""An input's end that was learned longer ago is no ground for saying that nothing more has come."""

MAX_RECORDS: Final = 1_000

_REFUSALS: Final[dict[type[KafkaError], Problem]] = {
    InvalidSessionTimeoutError: Problem(
        "kafka",
        1,
        "CASEWATCH_SESSION_TIMEOUT",
        "the broker refuses it",
        "stay within its group.min/max.session.timeout.ms",
    ),
    InconsistentGroupProtocolError: Problem(
        "kafka",
        1,
        "CASEWATCH_GROUP",
        "other programs, or workers of another CASEWATCH_PREFIX, are in the group",
        "choose a group for this installation alone",
    ),
}
"""What waiting does not mend."""

Message = list[Fetched] | Tick | Control
Put = Callable[[Message], Awaitable[object]]


class Feed:
    """The one reader of the sources on this worker; `put` hands a message on and blocks while there are too many.

    Records of topics that are `undecoded` go to their core as they are."""

    def __init__(self, put: Put, clock: BrokerClock, max_value_bytes: int, undecoded: Container[str] = ()) -> None:
        self.consumer: AIOKafkaConsumer | None = None
        self.leases: dict[TopicPartition, Lease] = {}
        self.lost: Callable[[Task, str], None] | None = None
        self.trouble: str | None = None
        self.clock = clock
        self._put, self._max_bytes, self.undecoded = put, max_value_bytes, undecoded
        self._ticked_at: int | None = None
        self._trust_from = 0
        self._notice = Notice()

    def feed(self, lease: Lease, first: dict[Input, int]) -> None:
        """Begin to read a task's inputs under a lease, at the positions where its first records are."""
        assert self.consumer is not None, "the feed was not started"
        partitions = [TopicPartition(*source) for source in lease.next]
        for partition, source in zip(partitions, lease.next, strict=True):
            self.consumer.seek(partition, first[source])
            self.leases[partition] = lease
        self.consumer.resume(*partitions)

    def starve(self, task: Task) -> None:
        """Stop reading a task's inputs."""
        for partition in (TopicPartition(*source) for source in task.inputs):
            self.leases.pop(partition, None)
            if self.consumer is not None and partition in self.consumer.assignment():
                self.consumer.pause(partition)

    async def run(self) -> None:
        """Fetch and pass on until cancelled."""
        while True:
            await self.fetch()
            await self.tick_if_due()

    async def fetch(self) -> None:
        """Fetch once, for at most the time to the next tick."""
        assert self.consumer is not None, "the feed was not started"
        before = dict(self.leases)
        try:
            found = await self.consumer.getmany(timeout_ms=TICK_MS, max_records=MAX_RECORDS)
        except NoOffsetForPartitionError:
            await asyncio.sleep(0.02)
            self._put_back()
            return
        except OffsetOutOfRangeError as error:
            self._out_of_range(error)
            return
        except tuple(_REFUSALS) as error:
            raise Refused([_REFUSALS[type(error)]]) from error
        except KafkaError as error:
            self.trouble = f"fetching fails: {explain(error)}"
            self._notice.say("fetching failed, trying again", reason=explain(error))
            await asyncio.sleep(0.1)
            self._put_back()
            return
        self.trouble = None
        message = [fetched for partition, raw in found.items() if (fetched := self._accept(partition, raw, before))]
        if message:
            await self._put(message)

    def _accept(
        self, partition: TopicPartition, raw: list[ConsumerRecord], before: dict[TopicPartition, Lease]
    ) -> Fetched | None:
        lease, source = self.leases.get(partition), Input(*partition)
        if lease is None or not lease.alive:
            return None
        start = lease.next[source]
        if before.get(partition) is not lease or raw[0].offset < start:
            self._seek(partition, start)
            return None
        next_position = raw[-1].offset + 1
        lease.next[source] = next_position
        end = max(self.end(partition) or 0, next_position)
        kept = partition.topic in self.undecoded
        records = as_they_are(raw) if kept else decode_records(raw, self._max_bytes)
        batch = Batch(source, start, records, next_position, end, self.clock.now())
        return Fetched(lease, batch, raw)

    def _put_back(self) -> None:
        for partition, lease in self.leases.items():
            self._seek(partition, lease.next[Input(*partition)])

    def _seek(self, partition: TopicPartition, offset: int) -> None:
        assert self.consumer is not None, "the feed was not started"
        try:
            self.consumer.seek(partition, offset)
        except IllegalStateError:
            self.leases.pop(partition, None)  # it has just been revoked

    def _out_of_range(self, error: OffsetOutOfRangeError) -> None:
        """The records were deleted, or the topic was recreated: the task starts again, which tells which."""
        for partition in error.args[0]:
            lease = self.leases.get(partition)
            if lease is not None and self.lost is not None:
                self.lost(lease.task, f"position {error.args[0][partition]} of {partition.topic} is out of range")
        self._put_back()

    def end(self, partition: TopicPartition) -> int | None:
        """The last stable offset of an input as last heard, None if not yet or no longer."""
        assert self.consumer is not None, "the feed was not started"
        if partition not in self.consumer.assignment():
            return None
        end = self.consumer.last_stable_offset(partition)
        return None if end is None or end < 0 else int(end)

    def unheard_ms(self, source: Input) -> int:
        """For how long the broker of an input has not answered, with records or that there are none; 0 while it is not
        read, or what was read of it still waits."""
        partition = TopicPartition(*source)
        lease = self.leases.get(partition)
        end = self.end(partition)
        if self.consumer is None or lease is None or end is None or lease.next[source] < end:
            return 0
        polled_at = self.consumer.last_poll_timestamp(partition)
        return 0 if polled_at is None else max(0, self.clock.wall() - polled_at)

    async def tick_if_due(self) -> None:
        """Pass on how far inputs reach, if a tenth of a second is over."""
        now = self.clock.wall()
        if self._ticked_at is not None and 0 <= now - self._ticked_at < TICK_MS:
            return
        if self._ticked_at is not None and now - self._ticked_at > TRUST_MS:
            # The worker stood still. Answers that came in meanwhile carry a fresh time and old news: believe only those
            # to questions that were asked after.
            self._trust_from = now + FETCH_WAIT_MS
        self._ticked_at = now
        statuses = [await self._status(partition, lease, now) for partition, lease in list(self.leases.items())]
        await self._put(Tick(self.clock.corrected(now), [status for status in statuses if status is not None]))

    async def _status(self, partition: TopicPartition, lease: Lease, now: int) -> Status | None:
        end, source = self.end(partition), Input(*partition)
        if self.consumer is None or end is None or not lease.alive:
            return None
        start = lease.next[source]
        position = await self.consumer.position(partition)
        # Between the last record and here lie only markers of transactions, aborted or compacted records.
        lease.next[source] = reached = max(start, position)
        polled_at = self.consumer.last_poll_timestamp(partition)
        known = polled_at is not None and polled_at >= self._trust_from and now - polled_at <= TRUST_MS
        batch = Batch(source, start, [], reached, max(end, reached), self.clock.corrected(now))
        return Status(lease, batch, self.clock.known and (known or reached < end))
