"""Calendars as people write them, and as they get them wrong."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.calendar import Calendar

OFFICE: dict[str, Any] = {"timezone": "Europe/Berlin", "hours": {"mon-fri": ["08:00-12:00", "13:00-18:00"]}}


def test_a_week_has_the_hours_of_each_day_named() -> None:
    """A span of days gives each of them the same hours, in minutes after midnight; the others have none."""
    week = Calendar.model_validate(OFFICE).hours
    assert week == (((480, 720), (780, 1080)),) * 5 + ((), ())


def test_a_span_of_days_may_cross_the_weekend() -> None:
    """From Saturday to Monday are three days."""
    week = Calendar.model_validate({**OFFICE, "hours": {"sat-mon": ["10:00-11:00"]}}).hours
    assert [bool(day) for day in week] == [True, False, False, False, False, True, True]


def test_a_shift_may_cross_midnight() -> None:
    """What ends before it starts ends on the next day."""
    week = Calendar.model_validate({**OFFICE, "hours": {"fri": "22:00-06:00"}}).hours
    assert week[4] == ((1320, 1800),)


def test_holidays_are_a_region_or_dates() -> None:
    """A subdivision has holidays of its own; dates stand for themselves."""
    berlin = Calendar.model_validate({**OFFICE, "holidays": "DE-BE"}).free_days([2026])
    listed = Calendar.model_validate({**OFFICE, "holidays": ["2026-12-24"]}).free_days([2026])
    assert date(2026, 3, 8) in berlin
    assert listed == {date(2026, 12, 24)}


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ({"timezone": "Europe/Atlantis"}, "not a known time zone"),
        ({"hours": {}}, "no opening hours"),
        ({"hours": {"mon": []}}, "no working time at all"),
        ({"hours": {"mon-fri": ["08:00-12:00", "11:00-18:00"]}}, "overlap"),
        ({"hours": {"mon": ["22:00-06:00"], "tue": ["05:00-09:00"]}}, "runs into the hours of tue"),
        ({"hours": {"monday": ["08:00-12:00"]}}, "names no day of the week"),
        ({"hours": {"mon-fri": ["08:00-12:00"], "fri": ["08:00-12:00"]}}, "has its hours already"),
        ({"hours": {"mon": ["8-12"]}}, "is no interval of a day"),
        ({"hours": {"mon": ["08:00-25:00"]}}, "is no interval of a day"),
        ({"hours": {"mon": ["08:00-08:00"]}}, "is empty"),
        ({"holidays": "XX"}, "no holidays are known"),
        ({"holidays": "DE-ZZ"}, "has no subdivision"),
        ({"holidays": ["24.12.2026"]}, "is not a date"),
        ({"extra": {"2026-12-24": ["9-12"]}}, "is no interval of a day"),
        ({"extra": {"Christmas": ["09:00-12:00"]}}, "is not a date"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(part: dict[str, Any], wrong: str) -> None:
    """Every mistake says what is wrong in words."""
    with pytest.raises(ValidationError, match=wrong):
        Calendar.model_validate({**OFFICE, **part})
