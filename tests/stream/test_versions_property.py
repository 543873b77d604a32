"""Whatever is activated, cut and restored: what is said of a case is what its own version alone would have said."""

from typing import Any, Final

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.process import Process
from tests.stream.driver import Task, event, process
from tests.stream.nets import sequence
from tests.stream.test_versions import ANSWER, MODEL, PROMISE, Changing

SHORT = {"reopen": "20m", "idle_limit": "50m", "retention": "2h"}
GOAL = {"id": "promptly", "of": "answer", "objective": "90%", "window": "28d", "by": ["supplier"]}
QUIET = {"id": "quiet", "kind": "idle", "target": "25m"}


def versions(**case: str) -> tuple[Process, ...]:
    """Three versions that differ in everything that stays with a case but in when it ends."""
    parts: dict[str, Any] = {
        "case": {"ends": ["Closed"], "segments": ["supplier"]} | case, "events": {"lateness": "15m"}
    }  # fmt: skip
    return (
        process(sla=[ANSWER], slo=[GOAL], version="1", **parts),
        process(
            sequence("Opened", "Answered", "Closed"), sla=[PROMISE, ANSWER | {"target": "20m"}], version="2",
            rules=[{"id": "two-people", "kind": "four_eyes", "activities": ["Opened", "Answered"]}],
            model=MODEL, slo=[GOAL], **parts,
        ),
        process(
            sequence("Opened", "Checked", "Closed"), sla=[QUIET], version="3", model=MODEL,
            constraints=[{"id": "checked", "declare": "Precedence[Checked, Closed]"}], **parts,
        ),
    )  # fmt: skip


VERSIONS: Final = versions()
HASTY: Final = versions(**SHORT)
happenings = st.tuples(
    st.just("event"),
    st.integers(-12, 40),
    st.sampled_from(["Opened", "Answered", "Checked", "Closed", "Called"]),
    st.sampled_from(["T-1", "T-2", "T-3", "T-4"]),
    st.sampled_from([{"by": "Pete"}, {"by": "Ann", "supplier": "north"}, {"promised": 1_793_615_000_000}]),
)
orders = st.tuples(st.just("activate"), st.integers(0, len(VERSIONS) - 1))
cuts = st.tuples(st.just("restart"))
pauses = st.tuples(st.just("wait"), st.integers(1, 90))
stories = st.lists(st.one_of(happenings, happenings, happenings, orders, cuts, pauses), min_size=4, max_size=30)


def told(task: Task, story: list[tuple[Any, ...]], *, cut: bool = True) -> dict[str, int]:
    """Live through a story; on which version, by number, each case began. A plain task has one version only."""
    minute, active, began = 0, 0, dict[str, int]()
    for kind, *rest in story:
        if kind == "event":
            gap, activity, case, fields = rest
            at = max(minute + gap, 0)
            minute = max(minute, at)
            began.setdefault(case, active)
            task.live(event(at, activity, case, **fields), now=minute)
        elif kind == "wait":
            minute += rest[0]
            task.wait(minute)
        elif isinstance(task, Changing) and kind == "activate":
            active = rest[0]
            task.activate(list(task.known.values())[active])
        elif isinstance(task, Changing) and cut:
            task.restart()
    task.wait(minute + 600)
    return began


@given(stories)
@settings(max_examples=40, deadline=None)
def test_what_is_said_of_a_case_is_what_its_own_version_alone_would_have_said(story: list[tuple[Any, ...]]) -> None:
    """Every record of every alert, to the last field."""
    task = Changing(*VERSIONS)
    began = told(task, story)
    for number, version in enumerate(VERSIONS):
        alone = Task(version)
        told(alone, story)
        of_it = {case for case, on in began.items() if on == number}
        said, expected = (
            [alert.model_dump() for alert in each.alerts if alert.case in of_it] for each in (task, alone)
        )
        assert said == expected


@given(stories)
@settings(max_examples=40, deadline=None)
def test_cuts_change_nothing_where_cases_begin_again_on_other_versions(story: list[tuple[Any, ...]]) -> None:
    """Which version the next instance of a case is of is journalled with it; and so is what objectives count."""
    whole, cut = Changing(*HASTY), Changing(*HASTY)
    told(whole, story, cut=False)
    told(cut, story)
    assert [alert.model_dump() for alert in cut.alerts] == [alert.model_dump() for alert in whole.alerts]
    assert cut.open_by_version() == whole.open_by_version()
    assert sums(cut) == sums(whole)


def sums(task: Task) -> dict[bytes, Any]:
    """What is told last of each bucket, without its revision; clocks aside."""
    last = {key: orjson.loads(value) for key, value in task.partials if value is not None and b"promptly" in key}
    return {key: value[1:] for key, value in last.items()}
