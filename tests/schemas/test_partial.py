"""The records of partials: what has another form than its kind is refused before it can reach a window."""

import orjson
import pytest

from schemas.partial import PartialKey, PartialKind, decoded_value

TOLD: dict[PartialKind, list[object]] = {
    PartialKind.WINDOW: [1, 9, 1],
    PartialKind.INSTANTS: [1, 0, [1_793_610_000_000]],
    PartialKind.CLOCK: [1, None, None, False, 1_793_610_000_000],
    PartialKind.FEED: [1, 1_793_610_000_000],
    PartialKind.CARD: [1, 4, 3, 0, 1, 0, [[12, 3]]],
    PartialKind.STOCK: [1, 4, 3, 0, 1],
}


@pytest.mark.parametrize("kind", PartialKind)
def test_what_has_the_form_of_its_kind_is_read_as_it_was_written(kind: PartialKind) -> None:
    """Keys and values."""
    key = PartialKey(kind, "tickets", "on-time", ("north",), 3, -2)
    assert PartialKey.decoded(key.encoded()) == key
    assert decoded_value(kind, orjson.dumps(TOLD[kind])) == TOLD[kind]


@pytest.mark.parametrize("kind", PartialKind)
@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize("wrong", ["x", 1.5, {}, [[1]], 1 << 63])
def test_a_value_of_another_form_is_refused(kind: PartialKind, place: int, wrong: object) -> None:
    """A text, a fraction or an instant beyond all time, wherever it stands."""
    told = TOLD[kind].copy()
    told[place] = wrong
    with pytest.raises(ValueError, match=f"no value of a {kind.value} partial"):
        decoded_value(kind, orjson.dumps(told))


@pytest.mark.parametrize("kind", PartialKind)
def test_a_value_with_more_or_less_in_it_is_refused(kind: PartialKind) -> None:
    """As another version may write it."""
    for told in (TOLD[kind][:-1], [*TOLD[kind], 0]):
        with pytest.raises(ValueError, match="no value"):
            decoded_value(kind, orjson.dumps(told))


@pytest.mark.parametrize(
    "key",
    [
        b"{}",
        b'["window","tickets","on-time",[],0]',
        b'["window","tickets","on-time",[1],0,0]',
        b'["window",1,"on-time",[],0,0]',
        b'["window","tickets","on-time","north",0,0]',
        b'["window","tickets","on-time",[],"0",0]',
        b'["window","tickets","on-time",[],0,9223372036854775807]',
        b'["odd","tickets","on-time",[],0,0]',
    ],
)
def test_a_key_of_another_form_is_refused(key: bytes) -> None:
    """Names are texts, tasks and buckets whole numbers."""
    with pytest.raises(ValueError, match=r"partial|valid"):
        PartialKey.decoded(key)
