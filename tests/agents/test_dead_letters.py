"""A refusal is written with its place, its reason and the record's own bytes."""

from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from agents.dead_letters import dead_letter_record
from agents.outbox import Outbox
from schemas.dead_letter import DeadLetter
from stream import effects
from stream.inputs import Input

REFUSED = effects.DeadLetter(Input("orders", 2), 17, "orders", "no_case", "the record has no `id`")
NOON = 1_795_348_800_000


class Original(NamedTuple):
    """A Kafka record, as far as it is looked at."""

    timestamp: int
    key: bytes | None
    value: bytes | None


def test_a_refused_record_is_kept_with_its_bytes() -> None:
    """Key and value in base64, so that any bytes fit."""
    key, value = dead_letter_record(REFUSED, lambda source, offset: Original(NOON, b"\xff", b'{"a": 1}'), NOON + 5)

    assert key == b"orders/2/17/orders"
    assert orjson.loads(value) == {
        "schema": 1,
        "topic": "orders",
        "partition": 2,
        "offset": 17,
        "timestamp": NOON,
        "process": "orders",
        "reason": "no_case",
        "message": "the record has no `id`",
        "key": "/w==",
        "value": "eyJhIjogMX0=",
        "truncated": False,
        "noticed_at": "2026-11-22T12:00:00.005000Z",
    }


def test_a_large_value_is_cut() -> None:
    """At 64 KiB, and it is said."""
    _, value = dead_letter_record(REFUSED, lambda source, offset: Original(NOON, None, b"x" * 100_000), NOON)

    letter = DeadLetter.model_validate_json(value)

    assert (letter.value_bytes, letter.truncated, letter.key_bytes) == (b"x" * 65_536, True, None)


def test_a_large_key_is_cut_too() -> None:
    """It is said as well: fed in again, the record would lie under another key."""
    _, value = dead_letter_record(REFUSED, lambda source, offset: Original(NOON, b"k" * 65_537, b"{}"), NOON)

    letter = DeadLetter.model_validate_json(value)

    assert (letter.key_bytes, letter.truncated) == (b"k" * 65_536, True)


def test_a_refusal_whose_bytes_are_gone_is_still_told() -> None:
    """Nothing vanishes for want of the bytes."""
    _, value = dead_letter_record(REFUSED, lambda source, offset: None, NOON)

    letter = DeadLetter.model_validate_json(value)

    assert (letter.reason, letter.value, letter.truncated) == ("no_case", None, True)
    assert letter.noticed_at == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_an_outbox_is_read_as_it_was_written() -> None:
    """Order, tombstones and any bytes."""
    outbox = Outbox([(b"id", b"\xff"), (b"id", None)], [(b"a/0/1/p", b"{}")], [(b"[]", b"[1]")], [], [(b"k", None)])

    assert Outbox.decoded(outbox.encoded()) == outbox
    assert outbox
    assert not Outbox()
