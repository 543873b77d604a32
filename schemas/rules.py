"""What is asked of the people in a case: who may not do two things, and who may do one at all.

Invariant: a rule names activities; whom it means is said by an event's resource or by one of its attributes.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator

from schemas.problem import Fault
from schemas.sla import Activities, Name, Severity
from schemas.written import Text, Written


def _at_least_two(activities: tuple[str, ...]) -> tuple[str, ...]:
    if len(activities) < 2:
        raise Fault("one activity alone needs no second pair of eyes", "name two or more, like [Approve, Pay]")
    return activities


class FourEyes(Written):
    """No two of these activities of one case may be done by the same resource."""

    id: Name
    kind: Literal["four_eyes"] = "four_eyes"
    activities: Annotated[Activities, AfterValidator(_at_least_two)]
    severity: Severity = "warning"


class Role(Written):
    """The activity may be done by members of the group alone: the event's own `attribute` is the group, or a list with
    it. An event that does not carry the attribute is not judged."""

    id: Name
    kind: Literal["role"] = "role"
    activity: Activities
    group: Text
    attribute: Text
    severity: Severity = "warning"


Rule = Annotated[FourEyes | Role, Discriminator("kind")]
