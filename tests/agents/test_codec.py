"""Whatever bytes come, there is an object or a reason."""

from typing import NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.codec import decode_record, decode_value
from stream.inputs import Received, Refusal


class Record(NamedTuple):
    """A Kafka record, as far as the codec looks at it."""

    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    offset: int = 7
    timestamp: int = 1_795_000_000_000


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\x00\x01", "invalid_json"),
        (b"", "invalid_json"),
        (b'{"a": NaN}', "invalid_json"),
        (b'{"a": 1e999}', "invalid_json"),
        (b'{"a": "\xff"}', "invalid_utf8"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "too_deep"),
        (b"[" * 2000 + b"]" * 2000, "too_deep"),
        (b"[1]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"a": "' + b"x" * 1_048_576 + b'"}', "too_large"),
    ],
)
def test_bytes_that_are_no_event_are_refused_with_a_reason(value: bytes, reason: str) -> None:
    """Each kind has a code of its own and a sentence."""
    decoded = decode_value(value)

    assert isinstance(decoded, Refusal)
    assert decoded.reason == reason
    assert decoded.message.startswith("the value")


def test_an_object_is_read_as_it_is() -> None:
    """Offset and timestamp are the record's own."""
    received = decode_record(Record(b'{"id": "T-1"}'))

    assert received == Received(7, 1_795_000_000_000, {"id": "T-1"})


def test_a_tombstone_has_no_value() -> None:
    """It is no refusal; the core counts it."""
    assert decode_record(Record(None)).value is None


def test_a_replayed_record_names_its_run() -> None:
    """The header marks history, however the record is stamped."""
    received = decode_record(Record(b"{}", (("casewatch-replay", b"run-1"),)))

    assert (received.replay, received.clock_mark) == ("run-1", None)


def test_a_clock_mark_is_an_instant_on_a_record_without_value() -> None:
    """On a record with a value the header says nothing."""
    headers = (("casewatch-replay", b"run-1"), ("casewatch-clock", b"2026-11-22T17:00:00Z"))

    mark = decode_record(Record(None, headers))
    event = decode_record(Record(b"{}", headers))

    assert (mark.clock_mark, mark.replay, mark.value) == (1_795_366_800_000, "run-1", None)
    assert event.clock_mark is None


@pytest.mark.parametrize("text", [b"noon", b"2026-11-22T17:00:00", b"\xff"])
def test_a_clock_mark_that_is_no_instant_is_refused(text: bytes) -> None:
    """It neither moves a clock nor passes for a tombstone."""
    received = decode_record(Record(None, (("casewatch-clock", text),)))

    assert isinstance(received.value, Refusal)
    assert received.value.reason == "bad_clock_mark"


@given(st.binary(max_size=200))
def test_no_bytes_raise(value: bytes) -> None:
    """An object, or a refusal."""
    decoded = decode_value(value)

    assert isinstance(decoded, dict | Refusal)


@given(st.dictionaries(st.text(), st.integers(-(2**53), 2**53) | st.text() | st.none()))
def test_what_was_written_is_read(value: dict[str, int | str | None]) -> None:
    """Round trip."""
    assert decode_value(orjson.dumps(value)) == value
