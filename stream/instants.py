"""Which instant a record's time means: text or number to integer milliseconds UTC, or a named refusal.

Invariant: nothing is guessed. A time without a zone is refused unless the mapping names one; a local time that occurs
twice (clocks set back) means the first, one that never occurs (clocks set forward) is counted from the offset before
the change, as PEP 495 has it for `fold=0`. What is finer than a millisecond is cut off.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.mapping import TimePath
from stream.inputs import Refusal

BAD: Final = "bad_timestamp"
NAIVE: Final = "naive_timestamp"
OUT_OF_RANGE: Final = "timestamp_out_of_range"

_LONGEST: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 50_000
"""Written times that are kept read: a pattern costs ten times an ISO time, and minutes and days recur."""

_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?", re.ASCII)

Parser = Callable[[Any], int | Refusal]


def parse_instant(written: Any, path: TimePath) -> int | Refusal:
    """Read an instant as a record has it, in milliseconds UTC, by the format and zone of `path`; or say why not."""
    return instant_parser(path)(written)


@lru_cache(maxsize=1024)
def instant_parser(path: TimePath) -> Parser:
    """Return the function that reads the instants of one path; to be taken once where many are read."""
    if path.format == "epoch_ms":
        return _epoch_parser(1)
    if path.format == "epoch_s":
        return _epoch_parser(1000)
    zone = ZoneInfo(path.timezone) if path.timezone else None
    return _text_parser(path.format, zone)


def milliseconds(instant: datetime) -> int:
    """Milliseconds UTC of an aware datetime, cut off below."""
    since = instant - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


LEAST: Final = milliseconds(datetime(1, 1, 1, tzinfo=UTC))
GREATEST: Final = milliseconds(datetime.max.replace(tzinfo=UTC))
"""The years 1 to 9999, as far as a datetime reaches; what is plausible within them is for the shard to judge."""


def _text_parser(pattern: str, zone: ZoneInfo | None) -> Parser:
    iso = pattern == "iso"
    read = _read_iso if iso else _pattern_reader(pattern)
    read_at_once, epoch = datetime.fromisoformat, _EPOCH

    def parse(written: Any) -> int | Refusal:
        if iso and type(written) is str and 19 < len(written) < 40 and written[10] == "T" and "1" <= written[0] <= "8":
            try:  # as nearly all are written, in the fewest steps; whatever else there is to say of one is said below
                since = read_at_once(written) - epoch
                return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000
            except (ValueError, TypeError):
                pass
        try:
            instant = read(written)
        except (ValueError, TypeError, LookupError, OverflowError):
            return _bad(written, "ISO 8601" if pattern == "iso" else f"the pattern {pattern}")
        if instant.tzinfo is None:
            if zone is None:
                return Refusal(NAIVE, f"`{_shown(written)}` has no time zone, and the mapping names none")
            instant = instant.replace(tzinfo=zone)
        at = milliseconds(instant)
        return at if LEAST <= at <= GREATEST else _out_of_range(written)

    return parse


def _read_iso(text: str) -> datetime:
    """Python takes any character between date and time, a digit too; ISO 8601 has `T` there, and people a blank."""
    if len(text) > 10 and (len(text) > _LONGEST or (text[10] not in "T " and text[8] not in "T ")):
        raise ValueError
    return datetime.fromisoformat(text)


def _pattern_reader(pattern: str) -> Callable[[str], datetime]:
    @lru_cache(maxsize=_REMEMBERED)
    def read(text: str) -> datetime:
        return datetime.strptime(text[:_LONGEST], pattern)  # noqa: DTZ007 -- the caller judges and sets the zone

    return read


def _epoch_parser(unit_ms: int) -> Parser:
    expected = "milliseconds since 1970" if unit_ms == 1 else "seconds since 1970"

    def parse(written: Any) -> int | Refusal:
        number = _as_number(written)
        if number is None:
            return _bad(written, expected)
        if not LEAST <= number * unit_ms <= GREATEST:
            return _out_of_range(written)
        return number * unit_ms if isinstance(number, int) else math.floor(round(number * unit_ms, 3))

    return parse


def _as_number(written: Any) -> int | float | None:
    if isinstance(written, str):
        if not _NUMBER.fullmatch(written):
            return None
        return float(written) if "." in written else int(written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        return None
    return written if isinstance(written, int) or math.isfinite(written) else None


def _out_of_range(written: Any) -> Refusal:
    return Refusal(OUT_OF_RANGE, f"`{_shown(written)}` is outside the years 1 to 9999")


def _bad(written: Any, expected: str) -> Refusal:
    return Refusal(BAD, f"`{_shown(written)}` is not a time in {expected}")


def _shown(written: Any) -> str:
    """A value as a person may see it: cut short and printable, since a record may hold anything."""
    if isinstance(written, int | float) and (written > 1e30 or written < -1e30):
        return "a number beyond all times"
    if written is None or isinstance(written, dict | list):
        return "nothing" if written is None else "a structure"
    text = str(written)
    return "".join(c if c.isprintable() else "?" for c in (text if len(text) <= 60 else f"{text[:57]}…"))
