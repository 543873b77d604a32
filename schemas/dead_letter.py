"""A record that was refused: where it lay, why it was refused, and its bytes, so that it can be read and fed in again.

Invariant: the place (`topic`, `partition`, `offset`) and the process name the refusal; the same refusal written twice
is one record of the compacted topic."""

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_VALUE_BYTES: Final = 64 * 1024
"""So many bytes of the source's value are kept, and of its key."""


class DeadLetter(BaseModel):
    """One record of the dead-letter topic; `timestamp` is the source record's own (ms), `key` and `value` are
    base64."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    record_layout: Literal[1] = Field(1, alias="schema")
    topic: str
    partition: int
    offset: int
    timestamp: int | None
    process: str | None
    reason: str
    message: str
    key: str | None
    value: str | None
    truncated: bool
    noticed_at: datetime

    @property
    def place(self) -> bytes:
        """The key under which it is written: `TOPIC/PARTITION/OFFSET/PROCESS`."""
        return f"{self.topic}/{self.partition}/{self.offset}/{self.process or ''}".encode()

    @property
    def key_bytes(self) -> bytes | None:
        """The source record's key."""
        return None if self.key is None else b64decode(self.key)

    @property
    def value_bytes(self) -> bytes | None:
        """The source record's value, as far as it was kept."""
        return None if self.value is None else b64decode(self.value)


def as_base64(given: bytes | None, limit: int = MAX_VALUE_BYTES) -> str | None:
    """Write at most `limit` bytes as base64 text."""
    return None if given is None else b64encode(given[:limit]).decode()
