"""A restart with another definition: cases go on, under what the definition says now."""

from typing import Any

import pytest

from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import Task, at, event, process
from tests.stream.nets import sequence

ANSWER: dict[str, Any] = {
    "id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m", "at_risk": []
}  # fmt: skip
RESOLUTION: dict[str, Any] = {"id": "resolution", "kind": "case_duration", "target": "90m", "at_risk": []}
PROMISE: dict[str, Any] = {"id": "promise", "kind": "due", "due": "promised", "until": "Closed", "at_risk": []}
MODEL = {"file": "m.pnml"}
STEPS = sequence("Opened", "Answered", "Closed")


def restarted(task: Task, *processes: Process) -> Task:
    """The task, its memory lost, under other definitions."""
    task.drain()
    task.processes = processes
    task.shard = Shard(processes)
    task.shard.restore(task.journal.items())
    return task


def test_a_service_level_that_is_added_runs_from_the_next_start_that_is_folded() -> None:
    """Nothing is lost of those that ran before; what is young enough to be folded again is counted from its start."""
    task = Task(process(sla=[ANSWER]))
    task.live(event(0, "Opened"))
    restarted(task, process(sla=[RESOLUTION, ANSWER]))
    task.live(event(5, "Opened", "T-2"))
    task.wait(200)
    assert {(a.case, a.rule) for a in task.alerts if a.stage == "breach"} == {
        ("T-1", "answer"), ("T-1", "resolution"), ("T-2", "answer"), ("T-2", "resolution"),
    }  # fmt: skip


def test_a_clock_that_stood_still_goes_on_to_the_target_that_there_is_now() -> None:
    """What would have been passed before it was paused was passed then, though the former target was not."""
    levels = [ANSWER | {"target": target, "pause": {"from": "Asked", "to": "Told"}} for target in ("8h", "60m")]
    before, now = (process(sla=[level], case={"idle_limit": "30d"}) for level in levels)
    task = Task(before)
    task.live(event(0, "Opened"), event(120, "Asked"), event(180, "Noted"), event(200, "Noted"))
    restarted(task, now)
    task.live(event(300, "Told"))
    task.wait(301)
    assert [(alert.stage, alert.happened_at.timestamp() * 1000) for alert in task.alerts] == [("breach", at(60))]


def test_service_levels_that_change_places_keep_their_clocks() -> None:
    """A clock is journalled under its rule's id, not under its number."""
    first, second = ANSWER, ANSWER | {"id": "call", "to": "Called", "target": "100m"}
    task = Task(process(sla=[first, second]))
    task.live(event(0, "Opened"), event(30, "Noted"), event(45, "Noted"))
    restarted(task, process(sla=[second, first]))
    task.wait(200)
    raised = {(a.rule, a.happened_at.timestamp() * 1000) for a in task.alerts if a.state == "raised"}
    assert raised == {("answer", at(60)), ("call", at(100))}


def test_a_service_level_that_is_gone_says_nothing_more() -> None:
    """Its clock leaves with it, though it was running."""
    task = Task(process(sla=[ANSWER, RESOLUTION]))
    task.live(event(0, "Opened"), event(30, "Called"), event(45, "Called"))
    restarted(task, process(sla=[RESOLUTION]))
    task.wait(200)
    assert [(a.rule, a.state) for a in task.alerts if a.state == "raised"] == [("resolution", "raised")]


def test_a_changed_model_is_held_against_the_steps_already_taken() -> None:
    """The event that came without a step of the old model came without one of the new: one alert, updated."""
    task = Task(process(STEPS, model=MODEL))
    task.live(event(0, "Opened"), event(20, "Closed"), event(40, "Noted", lifecycle="start"))
    assert [(a.rule, a.explanation.activity) for a in task.alerts if a.state == "raised"] == [("model", "Answered")]
    restarted(task, process(sequence("Opened", "Checked", "Closed"), model=MODEL))
    task.live(event(41, "Noted", lifecycle="start"))
    task.wait(60)
    assert [(a.explanation.activity, a.state) for a in task.final().values()] == [("Checked", "updated")]


