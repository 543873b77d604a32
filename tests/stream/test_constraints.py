"""Constraints of Declare in a running case: broken by an event, by time without any event, or by the end."""

from typing import Any

import pytest

from schemas.alert import Alert
from tests.stream.driver import Task, at, event, process

INFORM: dict[str, Any] = {
    "id": "inform", "declare": "Response[Escalated, Informed] |A.priority is high | |0,30,m", "severity": "critical"
}  # fmt: skip
CHECKED: dict[str, Any] = {"id": "checked", "declare": "Precedence[Checked, Paid]"}
ANSWERED: dict[str, Any] = {"id": "answered", "declare": "Response[Opened, Answered]"}
ENDS = {"ends": ["Closed"], "reopen": "2h"}


def told(task: Task) -> list[tuple[str, str, float]]:
    """(rule, state, minute it happened) of every record that says something new."""
    found: list[tuple[str, str, float]] = []
    seen: set[tuple[str, int]] = set()
    for alert in task.alerts:
        line = (alert.rule, alert.state.value, minute(alert))
        if alert.state != "updated" and (alert.id, alert.revision) not in seen:
            found.append(line)
        seen.add((alert.id, alert.revision))
    return found


def minute(alert: Alert) -> float:
    """When it happened, in minutes of the tests."""
    return (alert.happened_at.timestamp() * 1000 - at(0)) / 60_000


def test_a_missing_response_is_told_when_its_time_is_over_though_no_event_arrives() -> None:
    """Within means up to and including; the alert has the deadline's time, and names who waited for what."""
    task = Task(process(constraints=[INFORM]))
    task.live(event(0, "Escalated", priority="high", id="e1"))
    task.wait(30 + 10 / 60)
    assert task.alerts == []
    task.wait(30 + 11 / 60)
    (alert,) = task.alerts
    assert (alert.rule, alert.kind, alert.state, alert.severity) == ("inform", "constraint", "raised", "critical")
    assert (minute(alert), alert.due_at) == (30, alert.happened_at)
    assert (alert.explanation.why, alert.explanation.expected) == ("time", ("Informed",))
    assert [step.activity for step in alert.explanation.events] == ["Escalated"]
    assert alert.evidence is not None
    assert alert.evidence.offsets == (0,)
    assert alert.summary.startswith("T-1: Escalated")
    assert "30 min" in alert.summary


def test_a_response_at_the_very_deadline_is_in_time() -> None:
    """And where the condition does not hold, none is asked for."""
    task = Task(process(constraints=[INFORM]))
    task.live(event(0, "Escalated", priority="high"), event(30, "Informed"), event(40, "Escalated", priority="low"))
    task.wait(300)
    assert task.alerts == []


def test_a_step_before_what_it_needs_is_told_at_once() -> None:
    """With the step that came too early; that it comes later makes it no better."""
    task = Task(process(constraints=[CHECKED]))
    task.live(event(0, "Opened"), event(5, "Paid"), event(6, "Checked"))
    (alert,) = task.alerts
    assert (alert.state, minute(alert), alert.explanation.why) == ("raised", 5, "event")
    assert alert.explanation.expected == ("Checked",)


def test_an_event_out_of_order_takes_back_what_it_makes_untrue() -> None:
    """The check was made in time, and only reported late."""
    task = Task(process(constraints=[CHECKED]))
    task.live(event(5, "Paid"))
    task.live(event(4, "Checked"), now=6)
    assert [state for _, state, _ in told(task)] == ["raised", "retracted"]


def test_what_was_too_late_and_then_proves_broken_before_is_the_same_alert() -> None:
    """The event that broke it arrived when the deadline had been told."""
    task = Task(process(constraints=[{"id": "at-once", "declare": "Chain Response[Opened, Answered] | | |0,5,m"}]))
    task.live(event(0, "Opened"), event(6, "Noted"))
    task.live(event(4, "Called"), now=7)
    assert len(task.final()) == 1
    assert [(a.state, a.explanation.why, minute(a)) for a in task.alerts] == [
        ("raised", "time", 5), ("updated", "event", 4)
    ]  # fmt: skip


