"""Waits until nothing is open on a state partition, and ends there what nobody else will end.

The broker that coordinates a transaction leaves out the mark of its end on a partition that has no leader just then,
and takes it for complete: from then on the transaction hides, for ever, all that is behind it. Whoever writes with the
task's transactional id can end it. Invariant: it is committed only if this worker knows that its commit succeeded; else
it is aborted, so that nothing is read that was given up. What was told elsewhere in it is told again then, as it is by
that time, and no event is lost. What is of another id is for a person, who is told how.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from agents.journal import MARKER, PROBE_COMMIT, Journal

_log = structlog.get_logger("casewatch.restore")

PAUSE_S: Final = 0.02


class Waits(NamedTuple):
    """For how long an open transaction is given (s): `soon` for the mark of one that is being ended, twice; then `last`
    for another's, which the broker ends when its time-out is over, if it still knows it."""

    soon: float = 5.0
    last: float = 50.0


WAITS: Final = Waits()


class Ends(NamedTuple):
    """Where a partition ends: its last stable offset, and its high watermark."""

    stable: int
    high: int

    @property
    def settled(self) -> bool:
        """Whether nothing is open."""
        return self.stable >= self.high


class AskEnds(Protocol):
    """Asks a broker where partitions end."""

    async def both_ends(self, partition: TopicPartition) -> Ends:
        """Where this one ends."""


class HangingTransaction(KafkaError):  # type: ignore[misc]  # aiokafka's errors come without types
    """A transaction that neither we nor the broker end."""


class Settling:
    """One state partition, and the journal that writes to it. `say` is told what is waited for, in a sentence;
    `confirmed` is where the partition ends after the last commit that this worker knows to have succeeded."""

    def __init__(self, place: TopicPartition, asked: AskEnds, journal: Journal, say: Callable[[str], None]) -> None:
        self._place, self._asked, self._journal, self._say = place, asked, journal, say

    async def end(self, confirmed: int | None = None, waits: Waits = WAITS) -> int:
        """Wait until the partition is settled; its end. Raises `HangingTransaction`, and what the journal raises."""
        ends = await self._wait(waits.soon)
        if not ends.settled:
            await self._end_ours(ends, confirmed)
            ends = await self._wait(waits.soon)
        if not ends.settled:
            right = f"if the broker does not, {way_out(self._place, ends.stable)}"
            self._say(f"another producer's transaction is open on {_name(self._place)} since {ends.stable}; {right}")
            ends = await self._wait(waits.last)
        if not ends.settled:
            right = way_out(self._place, ends.stable)
            _log.error("a transaction is left open that nobody ends", right=right, **self._told(ends))
            raise HangingTransaction(f"nobody ends the transaction that is open on {_name(self._place)}; {right}")
        return ends.stable

    async def _end_ours(self, ends: Ends, confirmed: int | None) -> None:
        """The mark of a confirmed commit is missing exactly where the partition ends one short of where it should."""
        if confirmed is not None and ends.high + MARKER == confirmed:
            _log.warning("the broker lost the mark of a commit that it confirmed: committing", **self._told(ends))
            await self._journal.write(PROBE_COMMIT)
            return
        again = "if it was committed, subscribers are told again; casewatch rebuild compares with what is true"
        _log.warning("a transaction was left open: aborting what is this task's", note=again, **self._told(ends))
        await self._journal.probe()

    async def _wait(self, seconds: float) -> Ends:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        ends = await self._asked.both_ends(self._place)
        while not ends.settled and loop.time() < deadline:
            await asyncio.sleep(PAUSE_S)
            ends = await self._asked.both_ends(self._place)
        return ends

    def _told(self, ends: Ends) -> dict[str, object]:
        return {"partition": _name(self._place), "since": ends.stable, "end": ends.high}


async def settled_and_measured(settling: Settling, journal: Journal, confirmed: int | None = None) -> int:
    """Wait until the partition is settled, compare clocks unless that was done just now, and wait again; its end."""
    end = await settling.end(confirmed)
    return await settling.end() if await journal.compare_clocks() else end


def way_out(place: TopicPartition, offset: int) -> str:
    """The command of Kafka's own that ends the transaction that begins at this offset."""
    which = f"--topic {place.topic} --partition {place.partition} --start-offset {offset}"
    return f"end it with `kafka-transactions.sh --bootstrap-server BROKER abort {which}`"


def _name(place: TopicPartition) -> str:
    return f"{place.topic}/{place.partition}"
