"""Where the parts of an event lie in a source's record: paths to case, activity, time and attributes.

Invariant: a mapping only points; what it points at is judged record by record. A time path says enough to read an
instant without guessing: a pattern without an offset needs a time zone.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from schemas.problem import Fault
from schemas.written import Text, Written

_DIRECTIVE: Final = re.compile(r"%(.)", re.DOTALL)
_KNOWN_DIRECTIVES: Final = frozenset("aAwdbBmyYHIpMSfzZjUWcxXGuV%")
_WHOLE_DATE: Final = "include year, month and day, like %d/%m/%Y %H:%M"
_SAMPLE: Final = datetime(2026, 11, 22, 13, 14, 15, tzinfo=UTC)


def check_timezone(name: str) -> str:
    """Return `name` if the time-zone database knows it; raises `Fault`."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Fault(f"`{name}` is not a known time zone", "write a name like Europe/Berlin or UTC") from None
    return name


def check_time_format(pattern: str) -> str:
    """Return `pattern` if it is `iso`, `epoch_ms`, `epoch_s` or a strptime pattern of a whole date; raises `Fault`."""
    if pattern in ("iso", "epoch_ms", "epoch_s"):
        return pattern
    directives = set(_DIRECTIVE.findall(pattern))
    if not directives:
        raise Fault(f"`{pattern}` is not a time format", "use iso, epoch_ms, epoch_s or a pattern like %d/%m/%Y %H:%M")
    unknown = sorted(directives - _KNOWN_DIRECTIVES)
    if unknown:
        raise Fault(f"`%{unknown[0]}` is not a directive of strptime", "use directives like %Y %m %d %H %M %S %f %z")
    _check_whole_date(pattern)
    return pattern


def _check_whole_date(pattern: str) -> None:
    """A pattern is tried on an instant that it has to give back to the day; without a year it is not even tried, since
    newer Pythons warn."""
    sample, wrong = _SAMPLE.strftime(pattern), f"`{pattern}` does not name a whole date"
    if not re.search(r"%[YyGcx]", pattern):
        raise Fault(wrong, _WHOLE_DATE)
    try:
        read = datetime.strptime(sample, pattern)  # noqa: DTZ007 -- only its date is looked at
    except (ValueError, re.error):
        raise Fault(f"`{pattern}` cannot be read back", "write each directive once, like %d/%m/%Y %H:%M") from None
    if read.date() != _SAMPLE.date():
        raise Fault(wrong, _WHOLE_DATE)


Timezone = Annotated[str, AfterValidator(check_timezone)]
TimeFormat = Annotated[str, AfterValidator(check_time_format)]


class TimePath(Written):
    """Where an instant lies and how it is written: `format` is `iso`, `epoch_ms`, `epoch_s` or a strptime pattern;
    `timezone` is the zone of times written without one."""

    path: Text
    format: TimeFormat = "iso"
    timezone: Timezone | None = None

    @model_validator(mode="after")
    def _zone_is_known(self) -> Self:
        if self.format.startswith("epoch"):
            if self.timezone is not None:
                raise Fault("an epoch counts in UTC and has no time zone", "remove `timezone`")
        elif self.format != "iso" and "%z" not in self.format and self.timezone is None:
            raise Fault(f"`{self.format}` has no time zone", "add `timezone`, like Europe/Rome, or %z to the format")
        return self


def _path_alone(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _path_or_time(value: Any) -> str:
    return "<time>" if isinstance(value, dict | TimePath) else "<path>"


AttributePath = Annotated[
    Annotated[Text, Tag("<path>")] | Annotated[TimePath, Tag("<time>")], Discriminator(_path_or_time)
]
"""A path alone, or a `TimePath` for a date that is not written in ISO 8601 with an offset."""


class Mapping(Written):
    """Paths into a record, dotted, or literal column names; `attributes` maps the names that rules use to paths."""

    case: Text
    activity: Text
    timestamp: Annotated[TimePath, BeforeValidator(_path_alone, json_schema_input_type=Text | TimePath)]
    lifecycle: Text | None = None
    resource: Text | None = None
    event_id: Text | None = None
    attributes: dict[Text, AttributePath] = Field(default_factory=dict)