def test_a_time_that_counts_from_a_first_step_that_nobody_saw_is_not_judged() -> None:
    """The case may have begun long before; of one that is seen from its first event, the same is told."""
    asked = [{"id": "no-refund", "declare": "Absence[Refunded] | | |0,1,h"}]
    for offset, told in ((0, ["no-refund"]), (500, [])):
        task = Task(process(constraints=asked))
        task.offset = offset
        task.live(event(0, "Opened"), event(5, "Refunded"))
        assert [alert.rule for alert in task.alerts] == told


@pytest.mark.parametrize("declare", ["Not Co-Existence[Paid, Refunded]", "Not Succession[Paid, Refunded]"])
@pytest.mark.parametrize("condition", ["", " |A.priority is high", " | | |0,1,h"])
def test_two_steps_that_exclude_each_other_are_one_alert_that_names_both(declare: str, condition: str) -> None:
    """Though with conditions each of them forbids the other."""
    task = Task(process(constraints=[{"id": "either", "declare": declare + condition}]))
    task.live(event(0, "Paid", priority="high"), event(5, "Refunded", priority="high"))
    (alert,) = task.alerts
    assert [step.activity for step in alert.explanation.events] == ["Paid", "Refunded"]


def test_what_is_owed_at_the_end_is_told_when_the_end_is_settled() -> None:
    """And it is closed when the case can no longer reopen; an event that reopens takes it back."""
    task = Task(process(constraints=[ANSWERED], case=ENDS))
    task.live(event(0, "Opened"), event(5, "Closed"))
    task.wait(14)
    assert task.alerts == []
    task.wait(16)
    assert told(task) == [("answered", "raised", 5)]
    task.live(event(60, "Answered"), event(61, "Closed"), event(61, "Opened", "T-2"), event(62, "Closed", "T-2"))
    task.wait(62 + 121 + 11)
    assert told(task)[1:] == [("answered", "retracted", 60), ("answered", "raised", 62), ("answered", "resolved", 62)]
    assert task.alerts[-1].summary.startswith("T-2: it is too late to reopen the case; ")


def test_a_deadline_after_the_end_does_not_fire() -> None:
    """The end stops the clock; what was still owed then is told as owed."""
    task = Task(process(constraints=[INFORM], case=ENDS))
    task.live(event(0, "Escalated", priority="high"), event(25, "Closed"))
    task.wait(500)
    assert {(alert.explanation.why, minute(alert)) for alert in task.alerts} == {("end", 25)}


def test_a_case_is_not_closed_as_idle_before_its_deadlines_have_passed() -> None:
    """An armed deadline keeps it open, as one of a service level does."""
    hour = {"id": "slow", "declare": "Response[A, B] | | |0,3,h"}
    task = Task(process(constraints=[hour], case={"idle_limit": "1h", "reopen": "1h"}))
    task.live(event(0, "A"))
    task.wait(179)
    assert task.shard.snapshot(0).cases["tickets"]["open"] == 1
    task.wait(185)
    assert told(task) == [("slow", "raised", 180)]
    task.wait(500)
    assert told(task) == [("slow", "raised", 180), ("slow", "resolved", 180)]
    assert {alert.explanation.why for alert in task.alerts} == {"time"}
    assert task.shard.snapshot(0).cases["tickets"]["open"] == 0


def test_a_broken_constraint_stands_until_its_case_is_over_and_counts_as_a_deviation() -> None:
    """One gauge for all that departs from what was asked."""
    task = Task(process(constraints=[CHECKED], case=ENDS))
    task.live(event(0, "Paid"))
    task.wait(60)
    assert task.shard.snapshot(0).cases["tickets"]["deviating"] == 1
    task.live(event(70, "Closed"))
    task.wait(90)
    assert told(task)[-1] == ("checked", "resolved", 70)
    assert task.shard.snapshot(0).cases["tickets"]["deviating"] == 0


