"""Steps that were started: which of them are still to be completed, and that those that never are are seen."""

from typing import Any

import pytest

from stream.case import Case
from stream.event import GIVEN_UP
from stream.fold import MOST_STARTED
from tests.stream.driver import START, Task, event, process
from tests.stream.nets import sequence

MODEL = {"file": "m.pnml"}
ENDS = {"ends": ["Closed"]}
NET = sequence("Opened", "Checked", "Closed")


def task_of(**parts: Any) -> Task:
    """A task with a model."""
    return Task(process(NET, **({"model": MODEL} | parts)))


def begun(minute: float, activity: str, lifecycle: str = "start") -> dict[str, Any]:
    """An event beside the completion of a step."""
    return event(minute, activity, lifecycle=lifecycle)


def started(task: Task) -> list[tuple[str, float]]:
    """What is still to be completed, and since which minute."""
    case = task.shard.watches["tickets"].cases["T-1"]
    assert isinstance(case, Case)
    return [(start.activity, (start.at - START) / 60_000) for start in case.fold.started]


def test_a_start_and_its_completion_are_one_step() -> None:
    """Nothing is said of a case whose every step was started and completed."""
    task = task_of(case=ENDS)
    for minute, activity in ((0, "Opened"), (10, "Checked"), (20, "Closed")):
        task.live(begun(minute, activity), begun(minute + 5, activity, "complete"))
    task.wait(60)
    assert task.alerts == []
    assert started(task) == []


def test_a_completion_is_that_of_the_oldest_start() -> None:
    """Two clerks work on the same kind of step: first in, first out."""
    task = task_of()
    task.live(begun(0, "Checked"), begun(1, "Opened"), begun(2, "Checked"), event(3, "Checked"), event(4, "Closed"))
    assert started(task) == [("Opened", 1), ("Checked", 2)]


@pytest.mark.parametrize("transition", sorted(GIVEN_UP))
def test_what_is_given_up_will_not_be_completed(transition: str) -> None:
    """Aborted, withdrawn or skipped: the step is not waited for."""
    task = task_of()
    task.live(begun(0, "Opened"), begun(1, "Checked"), begun(2, "Checked", transition))
    assert started(task) == [("Opened", 0)]


@pytest.mark.parametrize("transition", ["schedule", "assign", "suspend", "resume", "reassign"])
def test_what_happens_in_between_leaves_a_step_started(transition: str) -> None:
    """A pause is no end."""
    task = task_of()
    task.live(begun(0, "Opened"), begun(1, "Opened", transition))
    assert started(task) == [("Opened", 0)]


def test_what_is_started_outlives_a_restart() -> None:
    """Long after it has settled."""
    task = task_of()
    task.live(begun(0, "Opened"), begun(100, "Checked"), event(200, "Noted"))
    task.restart()
    task.live(event(201, "Noted"))
    assert started(task) == [("Opened", 0), ("Checked", 100)]


def test_only_the_newest_starts_are_known() -> None:
    """Where an activity only ever has starts, they do not pile up."""
    task = task_of()
    task.history(*(begun(i, "Checked") for i in range(MOST_STARTED + 10)))
    assert started(task) == [("Checked", float(minute)) for minute in range(10, MOST_STARTED + 10)]


def test_without_a_model_nobody_asks_what_is_started() -> None:
    """Nothing is kept that nothing is said of."""
    task = Task(process())
    task.live(begun(0, "Opened"))
    assert started(task) == []


def test_a_step_that_was_started_and_never_completed_is_told_at_the_end_of_its_case() -> None:
    """As such, and not as a step that was left out."""
    task = task_of(case=ENDS)
    task.live(event(0, "Opened"), begun(1, "Checked"), event(20, "Closed"))
    task.wait(60)
    assert {alert.explanation.deviation: alert.explanation.activity for alert in task.final().values()} == {
        "not_completed": "Checked"
    }
