"""The window of time of a constraint: how long after (or before) its activation a target may come.

Invariant: both limits are inclusive, so an answer exactly at the due instant meets it; written lengths are exact to
the millisecond. For a template without targets the time counts from the case's first event.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from schemas.duration import LONGEST
from schemas.problem import Fault

_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
_WORDS: Final = {"d": "d", "h": "h", "m": "min", "s": "s"}
_WRITTEN: Final = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*,\s*(\d{1,15}(?:\.\d{1,9})?)\s*,\s*([smhdSMHD])\s*")
_REMEDY: Final = "write the least and the greatest time and a unit of s, m, h or d, like 0,30,m"


class Window(NamedTuple):
    """The least and the greatest distance in time, in ms, both allowed."""

    least: int
    most: int

    @property
    def text(self) -> str:
        """As the notation writes it, in the greatest unit in which both are whole."""
        unit = self._unit()
        return f"{_number(self.least, unit)},{_number(self.most, unit)},{unit}"

    @property
    def exact(self) -> bool:
        """Whether it allows one distance in time only, and that is not none."""
        return 0 < self.least == self.most

    @property
    def words(self) -> str:
        """For people: `within 30 min`, `between 10 and 30 min`, `exactly 30 min`."""
        unit = self._unit()
        most = f"{_number(self.most, unit)} {_WORDS[unit]}"
        if self.exact:
            return f"exactly {most}"
        return f"between {_number(self.least, unit)} and {most}" if self.least else f"within {most}"

    def contains(self, distance: int) -> bool:
        """Whether a distance in time, in ms, is allowed."""
        return self.least <= distance <= self.most

    def _unit(self) -> str:
        return next((unit for unit, size in _UNITS.items() if not self.least % size and not self.most % size), "s")


def read_window(text: str) -> Window:
    """The window that `0,30,m` says; raises `Fault`."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise Fault(f"`{text.strip()}` is not a condition on time", _REMEDY)
    size = _UNITS[match.group(3).lower()]
    least, most = (_length(written, size) for written in match.group(1, 2))
    if least > most:
        raise Fault(f"`{text.strip()}` ends before it begins", "the least time first, then the greatest")
    if most > LONGEST:
        raise Fault(f"`{text.strip()}` is longer than a hundred years", "a shorter time")
    return Window(least, most)


def _length(written: str, size: int) -> int:
    return int((Decimal(written) * size).to_integral_value(ROUND_HALF_UP))


def _number(length: int, unit: str) -> str:
    whole, rest = divmod(length, _UNITS[unit])
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)
