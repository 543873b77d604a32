"""A worker's work on events without its Kafka, cut into stages: a lap is told after each what was just done.

Everything between a fetched record and a built record batch is the worker's own: codec, shards, journal. As often as
in a worker that catches up, tasks are looked at and committed; nothing is sent. Invariant: with another lap the same
work is done.
"""

import asyncio
import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import process_time
from typing import Final

from aiokafka import ConsumerRecord
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from agents.broker_clock import BrokerClock
from agents.codec import decode_records
from agents.collector import collect_only_what_is_new, settle
from agents.connection import BATCH_BYTES
from agents.journal import Writer
from agents.monitor import DUE_AT_ONCE, SLICE
from agents.outbox import Outbox
from agents.source_groups import TaskId
from agents.topics import TopicNames
from stream.awake import Room
from stream.effects import Effects
from stream.inputs import Batch, Input
from stream.process import Process
from stream.shard import Shard

TOPIC: Final = "support.tickets"
WALL: Final = 1_793_610_000_000  # 2026-11-02T09:00Z, when all records were written and are read
A_TICK: Final = 600
"""So many events of a task lie between two looks at it: a tenth of a second of a worker with four of them."""

TICKS_A_COMMIT: Final = 2
DECODE: Final = "decode bytes"
FOLD: Final = "fold"
LOOK: Final = "look"
PACK: Final = "drain, and pack the journal"
BATCHES: Final = "build record batches"
GARBAGE: Final = "search for garbage"

Lap = Callable[[str], None]
Partitions = Sequence[Sequence[ConsumerRecord]]


class Stopwatch:
    """A lap that adds up `seconds` of the processor by stage: all since the last lap belong to the one that is told."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.last = process_time()

    def __call__(self, stage: str) -> None:
        """Note that a stage is over."""
        now = process_time()
        self.seconds[stage] += now - self.last
        self.last = now


class Shelf:
    """A producer that builds the batches that it is given, and puts them aside."""

    def __init__(self) -> None:
        self.batches, self.bytes = 0, 0

    def create_batch(self) -> BatchBuilder:
        """An empty batch, as a task's producer makes one."""
        return BatchBuilder(BATCH_BYTES, 0, is_transactional=True)

    async def partitions_for(self, topic: str) -> set[int]:
        """The partitions of any topic."""
        return {0}

    async def send_batch(self, batch: BatchBuilder, topic: str, partition: int) -> "asyncio.Future[RecordMetadata]":
        """Build the bytes of a batch, checksum included, as aiokafka does before it sends them."""
        self.bytes += len(batch._build())
        self.batches += 1
        arrived = asyncio.get_running_loop().create_future()
        arrived.set_result(None)
        return arrived


class Work:
    """The tasks of one worker, one for each of the `partitions`, and what they have to do with these records."""

    def __init__(self, process: Process, partitions: Partitions, lap: Lap) -> None:
        room, names = Room(), TopicNames("bench")
        self.partitions, self.lap, self.shelf = partitions, lap, Shelf()
        self.shards = [Shard([process], task=number).sharing(room) for number in range(len(partitions))]
        tasks = [TaskId(TOPIC, number) for number in range(len(partitions))]
        self.writers = [Writer(names, task, self.shelf, BrokerClock(lambda: WALL)) for task in tasks]

    async def done(self) -> None:
        """Do all of it."""
        for tick, start in enumerate(range(0, max(map(len, self.partitions)), A_TICK), 1):
            for number, records in enumerate(self.partitions):
                if found := records[start : start + A_TICK]:
                    self._read(number, start, found)
                    self._look(number)
                    if tick % TICKS_A_COMMIT == 0 or start + A_TICK >= len(records):
                        await self._commit(number)

    def _read(self, number: int, start: int, records: Sequence[ConsumerRecord]) -> None:
        source, shard, end = Input(TOPIC, number), self.shards[number], len(self.partitions[number])
        received = decode_records(records)
        self.lap(DECODE)
        for first in range(0, len(received), SLICE):
            part = received[first : first + SLICE]
            at = start + first
            shard.observe(Batch(source, at, part, at + len(part), end, WALL))
            self.lap(FOLD)
            settle()
            self.lap(GARBAGE)

    def _look(self, number: int) -> None:
        while self.shards[number].advance(WALL, DUE_AT_ONCE):
            settle()
        self.lap(LOOK)

    async def _commit(self, number: int) -> None:
        effects = self.shards[number].drain()
        self.lap(PACK)
        await self._build(self.writers[number], effects)
        self.lap(BATCHES)

    async def _build(self, writer: Writer, effects: Effects) -> None:
        alerts = [(alert.id.encode(), alert.body) for alert in effects.alerts]
        await writer.send(writer.state_topic, writer.task.partition, effects.journal)
        await writer.send_readers(Outbox(alerts, (), effects.partials))
        await asyncio.sleep(0)  # what is told that a batch has arrived is told now


def untold(stage: str) -> None:
    """A lap that nobody hears."""


@contextmanager
def collecting_as_a_worker() -> Iterator[None]:
    """Search for garbage as a worker does, for a while; what there is now is not searched."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    collect_only_what_is_new()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def by_stages(process: Process, partitions: Partitions) -> dict[str, float]:
    """Seconds of each stage."""
    with collecting_as_a_worker():
        stopwatch = Stopwatch()
        asyncio.run(Work(process, partitions, stopwatch).done())
    return stopwatch.seconds


def in_one(process: Process, partitions: Partitions) -> float:
    """Seconds of the whole, with nothing measured in between."""
    with collecting_as_a_worker():
        began = process_time()
        asyncio.run(Work(process, partitions, untold).done())
        return process_time() - began
