"""An alert as subscribers read it: one record per change, under an id that stays the same for the alert's whole life.

Invariant: the last record per id is the present state; `revision` counts from 1 without gaps.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.sla import Severity


class State(StrEnum):
    """Where an alert is in its life."""

    RAISED = "raised"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


class Stage(StrEnum):
    """How far a service level has gone; in rising order."""

    AT_RISK = "at_risk"
    BREACH = "breach"
    OVERDUE = "overdue"


class Grade(StrEnum):
    """How sure a finding is."""

    EXACT = "exact"
    BOUNDED = "bounded"
    WARM_START = "warm_start"
    LATE = "late"


Kind = Literal["sla", "slo", "deviation", "constraint", "rule", "temporal", "prediction", "feed"]


class Value(BaseModel):
    """A frozen value that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(Value):
    """Where the events lie that an alert rests on: offsets of the one that started it and of the one that showed it."""

    topic: str
    partition: int
    offsets: tuple[int, ...]


class Explanation(Value):
    """What was seen and what was expected instead; for a deviation also its class."""

    deviation: str | None = None
    activity: str | None = Field(None, description="the step that was seen, or that was skipped")
    expected: tuple[str, ...] = ()
    seen: tuple[str, ...] = Field((), description="the newest activities of the case, oldest first, at most eight")
    missing: tuple[str, ...] = Field((), description="model steps that were left out")
    element: str | None = Field(None, description="id of the model element, where there is one")
    started_at: datetime | None = None
    late_by: str | None = Field(None, description="ISO 8601 duration past the due instant")
    outcome: str | None = Field(None, description="why the alert was closed: answered, case ended, idle, …")
    at_least: int | None = Field(None, description="lower bound of the cost where the grade is bounded")


class Alert(Value):
    """One record of `casewatch.alerts` and `casewatch.alert-log` (`formats`, section 2)."""

    record_layout: Literal[1] = Field(alias="schema")
    id: str
    process: str
    version: str
    case: str | None = None
    instance: int | None = None
    subject: str | None = None
    rule: str
    kind: Kind
    stage: Stage | None = None
    state: State
    grade: Grade
    settled: bool
    severity: Severity
    episode: int = Field(ge=1)
    revision: int = Field(ge=1)
    happened_at: datetime
    noticed_at: datetime
    due_at: datetime | None = None
    summary: str
    explanation: Explanation
    labels: dict[str, str]
    owner: str | None = None
    manager: str | None = None
    evidence: Evidence | None = None
