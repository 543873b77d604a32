"""What scorecards have to say of cases, counted by hand: one case at a time, no fold and no state, exact quantiles.

Cases of the process of `PARTS`: they end with Closed, are reopened within five hours of that, and are promised an
answer 100 minutes after they were opened; to be opened twice is to deviate. Times are minutes.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

DAY = 1_440
HOUR = 60
REOPEN = 5 * HOUR
TARGET = 100
PARTS: dict[str, Any] = {
    "case": {"ends": ["Closed"], "reopen": "5h", "segments": ["supplier"]},
    "sla": [{"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "100m", "at_risk": []}],
    "constraints": [{"id": "once", "declare": "Absence2[Opened]"}],
    "scorecard": {"window": "1d"},
}

Step = tuple[int, int, str, str | None]
"""Minute, number of the case, activity, and the supplier that the event names."""

made_steps = st.lists(
    st.tuples(
        st.integers(0, 4_000),
        st.integers(1, 4),
        st.sampled_from(["Opened", "Opened", "Answered", "Noted", "Closed", "Closed"]),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=30,
    unique_by=lambda one: one[0],
)


class Lived(NamedTuple):
    """One life of a case: it broke its promise, or deviated, at any time of it; `late_now` while it is open."""

    started: int
    closed: int | None
    supplier: str
    broken: bool
    deviating: bool
    late_now: bool


def lives(steps: list[Step], until: int) -> Iterator[Lived]:
    """Every life of every case, as it is known once all up to and including a minute is over."""
    for case in sorted({step[1] for step in steps}):
        mine = sorted(step for step in steps if step[1] == case)
        begin = 0
        for number in range(1, len(mine) + 1):
            over = mine[number - 1][2] == "Closed"
            if number == len(mine) or (over and mine[number][0] > mine[number - 1][0] + REOPEN):
                yield _life(mine[begin:number], until)
                begin = number


def _life(mine: list[Step], until: int) -> Lived:
    closed = mine[-1][0] if mine[-1][2] == "Closed" else None
    running, broken = None, False
    for minute, _, activity, _ in mine:
        if activity == "Opened" and running is None:
            running = minute
        elif activity == "Answered" and running is not None:
            broken, running = broken or minute > running + TARGET, None
    late = running is not None and running + TARGET < (until + 1 if closed is None else closed)
    supplier = next((step[3] for step in reversed(mine) if step[3] is not None), "")
    deviating = sum(step[2] == "Opened" for step in mine) > 1
    return Lived(mine[0][0], closed, supplier, broken or late, deviating, late and closed is None)


def period(found: list[Lived], start: int, end: int) -> dict[str, Any]:
    """What a card says of the window [start, end), with the exact durations in place of quantiles."""
    closed = [life for life in found if life.closed is not None and start <= life.closed < end]
    return {
        "started": sum(start <= life.started < end for life in found),
        "closed": len(closed),
        "idle": 0,
        "on_time": sum(not life.broken for life in closed),
        "breached": sum(life.broken for life in closed),
        "deviating": sum(life.deviating for life in closed),
        "timed": len(closed),
        "durations": sorted((life.closed or 0) - life.started for life in closed),
    }


def present(found: list[Lived]) -> dict[str, int]:
    """What a card says of now."""
    opened = [life for life in found if life.closed is None]
    late, deviating = sum(life.late_now for life in opened), sum(life.deviating for life in opened)
    return {"open": len(opened), "at_risk": 0, "breached": late, "deviating": deviating}


def lower_quantile(ordered: list[int], percent: int) -> int | None:
    """The least of the values that at least this share of the others below the greatest lies at or below."""
    ranks = [number * 100 for number in range(len(ordered))]
    place = bisect_left(ranks, (len(ordered) - 1) * percent + 1) - 1
    return ordered[place] if ordered else None
