"""How the alerts of many cases read: one plain sentence each, and the figures behind it.

Invariant: everything said comes from the episode, so that a record that is written again says the same.
"""

from typing import Any, Final

from schemas.alert import State
from schemas.objective import Objective, Rate
from stream.ledger.burn_rate import BURNS, budget_left, budget_of
from stream.ledger.goals import Goal
from stream.ledger.reading import Episode
from stream.ledger.window import SPENT
from stream.wording import length_text

EVERYTHING: Final = "all cases"


def stage_of(goal: Goal, episode: Episode) -> str:
    """A budget that burns too fast is a promise at risk; one that is spent is broken, and so is a rate."""
    return "at_risk" if isinstance(goal.asks, Objective) and episode.level < SPENT else "breach"


def severity_of(goal: Goal, episode: Episode) -> str:
    """What burns slowly can wait for working hours, whatever its objective."""
    slow = isinstance(goal.asks, Objective) and episode.level == 1
    return "warning" if slow and goal.asks.severity == "critical" else goal.asks.severity


def subject_of(goal: Goal, segment: tuple[str, ...]) -> str:
    """The segment, as a person names it: `supplier northwind, priority 1`; cases without a value are not all cases."""
    named = zip(goal.asks.by, segment, strict=True)
    return ", ".join(f"{name} {value or '(none)'}" for name, value in named) or EVERYTHING


def summary(goal: Goal, subject: str, episode: Episode, state: State) -> str:
    """The sentence of a record."""
    taken_back = "taken back: " if state is State.RETRACTED else ""
    if isinstance(goal.asks, Rate):
        return f"{subject}: {taken_back}{_rate(goal.asks, episode, state)}"
    return f"{subject}: {taken_back}{_objective(goal.asks, episode, state)}"


def _objective(asks: Objective, episode: Episode, state: State) -> str:
    good, bad, rate = episode.figures
    objective, left = f"{100 * asks.objective:.6g} %", 100 * float(_left(asks, good, bad))
    over = f"{asks.of} over {length_text(asks.window_ms)}"
    total = good + bad
    reached = f"{100 * good / total:.4g} % of {total} in time" if total else "none came due"
    if state is State.RESOLVED:
        what = "met again" if episode.level == SPENT else "its budget no longer burns too fast"
        what = "too few to judge" if total < asks.min_count else what
        return f"{over}: {reached}, {what} (objective {objective}, {_budget(left)})"
    if episode.level == SPENT:
        return f"{over}: {reached}, the objective is {objective}"
    long = length_text(int(BURNS[episode.level - 1].long * asks.window_ms))
    fast = f"over {long} the error budget burns {rate:.3g} times as fast as it may"
    return f"{over}: {fast} ({reached}, objective {objective}, {_budget(left)})"


def _budget(left: float) -> str:
    """What is left of an error budget, in percent of it."""
    if left < 0:
        return f"{-left:.3g} % more than the error budget is spent"
    return f"{left:.3g} % of the error budget left"


def _rate(asks: Rate, episode: Episode, state: State) -> str:
    (count,) = episode.figures
    bound = f"at most {asks.at_most}" if asks.at_most is not None else f"at least {asks.at_least}"
    of, window = " or ".join(asks.of), length_text(asks.window_ms)
    often = "once" if count == 1 else f"{count} times"
    return f"{of} {often} within {window}, {'as' if state is State.RESOLVED else bound} expected"


def explanation(goal: Goal, episode: Episode, state: State) -> dict[str, Any]:
    """The figures of a record."""
    outcome = {"outcome": "recovered"} if state is State.RESOLVED else {}
    if isinstance(goal.asks, Rate):
        asks = goal.asks
        bound = {"at_most": asks.at_most, "at_least_expected": asks.at_least}
        told = {"count": episode.figures[0], **{name: value for name, value in bound.items() if value is not None}}
        return told | outcome
    good, bad, rate = episode.figures
    share = good / (good + bad) if good + bad else None
    left = float(_left(goal.asks, good, bad))
    told = {"good": good, "bad": bad, "sli": share, "objective": goal.asks.objective, "budget_left": left}
    burns = {} if rate is None else {"burn_rate": rate, "burns": BURNS[episode.level - 1].name}
    return {name: value for name, value in told.items() if value is not None} | burns | outcome


def _left(asks: Objective, good: int, bad: int) -> Any:
    return budget_left(good, bad, budget_of(asks.objective))
