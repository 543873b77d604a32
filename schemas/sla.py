"""What a case is promised: the kinds of service levels, each with its clock and its warning stages.

Invariant: every kind has an id that is unique in its definition, and a length or an instant that cannot be zero.
`at_risk` holds fractions of the target between 0 and 1, ascending.
"""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from schemas.duration import Target
from schemas.problem import Fault
from schemas.written import Text, Written

Severity = Literal["info", "warning", "critical"]
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


def plain_name(text: str) -> str:
    """Return `text` if it may stand in keys, labels and file names; raises `Fault`."""
    if not re.fullmatch(_NAME, text):
        raise Fault(f"`{text}` is not a plain name", "use letters, digits, `.`, `_` and `-` only, at most 100")
    return text


Name = Annotated[str, AfterValidator(plain_name), WithJsonSchema({"type": ["string", "number"], "pattern": _NAME})]
"""A name that may stand in keys, labels and file names."""


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _without_doubles(names: tuple[str, ...]) -> tuple[str, ...]:
    doubles = [name for at, name in enumerate(names) if name in names[:at]]
    if doubles:
        raise Fault(f"`{doubles[0]}` is named twice", "name it once")
    return names


Activities = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    BeforeValidator(_one_or_many, json_schema_input_type=Text | tuple[Text, ...]),
    AfterValidator(_without_doubles),
]
"""One activity or several, any of which will do."""


def _fraction(written: Any) -> Any:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)%", written, re.ASCII) if isinstance(written, str) else None
    fraction = float(match[1]) / 100 if match else written
    if not isinstance(fraction, float) or not 0 < fraction < 1:
        raise Fault(f"`{written}` is not a share of the target", "write a percentage between 0% and 100%, like 75%")
    return fraction


Share = Annotated[
    float,
    BeforeValidator(_fraction),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?%$", "examples": ["75%"]}),
]


def _ascending(fractions: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(set(fractions)))


AtRisk = Annotated[
    tuple[Share, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=Share | tuple[Share, ...]),
    AfterValidator(_ascending),
]
"""Shares of the target at which a warning is due; empty for none."""


class StageSeverity(Written):
    """A severity for each stage of a service level."""

    at_risk: Severity = "warning"
    breach: Severity = "warning"
    overdue: Severity = "warning"


class TargetWhere(Written):
    """A target for the cases for which a condition holds."""

    where: Text
    target_ms: Target = Field(validation_alias="target")


class Pause(Written):
    """When a clock stands still: from one activity until another, or while a condition holds."""

    from_: Activities | None = Field(default=None, validation_alias="from")
    to: Activities | None = None
    while_: Text | None = Field(default=None, validation_alias="while")

    @model_validator(mode="after")
    def _one_way_or_the_other(self) -> Self:
        by_activities = self.from_ is not None and self.to is not None and self.while_ is None
        if not by_activities and (self.while_ is None or self.from_ is not None or self.to is not None):
            raise Fault("a pause is by activities or by a condition", "write {from: A, to: B} or {while: a condition}")
        return self


class CancelWhen(Written):
    """A condition under which a clock is called off."""

    when: Text


def _shape(value: Any) -> str:
    return "<pairs>" if isinstance(value, dict | Written) else "<plain>"


Severities = Annotated[
    Annotated[Severity, Tag("<plain>")] | Annotated[StageSeverity, Tag("<pairs>")], Discriminator(_shape)
]
"""One severity for all stages, or one for each."""

Pauses = Annotated[
    Annotated[Literal["lifecycle"], Tag("<plain>")] | Annotated[Pause, Tag("<pairs>")], Discriminator(_shape)
]
"""`lifecycle`, where events say suspend and resume, or what else pauses a clock."""

Cancels = Annotated[
    Annotated[Activities, Tag("<plain>")] | Annotated[CancelWhen, Tag("<pairs>")], Discriminator(_shape)
]
"""What stops a clock without being its answer: activities, or a condition."""


class _Promise(Written):
    """`calendar` names the working time that is counted; `where` (CEL) for which cases it holds; `overdue_every`, how
    often a breach is said again."""

    id: Name
    severity: Severities = "warning"
    at_risk: AtRisk = Field(default=(0.75, 0.90), json_schema_extra={"default": ["75%", "90%"]})
    calendar: Name | None = None
    where: Text | None = None
    overdue_every_ms: Target | None = Field(default=None, validation_alias="overdue_every")


class _Measured(_Promise):
    """A promise with a length; of `targets`, the first whose condition holds counts instead of `target`."""

    target_ms: Target = Field(validation_alias="target")
    targets: tuple[TargetWhere, ...] = ()
    pause: Pauses | None = None


class Between(_Measured):
    """From one of the activities `from` to one of `to`, within the target.

    `occurrence`: a clock for each `from` met while none runs, or for the first or the last of the case only.
    """

    kind: Literal["between"] = "between"
    from_: Activities = Field(validation_alias="from")
    to: Activities
    occurrence: Literal["each", "first", "last"] = "each"
    cancel: Cancels | None = None


class CaseDuration(_Measured):
    """From the first event of a case to its end, within the target."""

    kind: Literal["case_duration"] = "case_duration"
    cancel: Cancels | None = None


class ActivityDuration(_Measured):
    """From the start of an activity to its completion, by its life cycle, within the target.

    Every start has a clock of its own; a completion, or a step given up, is that of the oldest start of its activity.
    """

    kind: Literal["activity_duration"] = "activity_duration"
    activity: Activities
    cancel: Cancels | None = None


class Waiting(_Measured):
    """From the completion of one of the activities `from` to the next start of one of `to`, of any where None.

    An event without a life cycle is both start and completion.
    """

    kind: Literal["waiting"] = "waiting"
    from_: Activities = Field(validation_alias="from")
    to: Activities | None = None
    cancel: Cancels | None = None


class Idle(_Measured):
    """From any event of an open case to its next, within the target."""

    kind: Literal["idle"] = "idle"


class Due(_Promise):
    """By the instant that the attribute `due` carries; `until` names what meets it, the case's end where None."""

    kind: Literal["due"] = "due"
    due: Text
    until: Activities | None = None
    cancel: Cancels | None = None


Sla = Annotated[
    Between | CaseDuration | ActivityDuration | Waiting | Idle | Due,
    Discriminator("kind"),
]
