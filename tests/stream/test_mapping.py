"""How records become events, and what is said of those that do not."""

from typing import Any

import pytest

from schemas.mapping import Mapping, TimePath
from stream.event import Event
from stream.inputs import Refusal
from stream.mapping import LONGEST_NAME, LONGEST_VALUE, RecordReader, name_of, path_reader

WHEN = "2026-11-02T09:00:00Z"
AT = 1_793_610_000_000


def reader(**fields: Any) -> RecordReader:
    """A reader of records with nested fields."""
    plain: dict[str, Any] = {"case": "ticket.id", "activity": "ticket.state", "timestamp": {"path": "changed_at"}}
    return RecordReader(Mapping.model_validate(plain | fields), frozenset(), frozenset({"promised"}))


def record(**fields: Any) -> dict[str, Any]:
    """A record that `reader` reads, but for what is said otherwise."""
    ticket = {"id": "T-1", "state": "Opened"} | fields.pop("ticket", {})
    return {"ticket": ticket, "changed_at": WHEN} | fields


def read(found: tuple[str, Event] | Refusal) -> tuple[str, Event]:
    """The case and the event of a record that is one."""
    assert not isinstance(found, Refusal)
    return found


def refused(found: tuple[str, Event] | Refusal) -> Refusal:
    """The refusal of a record that is no event."""
    assert isinstance(found, Refusal)
    return found


def test_a_nested_record_is_read_along_its_paths() -> None:
    """Case, activity, time and place; what is not mapped is None."""
    assert reader().read(record(), (0, 7)) == ("T-1", Event(AT, (0, 7), "Opened"))


def test_a_path_is_a_literal_key_first() -> None:
    """Columns and XES attributes with dots in their names are read as they are."""
    assert path_reader("a.b")({"a.b": 1, "a": {"b": 2}}) == 1
    assert path_reader("a.b")({"a": {"b": 2}}) == 2
    assert path_reader("a.b")({"a": "text"}) is None


def test_the_standard_names_of_xes_need_no_mapping() -> None:
    """Trace attributes are read as `case:NAME`; attributes that a definition names, under their own names."""
    standard = RecordReader(None, frozenset({"case:amount"}), frozenset())
    value = {"case:concept:name": "7", "concept:name": "Pay", "time:timestamp": WHEN, "case:amount": 12}
    found = read(standard.read(value | {"lifecycle:transition": "COMPLETE"}, (0, 0)))
    assert found == ("7", Event(AT, (0, 0), "Pay", "complete", attributes={"case:amount": 12}))


@pytest.mark.parametrize(
    ("ticket", "reason", "path"),
    [
        ({"id": None}, "missing_case", "ticket.id"),
        ({"id": ""}, "missing_case", "ticket.id"),
        ({"id": "x" * (LONGEST_NAME + 1)}, "invalid_case", "ticket.id"),
        ({"id": "T\x00"}, "invalid_case", "ticket.id"),
        ({"state": ["Opened"]}, "invalid_activity", "ticket.state"),
        ({"state": True}, "invalid_activity", "ticket.state"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_place_it_was_looked_for(
    ticket: dict[str, Any], reason: str, path: str
) -> None:
    """The reason can be counted, the message read."""
    refusal = refused(reader().read(record(ticket=ticket), (0, 0)))
    assert refusal.reason == reason
    assert f"`{path}`" in refusal.message


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        (None, "missing_timestamp"),
        ("", "missing_timestamp"),
        ("soon", "bad_timestamp"),
        ("2026-11-02T09:00", "naive_timestamp"),
    ],
)
def test_a_record_without_a_readable_time_is_refused(when: str | None, reason: str) -> None:
    """Nothing is guessed of time."""
    assert refused(reader().read(record(changed_at=when), (0, 0))).reason == reason


@pytest.mark.parametrize(("written", "name"), [(17, "17"), (1.5, "1.5"), ("Zoë", "Zoë"), ("a b", "a b")])
def test_numbers_and_any_letters_can_name_a_case(written: Any, name: str) -> None:
    """A case id is text, or a number as it is written."""
    assert read(reader().read(record(ticket={"id": written}), (0, 0)))[0] == name
    assert name_of(written) == name


def test_attributes_are_read_where_they_are_present() -> None:
    """Absent ones are absent; an empty one is empty, since it takes a promise back."""
    mapped = reader(attributes={"supplier": "partner", "promised": "due"})
    assert read(mapped.read(record(), (0, 0)))[1].attributes is None
    found = read(mapped.read(record(partner="north", due=""), (0, 0)))[1]
    assert found.attributes == {"supplier": "north", "promised": ""}


def test_an_attribute_that_carries_a_due_date_is_read_as_an_instant() -> None:
    """As ISO 8601 unless its mapping has another format."""
    assert read(reader(attributes={"promised": "due"}).read(record(due=WHEN), (0, 0)))[1].attributes == {"promised": AT}
    seconds = TimePath(path="due", format="epoch_s")
    found = read(reader(attributes={"promised": seconds}).read(record(due=AT // 1000), (0, 0)))[1]
    assert found.attributes == {"promised": AT}


def test_optional_words_are_none_where_they_are_no_words() -> None:
    """A structure is no life cycle and no event id; a number is."""
    mapped = reader(lifecycle="phase", event_id="id")
    found = read(mapped.read(record(phase={"a": 1}, id=12), (0, 0)))[1]
    assert (found.lifecycle, found.event_id) == (None, "12")


@pytest.mark.parametrize("long", ["x" * (LONGEST_VALUE + 1), ["x" * LONGEST_VALUE], {"x": "y" * LONGEST_VALUE}])
def test_a_value_that_is_too_long_to_be_kept_is_left_out_and_counted(long: object) -> None:
    """The event counts all the same, and so does what is as long as may be."""
    watched = reader(attributes={"text": "text", "note": "note"})
    _, event = read(watched.read(record(text=long, note="y" * LONGEST_VALUE), (0, 0)))
    assert event.attributes == {"note": "y" * LONGEST_VALUE}
    assert watched.unreadable == 1


@pytest.mark.parametrize("field", ["event_id", "lifecycle"])
def test_an_id_or_a_life_cycle_that_is_too_long_is_refused(field: str) -> None:
    """Neither can be kept, and without it the event would be another one."""
    watched = reader(**{field: "word"})
    assert refused(watched.read(record(word="x" * (LONGEST_NAME + 1)), (0, 0))).reason == "too_long"
    assert read(watched.read(record(word="x" * LONGEST_NAME), (0, 0)))[0] == "T-1"


def test_somebody_with_a_name_that_is_too_long_is_nobody() -> None:
    """As where none is given: whatever asks for a name says that there is none."""
    paths = {"case": "ticket.id", "activity": "ticket.state", "timestamp": "changed_at", "resource": "by"}
    mapping = Mapping.model_validate(paths)
    watched = RecordReader(mapping, frozenset(), frozenset(), str)
    assert read(watched.read(record(by="x" * (LONGEST_NAME + 1)), (0, 0)))[1].resource is None
    assert read(watched.read(record(by="Pete"), (0, 0)))[1].resource == "Pete"
