"""An alert as subscribers read it: one record per change, under an id that stays the same for the alert's whole life.

Invariant: the last record per id is the present state; `revision` counts from 1 without gaps.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

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


Muted = Literal["feed silent"]
FEED_SILENT: Final[Muted] = "feed silent"
Why = Literal["event", "time", "end", "conflict"]
Kind = Literal["sla", "slo", "deviation", "constraint", "rule", "temporal", "prediction", "feed"]


class Value(BaseModel):
    """A frozen value that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(Value):
    """Where the events lie that an alert rests on: offsets of the one that started it and of the one that showed it."""

    topic: str
    partition: int
    offsets: tuple[int, ...]


class Step(Value):
    """An event that an alert names, and who did it, by the name under which they are known."""

    activity: str
    at: datetime
    resource: str | None = None


class Explanation(Value):
    """What was seen and what was expected instead; for a deviation also its class, for a rule or a constraint what it
    asks for."""

    deviation: str | None = Field(
        None,
        description="skipped, unexpected, repeated, out_of_order, wrong_branch, unknown_activity, not_finished or "
        "not_completed",
    )
    activity: str | None = Field(None, description="the step that was seen, or that was skipped")
    expected: tuple[str, ...] = ()
    seen: tuple[str, ...] = Field((), description="the newest activities of the case, oldest first, at most eight")
    missing: tuple[str, ...] = Field((), description="model steps that were left out")
    element: str | None = Field(None, description="id of the model element, where there is one")
    after: str | None = Field(None, description="the last step before that the model took")
    before: str | None = Field(None, description="the step that came without it, or that it should precede")
    times: int | None = Field(None, description="how many events it is told of, where they are more than one", ge=2)
    started_at: datetime | None = None
    late_by: str | None = Field(None, description="ISO 8601 duration past the due instant")
    left: str | None = Field(None, description="ISO 8601 duration to the due instant, while the clock stands still")
    outcome: str | None = Field(
        None, description="why the alert was closed: answered, cancelled, case ended, idle, …"
    )
    asks: str | None = Field(None, description="four_eyes or role of a rule, the text of a constraint")
    why: Why | None = Field(None, description="what broke a constraint")
    events: tuple[Step, ...] = Field((), description="the events that break a rule or a constraint, oldest first")
    group: str | None = Field(None, description="the group that a role rule asks for")
    found: str | None = Field(None, description="the group that was found instead")
    conflicts_with: tuple[str, ...] = Field((), description="constraints that cannot be kept together with this one")
    at_least: int | None = Field(None, description="where the grade is bounded: the least that the case can cost")
    cost: int | None = Field(None, description="where the grade is bounded: what it costs as told, so at most")
    good: int | None = Field(None, description="occurrences in time over the window of an objective")
    bad: int | None = Field(None, description="occurrences that were not")
    sli: float | None = Field(None, description="the share of the good ones")
    objective: float | None = Field(None, description="the share that was promised")
    budget_left: float | None = Field(None, description="share of the error budget that is left, below 0 if overspent")
    burn_rate: float | None = Field(None, description="how many times faster than it may the budget burns")
    burns: str | None = Field(None, description="slow, fast or very fast: over which windows it burns too fast")
    count: int | None = Field(None, description="events within the window of a rate")
    at_most: int | None = Field(None, description="how many may be there")
    at_least_expected: int | None = Field(None, description="how many have to be there")


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
    muted: Muted | None = Field(
        None,
        description="why nobody should act on it yet; feed silent: time alone made it true since its case's feed was "
        "last heard, and what it waits for may have happened unseen",
    )
    summary: str
    explanation: Explanation
    labels: dict[str, str]
    owner: str | None = None
    manager: str | None = None
    evidence: Evidence | None = None
