"""What a case is not to blame for: definitions that change, topics read apart, backlogs, clocks that are off."""

from collections.abc import Sequence

import orjson
import pytest

from stream.inputs import Batch, Input, Received
from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import SOURCE, Task, at, event, process
from tests.stream.nets import sequence

ANSWER = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "100m"}
CALLS = Input("crm.calls", 0)
MODEL = {"file": "model.pnml"}


def changed(task: Task, *processes: Process) -> None:
    """Restart a task under other definitions."""
    task.processes = processes
    task.restart()


def test_an_alert_of_a_service_level_that_is_no_longer_defined_is_taken_back() -> None:
    """It is worded without its promise."""
    task = Task(process(sla=[ANSWER]))
    task.live(event(0, "Opened"))
    task.wait(101)
    changed(task, process())
    task.live(event(102, "Called"))
    assert [(a.rule, a.state) for a in task.final().values()] == [("answer", "retracted")]


def test_a_warning_whose_share_is_no_longer_defined_is_taken_back() -> None:
    """Its sentence comes from the clock that ran, not from the definition of today."""
    task = Task(process(sla=[ANSWER]))
    task.live(event(0, "Opened"))
    task.wait(91)
    changed(task, process(sla=[ANSWER | {"at_risk": []}]))
    task.live(event(95, "Answered"))
    assert [a.summary for a in task.final().values()] == [
        "T-1: taken back: 90 % of the time is gone, no Answered yet since Opened (due Mon 2 Nov 2026 10:40 UTC)"
    ]


def test_one_id_has_one_life_though_the_instances_are_counted_anew() -> None:
    """An event that arrives late and ends an earlier instance renumbers the one after it."""
    task = Task(process(sla=[ANSWER | {"target": "10m", "at_risk": []}], case={"ends": ["Closed"], "reopen": "1m"}))
    task.live(event(2, "Opened"))
    task.wait(13)
    task.live(event(0, "Closed"), now=13.5)
    assert [(a.revision, a.state) for a in task.alerts if a.state == "raised"] == [(1, "raised")]


@pytest.mark.parametrize("order", [1, -1])
def test_two_topics_may_be_read_in_any_order(order: int) -> None:
    """In a backlog, an event of the slower topic still takes its place."""
    topics = {"topics": ["crm.tickets", "crm.calls"]}
    shard = Shard([process(sequence("Opened", "Answered", "Called", "Closed"), model=MODEL, events=topics)])
    tickets = [event(0, "Opened"), event(50, "Called"), event(75, "Closed")]
    backlog = [(SOURCE, tickets), (CALLS, [event(30, "Answered")])]
    for source, values in backlog:
        shard.observe(Batch(source, 0, [], 0, len(values), at(600)))
    for source, values in backlog[::order]:
        shard.observe(Batch(source, 0, received(values), len(values), len(values), at(600)))
    shard.advance(at(700))
    assert [orjson.loads(record.body or b"null")["summary"] for record in shard.drain().alerts] == []


def received(values: Sequence[dict[str, object]]) -> list[Received]:
    """Records stamped with their events' times."""
    return [Received(offset, int(str(value["at"])), value) for offset, value in enumerate(values)]


def test_a_deviation_found_in_a_backlog_is_said_when_the_backlog_is_read() -> None:
    """It does not wait for lateness to pass once the worker is live."""
    task = Task(process(sequence("Opened", "Answered", "Closed"), model=MODEL))
    task.live(event(0, "Opened"))
    late, last = [Received(1, at(9), event(9, "Closed"))], [Received(2, at(11), event(11, "Opened", case="T-2"))]
    task.shard.observe(Batch(SOURCE, 1, late, 2, 3, at(12)))
    task.shard.advance(at(12))
    task.shard.observe(Batch(SOURCE, 2, last, 3, 3, at(12)))
    task.offset = 3
    task.wait(12)
    task.wait(13)
    assert [alert.case for alert in task.alerts] == ["T-1"]


def test_a_case_whose_first_event_only_starts_a_step_can_still_be_an_old_one() -> None:
    """Whether a case began before it was seen is judged by its first step."""
    task = Task(process(sequence("Opened", "Answered", "Closed"), model=MODEL))
    task.offset = 500
    task.history(event(0, "Answered", lifecycle="start"), event(1, "Answered", lifecycle="complete"), until=30)
    assert task.alerts == []


