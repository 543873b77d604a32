"""The time of day as the broker has it: this machine's clock, put right by what each commit shows.

A topic of ours stamps records with the broker's time of append, which lies between the moments at which a commit was
sent and was answered. What does not fit between them is this clock's skew. Invariant: time is `known` only while this
machine's clock has gone on evenly since a measurement; a broker that stamps nothing leaves nothing to compare with,
and then the machine's own clock is believed."""

import time
from collections.abc import Callable
from typing import Final

import structlog
from aiokafka.structs import RecordMetadata

from agents.wall_clock import Clock

_log = structlog.get_logger("casewatch.clock")

TOLERANCE_MS: Final = 10_000
"""A skew up to this is put right without a word; a clock that jumps by more than this has to be measured anew."""

MEASURE_EVERY_S: Final = 60.0
ASK_AGAIN_S: Final = 5.0
TELL_EVERY_S: Final = 60.0
AHEAD_MS: Final = 60_000
APPEND_TIME: Final = 1


class BrokerClock:
    """What this machine knows of the broker's time. `wall` is its own clock (ms), `steady` one that nobody sets (s)."""

    def __init__(self, wall: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self.wall = wall
        self.skew_ms = 0
        self._steady = steady
        self._believed = False
        self._evenness: float | None = None
        self._measured_at = self._asked_at = self._told_at = float("-inf")

    def believe(self) -> None:
        """Go by this machine's clock until something can be compared with it."""
        self._believed = True

    @property
    def known(self) -> bool:
        """Whether the broker's time may be concluded from this machine's."""
        if self._evenness is None:
            return self._believed
        return abs(self._ahead_of_steady() - self._evenness) <= TOLERANCE_MS

    def _ahead_of_steady(self) -> float:
        return self.wall() - self._steady() * 1000

    def corrected(self, at: int) -> int:
        """Put right an instant that this machine's clock has just given (ms)."""
        return at - self.skew_ms + self._set_back_by()

    def _set_back_by(self) -> int:
        """By how much the clock was set back since the last measurement (ms): events of now are none of the future.
        One that is far ahead may have been set, or the machine may have slept."""
        jump = 0.0 if self._evenness is None else self._evenness - self._ahead_of_steady()
        return round(jump) if jump > TOLERANCE_MS else 0

    def now(self) -> int:
        """The broker's time (ms)."""
        return self.corrected(self.wall())

    def wants_measuring(self) -> bool:
        """Whether it is time to measure though there is nothing to commit; who is told so is expected to do it."""
        if self._believed and self._evenness is None:
            return False
        now = self._steady()
        if now - self._asked_at < ASK_AGAIN_S or (self.known and now - self._measured_at < MEASURE_EVERY_S):
            return False
        self._asked_at = now
        return True

    def measured(self, sent_at: int, appended: RecordMetadata) -> None:
        """Compare with the stamp of a record that was sent at `sent_at` (ms, by this machine) and has arrived by
        now. The last figure stands if it fits: a slow answer tells little."""
        answered_at = self.wall()
        if appended.timestamp_type != APPEND_TIME:
            if not self._believed:
                _log.warning("state records do not carry the broker's time: this machine's clock is believed unchecked")
            self.believe()
            return
        least, most = sent_at - appended.timestamp, answered_at - appended.timestamp
        if least > most:
            return  # the clock was set back meanwhile
        self.skew_ms = min(max(self.skew_ms, least), most)
        self._evenness, self._measured_at = self._ahead_of_steady(), self._steady()
        self._tell()

    def _tell(self) -> None:
        if self.complaint is not None and self._steady() - self._told_at >= TELL_EVERY_S:
            self._told_at = self._steady()
            _log.error(self.complaint, skew_seconds=self.skew_ms / 1000)

    @property
    def complaint(self) -> str | None:
        """What is wrong with this machine's clock, in a sentence; None if nothing is."""
        if abs(self.skew_ms) <= TOLERANCE_MS:
            return None
        side = "ahead of" if self.skew_ms > 0 else "behind"
        return f"this machine's clock is {abs(self.skew_ms) / 1000:.1f} s {side} the broker's"

    def compare_journalled(self, task: str, clock: int | None) -> None:
        """Say by how much a restored task's clock (ms) is ahead of the time: until then its deadlines stand still."""
        if clock is not None and self.known and clock - self.now() > AHEAD_MS:
            told = "the journalled clock is ahead of the time: no deadline falls due until then"
            _log.error(told, task=task, ahead_seconds=(clock - self.now()) / 1000)
