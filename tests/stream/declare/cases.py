"""Small cases for the monitor's tests: steps written down by their instants, activities and attributes."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from stream.declare import Happening, Monitor, Standing, Violation, read_constraint
from stream.event import Anchor

MINUTE = 60_000
INFORM = "Response[Escalated, Informed] |A.priority is high | |0,30,m"
Step: TypeAlias = tuple[int, str] | tuple[int, str, Mapping[str, Any]]


def monitor(*constraints: str) -> Monitor:
    """The monitor of constraints in the notation."""
    return Monitor([read_constraint(text) for text in constraints])


def anchor(at: int, activity: str, place: int) -> Anchor:
    """The anchor of a step; a place of its own tells equal ones apart."""
    return Anchor(at, activity, place, None, (0, place))


def stand(watching: Monitor, steps: list[Step], standing: Standing | None = None) -> Standing:
    """Where a case stands after these steps; instants in minutes."""
    for place, (minute, activity, *rest) in enumerate(steps):
        attributes = rest[0] if rest else {}
        happening = Happening(anchor(minute * MINUTE, activity, place), attributes)
        standing = watching.step(standing or watching.start(), happening)
    return standing or watching.start()


def spelled(text: str) -> list[Step]:
    """One step a minute, each a letter."""
    return [(minute, letter) for minute, letter in enumerate(text)]


def told(violations: tuple[Violation, ...]) -> list[tuple[str, int, str]]:
    """Violations in short: the anchor's activity, the minute, why."""
    short = [(found.anchor.activity if found.anchor else "", found) for found in violations]
    return [(activity, found.happened_at // MINUTE, found.why.value) for activity, found in short]
