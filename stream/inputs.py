"""What a task is fed: batches of decoded records, each batch from one input and in offset order.

A record that could not be decoded still has its place in the batch, as a `Refusal`: nothing vanishes between Kafka and
the core. Invariant: a batch says from which position it was fetched, so that the core can tell a lost batch from a gap
that Kafka itself left (markers, compaction).
"""

from typing import Any, NamedTuple


class Input(NamedTuple):
    """A source partition: what one clock and one position belong to."""

    topic: str
    partition: int


class Refusal(NamedTuple):
    """Why a record cannot be an event: a reason code for counting and a sentence for a person."""

    reason: str
    message: str


class Origin(NamedTuple):
    """Where a record lay that was passed on under the key of its case: its input, offset and timestamp (ms)."""

    input: Input
    offset: int
    stamped_at: int


class Received(NamedTuple):
    """One record as read from an input.

    `value` is the decoded JSON object, a `Refusal` where the bytes could not be decoded, or None for a record without a
    value. `stamped_at` is the record's own timestamp, in milliseconds UTC. `replay` names the run that a replayed
    record belongs to; `clock_mark` is the instant (ms) that a record without a value declares to have been reached.
    `last_of_case` is set by a backtest with `ends: last_event` only. `raw` are key and value as they came, where the
    core reads them itself. `origin` and `heartbeat` are set by the intake, which re-keys: where the record came from,
    and instead of a record how far a source was read.
    """

    offset: int
    stamped_at: int
    value: dict[str, Any] | Refusal | None
    replay: str | None = None
    clock_mark: int | None = None
    last_of_case: bool = False
    raw: tuple[bytes, bytes | None] | None = None
    origin: Origin | None = None
    heartbeat: bytes | None = None


class Batch(NamedTuple):
    """Records of one input: fetched from `start`, up to but not including position `next`.

    `end` is the input's last stable offset as known when the batch was read, `read_at` the wall clock then (ms). A
    batch without records (`start == next`) is a status: it tells the core how far the input reaches.
    """

    input: Input
    start: int
    records: list[Received]
    next: int
    end: int
    read_at: int
