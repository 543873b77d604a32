"""Definitions as values: their defaults, what they refuse, and how code builds them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.definition import Between, CaseRules, Definition, Due, EventSource, Idle, Mapping, TimePath

MAPPING = Mapping(case="id", activity="state", timestamp=TimePath(path="at"))
SOURCE = EventSource(topics=("tickets",), mapping=MAPPING)
DAY = 24 * 60 * 60 * 1000


def test_what_is_not_said_has_the_documented_default() -> None:
    """The defaults that the format promises, in milliseconds."""
    definition = Definition(process="p", version="1", events=SOURCE)

    events, case = definition.events, definition.case
    assert (events.start_at, events.format, events.keyed_by_case) == ("earliest", "json", True)
    assert (events.lateness_ms, events.patience_ms) == (600_000, 10_000)
    assert (case.ends, case.segments, case.retention_ms) == (None, (), 90 * DAY)
    assert (case.idle_limit_ms, case.reopen_ms, case.warm_horizon_ms) == (180 * DAY, 180 * DAY, 180 * DAY)
    assert (definition.model, definition.sla, definition.privacy.resource) == (None, (), "pseudonym")


def test_an_sla_warns_twice_and_each_time_by_default() -> None:
    """Stages at 75 % and 90 %, a clock for each start, severity warning."""
    sla = Between(id="a", from_=("A",), to=("B",), target_ms=1000)

    assert (sla.at_risk, sla.occurrence, sla.severity) == ((0.75, 0.9), "each", "warning")


def test_reopening_and_warm_start_follow_the_idle_limit() -> None:
    """Both are the idle limit unless they are given."""
    rules = CaseRules(idle_limit_ms=30 * DAY, reopen_ms=2 * DAY)

    assert (rules.idle_limit_ms, rules.reopen_ms, rules.warm_horizon_ms) == (30 * DAY, 2 * DAY, 30 * DAY)


def test_a_definition_is_frozen_and_equal_by_value() -> None:
    """A running process cannot be changed under its cases."""
    definition = Definition(process="p", version="1", events=SOURCE)

    with pytest.raises(ValidationError, match="frozen"):
        definition.version = "2"  # type: ignore[misc]  # that it is refused is what is tested
    assert definition == Definition(process="p", version="1", events=SOURCE)


def test_stages_are_in_rising_order_and_told_once() -> None:
    """The order of writing does not matter."""
    sla = Idle.model_validate({"id": "a", "target": "4h", "at_risk": ["90%", "50%", "90%"]})

    assert sla.at_risk == (0.5, 0.9)


def test_one_activity_stands_for_a_list_of_one() -> None:
    """`until: Closed` and `until: [Closed]` are the same."""
    written = [{"id": "a", "due": "promised", "until": until} for until in ("Closed", ["Closed"])]

    one, many = (Due.model_validate(each) for each in written)

    assert one == many == Due(id="a", due="promised", until=("Closed",))


@pytest.mark.parametrize(
    ("written", "ends"),
    [("last_event", "last_event"), ("Closed", ("Closed",)), (["A", "B"], ("A", "B")), (None, None)],
)
def test_a_case_ends_as_it_says(written: Any, ends: Any) -> None:
    """By activities, with the log, or with the model."""
    assert CaseRules.model_validate({"ends": written}).ends == ends


def test_reading_begins_at_an_instant_with_its_offset() -> None:
    """An instant without a zone would be another one on another machine."""
    written = {"topics": ["t"], "mapping": MAPPING, "start_at": "2026-01-31T01:00+01:00"}

    assert EventSource.model_validate(written).start_at == datetime(2026, 1, 31, tzinfo=UTC)
    with pytest.raises(ValidationError, match="has no time zone"):
        EventSource.model_validate(written | {"start_at": "2026-01-31"})


@pytest.mark.parametrize("format", ["json", "xes-json"])
def test_records_with_the_names_of_xes_need_no_mapping(format: str) -> None:
    """In any format: the standard names apply."""
    assert EventSource.model_validate({"topics": ("t",), "format": format}).mapping is None


def test_a_definition_for_history_alone_needs_no_source() -> None:
    """What is only tried on logs has no topic, and the standard names of XES."""
    events = Definition(process="p", version="1").events

    assert (events, events.topics, events.mapping) == (EventSource(), (), None)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "ä", "t" * 250])
def test_a_topic_has_a_name_that_kafka_takes(name: str) -> None:
    """Kafka's own rule: letters, digits, dot, underscore and hyphen, at most 249."""
    with pytest.raises(ValidationError, match="cannot be a topic"):
        EventSource(topics=(name,), mapping=MAPPING)


@pytest.mark.parametrize("name", ["", "-a", "a/b", "a b", "ä", "p" * 101])
def test_a_process_has_a_name_that_keys_and_labels_take(name: str) -> None:
    """The name stands in record keys and metric labels."""
    with pytest.raises(ValidationError, match="not a plain name"):
        Definition(process=name, version="1", events=SOURCE)
