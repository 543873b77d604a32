"""The life of a case: order and disorder, ends and reopening, warm starts, forgetting."""

from datetime import UTC, datetime

from stream.case import LONGEST_TAIL
from stream.inputs import Batch, Received
from stream.mapping import LONGEST_NAME, LONGEST_VALUE
from stream.shard import Shard
from tests.stream.driver import SOURCE, Task, at, event, process
from tests.stream.nets import sequence

ANSWER = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m", "at_risk": []}
MODEL = {"file": "model.pnml", "severity": "critical"}
DAY = 24 * 60


def modelled(**parts: object) -> Task:
    """A task whose cases are to be Opened, Answered and Closed."""
    return Task(process(sequence("Opened", "Answered", "Closed"), model=MODEL, **parts))


def test_an_event_out_of_order_within_lateness_takes_its_place() -> None:
    """The deviation seen at first is taken back once the missing step arrives."""
    task = modelled()
    task.live(event(0, "Opened"), now=0)
    task.live(event(5, "Closed"), now=5)
    task.live(event(2, "Answered"), now=6)
    assert task.said() == [("model", "skipped", "raised"), ("model", "skipped", "retracted")]


def test_a_late_answer_still_stops_the_clock_that_ran_at_its_time() -> None:
    """Beyond lateness an event cannot take its place, but an answer is an answer; the alert is graded late."""
    task = Task(process(sla=[ANSWER]))
    task.live(event(0, "Opened"), event(90, "Called"), event(110, "Called"), now=120)
    task.live(event(50, "Answered"), now=121)
    assert task.said() == [("answer", "breach", "raised"), ("answer", "breach", "retracted")]
    assert task.counts["events", "tickets", "crm.tickets", "late"] == 1


def test_an_event_too_late_for_anything_is_counted_and_dropped() -> None:
    """Nothing of it can be applied soundly."""
    task = Task(process(sla=[ANSWER]))
    task.live(event(0, "Opened"), event(90, "Called"), event(110, "Called"), now=120)
    task.live(event(50, "Noted"), now=121)
    assert task.counts["events", "tickets", "crm.tickets", "late_dropped"] == 1


def test_a_duplicate_of_an_event_id_changes_nothing() -> None:
    """Even where it is delivered again much later."""
    task = modelled()
    task.history(event(0, "Opened", id="a"), event(1, "Answered", id="b"), event(2, "Closed", id="c"))
    task.history(event(1, "Answered", id="b"), until=100)
    assert task.alerts == []
    assert task.counts["events", "tickets", "crm.tickets", "duplicate"] == 1


def test_a_record_at_or_below_the_position_is_skipped() -> None:
    """What Kafka delivers twice is counted once."""
    shard = Shard([process(sla=[ANSWER])])
    batch = Batch(SOURCE, 0, [Received(0, at(0), event(0, "Opened"))], 1, 1, at(0))
    shard.observe(batch)
    shard.observe(batch)
    assert shard.drain().counts["events", "tickets", "crm.tickets", "applied"] == 1
    assert shard.position(SOURCE) == 1


def test_a_case_that_ends_before_the_model_does_is_not_finished_once_the_end_stands() -> None:
    """The end is provisional until lateness has passed: nothing is said before."""
    task = modelled(case={"ends": ["Answered"]})
    task.live(event(0, "Opened"), event(5, "Answered"))
    task.wait(14)
    assert task.said() == []
    task.wait(15.1)
    assert task.said() == [("model", "not_finished", "raised")]
    assert task.alerts[0].explanation.missing == ("Closed",)
    assert task.alerts[0].severity == "critical"


def test_an_event_soon_after_the_end_takes_the_end_back() -> None:
    """Clocks go on as if it had not been: the breach between end and reopening is said now."""
    task = Task(process(sla=[ANSWER], case={"ends": ["Closed"], "reopen": "1d"}))
    task.history(event(0, "Opened"), event(50, "Closed"))
    task.history(event(200, "Called"), until=210)
    assert task.said() == [("answer", "breach", "raised")]
    assert task.alerts[0].happened_at.timestamp() * 1000 == at(60)
    assert task.alerts[0].instance == 1


