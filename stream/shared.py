"""Values that many cases have alike, kept once for all of them: an open case has few bytes that no other has.

What is answered here is never written to: whoever has more to note makes one of their own. Invariant: what is shared is
equal to what was asked for, down to the types of its values and their order; so many are remembered, and no long ones.
"""

from functools import lru_cache
from typing import Any, Final

MOST_SHARED: Final = 4_096
"""Values of each kind that are remembered; those that were not asked for the longest are forgotten first."""

LONGEST_SHARED: Final = 64
"""Characters of an attribute's value that may be the same in many cases."""

MOST_RECENT: Final = 8
"""Activities of a case that are told as its newest."""


@lru_cache(maxsize=MOST_SHARED)
def alone(activity: str) -> dict[str, int]:
    """The count of an activity that was the only one at its instant."""
    return {activity: 1}


@lru_cache(maxsize=MOST_SHARED)
def followed(recent: tuple[str, ...], activity: str) -> tuple[str, ...]:
    """The newest activities of a case after one more."""
    return (*recent[1 - MOST_RECENT :], activity)


def in_common(attributes: dict[str, Any]) -> dict[str, Any]:
    """The same attributes in one piece of memory for all events and cases that have them, where they are short texts;
    others as they are, since numbers of several types are equal."""
    for value in attributes.values():
        if type(value) is not str or len(value) > LONGEST_SHARED:
            return attributes
    return _in_common(tuple(attributes.items()))


@lru_cache(maxsize=MOST_SHARED)
def _in_common(items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return dict(items)


def merged(before: dict[str, Any], brought: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a case with those that an event brings; the very same where it brings nothing new."""
    if brought is before or not before:
        return brought
    for name, value in brought.items():
        known = before.get(name)
        if known is not value and not _same(known, value):
            return in_common({**before, **brought})
    return before


def _same(known: Any, value: Any) -> bool:
    """Whether two plain values are written alike; what is nothing or empty is not asked, since a zero may have a
    sign."""
    kind = type(value)
    return kind in (str, int, float) and type(known) is kind and bool(value) and bool(known == value)
