"""What changed since the last drain: everything that one transaction has to write, in the order it happened.

Invariant: the core has no other way to speak. Keys and values are ready bytes, equal in every process for equal inputs.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from stream.inputs import Input


class AlertRecord(NamedTuple):
    """One transition of an alert; `body` is its JSON, or None where a closed alert leaves (a tombstone on the alerts
    topic only, never on the log)."""

    id: str
    body: bytes | None


class DeadLetter(NamedTuple):
    """A record that was refused: where it lies, and why. The shell adds the record's bytes."""

    input: Input
    offset: int
    process: str | None
    reason: str
    message: str


class PassedOn(NamedTuple):
    """A record of a source that goes to the partition of its case, for one process. The shell adds the record's
    bytes."""

    process: str
    case_id: str
    input: Input
    offset: int


class Heartbeat(NamedTuple):
    """How far a source was read, as it goes to every partition that cases of the process go to."""

    process: str
    body: bytes


class Effects(NamedTuple):
    """The outcome of everything observed and advanced since the last drain.

    `journal`: (key, value) for the state topic, value None for a tombstone; `partials`, `scorecards` and `control`
    likewise for theirs. `counts`: a metric's name and label values, to how many. `rekeyed`: what an intake passes on,
    in order.
    """

    journal: list[tuple[bytes, bytes | None]]
    alerts: list[AlertRecord]
    dead_letters: list[DeadLetter]
    counts: Counter[tuple[str, ...]]
    partials: Sequence[tuple[bytes, bytes | None]] = ()
    scorecards: Sequence[tuple[bytes, bytes | None]] = ()
    control: Sequence[tuple[bytes, bytes | None]] = ()
    rekeyed: Sequence[PassedOn | Heartbeat] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to commit."""
        told = (self.alerts, self.dead_letters, self.partials, self.scorecards, self.control)
        return any((self.journal, *told, self.rekeyed))