def test_a_process_that_is_added_to_a_running_task_blames_no_old_case() -> None:
    """It reads the topic from the middle."""
    task = Task(process(sla=[ANSWER]))
    task.live(event(0, "Opened"))
    added = process(sequence("Opened", "Answered", "Closed"), model=MODEL)
    added.name = "other"
    changed(task, process(sla=[ANSWER]), added)
    task.live(event(5, "Answered"))
    task.wait(7)
    assert [alert.grade for alert in task.alerts if alert.process == "other"] == []


def test_a_restart_does_not_change_what_a_late_answer_says() -> None:
    """What was closed beyond change stays closed."""
    quiet = {"id": "quiet", "kind": "idle", "target": "30m", "at_risk": []}

    def told(*, restart: bool) -> list[tuple[str, int, str, str]]:
        task = Task(process(sla=[quiet, ANSWER | {"at_risk": []}]))
        task.live(event(0, "Opened"), event(40, "Called"), event(51, "Called"))
        if restart:
            task.restart()
        task.live(event(70, "Called"))
        task.live(event(45, "Answered"), now=71)
        return [(alert.rule, alert.revision, alert.state, alert.grade) for alert in task.alerts]

    assert told(restart=True) == told(restart=False)


def test_what_is_said_to_be_settled_is_not_taken_back_within_lateness() -> None:
    """A promise that was broken before it became known rests on the event that made it known."""
    task = Task(process(sla=[{"id": "promise", "kind": "due", "due": "promised", "until": "Closed"}]))
    task.live(event(300, "Promised", promised=at(200)))
    task.wait(300.5)
    assert [alert.settled for alert in task.alerts] == [False]
    task.wait(311)
    assert [alert.settled for alert in task.alerts] == [False, True]


def test_one_event_that_is_ahead_does_not_make_all_others_late() -> None:
    """A producer's clock an hour off is its own affair."""

    def told(*, ahead: bool) -> list[str]:
        task = Task(process(sequence("Opened", "Answered", "Closed"), model=MODEL))
        if ahead:
            task.live(event(59, "Opened", case="T-2"), now=0)
        task.live(event(0, "Opened"), event(1, "Closed"), event(3, "Called"))
        task.live(event(0.5, "Answered"), now=4)
        return [a.summary for a in task.final().values() if a.case == "T-1" and a.state != "retracted"]

    assert told(ahead=True) == told(ahead=False)


def test_without_lateness_deadlines_still_fire_with_no_event_arriving() -> None:
    """The milliseconds between an event and its record do not make a live topic history."""
    task = Task(process(sla=[ANSWER | {"at_risk": []}], events={"lateness": "0s"}))
    task.feed([Received(0, at(0) + 5, event(0, "Opened"))], at(0) + 6)
    task.wait(300)
    assert task.said() == [("answer", "breach", "raised")]


def test_a_due_date_that_cannot_be_read_is_counted() -> None:
    """The event counts all the same."""
    task = Task(process(sla=[{"id": "promise", "kind": "due", "due": "promised"}]))
    task.live(event(0, "Promised", promised="tomorrow"))
    outcomes = {key[3]: count for key, count in task.counts.items() if key[0] == "events"}
    assert outcomes == {"applied": 1, "bad_attribute": 1}


def test_a_retraction_has_the_time_of_the_event_that_caused_it() -> None:
    """Not that of the newest event of the case."""
    task = Task(process(sequence("Opened", "Answered", "Closed"), model=MODEL))
    task.live(event(0, "Opened"), event(5, "Closed"))
    task.live(event(2, "Answered"), now=6)
    assert (task.alerts[-1].state, task.alerts[-1].happened_at.timestamp() * 1000) == ("retracted", at(2))


def test_the_queue_of_deadlines_does_not_grow_with_every_clock_that_was_answered() -> None:
    """Entries that sooner ones replaced are dropped once there are too many of them."""
    task = Task(process(sla=[ANSWER | {"target": "1m", "at_risk": []}]))
    for cycle in range(3_000):
        task.live(event(40 * cycle, "Opened"), event(40 * cycle + 0.5, "Answered"))
        task.wait(40 * cycle + 20)
    assert len(task.shard.watches["tickets"].deadlines.heap) <= 1_010
