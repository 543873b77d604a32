"""An event of a case, as the core folds it: the mapped, validated part of one record.

Invariant: events of a case have a total order, that of their tuples: by time, then by input and offset, so that equal
times keep the order in which Kafka has them, whatever order tasks happen to read their inputs in.
"""

from typing import Any, NamedTuple, TypeAlias

OTHER_TRANSITIONS = frozenset(
    "schedule assign withdraw reassign start suspend resume autoskip manualskip pi_abort ate_abort".split()
)
"""Transitions of the standard life cycle of XES (IEEE 1849, lifecycle extension) that do not complete a step."""

GIVEN_UP = frozenset("withdraw autoskip manualskip pi_abort ate_abort".split())
"""Those of them after which a step that was started will not be completed."""

Place: TypeAlias = tuple[int, int]
"""Where a record lies: the number of its input in the task, and its offset."""


class Event(NamedTuple):
    """One event: `at` in milliseconds UTC; `lifecycle` in lower case; `attributes` the mapped ones that it carries."""

    at: int
    place: Place
    activity: str
    lifecycle: str | None = None
    resource: str | None = None
    event_id: str | None = None
    attributes: dict[str, Any] | None = None
    last_of_case: bool = False

    @property
    def completes(self) -> bool:
        """Whether this event is the step itself: any transition but the standard ones before or beside completion, so
        that logs with words of their own (Queued, In Progress) are read too."""
        return self.lifecycle is None or self.lifecycle not in OTHER_TRANSITIONS


class Anchor(NamedTuple):
    """What an alert hangs on: the event that started it, by id or by time, activity and count among equals.

    It never depends on the order of arrival, so that the same history gives the same alert ids.
    """

    at: int
    activity: str
    nth: int
    event_id: str | None
    place: Place

    @property
    def name(self) -> str:
        """The part of the anchor that goes into an alert's id."""
        return self.event_id if self.event_id is not None else f"{self.at}/{self.activity}/{self.nth}"
