"""What is promised of many cases at once: objectives over sliding windows, and how often something may happen.

Invariant: a window holds a whole number of buckets, whatever is counted in it; a rate has one bound, and one only.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.duration import HOUR, SECOND, Duration
from schemas.problem import Fault
from schemas.sla import Activities, Name, Severity, Share
from schemas.written import Text, Written

MOST_BUCKETS: Final = 8_640
"""Buckets in a window at the most: then the shortest of the burn rates' windows is one of them."""


class Objective(Written):
    """A share of the occurrences of the SLA `of` that has to be in time, over any `window`; `by` names segments.

    Nothing is said of fewer than `min_count` occurrences.
    """

    id: Name
    of: Name
    objective: Share
    window_ms: Duration = Field(validation_alias="window")
    by: tuple[Text, ...] = ()
    min_count: Annotated[int, Field(ge=1)] = 10
    severity: Severity = "critical"

    @model_validator(mode="after")
    def _window_can_be_cut(self) -> Self:
        if self.window_ms < HOUR or self.window_ms % SECOND:
            raise Fault("this window cannot be cut into buckets", "write whole seconds, an hour at least, like 28d")
        return self

    @property
    def bucket_ms(self) -> int:
        """The width of a bucket: the narrowest that cuts the window into whole ones, `MOST_BUCKETS` at the most."""
        count = next(count for count in range(MOST_BUCKETS, 0, -1) if self.window_ms % count == 0)
        return self.window_ms // count


class Rate(Written):
    """How often one of the activities `of` may happen within any `window`, over all cases: `at_most` or `at_least`."""

    id: Name
    kind: Literal["rate"] = "rate"
    of: Activities
    window_ms: Duration = Field(validation_alias="window")
    at_most: Annotated[int, Field(ge=0)] | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None
    by: tuple[Text, ...] = ()
    severity: Severity = "warning"

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise Fault("a rate has one bound", "write `at_most` or `at_least`, and a second rate for the other")
        return self

    @property
    def bucket_ms(self) -> int:
        """The width of the buckets that instants are told in; what is counted does not depend on it."""
        return max(self.window_ms // 16, 1)
