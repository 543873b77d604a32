"""Which instant a record's time means, and why some mean none."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.mapping import TimePath
from stream.inputs import Refusal
from stream.instants import milliseconds, parse_instant

ISO = TimePath(path="t")
BERLIN = TimePath(path="t", timezone="Europe/Berlin")
EPOCH_MS = TimePath(path="t", format="epoch_ms")
EPOCH_S = TimePath(path="t", format="epoch_s")
ROME = TimePath(path="t", format="%d/%m/%Y %H:%M", timezone="Europe/Rome")

# date -u -d 2026-03-01T12:00:00Z +%s
MARCH = 1_772_366_400_000


@pytest.mark.parametrize(
    ("written", "path", "instant"),
    [
        ("2026-03-01T12:00:00Z", ISO, MARCH),
        ("2026-03-01T13:00:00+01:00", ISO, MARCH),
        ("2026-03-01 06:30:00-0530", ISO, MARCH),
        ("20260301T120000Z", ISO, MARCH),
        ("2026-03-01T12:00:00.123Z", ISO, MARCH + 123),
        ("2026-03-01T12:00:00.1239Z", ISO, MARCH + 123),
        ("1969-12-31T23:59:59.999Z", ISO, -1),
        ("2026-03-01T13:00:00", BERLIN, MARCH),
        ("2026-03-01T12:00:00Z", BERLIN, MARCH),
        ("2026-03-01", BERLIN, MARCH - 13 * 3_600_000),
        (MARCH, EPOCH_MS, MARCH),
        (str(MARCH), EPOCH_MS, MARCH),
        (MARCH + 0.5, EPOCH_MS, MARCH),
        (MARCH // 1000, EPOCH_S, MARCH),
        ("1772366400.123", EPOCH_S, MARCH + 123),
        (1_772_366_400.123, EPOCH_S, MARCH + 123),
        (-1, EPOCH_S, -1000),
        ("01/03/2026 13:00", ROME, MARCH),
        ("1/3/2026 13:00", ROME, MARCH),
        ("01/07/2026 14:00", ROME, 1_782_907_200_000),
        ("2026-03-01 12:00 +0000", TimePath(path="t", format="%Y-%m-%d %H:%M %z"), MARCH),
    ],
)
def test_a_time_means_the_instant_that_it_says(written: Any, path: TimePath, instant: int) -> None:
    """Offsets, zones, epochs and patterns, against instants counted elsewhere."""
    assert parse_instant(written, path) == instant


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        # 25 October 2026, 03:00 summer time becomes 02:00: half past two comes twice, 00:30Z and 01:30Z.
        ("2026-10-25T02:30:00", 1_792_888_200_000),
        # 29 March 2026, 02:00 becomes 03:00: half past two never comes; by the offset before, it is 01:30Z.
        ("2026-03-29T02:30:00", 1_774_747_800_000),
    ],
)
def test_a_local_time_around_a_clock_change_has_one_meaning(written: str, instant: int) -> None:
    """The first of two, and for one that never was the offset before the change."""
    assert parse_instant(written, BERLIN) == instant


@pytest.mark.parametrize("written", ["2026-03-01T12:00:00", "2026-03-01", "20260301T12"])
def test_a_time_without_a_zone_is_refused(written: str) -> None:
    """Nobody can know which hour it was."""
    refusal = parse_instant(written, ISO)

    assert isinstance(refusal, Refusal)
    assert refusal == Refusal("naive_timestamp", f"`{written}` has no time zone, and the mapping names none")


@pytest.mark.parametrize("path", [ISO, BERLIN, EPOCH_MS, EPOCH_S, ROME])
@pytest.mark.parametrize(
    "written",
    [
        *(None, True, False, [], {}, "", " ", "soon", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "1e400", "1_000"),
        *(float("nan"), float("inf"), float("-inf"), "nan", "inf", "x" * 100_000, "\ud800", "２０２６-03-01T12:00:00Z"),
        *(
            "\x00",
            "2016-12-31T23:59:60Z",
            "99/99/9999 99:99",
            "--5",
            "5.",
            ".5",
            "1" * 5000,
            "12:00",
            "2026030111Z0",
            "2026-03-01_12:00Z",
        ),
        {n: n for n in range(20)},
        ["2026-03-01T12:00:00Z"] * 20,
    ],
)
def test_what_is_no_time_is_refused_by_every_format(written: Any, path: TimePath) -> None:
    """A reason code, and a message that is short and printable whatever was written."""
    refusal = parse_instant(written, path)

    assert isinstance(refusal, Refusal)
    assert refusal.reason == "bad_timestamp"
    assert len(refusal.message) < 150
    assert refusal.message.isprintable()


@pytest.mark.parametrize(
    ("written", "path"),
    [
        (10**17, EPOCH_MS),
        (10**400, EPOCH_MS),
        (-(10**400), EPOCH_S),
        (1e300, EPOCH_S),
        ("99999999999999999999", EPOCH_MS),
        ("0001-01-01T00:00:00+14:00", ISO),
        ("9999-12-31T23:59:59-01:00", ISO),
    ],
)
def test_an_absurd_time_is_out_of_range(written: Any, path: TimePath) -> None:
    """Beyond the years 1 to 9999 no date could be printed."""
    refusal = parse_instant(written, path)

    assert isinstance(refusal, Refusal)
    assert refusal.reason == "timestamp_out_of_range"


def test_a_number_is_no_text_and_text_no_number() -> None:
    """A format is what the mapping says, not what a value looks like."""
    assert isinstance(parse_instant(MARCH, ISO), Refusal)
    assert isinstance(parse_instant("2026-03-01T12:00:00Z", EPOCH_MS), Refusal)


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_what_a_datetime_prints_is_read_back(local: datetime, offset: int) -> None:
    """Any date with any offset, against arithmetic in whole microseconds."""
    instant = local.replace(tzinfo=timezone(timedelta(minutes=offset)))
    since = (local - datetime(1970, 1, 1)) - timedelta(minutes=offset)  # noqa: DTZ001 -- two naive times, one offset

    expected = since // timedelta(milliseconds=1)
    read = parse_instant(instant.isoformat(), ISO)

    assert milliseconds(instant) == expected
    assert read == expected or isinstance(read, Refusal)
    if datetime(1, 1, 2) < local < datetime(9999, 12, 30):  # noqa: DTZ001 -- as above
        assert read == expected


@given(st.integers(-(2**45), 2**45))
def test_an_epoch_is_itself(instant: int) -> None:
    """Milliseconds pass unchanged, as number and as text; they print as the datetime of that instant."""
    assert parse_instant(instant, EPOCH_MS) == parse_instant(str(instant), EPOCH_MS) == instant
    shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)).isoformat()
    assert parse_instant(shown, ISO) == instant
