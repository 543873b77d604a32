"""What time it is for a task: live, behind, in history, after an outage."""

from schemas.alert import Stage
from stream.clock import IDLE_MS, ClockMode, InputClock, TaskClock
from stream.inputs import Batch, Received
from stream.shard import Shard
from tests.stream.driver import SOURCE, START, Task, at, event, process

SLA = [{"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m", "at_risk": []}]


def backlog(shard: Shard, records: list[Received], end: int, read_at: int) -> None:
    """A batch of an input that reaches further than the batch does."""
    start = records[0].offset
    shard.observe(Batch(SOURCE, start, records, records[-1].offset + 1, end, read_at))


def test_a_worker_that_was_down_says_nothing_of_a_case_whose_answer_is_still_unread() -> None:
    """While an input is behind, its own events move the clock: a deadline between two unread events has not passed."""
    shard = Shard([process(sla=SLA)])
    backlog(shard, [Received(0, at(0), event(0, "Opened"))], end=2, read_at=at(600))
    shard.advance(at(600))
    backlog(shard, [Received(1, at(30), event(30, "Answered"))], end=2, read_at=at(600))
    shard.advance(at(600))
    assert shard.drain().alerts == []


def test_a_deadline_that_passed_during_an_outage_fires_once_caught_up() -> None:
    """Once the input is read to its end, the wall clock counts again; the breach has its own instant."""
    task = Task(process(sla=SLA))
    task.live(event(0, "Opened"))
    task.restart()
    task.wait(600)
    assert task.said() == [("answer", "breach", "raised")]
    assert task.alerts[0].happened_at.timestamp() * 1000 == at(60)
    assert task.alerts[0].noticed_at.timestamp() * 1000 == at(600)


def answered_late_in_a_backlog() -> Task:
    """A worker that was live until minute 15 has read, at minute 23, of a case that was answered late at minute 22; one
    more record waits."""
    quick = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "1m", "at_risk": []}
    task = Task(process(sla=[quick]))
    task.live(event(15, "Called", case="T-0"))
    unread = [event(20, "Opened"), event(22, "Answered")]
    records = [Received(task.offset + place, value["at"], value) for place, value in enumerate(unread)]
    backlog(task.shard, records, end=task.offset + 3, read_at=at(23))
    task.offset += 2
    task.shard.advance(at(23))
    task.drain()
    return task


def test_what_a_backlog_tells_is_said_once_caught_up_and_not_when_it_is_settled() -> None:
    """No deadline of the case is left that would have it looked at again."""
    task = answered_late_in_a_backlog()
    before = task.said()

    task.live(event(23.5, "Called", case="T-0"))

    assert before == []
    assert task.said() == [("answer", "breach", "raised"), ("answer", "breach", "resolved")]
    assert task.alerts[0].noticed_at.timestamp() * 1000 == at(23.5)


def test_what_a_backlog_tells_is_said_once_caught_up_also_after_a_restart() -> None:
    """That something waits is journalled with its case."""
    task = answered_late_in_a_backlog()
    task.restart()

    task.live(event(23.5, "Called", case="T-0"))

    assert task.said() == [("answer", "breach", "raised"), ("answer", "breach", "resolved")]


def test_what_was_said_once_caught_up_is_not_said_again_with_the_next_backlog() -> None:
    """It waits for nothing any more, but to be settled."""
    task = answered_late_in_a_backlog()
    task.live(event(23.5, "Called", case="T-0"))
    told = len(task.alerts)

    backlog(task.shard, [Received(task.offset, at(24), event(24, "Called", case="T-0"))], task.offset + 2, at(25))
    task.offset += 1
    task.live(event(25.5, "Called", case="T-0"))

    assert len(task.alerts) == told


def test_a_replay_of_last_year_stays_in_last_year() -> None:
    """A marked replay moves by its own events, however late it is by the wall clock."""
    task = Task(process(sla=SLA))
    task.history(event(0, "Opened"))
    task.tick(3 * START)
    assert task.alerts == []
    task.history(event(30, "Opened", case="T-2"), event(69, "Opened", case="T-3"))
    assert task.alerts == []
    task.history(event(71, "Opened", case="T-4"))
    assert [alert.case for alert in task.alerts] == ["T-1"]


def test_a_record_that_is_stamped_much_later_than_its_event_is_history_unmarked() -> None:
    """A delayed feed follows its own time."""
    task = Task(process(sla=SLA))
    task.live(event(0, "Opened"), now=500)
    task.wait(600)
    assert task.alerts == []


def test_history_may_come_to_a_worker_that_has_been_waiting_for_it() -> None:
    """A topic that is still empty has no time: whatever comes first is not late, be it from years ago."""
    task = Task(process(sla=SLA))
    task.tick(3 * START)
    task.history(event(0, "Opened"), event(71, "Opened", case="T-2"))
    assert [(alert.case, alert.stage) for alert in task.alerts] == [("T-1", Stage.BREACH)]


