"""The steps that a case has taken in its model, as few bytes as they go into: in memory and in the journal alike.

A step is two numbers of seven bits a byte, the lowest first, the high bit set on all but a number's last byte (LEB128):
the time since the step before (since the case's first event, for the first) in milliseconds, and its name as a number
into the sorted labels of the model. Names that the model does not have are numbered behind the labels, in the order in
which the case met them. So a step of a model with up to 128 labels takes six bytes at most wherever less than a year
has passed since the last one. Invariant: a code is read only up to a size that its fold knows; what lies behind it
belongs to another fold of the same case.
"""

import re
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

MOST_STRANGERS = 1_000
"""Names of one case that its model does not have; with more of them, what follows is no longer explained."""


class Labels:
    """The numbering of a model's labels, or of constraints, under which cases are kept; compared by identity."""

    __slots__ = ("identity", "names", "numbers")

    def __init__(self, identity: str, names: tuple[str, ...]) -> None:
        self.identity, self.names = identity, names
        self.numbers = {name: number for number, name in enumerate(names)}


class Taken(NamedTuple):
    """Steps as they are read: names as in the model, or as the event had them, and times in milliseconds UTC."""

    names: tuple[str, ...]
    times: tuple[int, ...]


NONE_TAKEN = Taken((), ())
_CONTINUED = bytes(range(128, 256))
_NUMBER = re.compile(rb"[\x80-\xff]*[\x00-\x7f]")


def write(code: bytearray, gap: int, number: int) -> None:
    """Put a step behind the others: the time since the last (ms, at least 0) and its name's number."""
    while gap > 127:
        code.append(gap & 127 | 128)
        gap >>= 7
    code.append(gap)
    while number > 127:
        code.append(number & 127 | 128)
        number >>= 7
    code.append(number)


def read(code: bytes) -> list[int]:
    """The numbers of a code: gap and name of each step in turn; raises `ValueError` where it breaks off."""
    return [part[0] if len(part) == 1 else _wide(part) for part in _parts(code)]


def _parts(code: bytes) -> list[bytes]:
    if code and code[-1] > 127:
        raise ValueError("the code of a step breaks off")
    return _NUMBER.findall(code)


def _wide(part: bytes) -> int:
    """A number of several bytes."""
    number = 0
    for byte in reversed(part):
        number = number << 7 | byte & 127
    return number


def count(code: bytes) -> int:
    """How many steps a code holds; much sooner known than which."""
    return len(code.translate(None, _CONTINUED)) // 2


@lru_cache(maxsize=32)
def taken(code: bytes, first_at: int, labels: Labels, strangers: tuple[str, ...]) -> Taken:
    """The steps of a code, of a case whose first event was at `first_at` (ms).

    Raises `ValueError` where it breaks off, `IndexError` where a name has no such number. The newest answers are kept,
    since an explanation asks for the same steps many times.
    """
    shown = named(code, labels, strangers)
    gaps = [part[0] if len(part) == 1 else _wide(part) for part in _parts(code)[::2]]
    if len(gaps) != len(shown):
        raise ValueError("a step has a time but no name")
    return Taken(shown, tuple(accumulate(gaps, initial=first_at))[1:])


def named(code: bytes, labels: Labels, strangers: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the steps of a code; raises as `taken` does."""
    known, names = len(labels.names), labels.names
    numbers = [part[0] if len(part) == 1 else _wide(part) for part in _parts(code)[1::2]]
    return tuple([names[n] if n < known else strangers[n - known] for n in numbers])
