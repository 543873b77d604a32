"""Which records of a source are events of a process, and what each tells of the time.

Decides on each record alone: whether it can be read, and whether a live event's time is one that can be. Invariant:
every record is shown to the input's clock, and gives exactly one of an event, a refusal, and a word for what else it
is.
"""

from stream.clock import STALE_MS, InputClock
from stream.event import Event, Place
from stream.inputs import Received, Refusal
from stream.process import Process

FUTURE_MS = 3_600_000

Admitted = tuple[str, Event]
"""A case id and an event of it."""


class Admission:
    """The gate of one process; live events from before `earliest` (ms) are refused."""

    def __init__(self, process: Process, earliest: int) -> None:
        self.reader, self.lateness, self.earliest = process.reader, process.lateness, earliest

    def admit(self, received: Received, read_at: int, place: Place, clock: InputClock) -> Admitted | Refusal | str:
        """What a record is, read at wall clock `read_at` (ms): an event, a refusal, `tombstone` or `clock_mark`."""
        value, stamped_at = received.value, received.stamped_at
        clock.saw_record(stamped_at, read_at)
        if value is None:
            if received.clock_mark is None:
                return "tombstone"
            clock.saw_mark(received.clock_mark)
            return "clock_mark"
        found = value if isinstance(value, Refusal) else self.reader.read(value, place)
        if isinstance(found, Refusal):
            return found
        at = found[1].at
        if received.replay is not None:
            clock.saw_event(at, historical=True)
            return found
        if at > min(stamped_at, read_at) + FUTURE_MS:
            return Refusal("future", "the event's time lies more than an hour ahead of its record's")
        if at < self.earliest:
            return Refusal("implausible_timestamp", "the event's time lies before the earliest that is taken")
        delayed = stamped_at - at > max(self.lateness, STALE_MS)
        clock.saw_event(min(at, read_at), delayed, stamped_at - at if delayed else 0)
        return found
