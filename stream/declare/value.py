"""What conditions see of an attribute's value: a text, a number, or nothing.

Invariant: absent are an attribute without a value, an empty text, and what is neither text, truth value nor a finite
number; truth values are the texts `true` and `false`.
"""

import math
import re
from typing import Any, Final, TypeAlias

Value: TypeAlias = str | int | float | None
Values: TypeAlias = tuple[Value, ...]

_NUMBER: Final = re.compile(r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?")


def value_of(raw: Any) -> Value:
    """An attribute's value as conditions see it; None where there is none."""
    if type(raw) is str:
        return raw or None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        return raw
    return raw if isinstance(raw, float) and math.isfinite(raw) else None


def number_of(value: Value) -> int | float | None:
    """A value as a number, also one written as text."""
    if not isinstance(value, str):
        return value
    if not _NUMBER.fullmatch(value):
        return None
    if value.lstrip("+-").isdecimal():
        return int(value)
    read = float(value)
    return read if math.isfinite(read) else None


def same(one: Value, other: Value) -> bool:
    """Whether two values that are there are equal: as texts, or as numbers where one of them is a number; truth values
    in any case."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (one.lower() == other.lower() and one.lower() in ("true", "false"))
    return number_of(one) == number_of(other)
