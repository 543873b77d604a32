"""What reaches a task from elsewhere than its inputs: verdicts on its sources, versions to go by, cases to forget.

They are records of one compacted topic, in order; the newest of a key is its present state. Invariant: each is taken
once, in order of offset, whoever hands it over again; what cannot be read or is of an unknown kind changes nothing and
is counted.
"""

from typing import Any, NamedTuple

import orjson


class ControlRecord(NamedTuple):
    """One record as it lies on the topic; `value` is None where a key leaves."""

    offset: int
    key: bytes
    value: bytes | None


class Order(NamedTuple):
    """What a record says: its `kind`, the process that it is for, what it is about, and what is told (None: nothing any
    more)."""

    kind: str
    process: str
    about: tuple[str, ...]
    told: Any


def control_key(kind: str, process: str, *about: str) -> bytes:
    """The key of a control record."""
    return orjson.dumps([kind, process, *about])


def decoded(record: ControlRecord) -> Order:
    """Read a control record; raises `ValueError` or `TypeError` if it is none."""
    parts = orjson.loads(record.key)
    if not isinstance(parts, list) or len(parts) < 2 or not all(isinstance(part, str) for part in parts):
        raise ValueError("a key of control is a list of texts: kind, process, and what it is about")
    kind, process, *about = parts
    return Order(kind, process, tuple(about), None if record.value is None else orjson.loads(record.value))
