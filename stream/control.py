"""What reaches a task from elsewhere than its inputs: verdicts on its sources, versions to go by, cases to forget.

They are records of one compacted topic, in order; the newest of a key is its present state. Invariant: each is taken
once, in order of offset, whoever hands it over again; what cannot be read or is of an unknown kind changes nothing and
is counted.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

ACTIVE: Final = "active"
"""The kind of order that says which version of a process is in force."""


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


def active_of(records: Iterable[ControlRecord]) -> dict[str, str]:
    """By process, the identity of the version that is in force by these records; others are passed over."""
    active: dict[str, str] = {}
    for record in records:
        try:
            order = decoded(record)
            if order.kind == ACTIVE and order.told is not None:
                active[order.process] = str(order.told["identity"])
        except (ValueError, TypeError, LookupError):
            continue
    return active


class InForce:
    """Which versions were in force, by process and identity, when a core was opened that cannot change over by
    itself."""

    def __init__(self, identities: Mapping[str, str] = MappingProxyType({})) -> None:
        self.identities = identities

    def superseded(self, records: Iterable[ControlRecord]) -> bool:
        """Whether records put others in force; those of processes that the core does not know are passed over."""
        known = self.identities
        return any(known.get(process, identity) != identity for process, identity in active_of(records).items())
