"""What a commit has still to send to readers, kept inside the state while there are no transactions to keep it.

Invariant: keys of the worker's own in a state topic begin with `worker/` and never reach the core.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

Record = tuple[bytes, bytes | None]

WORKER_KEYS: Final = b"worker/"
OUTBOX_KEY: Final = b"worker/outbox"
PROBE: Final = (b"worker/clock", None)
"""A record that says nothing: it is written for the time at which the broker appends it."""


class Outbox(NamedTuple):
    """Records by what they are for, each as (key, value), value None where a key leaves; `alerts` in order."""

    alerts: Sequence[Record] = ()
    dead_letters: Sequence[Record] = ()
    partials: Sequence[Record] = ()
    scorecards: Sequence[Record] = ()
    control: Sequence[Record] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to send."""
        return any(self)

    def encoded(self) -> bytes:
        """Write it as the value of the outbox record."""
        return orjson.dumps([[[_text(key), _text(value)] for key, value in records] for records in self])

    @classmethod
    def decoded(cls, value: bytes) -> "Outbox":
        """Read the value of an outbox record; one of an earlier version has alerts and dead letters only."""
        return cls(*([(b64decode(key), _bytes(of)) for key, of in records] for records in orjson.loads(value)))


def _text(given: bytes | None) -> str | None:
    return None if given is None else b64encode(given).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
