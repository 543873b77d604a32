"""What a case is promised: the kinds of service levels, each with its clock and its warning stages.

Invariant: every kind has an id that is unique in its definition, and a length or an instant that cannot be zero.
`at_risk` holds fractions of the target between 0 and 1, ascending.
"""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, WithJsonSchema

from schemas.duration import Duration
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


class _Promise(Written):
    id: Name
    severity: Severity = "warning"
    at_risk: AtRisk = Field(default=(0.75, 0.90), json_schema_extra={"default": ["75%", "90%"]})


class Between(_Promise):
    """From one of the activities `from` to one of `to`, within the target.

    `occurrence`: a clock for each `from` met while none runs, or for the first or the last of the case only.
    """

    kind: Literal["between"] = "between"
    from_: Activities = Field(validation_alias="from")
    to: Activities
    target_ms: Duration = Field(validation_alias="target")
    occurrence: Literal["each", "first", "last"] = "each"


class CaseDuration(_Promise):
    """From the first event of a case to its end, within the target."""

    kind: Literal["case_duration"] = "case_duration"
    target_ms: Duration = Field(validation_alias="target")


class Idle(_Promise):
    """From any event of an open case to its next, within the target."""

    kind: Literal["idle"] = "idle"
    target_ms: Duration = Field(validation_alias="target")


class Due(_Promise):
    """By the instant that the attribute `due` carries; `until` names what meets it, the case's end where None."""

    kind: Literal["due"] = "due"
    due: Text
    until: Activities | None = None


Sla = Annotated[Between | CaseDuration | Idle | Due, Discriminator("kind")]
