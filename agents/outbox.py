"""What a commit has still to send to readers, kept inside the state while there are no transactions to keep it.

Invariant: keys of the worker's own in a state topic begin with `worker/` and never reach the core.
"""

from base64 import b64decode, b64encode
from typing import Final, NamedTuple

import orjson

WORKER_KEYS: Final = b"worker/"
OUTBOX_KEY: Final = b"worker/outbox"
PROBE: Final = (b"worker/clock", None)
"""A record that says nothing: it is written for the time at which the broker appends it."""


class Outbox(NamedTuple):
    """Alerts in order as (id, body), body None for one that leaves; dead letters as (key, value)."""

    alerts: list[tuple[bytes, bytes | None]]
    dead_letters: list[tuple[bytes, bytes]]

    def __bool__(self) -> bool:
        """Whether there is anything to send."""
        return bool(self.alerts or self.dead_letters)

    def encoded(self) -> bytes:
        """Write it as the value of the outbox record."""
        alerts = [[_text(key), None if body is None else _text(body)] for key, body in self.alerts]
        return orjson.dumps([alerts, [[_text(key), _text(body)] for key, body in self.dead_letters]])

    @classmethod
    def decoded(cls, value: bytes) -> "Outbox":
        """Read the value of an outbox record."""
        alerts, letters = orjson.loads(value)
        return cls(
            [(b64decode(key), None if body is None else b64decode(body)) for key, body in alerts],
            [(b64decode(key), b64decode(body)) for key, body in letters],
        )


def _text(given: bytes) -> str:
    return b64encode(given).decode()
