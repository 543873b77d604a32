"""Where objectives, rates and feeds stand, in figures that gauges show.

Invariant: what is shown is what was judged last, at the instant up to which a segment was followed; no more segments of
one goal are shown than a dashboard can bear.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from schemas.objective import Objective
from stream.ledger.burn_rate import budget_left, budget_of
from stream.ledger.feed import Feed
from stream.ledger.followed import Followed

MOST_SHOWN: Final = 200
"""Segments of one goal that have figures; those beyond are judged all the same."""


class Figure(NamedTuple):
    """One number: `name` says of what (`objective_good`, `objective_bad`, `objective_budget_left`, `objective_level`,
    `rate_count`, `rate_level` or `feed_silent`), `of` is the objective, the rate or the topic, `segment` is text."""

    name: str
    process: str
    of: str
    segment: str
    value: float


def figures(followed: Iterable[Followed], feeds: Mapping[tuple[str, str], Feed]) -> Iterator[Figure]:
    """The figures of every goal, by segment, and of every feed whose silence matters."""
    shown = Counter[tuple[str, str]]()
    for one in followed:
        at = one.goal.process, one.goal.asks.id
        shown[at] += 1
        if shown[at] <= MOST_SHOWN:
            yield from _of(one)
    for (process, topic), feed in feeds.items():
        silent = feed.said is not None and feed.said.recovered_at is None
        yield Figure("feed_silent", process, topic, "", float(silent))


def _of(one: Followed) -> Iterator[Figure]:
    goal, series = one.goal, one.series
    labels = ", ".join(f"{name}={value}" for name, value in goal.labels(one.segment).items())
    level, read = series.measure.read(series.reached)
    if isinstance(goal.asks, Objective):
        good, bad, _ = read
        left = float(budget_left(good, bad, budget_of(goal.asks.objective)))
        found = {"good": good, "bad": bad, "budget_left": left, "level": level}
        told = {f"objective_{name}": value for name, value in found.items()}
    else:
        told = {"rate_count": read[0], "rate_level": level}
    for name, value in told.items():
        yield Figure(name, goal.process, goal.asks.id, labels, float(value))
