"""Feeds an event log into a topic, in order of time, and ends each partition with a clock mark.

Invariant: every record bears the header of its run, so that the monitor takes it for history however it is stamped;
events of a case stay in order, in one partition; the marks come after the last event has arrived."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition

from agents.codec import CLOCK_HEADER, REPLAY_HEADER
from agents.connection import Connection
from agents.logs import LogRecord
from agents.rewriting import Rewriter
from agents.wall_clock import as_text

START_TIMEOUT_S: Final = 15.0
ARRIVAL_TIMEOUT_S: Final = 60.0
AT_ONCE: Final = 5_000
"""So many records are under way before the first of them has to have arrived."""

Progress = Callable[[int], None]


class Replay(NamedTuple):
    """One run: its name, the topic and its partitions, how much faster than real time (0: as fast as can be), how far
    the times of the records are moved, and the instant of the clock marks (None: the last event's)."""

    run: str
    topic: str
    partitions: Sequence[TopicPartition]
    speed: float
    shift_ms: int
    until_ms: int | None


def last_time(records: Sequence[LogRecord]) -> int | None:
    """The time of the last event that has one."""
    return max((record.timestamp_ms for record in records if record.timestamp_ms is not None), default=None)


async def replay_log(
    connection: Connection, records: Sequence[LogRecord], rewriter: Rewriter, replay: Replay, progress: Progress
) -> int:
    """Write all records and the marks; returns how many records were written. `progress` is told after each lot."""
    producer = connection.producer()
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await producer.start()
        await _write_events(producer, records, rewriter, replay, progress)
        await _write_marks(producer, records, replay)
    finally:
        await asyncio.wait_for(producer.stop(), START_TIMEOUT_S)
    return len(records)


async def _write_events(
    producer: AIOKafkaProducer, records: Sequence[LogRecord], rewriter: Rewriter, replay: Replay, progress: Progress
) -> None:
    headers = [(REPLAY_HEADER, replay.run.encode())]
    pace = Pace(replay.speed)
    under_way: list[asyncio.Future[object]] = []
    for number, record in enumerate(records, 1):
        await pace.wait_for(record.timestamp_ms)
        case = rewriter.case_of(record.value)
        value = orjson.dumps(rewriter.rewrite(record.value), option=orjson.OPT_NON_STR_KEYS)
        key = None if case is None else case.encode()
        under_way.append(await producer.send(replay.topic, value, key, headers=headers))
        if len(under_way) >= AT_ONCE:
            await _arrive(under_way)
        if len(under_way) == 0 or replay.speed or number == len(records):
            progress(number)
    await _arrive(under_way)


async def _arrive(under_way: list[asyncio.Future[object]]) -> None:
    async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
        await asyncio.gather(*under_way)
    under_way.clear()


async def _write_marks(producer: AIOKafkaProducer, records: Sequence[LogRecord], replay: Replay) -> None:
    last = last_time(records)
    mark = replay.until_ms if replay.until_ms is not None else None if last is None else last + replay.shift_ms
    if mark is None:
        return
    headers = [(REPLAY_HEADER, replay.run.encode()), (CLOCK_HEADER, as_text(mark).encode())]
    async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
        for _, partition in replay.partitions:
            await producer.send_and_wait(replay.topic, None, CLOCK_HEADER.encode(), partition, headers=headers)


class Pace:
    """Holds events back until their time has come, `speed` times as fast as they happened; 0 holds nothing back."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._first: tuple[float, int] | None = None

    async def wait_for(self, instant_ms: int | None) -> None:
        """Sleep until an event of that time is due; one without a time is due at once."""
        if not self._speed or instant_ms is None:
            return
        now = asyncio.get_running_loop().time()
        began_at, first_ms = self._first = self._first or (now, instant_ms)
        due = began_at + (instant_ms - first_ms) / 1000 / self._speed
        if due > now:
            await asyncio.sleep(due - now)
