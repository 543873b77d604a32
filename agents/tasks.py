"""A task as this worker holds it: its core, its journal, and the lease under which it may be fed.

Invariant: shard and journal live and die together, since memory is only as good as the producer that proves it;
whatever was fetched under a lease is worthless once that lease has ended."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from agents.codec import origin_of
from agents.journal import Journal
from agents.source_groups import SourceGroup, TaskId
from stream.control import ControlRecord
from stream.core import Core
from stream.inputs import Batch, Input, Refusal


class Lease:
    """One period in which a task runs without a break: from the seek of its inputs to whatever interrupts it.

    `next` is the position that the next batch of each input has to join, `applied` what has reached the shard;
    `target` is where an input ended when the lease began, and None once it was reached."""

    __slots__ = ("alive", "applied", "next", "target", "task")

    def __init__(self, task: "Task", positions: dict[Input, int], ends: dict[Input, int]) -> None:
        self.task, self.next, self.alive = task, positions, True
        self.applied = dict(positions)
        self.target = {source: end for source, end in ends.items() if positions[source] < end}

    @property
    def remaining(self) -> int:
        """How many records were waiting at the start and still are."""
        return sum(end - self.applied[source] for source, end in self.target.items())

    def reached(self, source: Input, position: int) -> None:
        """Note how far an input has been applied."""
        self.applied[source] = position
        if self.target and position >= self.target.get(source, position + 1):
            del self.target[source]


class Fetched(NamedTuple):
    """A batch with the lease it was fetched under, and its records as Kafka gave them."""

    lease: Lease
    batch: Batch
    raw: list[ConsumerRecord]


class Status(NamedTuple):
    """How far one input reaches; `trusted` unless that was learned too long ago to draw conclusions from time."""

    lease: Lease
    batch: Batch
    trusted: bool


class Tick(NamedTuple):
    """Time has passed to `at` (wall clock, ms); what is known of each input then."""

    at: int
    statuses: list[Status]


class Control(NamedTuple):
    """What tasks are told from elsewhere, in order of offset; `end` is where its topic ends, if that was asked."""

    records: list[ControlRecord]
    end: int | None = None


class Task:
    """Everything that belongs to one task on this worker.

    `end` is where the state partition ends if nobody else wrote to it, `confirmed` where it ended after the last commit
    that is known to have succeeded, also when memory was dropped since; `wall` the newest wall clock that may be
    trusted (ms), `committed` the positions that the journal holds, `raw` the records read since the last drain.
    `suspect` says up to which position each event is tried alone, `poison` which events raised alone, `stumbles` how
    often in a row time made the core raise."""

    def __init__(self, id: TaskId, group: SourceGroup) -> None:
        self.id, self.group = id, group
        self.inputs = group.inputs(id.partition)
        self.shard: Core | None = None
        self.journal: Journal | None = None
        self.lease: Lease | None = None
        self.end: int | None = None
        self.confirmed: int | None = None
        self.wall: int | None = None
        self.committed: dict[Input, int] = {}
        self.committing: asyncio.Task[None] | None = None
        self.commit_due = 0.0
        self.raw: list[tuple[Input, list[ConsumerRecord]]] = []
        self.suspect: dict[Input, int] = {}
        self.poison: dict[tuple[Input, int], Refusal] = {}
        self.failures = 0
        self.stumbles = 0

    @property
    def running(self) -> bool:
        """Whether batches may be applied now."""
        return self.lease is not None and self.lease.alive

    def suspend(self) -> None:
        """End the lease, and keep the memory."""
        if self.lease is not None:
            self.lease.alive = False
            self.lease = None

    def drop(self) -> Journal | None:
        """End the lease and forget shard and journal; the journal is returned to be closed."""
        self.suspend()
        journal, self.journal, self.shard, self.end = self.journal, None, None, None
        self.raw, self.committed = [], {}
        return journal

    def suspects(self, batch: Batch) -> bool:
        """Whether the events of a batch are to be tried one by one."""
        suspected = batch.start < self.suspect.get(batch.input, 0)
        return suspected or (
            bool(self.poison) and any((batch.input, each.offset) in self.poison for each in batch.records)
        )

    def clear_suspect(self, batch: Batch) -> None:
        """Note that a batch was taken without harm."""
        if batch.next >= self.suspect.get(batch.input, batch.next + 1):
            del self.suspect[batch.input]

    def raw_record(self, source: Input, offset: int) -> ConsumerRecord | None:
        """Find a record read since the last drain, as Kafka gave it; one that was passed on, by where it came from."""
        for topic_partition, records in self.raw:
            for record in records:
                if _place(topic_partition, record, rekeyed=bool(self.group.rekeyed_from)) == (source, offset):
                    return record
        return None


def _place(source: Input, record: ConsumerRecord, *, rekeyed: bool) -> tuple[Input, int]:
    origin = origin_of(record.headers) if rekeyed else None
    return (source, record.offset) if origin is None else (origin.input, origin.offset)


def partitions_of(tasks: Iterable[Task]) -> Iterator[TopicPartition]:
    """Name the source partitions of tasks, as aiokafka does."""
    for task in tasks:
        yield from (TopicPartition(*source) for source in task.inputs)
