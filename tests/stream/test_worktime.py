"""Working time against a count of minutes, across every change of the clocks of several years."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.calendar import Calendar, Span
from stream.worktime import NoWorkingTime, Worktime

MINUTE = 60_000
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "UTC",
)
OFFICE = {"mon-fri": ["08:00-12:00", "13:00-18:00"], "sat": ["09:00-13:00"]}
AROUND_THE_CLOCK = {"mon-sun": ["00:00-24:00"]}


def ms(text: str) -> int:
    """An instant with offset, in milliseconds UTC."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def calendar(timezone: str, hours: dict[str, list[str]], **more: object) -> Calendar:
    """A calendar as a definition writes it."""
    return Calendar.model_validate({"timezone": timezone, "hours": hours, **more})


def works(calendar: Calendar, instant: int) -> bool:
    """Whether a minute is worked: its local time looked up in the hours of its day and of the day before."""
    local = datetime.fromtimestamp(instant / 1000, ZoneInfo(calendar.timezone))
    minute = local.hour * 60 + local.minute
    return any(
        any(start <= minute + days * 1440 < end for start, end in hours_of(calendar, local, days)) for days in (0, 1)
    )


def hours_of(calendar: Calendar, local: datetime, days_before: int) -> tuple[Span, ...]:
    """The hours of a day, written out anew."""
    day = (local - timedelta(days=days_before)).date()
    if day in calendar.extra:
        return calendar.extra[day]
    return () if day in calendar.free_days([day.year]) else calendar.hours[day.weekday()]


def changes(zone: str) -> list[int]:
    """The hours from 2024 to 2027 in which a zone's offset changes; a quiet noon where it never does."""
    here, found = ZoneInfo(zone), []
    hour = datetime(2024, 1, 1, tzinfo=UTC)
    while hour.year < 2028:
        after = hour + timedelta(hours=1)
        if hour.astimezone(here).utcoffset() != after.astimezone(here).utcoffset():
            found.append(int(hour.timestamp() * 1000))
        hour = after
    return found or [ms("2026-06-15T12:00Z")]


CHANGES = {zone: changes(zone) for zone in ZONES}


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, list[str]]:
    """Opening hours: some intervals a day, some days across midnight."""
    found: dict[str, list[str]] = {}
    for day in draw(st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)):
        cuts = sorted(draw(st.sets(st.integers(6 * 60, 23 * 60), min_size=2, max_size=6)))
        pairs = zip(cuts[::2], cuts[1::2], strict=False)  # an odd cut is left over
        hours = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs]
        night = draw(st.integers(0, 5 * 60)) if draw(st.booleans()) else None
        found[day] = hours if night is None else [*hours, f"23:30-{night // 60:02}:{night % 60:02}"]
    return found


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, int, int]:
    """A zone, and a stretch of up to two days about one of its changes, in whole minutes."""
    zone = draw(st.sampled_from(ZONES))
    start = draw(st.sampled_from(CHANGES[zone])) + draw(st.integers(-2 * 1440, 1440)) * MINUTE
    return zone, start, draw(st.integers(0, 2 * 1440))


@settings(max_examples=150, deadline=None)
@given(weeks(), moments())
def test_working_time_is_a_count_of_working_minutes(hours: dict[str, list[str]], moment: tuple[str, int, int]) -> None:
    """The time between two instants equals the number of minutes worked, each judged by its own local time."""
    zone, start, minutes = moment
    office = calendar(zone, hours)
    worked = sum(works(office, start + minute * MINUTE) for minute in range(minutes))
    assert Worktime(office).between(start, start + minutes * MINUTE) == worked * MINUTE


@settings(max_examples=100, deadline=None)
@given(weeks(), moments(), st.integers(1, 900))
def test_adding_ends_with_the_minute_that_fills_the_time(
    hours: dict[str, list[str]], moment: tuple[str, int, int], target: int
) -> None:
    """The sum is the end of the minute at which a minute-by-minute count reaches the target."""
    zone, start, _ = moment
    office = calendar(zone, hours)
    left, minute = target, start
    while left:
        left -= works(office, minute)
        minute += MINUTE
    assert Worktime(office).add(start, target * MINUTE) == minute


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 7), ("2026-10-25", 9), ("2026-06-14", 8)])
def test_a_night_in_berlin_is_as_long_as_the_clocks_make_it(day: str, hours: int) -> None:
    """From midnight to eight there are 7 hours when summer time begins, 9 when it ends."""
    berlin = Worktime(calendar("Europe/Berlin", {"mon-sun": ["00:00-08:00"]}))
    noon = ms(f"{day}T12:00:00+00:00")
    assert berlin.between(noon - 18 * 3_600_000, noon) == hours * 3_600_000


def test_an_hour_that_the_clocks_repeat_is_worked_twice() -> None:
    """02:00 to 02:30 happens twice on 25 October 2026 in Berlin."""
    berlin = Worktime(calendar("Europe/Berlin", {"mon-sun": ["02:00-02:30"]}))
    assert berlin.between(ms("2026-10-24T22:00Z"), ms("2026-10-25T22:00Z")) == 60 * MINUTE


def test_four_hours_from_friday_afternoon_end_on_monday() -> None:
    """From Friday 17:00 an hour is left; without the Saturday, three more end on Monday at eleven."""
    office = Worktime(calendar("Europe/Berlin", {"mon-fri": ["08:00-12:00", "13:00-18:00"]}))
    assert office.add(ms("2026-11-06T17:00+01:00"), 4 * 60 * MINUTE) == ms("2026-11-09T11:00+01:00")


