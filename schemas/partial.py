"""What one task tells of its share of a window: the records of `casewatch.partials`, keys and values.

A value is absolute, an array headed by its revision: the higher revision of a key replaces the lower. So partials may
come in any order, and again, and say the same. Invariant: a key has one writer, the task that it names; equal keys and
values are equal bytes.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

import orjson

_MOST: Final = 1 << 62
"""Beyond it is no instant and no count; what is added to one still fits into a record."""

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
        is_named = isinstance(segment, list) and all(isinstance(text, str) for text in (process, rule, *segment))
        if not is_named or not _whole(task, bucket):
            raise ValueError(f"{record!r} is no key of a partial")
        return cls(PartialKind(kind), process, rule, tuple(segment), task, bucket)


def decoded_value(kind: PartialKind, record: bytes) -> list[Any]:
    """Read a value of a kind, an array headed by its revision; raises `ValueError`."""
    fields = orjson.loads(record)
    if not isinstance(fields, list) or not fields or not _whole(fields[0]) or not _FORMS[kind](*fields[1:]):
        raise ValueError(f"{record!r} is no value of a {kind.value} partial")
    return fields


def _whole(*told: Any) -> bool:
    return all(type(one) is int and abs(one) <= _MOST for one in told)


def _known(*told: Any) -> bool:
    return _whole(*(one for one in told if one is not None))


def _pairs(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(pair, list) and len(pair) == 2 and _whole(*pair) for pair in told)


def _is_clock(*told: Any) -> bool:
    if len(told) != 4 or not isinstance(told[2], bool) or (told[0] is None) is not (told[1] is None):
        return False
    return _known(*told[:2], told[3])


_FORMS: Final[Mapping[PartialKind, Callable[..., bool]]] = {
    PartialKind.WINDOW: lambda *told: len(told) == 2 and _whole(*told),
    PartialKind.INSTANTS: lambda *told: len(told) == 2 and isinstance(told[1], list) and _whole(told[0], *told[1]),
    PartialKind.CLOCK: _is_clock,
    PartialKind.FEED: lambda *told: len(told) == 1 and _whole(*told),
    PartialKind.CARD: lambda *told: len(told) == 6 and _whole(*told[:5]) and _pairs(told[5]),
    PartialKind.STOCK: lambda *told: len(told) == 4 and _whole(*told),
}
"""What follows the revision in a value of each kind, as `PartialKind` says."""