def test_an_event_long_after_the_end_is_the_next_instance() -> None:
    """Beyond `reopen` the same case id begins anew, and the old instance's alerts are closed."""
    task = Task(process(sla=[ANSWER], case={"ends": ["Closed"], "reopen": "1d"}))
    task.history(event(0, "Opened"), event(70, "Closed"))
    task.history(event(2 * DAY, "Opened"), until=2 * DAY + 61)
    assert [(a.instance, a.state) for a in task.alerts if a.state == "raised"] == [(1, "raised"), (2, "raised")]
    assert [(a.instance, a.state) for a in task.final().values()] == [(1, "resolved"), (2, "raised")]


def test_a_case_that_is_idle_too_long_is_closed_as_such() -> None:
    """Its breach is resolved then, and it no longer counts as open."""
    task = Task(process(sla=[ANSWER], case={"idle_limit": "1d"}))
    task.history(event(0, "Opened"), until=DAY - 1)
    assert task.shard.snapshot(0).cases["tickets"] == {"open": 1, "at_risk": 0, "breached": 1, "deviating": 0}
    task.history(until=DAY + 1)
    assert task.said() == [("answer", "breach", "raised"), ("answer", "breach", "resolved")]
    assert task.alerts[-1].explanation.outcome == "idle"
    assert task.shard.snapshot(0).cases["tickets"] == {"open": 0, "at_risk": 0, "breached": 0, "deviating": 0}


def test_a_case_with_an_armed_deadline_is_not_closed_as_idle_before_it_has_fired() -> None:
    """The breach comes first, however long the target."""
    task = Task(process(sla=[ANSWER | {"target": "3d"}], case={"idle_limit": "1d"}))
    task.history(event(0, "Opened"), until=4 * DAY)
    assert task.said() == [("answer", "breach", "raised"), ("answer", "breach", "resolved")]


def test_a_closed_case_leaves_the_state_and_its_alerts_the_topic() -> None:
    """After reopening and retention have passed, both by tombstone."""
    task = Task(process(sla=[ANSWER], case={"ends": ["Closed"], "reopen": "1d", "retention": "2d"}))
    task.history(event(0, "Opened"), event(70, "Closed"), until=2 * DAY + 71)
    assert b"case/tickets/T-1" not in task.journal
    assert task.tombstones == [task.alerts[0].id]
    task.history(event(3, "Called"), until=2 * DAY + 80)
    assert task.counts["events", "tickets", "crm.tickets", "late_dropped"] == 1


def test_a_case_met_in_the_middle_is_not_blamed_for_what_was_not_seen() -> None:
    """A first read from the middle starts such cases warm; one that begins at the beginning is as exact as any."""
    task = modelled()
    task.offset = 500
    task.history(event(0, "Answered"), event(1, "Closed"), event(2, "Opened", case="T-2"))
    task.history(event(3, "Closed", case="T-2"), until=30)
    assert [(a.case, a.grade, a.explanation.deviation) for a in task.alerts if a.state == "raised"] == [
        ("T-2", "exact", "skipped")
    ]


def test_a_case_read_from_the_beginning_of_the_topic_is_blamed() -> None:
    """From offset 0 on, a missing first step was never there."""
    task = modelled()
    task.history(event(0, "Answered"), event(1, "Closed"), until=30)
    assert [a.explanation.deviation for a in task.alerts if a.state == "raised"] == ["skipped"]


def test_deviations_are_closed_with_the_case() -> None:
    """They hold while the case is open, and are resolved when its end stands."""
    task = modelled(case={"ends": ["Closed"]})
    task.history(event(0, "Opened"), event(1, "Closed"), until=30)
    assert task.said() == [("model", "skipped", "raised"), ("model", "skipped", "resolved")]
    assert task.alerts[-1].happened_at == datetime.fromtimestamp(at(1) / 1000, UTC)


def test_a_model_without_ends_ends_a_case_by_its_final_marking() -> None:
    """Where nothing visible can follow, the case is over."""
    task = modelled(sla=[{"id": "quiet", "kind": "idle", "target": "60m"}])
    task.history(event(0, "Opened"), event(1, "Answered"), event(2, "Closed"), until=1000)
    assert task.alerts == []


def test_a_case_of_long_texts_stays_a_record_that_a_broker_takes() -> None:
    """As many events as may still change their order, each with all that is mapped as long as it may be."""
    task, most = Task(process(sla=[ANSWER])), 8 * 1024 * 1024
    texts = dict.fromkeys(("supplier", "team", "priority"), "x" * LONGEST_VALUE)
    task.live(*(event(0, "Called", id=f"{n:0{LONGEST_NAME}}", **texts) for n in range(LONGEST_TAIL + 10)))
    assert max(len(record) for record in task.journal.values()) < most