def test_a_model_that_is_taken_away_takes_its_deviations_back() -> None:
    """Without a model nothing deviates."""
    task = Task(process(STEPS, model=MODEL))
    task.live(event(0, "Opened"), event(20, "Closed"), event(21, "Noted"))
    restarted(task, process())
    task.live(event(40, "Noted"))
    assert {a.state for a in task.final().values()} == {"retracted"}
    assert task.shard.snapshot(0).cases["tickets"]["deviating"] == 0


def test_a_case_of_before_there_was_a_model_is_judged_by_what_follows() -> None:
    """Nothing crashes, and the cases that begin under the model are exact."""
    task = Task(process())
    task.live(event(0, "Opened"), event(20, "Answered"), event(40, "Closed"))
    restarted(task, process(STEPS, model=MODEL))
    task.live(event(41, "Opened", "T-2"), event(42, "Closed", "T-2"))
    task.wait(60)
    assert next((a.case, a.explanation.deviation, a.grade) for a in task.alerts if a.case == "T-2") == (
        "T-2", "skipped", "exact",
    )  # fmt: skip


def test_what_a_case_did_before_there_was_a_model_is_not_missed() -> None:
    """It is met in the middle of its model, as one that began before the first event that was read."""
    task = Task(process(case={"ends": ["Closed"]}))
    task.live(event(0, "Opened"), event(20, "Answered"), event(40, "Noted"))
    restarted(task, process(sequence("Opened", "Answered", "Noted", "Paid", "Closed"), model=MODEL))
    task.live(event(41, "Closed"))
    assert [(a.explanation.deviation, a.explanation.activity, a.grade) for a in task.alerts] == [
        ("skipped", "Paid", "warm_start")
    ]


def test_a_constraint_that_is_added_changes_nothing_for_those_that_were_asked_before() -> None:
    """What was done before it was asked is not held against it; what was broken before stays broken."""
    asked = [{"id": "checked", "declare": "Precedence[Checked, Paid]"}]
    added = [{"id": "allowed", "declare": "Precedence[Allowed, Shipped]"}]
    task = Task(process(constraints=asked))
    task.live(event(0, "Allowed"), event(5, "Paid"), event(20, "Noted"), event(40, "Noted"))
    for _ in range(2):
        restarted(task, process(constraints=[*added, *asked]))
        task.live(event(41, "Shipped"))
    assert [(a.rule, a.state) for a in task.final().values()] == [("checked", "updated")]
    restarted(task, process(constraints=asked))
    task.live(event(60, "Noted"))
    assert [(a.rule, a.state) for a in task.final().values()] == [("checked", "updated")]


def test_a_process_that_is_gone_leaves_the_others_alone() -> None:
    """Its cases are passed over, those of the other go on."""
    both = process(sla=[ANSWER]), renamed(process(sla=[ANSWER]).definition, "calls")
    task = Task(*both)
    task.live(event(0, "Opened"))
    restarted(task, both[1])
    task.wait(100)
    assert [(a.process, a.stage) for a in task.alerts] == [("calls", "breach")]
    assert set(task.shard.snapshot(0).cases) == {"calls"}


def renamed(definition: Any, name: str) -> Process:
    """The same definition as another process."""
    return Process(definition.model_copy(update={"process": name}), None)


@pytest.mark.parametrize("after", [[], [0], [0, 1], [0, 1, 2], [2, 1, 0]])
@pytest.mark.parametrize("model", [None, STEPS, sequence("Called", "Opened")])
def test_whatever_changes_while_nothing_was_said_nothing_crashes(after: list[int], model: bytes | None) -> None:
    """Any definition takes up the cases of any other, and says what is true under it."""
    levels = [ANSWER, RESOLUTION, PROMISE]
    ends = {"ends": ["Archived"]}
    task = Task(process(sla=levels, case=ends))
    task.live(event(0, "Opened"), event(1, "Promised", promised=at(50)), event(25, "Called"), event(38, "Called"))
    assert task.alerts == []
    changed = process(model, sla=[levels[i] for i in after], case=ends, **({"model": MODEL} if model else {}))
    restarted(task, changed)
    task.wait(300)
    assert {a.rule for a in task.alerts if a.kind == "sla"} == {levels[i]["id"] for i in after}
    task.live(event(301, "Answered"), event(302, "Closed"))
    assert task.shard.snapshot(0).cases["tickets"]["breached"] == (1 if 1 in after else 0)
