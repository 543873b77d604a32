"""Paths into records, and what has to be said of a time before it can be read."""

import pytest
from pydantic import ValidationError

from schemas.mapping import Mapping, TimePath


def test_a_path_alone_is_a_time_in_iso_8601() -> None:
    """`timestamp: at` says as much as `timestamp: {path: at, format: iso}`."""
    short = Mapping.model_validate({"case": "c", "activity": "a", "timestamp": "at"})

    assert short.timestamp == TimePath(path="at", format="iso", timezone=None)


@pytest.mark.parametrize(
    ("format", "timezone"),
    [
        ("iso", None),
        ("iso", "Europe/Rome"),
        ("epoch_ms", None),
        ("epoch_s", None),
        ("%d/%m/%Y %H:%M", "Europe/Rome"),
        ("%Y-%m-%dT%H:%M:%S%z", None),
        ("%d %b %y %I:%M %p", "UTC"),
        ("%Y-%j", "UTC"),
        ("%G-W%V-%u", "UTC"),
    ],
)
def test_a_time_that_names_a_whole_date_in_a_zone_is_taken(format: str, timezone: str | None) -> None:
    """Patterns of strptime with a date and, in themselves or beside them, a zone."""
    path = TimePath(path="at", format=format, timezone=timezone)

    assert (path.format, path.timezone) == (format, timezone)


@pytest.mark.parametrize(
    ("format", "timezone", "wrong"),
    [
        ("%d/%m/%Y", None, "has no time zone"),
        ("%H:%M", "UTC", "does not name a whole date"),
        ("%m/%Y", "UTC", "does not name a whole date"),
        ("%Y-%m-%d %E", "UTC", "`%E` is not a directive"),
        ("%Y-%Y-%m-%d", "UTC", "cannot be read back"),
        ("ISO", None, "is not a time format"),
        ("iso", "Mars/Base", "is not a known time zone"),
        ("iso", "../etc/passwd", "is not a known time zone"),
        ("iso", "Europe", "is not a known time zone"),
        ("epoch_s", "UTC", "has no time zone"),
    ],
)
def test_a_time_that_would_have_to_be_guessed_is_refused(format: str, timezone: str | None, wrong: str) -> None:
    """No zone, half a date, unknown zones and directives."""
    with pytest.raises(ValidationError, match=wrong):
        TimePath(path="at", format=format, timezone=timezone)


def test_an_attribute_is_a_path_or_a_time() -> None:
    """Dates that are not written in ISO 8601 say how they are."""
    mapping = Mapping.model_validate(
        {
            "case": "c",
            "activity": "a",
            "timestamp": "t",
            "attributes": {"x": "y", "d": {"path": "p", "format": "epoch_s"}},
        }
    )

    assert mapping.attributes == {"x": "y", "d": TimePath(path="p", format="epoch_s")}


@pytest.mark.parametrize("path", ["", "  ", "a\x00b", "a\nb"])
def test_a_path_is_plain_text(path: str) -> None:
    """Empty paths and control characters point nowhere."""
    with pytest.raises(ValidationError, match=r"it is empty|control characters"):
        Mapping(case=path, activity="a", timestamp=TimePath(path="t"))
