"""A scorecard as the owner of a process reads it: what it does for one segment, in a window and in the one before.

One record a segment on `casewatch.scorecards`; the last one of a key is the present card. Invariant: a card is made
whole from what it counts, so that two cards of the same figures are the same bytes but for `as_of`.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Figures(BaseModel):
    """A frozen part of a card."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Present(Figures):
    """How many cases there are when the card is written: `open`, and of these at risk, breached and deviating, each
    counted in all that hold of it."""

    open: int
    at_risk: int
    breached: int
    deviating: int


class Period(Figures):
    """What happened from `start` up to, not including, `end`.

    `closed` cases have ended, or were closed as idle (`idle`). `on_time` and `breached` of them are None where no
    service level is promised, `deviating` where there is nothing to deviate from. Durations (ms) are those of the
    `timed` cases: from the first event to the end, of cases that were seen from their first event to an end of theirs.
    """

    start: datetime
    end: datetime
    started: int
    closed: int
    idle: int
    on_time: int | None
    breached: int | None
    deviating: int | None
    timed: int
    p50_ms: int | None
    p90_ms: int | None
    p99_ms: int | None


class Budget(Figures):
    """An objective in the card's segment when the card is written, over the objective's own window; rates and shares
    are None where nothing counts in it. `burn_rate` is that of the last tenth of the window: 1 spends the budget
    exactly within the window."""

    objective: str
    of: str
    target: float
    window_ms: int
    good: int
    bad: int
    sli: float | None
    budget_left: float | None
    burn_rate: float | None


class Scorecard(Figures):
    """One record of `casewatch.scorecards`. Its key is `[process, [[name, value], …]]`, the names and values of the
    segment as in `labels`, with empty text for a value that is absent."""

    record_layout: Literal[1] = Field(1, alias="schema")
    process: str
    version: str
    labels: dict[str, str]
    as_of: datetime
    present: Present
    window: Period
    before: Period
    objectives: tuple[Budget, ...]
    owner: str | None = None
    manager: str | None = None
