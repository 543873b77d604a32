"""How fast an error budget burns: the windows and thresholds of multi-window, multi-burn-rate alerts.

A burn rate of 1 spends the budget exactly in the objective's window. Each alert asks for its rate over a long window,
so that it matters, and over a short one, so that it is still so (Google, *The Site Reliability Workbook*, chapter 5,
table 5-8: windows for an objective over 30 days, here scaled to the objective's own). Invariant: rates are compared as
fractions, so that a rate exactly at its threshold is not above it, on any machine.
"""

from fractions import Fraction
from math import ceil
from typing import Final, NamedTuple


class Burn(NamedTuple):
    """One alert: shares of the objective's window that are looked at, the rate that is too fast, and its name."""

    long: Fraction
    short: Fraction
    rate: Fraction
    name: str


BURNS: Final = (
    Burn(Fraction(1, 10), Fraction(1, 120), Fraction(1), "slow"),  # 3 d and 6 h of 30 d: 10 % of the budget
    Burn(Fraction(1, 120), Fraction(1, 1440), Fraction(6), "fast"),  # 6 h and 30 min: 5 %
    Burn(Fraction(1, 720), Fraction(1, 8640), Fraction(144, 10), "very fast"),  # 1 h and 5 min: 2 %
)
"""In rising order of urgency."""

MOST_DENOMINATOR: Final = 1_000_000


def budget_of(objective: float) -> Fraction:
    """The share of occurrences that may be bad: one in twenty for 0.95."""
    return 1 - Fraction(objective).limit_denominator(MOST_DENOMINATOR)


def burn_rate(good: int, bad: int, budget: Fraction) -> Fraction:
    """How many times faster than it may the budget burns; 0 where nothing happened."""
    return Fraction(bad, good + bad) / budget if good + bad else Fraction(0)


def budget_left(good: int, bad: int, budget: Fraction) -> Fraction:
    """The share of the budget that is left: 1 is all of it, below 0 it is overspent."""
    return 1 - burn_rate(good, bad, budget)


def buckets_of(share: Fraction, buckets: int) -> int:
    """How many whole buckets a share of a window of `buckets` takes: one at least."""
    return max(ceil(share * buckets), 1)
