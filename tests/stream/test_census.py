"""The gauges: how many cases are open, at risk, breached and deviating, against what the alerts themselves say."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.census import AT_RISK, BREACHED, DEVIATING, OPEN, Census
from stream.process import Process
from tests.stream.driver import Task, event, process
from tests.stream.nets import sequence

WATCHED: Process = process(
    sequence("Opened", "Answered", "Closed"),
    model={"file": "m.pnml"},
    sla=[
        {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "7m"},
        {"id": "resolution", "kind": "case_duration", "target": "20m"},
    ],
    rules=[{"id": "two-people", "kind": "four_eyes", "activities": ["Opened", "Answered"]}],
    constraints=[
        {"id": "call", "declare": "Response[Opened, Called] | | |0,9,m"},
        {"id": "once", "declare": "Absence2[Called]"},
    ],
    case={"ends": ["Closed"], "reopen": "30m", "idle_limit": "45m", "retention": "2h"},
)
steps = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["Opened", "Answered", "Called", "Closed"]), st.sampled_from("ABC")),
    max_size=15,
)


def told(task: Task) -> dict[str, int]:
    """The cases with an open alert of each sort, by the last record of every alert that has not left."""
    sorts: dict[str, set[str | None]] = {"at_risk": set(), "breached": set(), "deviating": set()}
    for alert in task.final().values():
        if alert.state in ("raised", "updated") and alert.id not in task.tombstones:
            sort = "deviating" if alert.kind != "sla" else "breached" if alert.stage == "breach" else "at_risk"
            sorts[sort].add(alert.case)
    return {sort: len(cases) for sort, cases in sorts.items()}


def gauges(task: Task) -> dict[str, int]:
    """What is counted, but for the open cases, of which alerts do not tell."""
    return {sort: n for sort, n in task.shard.snapshot(0).cases["tickets"].items() if sort != "open"}


@settings(max_examples=150, deadline=None)
@given(steps, st.booleans())
def test_the_gauges_equal_what_the_alerts_say(found: list[tuple[int, str, str]], restarts: bool) -> None:
    """After every event, every wait and every restart, until nothing is left of the cases."""
    task, minute = Task(WATCHED), 0
    for gap, activity, case in found:
        minute += gap
        task.live(event(minute, activity, case, by=case))
        if restarts:
            task.restart()
        assert gauges(task) == told(task)
    for later in range(0, 400, 9):
        task.wait(minute + later)
        assert gauges(task) == told(task)
    assert task.shard.snapshot(0).cases["tickets"] == {"open": 0, "at_risk": 0, "breached": 0, "deviating": 0}


@given(st.lists(st.lists(st.integers(0, 15), min_size=1, max_size=8), max_size=8))
def test_counts_equal_the_flags_counted_anew(lives: list[list[int]]) -> None:
    """Differences add up, in whatever order the flags of cases change."""
    census = Census()
    for life in lives:
        for before, after in zip([0, *life], life, strict=False):
            census.move(before, after)
    last = [life[-1] for life in lives]
    expected: dict[str, Any] = {
        "open": sum(1 for flags in last if flags & OPEN),
        "at_risk": sum(1 for flags in last if flags & AT_RISK),
        "breached": sum(1 for flags in last if flags & BREACHED),
        "deviating": sum(1 for flags in last if flags & DEVIATING),
    }
    assert census.by_name() == expected


def test_a_case_at_risk_in_one_thing_and_breached_in_another_counts_in_both() -> None:
    """The gauges do not share cases out."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(12, "Called"))
    task.wait(17)
    assert task.shard.snapshot(0).cases["tickets"] == {"open": 1, "at_risk": 1, "breached": 1, "deviating": 1}


def test_a_case_of_which_nothing_is_to_be_said_counts_as_open_until_its_end() -> None:
    """It is open from its first event on."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"))
    assert task.shard.snapshot(0).cases["tickets"]["open"] == 1
    task.live(event(1, "Answered"), event(2, "Closed"))
    assert task.shard.snapshot(0).cases["tickets"]["open"] == 0
