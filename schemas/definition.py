"""What is watched and how: one definition per process, as a frozen value.

Invariant: whatever a definition can say works. Lengths are integer milliseconds; in a file they are written under the
name without `_ms`, `from_` as `from`. What the parts of a definition say of each other is `schemas.consistency`'s.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    TypeAdapter,
    WithJsonSchema,
)

from schemas.calendar import Calendar
from schemas.card_rules import CardRules, Scorecards
from schemas.constraints import Constraint
from schemas.duration import DAY, MINUTE, SECOND, Duration, Grace
from schemas.mapping import Mapping, TimePath
from schemas.objective import Objective, Rate
from schemas.problem import Fault
from schemas.rules import FourEyes, Role, Rule
from schemas.sla import (
    Activities,
    ActivityDuration,
    Between,
    CaseDuration,
    Due,
    Idle,
    Name,
    Severity,
    Sla,
    Waiting,
)
from schemas.written import Text, Written

__all__ = [
    "ActivityDuration",
    "Between",
    "Calendar",
    "CardRules",
    "CaseDuration",
    "CaseRules",
    "Constraint",
    "Definition",
    "Due",
    "EventSource",
    "FourEyes",
    "Idle",
    "Mapping",
    "ModelReference",
    "Objective",
    "Privacy",
    "Rate",
    "Role",
    "Roles",
    "Rule",
    "Severity",
    "Sla",
    "TimePath",
    "Waiting",
]

_TOPIC: Final = r"^[A-Za-z0-9._-]{1,249}$"
_IDLE_LIMIT: Final = 180 * DAY


def _legal_topic(name: str) -> str:
    if not re.fullmatch(_TOPIC, name) or name in (".", ".."):
        raise Fault(f"`{name}` cannot be a topic", "use letters, digits, `.`, `_` and `-` only, at most 249")
    return name


def _starting_point(value: Any) -> Literal["earliest", "latest"] | datetime:
    if value in ("earliest", "latest"):
        return cast(Literal["earliest", "latest"], value)
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise Fault(
            f"`{value}` is no place to start", "use earliest, latest or an instant, 2026-01-31T00:00Z"
        ) from None
    if instant.tzinfo is None:
        raise Fault(f"`{value}` has no time zone", f"write an offset, like {value}Z where it is UTC")
    return instant


Topic = Annotated[str, AfterValidator(_legal_topic), WithJsonSchema({"type": "string", "pattern": _TOPIC})]
StartAt = Annotated[
    Literal["earliest", "latest"] | datetime,
    PlainValidator(_starting_point),
    WithJsonSchema({"anyOf": [{"enum": ["earliest", "latest"]}, {"type": "string", "format": "date-time"}]}),
]


class Roles(Written):
    """Who sets the goals of the process (`owner`) and who runs it day by day (`manager`)."""

    owner: Text | None = None
    manager: Text | None = None


class EventSource(Written):
    """Where events come from, how they are read, and how late they may be. `topics` may be left out of a definition
    that is only tried on history; `mapping` is None for records with the standard names of XES."""

    topics: tuple[Topic, ...] = ()
    keyed_by_case: bool = True
    start_at: StartAt = "earliest"
    format: Literal["json", "xes-json"] = "json"
    mapping: Mapping | None = None
    lateness_ms: Grace = Field(default=10 * MINUTE, validation_alias="lateness", json_schema_extra={"default": "10m"})
    patience_ms: Grace = Field(default=10 * SECOND, validation_alias="patience", json_schema_extra={"default": "10s"})
    silence_ms: Duration | None = Field(default=None, validation_alias="silence")
    silence_calendar: Name | None = None
    unknown_fields: Literal["ignore"] = "ignore"


def _as_idle_limit(fields: dict[str, Any]) -> int:
    return int(fields.get("idle_limit_ms", _IDLE_LIMIT))


def _last_or_named(value: Any) -> str:
    return "<last>" if value == "last_event" else "<named>"


Ends = Annotated[
    Annotated[Literal["last_event"], Tag("<last>")] | Annotated[Activities, Tag("<named>")],
    Discriminator(_last_or_named),
    WithJsonSchema(TypeAdapter(Activities).json_schema()),
]
"""Activities, or `last_event`, which is text as well, so that a schema need not tell them apart."""


class CaseRules(Written):
    """When a case ends and how long it is remembered. `ends` are activities, `last_event` (backtests only), or None:
    then the model's final marking, where there is a model."""

    ends: Ends | None = None
    idle_limit_ms: Duration = Field(
        default=_IDLE_LIMIT, validation_alias="idle_limit", json_schema_extra={"default": "180d"}
    )
    warm_horizon_ms: Duration = Field(default_factory=_as_idle_limit, validation_alias="warm_horizon")
    reopen_ms: Duration = Field(default_factory=_as_idle_limit, validation_alias="reopen")
    retention_ms: Duration = Field(default=90 * DAY, validation_alias="retention", json_schema_extra={"default": "90d"})
    segments: tuple[Text, ...] = ()


class ModelReference(Written):
    """The reference model: a `.bpmn`, `.pnml` or `.decl` file beside the definition, and how events and model name
    things.

    `activities` maps an event's activity to the model's name where they differ; `unobserved` steps never emit events.
    `process` names the one to be watched in a file with several; `final` the places that hold a token when a net is
    done; `ignore_guards` reads a net with guards for its order alone. What a `.decl` file declares joins `constraints`.
    """

    file: Text
    process: Text | None = None
    final: Activities | None = None
    ignore_guards: bool = False
    activities: dict[Text, Text] = Field(default_factory=dict)
    unobserved: tuple[Text, ...] = ()
    severity: Severity = "warning"


class Privacy(Written):
    """What becomes of the name of who did it: a keyed hash, kept as it is, or dropped."""

    resource: Literal["pseudonym", "keep", "drop"] = "pseudonym"


class Definition(Written):
    """One process: where its events come from, when its cases end, and what is expected of them."""

    process: Name
    version: Text
    description: str = ""
    roles: Roles = Roles()
    events: EventSource = EventSource()
    case: CaseRules = CaseRules()
    calendars: dict[Name, Calendar] = Field(default_factory=dict)
    model: ModelReference | None = None
    constraints: tuple[Constraint, ...] = ()
    sla: tuple[Annotated[Sla | Rate, Discriminator("kind")], ...] = ()
    slo: tuple[Objective, ...] = ()
    rules: tuple[Rule, ...] = ()
    scorecard: Scorecards = CardRules()
    privacy: Privacy = Privacy()

    @property
    def promises(self) -> tuple[Sla, ...]:
        """What each case is promised by itself: every SLA but the rates, which are counted over all cases."""
        return tuple(promise for promise in self.sla if not isinstance(promise, Rate))