def test_a_target_that_ends_at_closing_time_is_due_at_closing_time() -> None:
    """An hour from 17:00 is over at 18:00, not when the office opens again."""
    office = Worktime(calendar("Europe/Berlin", OFFICE))
    assert office.add(ms("2026-11-05T17:00+01:00"), 60 * MINUTE) == ms("2026-11-05T18:00+01:00")


def test_holidays_of_a_country_are_not_worked() -> None:
    """Women's Day is a holiday in Berlin and a working day in Bavaria (8 March 2024, a Friday)."""
    stretch = ms("2024-03-08T00:00+01:00"), ms("2024-03-09T00:00+01:00")
    assert Worktime(calendar("Europe/Berlin", OFFICE, holidays="DE-BE")).between(*stretch) == 0
    assert Worktime(calendar("Europe/Berlin", OFFICE, holidays="DE-BY")).between(*stretch) == 9 * 60 * MINUTE


def test_a_day_of_its_own_counts_whatever_day_it_is() -> None:
    """A Sunday with hours is worked, and a listed holiday is not."""
    office = calendar("UTC", OFFICE, holidays=["2026-11-23"], extra={"2026-11-22": ["10:00-12:00"]})
    assert Worktime(office).between(ms("2026-11-22T00:00Z"), ms("2026-11-24T00:00Z")) == 120 * MINUTE


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-05T10:30+01:00", 2, "2026-11-07T10:30+01:00"),  # Thursday to Saturday
        ("2026-11-06T17:00+01:00", 1, "2026-11-07T13:00+01:00"),  # Saturday closes earlier
        ("2026-11-07T20:00+01:00", 1, "2026-11-10T08:00+01:00"),  # counts from Monday's opening
        ("2026-10-23T09:00+02:00", 2, "2026-10-26T09:00+01:00"),  # the clocks changed between
    ],
)
def test_working_days_keep_the_time_of_day(start: str, days: int, due: str) -> None:
    """Working days count days with hours; the due instant lies within those of its day."""
    assert Worktime(calendar("Europe/Berlin", OFFICE)).add_days(ms(start), days) == ms(due)


def test_a_night_shift_is_one_working_day() -> None:
    """Two in the morning belongs to the shift that began the evening before."""
    nights = Worktime(calendar("Europe/Berlin", {"mon-thu": ["22:00-06:00"]}))
    assert nights.add_days(ms("2026-11-03T02:00+01:00"), 1) == ms("2026-11-04T02:00+01:00")


def test_a_calendar_that_runs_out_says_so() -> None:
    """A calendar of one day has no second one."""
    once = calendar("UTC", {"mon": []}, extra={"2026-11-22": ["10:00-12:00"]})
    with pytest.raises(NoWorkingTime):
        Worktime(once).add(ms("2026-11-22T00:00Z"), 121 * MINUTE)


def test_around_the_clock_is_elapsed_time() -> None:
    """Without closing hours working time is time, whatever the clocks do."""
    always = Worktime(calendar("America/New_York", AROUND_THE_CLOCK))
    start = ms("2011-01-31T12:00Z")
    assert always.add(start, 86_400_000 * 1000) == start + 86_400_000 * 1000


@given(st.sampled_from(ZONES), st.integers(0, 366 * 24 * 60), st.lists(st.integers(0, 60 * 24 * 40), max_size=4))
def test_adding_several_lengths_at_once_is_adding_each(zone: str, minute: int, lengths: list[int]) -> None:
    """The same instants, whatever lies between them."""
    worktime = Worktime(calendar(zone, OFFICE))
    start, ascending = ms("2026-01-01T00:00+00:00") + minute * MINUTE, sorted(length * MINUTE for length in lengths)
    assert worktime.add_each(start, ascending) == tuple(worktime.add(start, length) for length in ascending)


@given(st.sampled_from(ZONES), st.integers(0, 366 * 24 * 60), st.integers(1, 20))
@settings(max_examples=200)
def test_working_days_end_at_the_same_time_of_a_working_day(zone: str, minute: int, days: int) -> None:
    """As the zone's own clocks show it, the first of two equal ones, where they were not skipped."""
    worktime = Worktime(calendar(zone, AROUND_THE_CLOCK))
    start = ms("2026-01-01T00:00+00:00") + minute * MINUTE
    local = datetime.fromtimestamp(start / 1000, ZoneInfo(zone))
    due = local.replace(fold=0) + timedelta(days=days)  # adds local time
    assert worktime.add_days(start, days) == int(due.astimezone(UTC).timestamp() * 1000)


@given(
    st.sampled_from(ZONES),
    st.integers(0, 366 * 24 * 60 * MINUTE),
    st.lists(st.integers(1, 40 * 24 * 60 * MINUTE), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_from_every_start_of_a_stretch_working_time_adds_up_alike(zone: str, start: int, lengths: list[int]) -> None:
    """Its first and last starts give what adding gives by itself, as lengths while there is work, as instants else."""
    lengths, start = sorted(lengths), start + ms("2026-01-01T00:00:00Z")
    worktime = Worktime(calendar(zone, OFFICE))
    stretch = worktime.stretch(start, lengths)
    assert stretch.first <= start < stretch.until
    for each in (stretch.first, start, stretch.until - 1):
        told = tuple(answer + each for answer in stretch.answers) if stretch.moves else stretch.answers
        assert told == tuple(worktime.add(each, length) for length in lengths)
