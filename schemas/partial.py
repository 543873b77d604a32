"""What one task tells of its share of a window: the records of `casewatch.partials`, keys and values.

A value is absolute, an array headed by its revision: the higher revision of a key replaces the lower. So partials may
come in any order, and again, and say the same. Invariant: a key has one writer, the task that it names; equal keys and
values are equal bytes.
"""

from enum import StrEnum
from typing import Any, NamedTuple, Self

import orjson


class PartialKind(StrEnum):
    """What a partial is about.

    `window`: [revision, good, bad] occurrences of an objective in a bucket. `instants`: [revision, left out, instants]
    of events that a rate counts. `clock`: [revision, clock, settled to, live, idle at], instants in ms: the first two
    None where the task has seen nothing, the last where it has something to read. `feed`: [revision, newest], the time
    (ms) of the newest record of the topic that `rule` names. `card`: [revision, started, closed, idle, breached,
    deviating, bins] cases of a scorecard in a bucket, the bins of their durations as pairs of bin and count. `stock`:
    [revision, open, at risk, breached, deviating] cases of a scorecard now.
    """

    WINDOW = "window"
    INSTANTS = "instants"
    CLOCK = "clock"
    FEED = "feed"
    CARD = "card"
    STOCK = "stock"


class PartialKey(NamedTuple):
    """What a partial is of: `segment` are values in the order in which the rule names them, `bucket` counts whole
    bucket widths since 1970; both are empty, or 0, where a kind has none."""

    kind: PartialKind
    process: str
    rule: str
    segment: tuple[str, ...]
    task: int
    bucket: int

    def encoded(self) -> bytes:
        """The key as a record bears it."""
        return orjson.dumps(self, default=tuple)

    @classmethod
    def decoded(cls, record: bytes) -> Self:
        """Read a key; raises `ValueError`."""
        fields = orjson.loads(record)
        if not isinstance(fields, list) or len(fields) != len(cls._fields):
            raise ValueError(f"{record!r} is no key of a partial")
        kind, process, rule, segment, task, bucket = fields
        return cls(PartialKind(kind), process, rule, tuple(segment), int(task), int(bucket))


def decoded_value(record: bytes) -> list[Any]:
    """Read a value, an array headed by its revision; raises `ValueError`."""
    fields = orjson.loads(record)
    if not isinstance(fields, list) or not fields or not isinstance(fields[0], int):
        raise ValueError(f"{record!r} is no value of a partial")
    return fields
