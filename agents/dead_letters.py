"""Makes of a refusal the record that is written to the dead-letter topic, with the source's own bytes.

Invariant: a refusal is never lost for want of the bytes: where they are no longer at hand, it says `truncated`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import orjson

from schemas.dead_letter import MAX_VALUE_BYTES, DeadLetter, as_base64
from stream import effects
from stream.inputs import Input

MAX_MESSAGE = 4096


class Original(Protocol):
    """What is needed of the refused record; aiokafka's `ConsumerRecord` has it."""

    @property
    def timestamp(self) -> int:
        """Its own timestamp, in milliseconds."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its bytes."""


Find = Callable[[Input, int], Original | None]


def dead_letter_record(refused: effects.DeadLetter, find: Find, now_ms: int) -> tuple[bytes, bytes]:
    """Write one refusal as key and JSON value; `find` gives the refused record by input and offset."""
    original = find(refused.input, refused.offset)
    value = original.value if original else None
    longest = max(len(value or b""), len(original.key or b"")) if original else 0
    letter = DeadLetter(
        topic=refused.input.topic,
        partition=refused.input.partition,
        offset=refused.offset,
        timestamp=original.timestamp if original else None,
        process=refused.process,
        reason=refused.reason,
        message=refused.message[:MAX_MESSAGE],
        key=as_base64(original.key) if original else None,
        value=as_base64(value),
        truncated=original is None or longest > MAX_VALUE_BYTES,
        noticed_at=datetime.fromtimestamp(now_ms / 1000, UTC),
    )
    return letter.place, orjson.dumps(letter.model_dump(mode="json"))
