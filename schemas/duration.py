"""Lengths of time as people write them: `90s`, `15m`, `4h`, `2d`, `1h30m`, or ISO 8601 `PT4H`.

Invariant: a duration has one meaning whatever the calendar, so that months and years are refused by name. A target may
be in working days (`2wd`) as well, which mean nothing without a calendar, and are a value of their own.
"""

import re
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from schemas.problem import Fault

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
LONGEST: Final = 36_525 * DAY
"""A hundred years, in milliseconds: what is longer is a slip of the pen."""

SHORT_PATTERN: Final = r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"
ISO_PATTERN: Final = r"^P(?=\d|T\d)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$"
PATTERN: Final = f"({SHORT_PATTERN})|({ISO_PATTERN})"

_SHORT: Final = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_ISO: Final = re.compile(
    r"P(?=\d|T\d)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)
_SHORT_UNITS: Final = (DAY, HOUR, MINUTE, SECOND, 1)
_ISO_UNITS: Final = (7 * DAY, DAY, HOUR, MINUTE, SECOND)
_WORKING_DAYS: Final = re.compile(r"(\d{1,9})wd", re.ASCII)
MOST_WORKING_DAYS: Final = 2_500
"""Some ten years."""
_LONGEST_TEXT: Final = 100
_REMEDY: Final = "write it like 4h, 90m or PT4H"


def parse_duration(text: str) -> int:
    """Read a duration as written, in milliseconds, zero included; raises `Fault` with the remedy."""
    if len(text) > _LONGEST_TEXT:
        raise Fault("this is too long to be a duration", _REMEDY)
    for pattern, units in ((_SHORT, _SHORT_UNITS), (_ISO, _ISO_UNITS)):
        match = pattern.fullmatch(text)
        if match:
            parts = zip(match.groups(), units, strict=True)
            return _bounded(text, sum(_length(count, unit) for count, unit in parts if count))
    raise Fault(f"`{text}` is not a duration", _remedy(text))


def _length(count: str, unit: int) -> int:
    return int(count) * unit if count.isdigit() else round(float(count) * unit)


def _bounded(text: str, length: int) -> int:
    if length > LONGEST:
        raise Fault(f"`{text}` is longer than a hundred years", "write a shorter duration")
    return length


def _remedy(text: str) -> str:
    if re.fullmatch(r"\d+wd", text):
        return "working days need a calendar, and none counts here: write elapsed time, like 2d"
    if re.fullmatch(r"\d+", text):
        return f"say of which unit, like {text}s, {text}m, {text}h or {text}d"
    if re.match(r"P\d+[YM]|P.*\d+Y", text):
        return "years and months have no fixed length, write days, like 30d or P30D"
    return _REMEDY


def _from_written(value: Any) -> Any:
    if not isinstance(value, str):
        return _from_number(value)
    length = parse_duration(value)
    if length == 0:
        raise Fault(f"`{value}` is no time at all", "write a duration above zero, like 1s")
    return length


def _grace_from_written(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else _from_number(value)


def _from_number(value: Any) -> int:
    """Code may give milliseconds; a file never does, since its reader leaves numbers as text."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Fault("this is not a duration", _REMEDY)
    return value


class WorkingDays(NamedTuple):
    """So many working days of a calendar."""

    days: int


def parse_target(written: Any) -> int | WorkingDays:
    """Read a target: a duration above zero in milliseconds, or working days; raises `Fault`."""
    if isinstance(written, WorkingDays):
        return written
    match = _WORKING_DAYS.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        return int(_from_written(written))
    days = int(match[1])
    if not 0 < days <= MOST_WORKING_DAYS:
        raise Fault(f"`{written}` is no number of working days", f"write one from 1wd to {MOST_WORKING_DAYS}wd")
    return WorkingDays(days)


_SCHEMA: Final = {"type": "string", "pattern": PATTERN, "examples": ["90s", "15m", "4h", "2d", "1h30m", "PT4H"]}

Duration = Annotated[int, BeforeValidator(_from_written), WithJsonSchema({**_SCHEMA, "description": "above zero"})]
"""A length of time in milliseconds, above zero where it is written as text."""

Grace = Annotated[int, BeforeValidator(_grace_from_written), WithJsonSchema(_SCHEMA)]
"""A length of time in milliseconds; zero means that there is no grace."""

_TARGET_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"{PATTERN}|^\d+wd$",
    "examples": ["4h", "2d", "2wd"],
    "description": "above zero; working time where a calendar is named, `2wd` being two of its days",
}


def _plainly(target: int | WorkingDays) -> int | str:
    return f"{target.days}wd" if isinstance(target, WorkingDays) else target


Target = Annotated[
    int | WorkingDays, PlainValidator(parse_target), PlainSerializer(_plainly), WithJsonSchema(_TARGET_SCHEMA)
]
"""A length of time in milliseconds, or working days."""