def test_constraints_that_can_no_longer_be_kept_together_are_one_alert_that_names_them() -> None:
    """Before any of them is broken by itself."""
    asked = [
        {"id": "answer", "declare": "Response[Called, Answered]"},
        {"id": "silence", "declare": "Not Response[Locked, Answered]"},
    ]
    task = Task(process(constraints=asked, case=ENDS))
    task.live(event(0, "Called"), event(1, "Locked"))
    (alert,) = task.alerts
    assert (alert.explanation.why, minute(alert)) == ("conflict", 1)
    named = {alert.explanation.asks, *alert.explanation.conflicts_with}
    assert named == {one["declare"] for one in asked}


@pytest.mark.parametrize("restarts", [False, True])
def test_a_restart_changes_nothing_of_what_is_waited_for(restarts: bool) -> None:
    """Standings are journalled, settled or not."""
    task = Task(process(constraints=[INFORM, CHECKED, ANSWERED], case=ENDS))
    for minute_, activity in ((0, "Opened"), (20, "Escalated"), (40, "Noted"), (45, "Paid"), (55, "Closed")):
        task.live(event(minute_, activity, priority="high"))
        if restarts:
            task.restart()
    task.wait(400)
    assert told(task) == [
        ("checked", "raised", 45), ("inform", "raised", 50), ("checked", "resolved", 55), ("inform", "resolved", 55),
        ("answered", "raised", 55), ("answered", "resolved", 55),
    ]  # fmt: skip


def test_constraints_that_change_with_a_restart_keep_what_both_know() -> None:
    """A constraint that stays goes on, one that is gone takes its alerts back, a new one begins."""
    task = Task(process(constraints=[CHECKED, ANSWERED]))
    task.live(event(0, "Opened"), event(1, "Paid"), event(30, "Noted"), event(60, "Noted"))
    task.processes = (process(constraints=[ANSWERED, INFORM], case=ENDS),)
    task.restart()
    task.live(event(61, "Escalated", priority="high"), event(95, "Closed"))
    task.wait(120)
    assert [(rule, state) for rule, state, _ in told(task)] == [
        ("checked", "raised"), ("checked", "retracted"), ("inform", "raised"), ("inform", "resolved"),
        ("answered", "raised"),
    ]  # fmt: skip


def test_a_case_that_may_have_begun_unseen_is_not_blamed_for_what_was_not_seen() -> None:
    """A task that was first read from the middle knows nothing of before; what was seen counts all the same."""
    asked = [CHECKED, INFORM, {"id": "first", "declare": "Init[Opened]"}, {"id": "once", "declare": "Absence2[Paid]"}]
    task = Task(process(constraints=asked, case=ENDS))
    task.offset = 1_000
    task.live(event(0, "Paid"), event(1, "Escalated", priority="high"), event(2, "Paid"))
    task.wait(40)
    assert {alert.rule for alert in task.alerts} == {"once", "inform"}


def test_constraints_that_are_new_hold_nothing_against_a_case_that_its_past_may_excuse() -> None:
    """The check was made before anybody asked for it; what is owed from now on is asked for all the same."""
    task = Task(process())
    task.live(event(0, "Checked"), event(30, "Noted"), event(60, "Noted"))
    task.processes = (process(constraints=[CHECKED, INFORM]),)
    task.restart()
    task.live(event(61, "Paid"), event(62, "Escalated", priority="high"), event(63, "Paid", "T-2"))
    task.wait(120)
    assert {(alert.case, alert.rule) for alert in task.alerts} == {("T-1", "inform"), ("T-2", "checked")}


def test_a_condition_on_an_attribute_sees_it_as_it_stands() -> None:
    """An attribute that an earlier event of the case carried counts until another does."""
    task = Task(process(constraints=[INFORM]))
    task.live(event(0, "Opened", priority="high"), event(1, "Escalated"), event(2, "Opened", "T-2"))
    task.live(event(3, "Escalated", "T-2"))
    task.wait(60)
    assert {alert.case for alert in task.alerts} == {"T-1"}
