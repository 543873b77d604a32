"""When work is done: a time zone, opening hours for each day of the week, holidays, and days with hours of their own.

Invariant: a calendar has working time, intervals of one day neither touch nor overlap, and every name in it is known.
Hours are local time, half open: `08:00-12:00` works from 08:00 up to, not including, 12:00; `22:00-06:00` crosses
midnight and belongs to the day that it starts on; `00:00-24:00` is a whole day.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from schemas.mapping import Timezone
from schemas.problem import Fault
from schemas.written import Text, Written

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES: Final = 24 * 60
_INTERVAL: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))", re.ASCII)
_DAYS_REMEDY: Final = "write days like mon, mon-fri or sat,sun"

Span = tuple[int, int]
"""Minutes of local time after the midnight that a day begins with; the end may lie in the day after (past 1440)."""


def spans(written: Any) -> tuple[Span, ...]:
    """Read the intervals of one day, `HH:MM-HH:MM` each, in ascending order; raises `Fault`."""
    if isinstance(written, str):
        written = [written]
    if not isinstance(written, list | tuple):
        raise Fault("these are no opening hours", 'write a list, like ["08:00-12:00", "13:00-18:00"]')
    found = sorted(one if isinstance(one, tuple) else _span(one) for one in written)
    if any(before[1] > after[0] for before, after in pairwise(found)):
        raise Fault("the intervals of a day overlap", "write each time of the day in one interval only")
    return tuple(found)


def _span(written: Any) -> Span:
    match = _INTERVAL.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise Fault(f"`{written}` is no interval of a day", "write it like 08:00-12:00, in 24 hours")
    hour, minute, *until = (int(part) for part in match.groups() if part is not None)
    start, end = hour * 60 + minute, until[0] * 60 + until[1]
    if start == end:
        raise Fault(f"`{written}` is empty", "write 00:00-24:00 for a whole day")
    return start, end if end > start else end + MINUTES


def days_of(written: str) -> tuple[int, ...]:
    """The days of the week that a key of `hours` names, 0 for Monday; raises `Fault`."""
    found: list[int] = []
    for part in written.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (last if dash else first) not in DAYS:
            raise Fault(f"`{written}` names no day of the week", _DAYS_REMEDY)
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
        found += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
    return tuple(found)


def _week(written: Any) -> Any:
    if isinstance(written, tuple):
        return written
    if not isinstance(written, dict) or not written:
        raise Fault("no opening hours are given", 'write them like {mon-fri: ["08:00-17:00"]}')
    week: list[tuple[Span, ...] | None] = [None] * 7
    for key, hours in written.items():
        for day in days_of(str(key)):
            if week[day] is not None:
                raise Fault(f"`{key}` names {DAYS[day]}, which has its hours already", "name each day once")
            week[day] = spans(hours)
    _check_week([day or () for day in week])
    return tuple(day or () for day in week)


def _check_week(week: list[tuple[Span, ...]]) -> None:
    """A shift across midnight must not run into the next day's hours."""
    for day, hours in enumerate(week):
        following = week[(day + 1) % 7]
        if hours and following and hours[-1][1] - MINUTES > following[0][0]:
            wrong = f"the last interval of {DAYS[day]} runs into the hours of {DAYS[(day + 1) % 7]}"
            raise Fault(wrong, "end it before they begin")


def day_of(written: Any) -> date:
    """Read a date as ISO 8601 writes it; raises `Fault`."""
    if isinstance(written, date):
        return written
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        raise Fault(f"`{written}` is not a date", "write it like 2026-12-24") from None


def _holidays(written: Any) -> Any:
    if isinstance(written, str):
        return _known_region(written)
    if not isinstance(written, list | tuple):
        raise Fault("these are no holidays", "name a country, like DE or DE-BE, or list the dates")
    return tuple(day_of(one) for one in written)


def _known_region(region: str) -> str:
    """A country of ISO 3166-1, with one of its subdivisions where the dates depend on it."""
    from holidays import list_supported_countries  # noqa: PLC0415 -- some 40 ms, for definitions with holidays alone

    country, _, subdivision = region.partition("-")
    known = list_supported_countries()
    if country not in known:
        raise Fault(f"no holidays are known for `{country}`", "name a country by its two letters, or list the dates")
    if subdivision and subdivision not in known[country]:
        some = ", ".join(known[country][:8]) or "none"
        raise Fault(f"`{country}` has no subdivision `{subdivision}` with holidays", f"one of its own: {some}")
    return region


def _extra_days(written: Any) -> Any:
    if not isinstance(written, dict):
        raise Fault("these are no days with hours", 'write them like {2026-12-24: ["08:00-12:00"]}')
    return {day_of(day): spans(hours) for day, hours in written.items()}


_ONE: Final = {"type": "string", "pattern": f"^{_INTERVAL.pattern}$"}
_INTERVALS: Final = {"anyOf": [_ONE, {"type": "array", "items": _ONE}]}
Week = Annotated[
    tuple[tuple[Span, ...], ...],
    BeforeValidator(_week),
    WithJsonSchema({"type": "object", "additionalProperties": _INTERVALS, "minProperties": 1}),
]
Holidays = Annotated[
    Text | tuple[date, ...],
    BeforeValidator(_holidays),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string", "format": "date"}}]}),
]
ExtraDays = Annotated[
    dict[date, tuple[Span, ...]],
    BeforeValidator(_extra_days),
    WithJsonSchema({"type": "object", "additionalProperties": _INTERVALS}),
]


class Calendar(Written):
    """Working time: `hours` by day of the week, none on `holidays` (a region, or dates); the days under `extra` have
    hours of their own, whatever day of the week or holiday they are."""

    timezone: Timezone
    hours: Week
    holidays: Holidays = ()
    extra: ExtraDays = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_working_time(self) -> Self:
        if not any(self.hours) and not any(self.extra.values()):
            raise Fault("this calendar has no working time at all", "give at least one day its hours")
        return self

    def free_days(self, years: Iterable[int]) -> frozenset[date]:
        """The holidays of these years."""
        return frozenset(self._free_days(years))

    def _free_days(self, years: Iterable[int]) -> Iterator[date]:
        if not isinstance(self.holidays, str):
            yield from self.holidays
            return
        from holidays import country_holidays  # noqa: PLC0415 -- see `_known_region`

        country, _, subdivision = self.holidays.partition("-")
        yield from country_holidays(country, subdiv=subdivision or None, years=list(years))