def test_an_input_that_never_spoke_does_not_hold_the_others() -> None:
    """The clock is that of the inputs that have something to say."""
    spoke, silent, task = InputClock(), InputClock(), TaskClock(lateness=0, patience=0)
    silent.reached(0, 0)
    spoke.reached(1, 1)
    spoke.saw_record(5_000, 5_000)
    spoke.saw_event(5_000, historical=False)
    task.move([silent], 9_000)
    assert task.now is None
    task.move([spoke, silent], 10_000)
    assert task.now == 10_000


def test_a_clock_mark_lets_history_end() -> None:
    """Everything due by the mark fires, without lateness and patience."""
    task = Task(process(sla=SLA))
    task.history(event(0, "Opened"), until=59)
    assert task.alerts == []
    task.history(until=60)
    assert task.said() == [("answer", "breach", "raised")]
    assert task.counts["events", "tickets", "crm.tickets", "clock_mark"] == 2


def test_a_clock_never_goes_back() -> None:
    """Neither a wall clock set back nor a restart takes time back."""
    task = Task(process(sla=SLA))
    task.live(event(0, "Opened"))
    task.wait(50)
    reached = task.shard.clock
    task.wait(-60)
    assert task.shard.clock == reached
    task.live(event(51, "Called"))
    task.restart()
    task.wait(-60)
    assert task.shard.clock is not None
    assert reached is not None
    assert task.shard.clock >= reached


def test_nothing_is_said_of_time_before_every_input_is_known() -> None:
    """A task of two topics waits for the second before its clock moves."""
    shard = Shard([process(sla=SLA, events={"topics": ["crm.tickets", "crm.calls"]})])
    shard.observe(Batch(SOURCE, 0, [Received(0, at(0), event(0, "Opened"))], 1, 1, at(0)))
    shard.advance(at(600))
    assert shard.clock is None
    shard.observe(Batch(SOURCE._replace(topic="crm.calls"), 0, [], 0, 0, at(600)))
    shard.advance(at(600))
    assert shard.clock == at(600) - 10_000


def test_the_least_of_the_inputs_is_the_tasks_clock() -> None:
    """An input that is behind holds the one that is live; once both are live, the wall clock counts."""
    live, behind = InputClock(), InputClock()
    live.reached(5, 5)
    behind.saw_record(at(0), at(100))
    behind.saw_event(at(0), historical=False)
    behind.reached(1, 9)
    clock = TaskClock(lateness=600_000, patience=10_000)
    clock.move([live, behind], at(100))
    assert clock.now == at(-10)
    behind.reached(9, 9)
    clock.move([live, behind], at(100))
    assert clock.now == at(100) - 10_000


def test_history_that_was_read_to_its_end_does_not_hold_the_live_inputs_for_ever() -> None:
    """A finished replay into one topic lets the other go on once it has been quiet for a while."""
    live, replayed = InputClock(), InputClock()
    live.reached(5, 5)
    live.saw_event(at(-60), historical=False)
    replayed.saw_record(at(100), at(100))
    replayed.saw_event(at(0), historical=True)
    replayed.reached(1, 1)
    clock = TaskClock(lateness=600_000, patience=10_000)
    clock.move([live, replayed], at(100))
    assert clock.now == at(-10)
    clock.move([live, replayed], at(100) + IDLE_MS + 1)
    assert clock.now == at(100) + 1


def test_modes_are_reported() -> None:
    """Behind, historical and live are told apart."""
    clock = InputClock()
    assert clock.mode(at(0)) is ClockMode.BEHIND
    clock.reached(0, 0)
    assert clock.mode(at(0)) is ClockMode.LIVE
    clock.saw_event(at(0), historical=True)
    assert clock.mode(at(0)) is ClockMode.HISTORICAL


def test_an_event_from_far_in_the_future_is_set_aside() -> None:
    """More than an hour past the record's timestamp and the time of reading is implausible; an hour is not."""
    task = Task(process(sla=SLA))
    task.live(event(60, "Opened"), event(61, "Opened", case="T-2"), now=0)
    assert [letter.reason for letter in task.dead_letters] == ["future"]
    assert task.counts["events", "tickets", "crm.tickets", "refused"] == 1


def test_a_delayed_feed_says_by_how_much_the_monitor_is_blind() -> None:
    """A replay is none, nor is a feed that has caught up."""
    task = Task(process(sla=SLA))
    task.history(event(-600, "Opened", case="T-0"))
    assert task.shard.snapshot(at(0)).delays == {SOURCE: 0}
    task.live(event(0, "Opened"), now=500)
    assert task.shard.snapshot(at(500)).delays == {SOURCE: 500 * 60_000}
    task.live(event(505, "Opened", case="T-2"))
    assert task.shard.snapshot(at(505)).delays == {SOURCE: 0}
