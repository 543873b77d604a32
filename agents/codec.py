"""Bytes of a Kafka record into what the core reads: a JSON object, or the reason why there is none.

Decides nothing about the process; a record that cannot be decoded keeps its place as a `Refusal`. Invariant: no bytes,
however broken, raise anything here, and no record is dropped.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import orjson

from stream.inputs import Input, Origin, Received, Refusal
from stream.sla.running import made

REPLAY_HEADER: Final = "casewatch-replay"
CLOCK_HEADER: Final = "casewatch-clock"
RETRY_HEADER: Final = "casewatch-retry"
ORIGIN_HEADER: Final = "casewatch-source"
HEARTBEAT_HEADER: Final = "casewatch-heartbeat"

MAX_VALUE_BYTES: Final = 1024 * 1024
"""The largest value that is decoded; a larger one is refused unread."""

_NESTING_LIMIT: Final = ("depth limit", "recursion limit")
"""How the decoder begins to say that it will not go deeper; the words changed between its versions."""

Headers = Sequence[tuple[str, bytes | None]]


class SourceRecord(Protocol):
    """What is needed of a Kafka record; aiokafka's `ConsumerRecord` has it."""

    @property
    def offset(self) -> int:
        """Where it lies."""

    @property
    def timestamp(self) -> int:
        """Its own timestamp, in milliseconds."""

    @property
    def value(self) -> bytes | None:
        """Its bytes, None for a tombstone."""

    @property
    def headers(self) -> Headers:
        """Names and values, in order."""


def decode_value(value: bytes, max_bytes: int = MAX_VALUE_BYTES) -> dict[str, Any] | Refusal:
    """Decode one JSON object; refuses what is too large, not UTF-8, not JSON (NaN included), too deep or no object."""
    if len(value) > max_bytes:
        return Refusal("too_large", f"the value has {len(value)} bytes; at most {max_bytes} are read")
    try:
        decoded = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return _undecodable(value, error)
    if not isinstance(decoded, dict):
        return Refusal("not_an_object", f"the value is JSON, but {_kind_of(decoded)} and not an object")
    return decoded


def _undecodable(value: bytes, error: orjson.JSONDecodeError) -> Refusal:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as fault:
        return Refusal("invalid_utf8", f"the value is not UTF-8: byte {fault.start} cannot be read")
    if error.msg.lower().startswith(_NESTING_LIMIT):
        return Refusal("too_deep", "the value is nested more than 1024 levels deep")
    return Refusal("invalid_json", f"the value is not JSON: {error.msg}")


def _kind_of(decoded: object) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(decoded), "a number")


def decode_record(record: SourceRecord, max_bytes: int = MAX_VALUE_BYTES) -> Received:
    """Make of a Kafka record what the core reads, at its own offset; never raises."""
    value, headers = record.value, record.headers
    decoded = None if value is None else decode_value(value, max_bytes)
    if not headers:
        return made(Received, (record.offset, record.timestamp, decoded, None, None, False, None, None, None))
    replay = _header_text(headers, REPLAY_HEADER)
    mark = _header_text(headers, CLOCK_HEADER) if value is None else None
    if mark is None:
        received = Received(record.offset, record.timestamp, decoded, replay)
        return received._replace(origin=origin_of(headers), heartbeat=_heartbeat(headers) if value is None else None)
    instant = _instant_ms(mark)
    if isinstance(instant, Refusal):
        return Received(record.offset, record.timestamp, instant, replay)
    return Received(record.offset, record.timestamp, None, replay, instant)


def decode_records(records: Iterable[SourceRecord], max_bytes: int = MAX_VALUE_BYTES) -> list[Received]:
    """Decode records in order, one for one."""
    return [decode_record(record, max_bytes) for record in records]


def origin_of(headers: Headers) -> Origin | None:
    """Where a record lay that the intake has passed on; None for any other."""
    text = _header_text(headers, ORIGIN_HEADER)
    if text is None:
        return None
    try:
        topic, partition, offset, stamped_at = text.split("/")
        return Origin(Input(topic, int(partition)), int(offset), int(stamped_at))
    except ValueError:
        return None


def origin_header(origin: Origin) -> tuple[str, bytes]:
    """Write where a record lay as a header."""
    return ORIGIN_HEADER, f"{origin.input.topic}/{origin.input.partition}/{origin.offset}/{origin.stamped_at}".encode()


def _heartbeat(headers: Headers) -> bytes | None:
    return next((value for name, value in headers if name == HEARTBEAT_HEADER), None)


def _header_text(headers: Headers, name: str) -> str | None:
    for key, value in headers:
        if key == name and value is not None:
            return value.decode("utf-8", "replace")
    return None


def _instant_ms(text: str) -> int | Refusal:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return Refusal("bad_clock_mark", f"the header {CLOCK_HEADER} is no ISO 8601 instant: {text[:64]!r}")
    if instant.tzinfo is None:
        return Refusal("bad_clock_mark", f"the header {CLOCK_HEADER} has no time zone: {text[:64]!r}")
    return round(instant.timestamp() * 1000)


class KeyedRecord(SourceRecord, Protocol):
    """What is needed of a record of our own; aiokafka's `ConsumerRecord` has it."""

    @property
    def key(self) -> bytes | None:
        """Its key."""


def as_they_are(records: Iterable[KeyedRecord]) -> list[Received]:
    """Records for a core that reads keys and values itself; one without a key cannot be of ours."""
    return [Received(r.offset, r.timestamp, None, raw=(r.key or b"", r.value)) for r in records]
