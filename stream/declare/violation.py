"""What a monitor is told and what it tells: a step that was done, and a constraint that was not kept.

Invariant: a violation is a value that depends on the case's events, its end and the clock alone, so that the same
history says the same whenever it is asked.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from stream.event import Anchor


class Happening(NamedTuple):
    """A completed step: which event, and the attributes of its case as they stand at it."""

    anchor: Anchor
    attributes: Mapping[str, Any]


class Why(StrEnum):
    """What broke a constraint."""

    EVENT = "event"  # a step that must not have come
    TIME = "time"  # a deadline that passed
    END = "end"  # the end of the case, with something still owed
    CONFLICT = "conflict"  # several constraints that can no longer be kept together, though each alone still could


class Violation(NamedTuple):
    """One constraint that was not kept.

    `constraint`: its index in the monitor. `anchor`: the activation, or what came instead; None where it concerns
    the case itself. `happened_at`: ms UTC: of the culprit, of the deadline, or of the end. `culprit`: the event that
    broke it (None: time or end). `expected`: activities that would have kept it. `others`: of a conflict, the rest of
    the constraints. `witness`: the earlier event that made the culprit wrong, where there is one beside the anchor.
    """

    constraint: int
    anchor: Anchor | None
    happened_at: int
    culprit: Anchor | None
    why: Why
    expected: tuple[str, ...] = ()
    others: tuple[int, ...] = ()
    witness: Anchor | None = None
