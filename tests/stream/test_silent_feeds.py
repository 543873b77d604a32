"""A source that falls silent: what time alone says is muted or held, and told once it is sure."""

from typing import Any

import orjson

from schemas.alert import FEED_SILENT, Alert
from stream.case import LONGEST_TAIL, Case
from stream.inputs import Batch, Received
from stream.ledger.ledger import Ledger
from tests.stream.driver import SOURCE, Task, at, definition, event, process
from tests.stream.nets import sequence

SLA = [{"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m", "at_risk": []}]
SILENCE = {"silence": "2h", "lateness": "10m"}
DOUBTED = "doubted", "tickets", "answer"


def by_id(task: Task) -> dict[str, list[Alert]]:
    """The records of each alert, in order."""
    lives: dict[str, list[Alert]] = {}
    for alert in task.alerts:
        lives.setdefault(alert.id, []).append(alert)
    return lives


def quiet() -> Task:
    """A task of a process whose source is silent after two hours."""
    return Task(process(sla=SLA, events=SILENCE))


def silenced(task: Task) -> Task:
    """Two cases are opened, the second just before the source falls silent at minute 100; the first breaches after."""
    task.live(event(90, "Opened", "T-1"), event(100, "Opened", "T-0"), event(100, "Answered", "T-0"))
    task.wait(170)
    task.wait(220.5)
    task.hear(100, 220)
    task.wait(221)
    return task


def test_an_alert_that_time_raised_since_the_last_event_is_muted() -> None:
    """It is updated once, says why, and that nothing about it has settled."""
    task = silenced(quiet())
    assert task.said() == [("answer", "breach", "raised"), ("answer", "breach", "updated")]
    assert task.alerts[-1].muted == FEED_SILENT
    assert not task.alerts[-1].settled
    assert "muted while its feed is silent: no Answered within 1 h of Opened" in task.alerts[-1].summary
    task.wait(400)
    task.hear(100, 220)
    task.wait(401)
    assert len(task.final()) == 1
    assert task.counts[*DOUBTED, "muted"] == 1


def test_an_alert_from_before_the_silence_is_left_as_it_was() -> None:
    """Its feed spoke after it had become true."""
    task = quiet()
    task.live(event(0, "Opened"), event(100, "Opened", "T-2"), event(100, "Answered", "T-2"))
    task.wait(220.5)
    told = len(task.alerts)
    task.hear(100, 220)
    task.wait(400)
    assert len(task.alerts) == told


def test_a_breach_during_a_silence_is_held_and_told_once_it_is_sure() -> None:
    """It has its own instant, and is noticed late."""
    task = quiet()
    task.live(event(100, "Opened"))
    task.wait(120)
    task.hear(100, 110)
    task.wait(300)
    assert task.alerts == []
    assert task.counts[*DOUBTED, "held"] == 1
    task.live(event(400, "Opened", "T-2"))
    task.hear(100, 110, recovered=400)
    task.wait(460.1)
    assert task.alerts == []
    task.wait(470)
    assert [(alert.case, alert.stage) for alert in task.alerts] == [("T-2", "breach")]
    task.wait(470.1)
    assert [(alert.case, alert.stage) for alert in task.alerts] == [("T-2", "breach"), ("T-1", "breach")]
    assert task.alerts[-1].happened_at.timestamp() * 1000 == at(160)
    assert task.alerts[-1].noticed_at.timestamp() * 1000 == at(470.1)
    assert task.counts[*DOUBTED, "released"] == 1


def test_a_case_whose_answer_waited_in_the_backlog_raises_nothing() -> None:
    """Whether it was held, or muted and then taken back."""
    task = silenced(quiet())
    task.live(event(400, "Opened", "T-3"), now=400)
    task.hear(100, 220, recovered=400)
    task.live(event(140, "Answered", "T-1"), now=401)
    task.wait(900)
    assert task.said()[-1][2] == "raised"
    assert {alert.case: alert.state for alert in task.final().values()} == {"T-1": "retracted", "T-3": "raised"}
    assert task.counts[*DOUBTED, "dropped"] == 1
    assert task.counts["events", "tickets", "crm.tickets", "late"] == 0


def test_a_muted_alert_that_turns_out_true_is_unmuted_once() -> None:
    """No record in between."""
    task = silenced(quiet())
    told = len(task.alerts)
    task.live(event(400, "Called", "T-9"))
    task.hear(100, 220, recovered=400)
    for minute in range(401, 800, 7):
        task.wait(minute)
    assert [(a.state, a.muted, a.settled) for a in task.alerts[told:]] == [("updated", None, True)]


def test_what_happens_meanwhile_is_judged_as_ever() -> None:
    """A step out of its order is told at once, whatever topic is silent."""
    task = Task(process(sequence("Opened", "Answered", "Closed"), model={"file": "m.pnml"}, events=SILENCE))
    task.live(event(100, "Opened"))
    task.wait(221)
    task.hear(100, 220)
    task.live(event(230, "Closed"))
    assert task.said() == [("model", "skipped", "raised")]
    assert task.alerts[0].muted is None


def test_a_silence_outlives_a_restart() -> None:
    """What was held, muted and heard is journalled."""
    task, cut = quiet(), quiet()
    for each in (task, cut):
        silenced(each)
        each.live(event(230, "Opened", "T-5"), now=230)
        each.wait(300)
        if each is cut:
            each.restart()
        each.wait(301)
        each.hear(100, 220, recovered=400)
        each.live(event(400, "Opened", "T-3"), now=400)
        if each is cut:
            each.restart()
        for minute in (402, 420, 640, 705, 720, 900):
            each.wait(minute)
            if each is cut:
                each.restart()
    assert by_id(cut) == by_id(task)
    assert cut.counts == task.counts


def test_a_timed_constraint_and_an_end_that_lacks_a_step_wait_too() -> None:
    """Whatever time alone makes true is held."""
    task = Task(
        process(
            sequence("Opened", "Answered", "Closed"),
            model={"file": "m.pnml"},
            constraints=[{"id": "soon", "declare": "Response[Opened, Answered] | | |0,30,m"}],
            case={"idle_limit": "1h"},
            events=SILENCE,
        )
    )
    task.live(event(100, "Opened"))
    task.wait(110)
    task.hear(100, 109)
    task.wait(300)
    assert task.alerts == []
    task.live(event(310, "Called", "T-2"))
    task.hear(100, 109, recovered=310)
    task.wait(349)
    assert {alert.case for alert in task.alerts} == {"T-2"}
    task.wait(351)
    assert [(a.rule, a.state) for a in task.alerts if a.case == "T-1"] == [("soon", "raised")]
    task.wait(700)
    told = {(a.rule, a.explanation.deviation or a.explanation.why, a.state) for a in task.alerts if a.case == "T-1"}
    assert told >= {("soon", "time", "resolved"), ("model", "not_finished", "raised")}


def test_an_answer_on_another_topic_counts_during_a_silence() -> None:
    """Any silent topic mutes what time says of the cases of its process; what another one brings is taken as ever."""
    task = Task(process(sla=SLA, events=SILENCE | {"topics": ["crm.tickets", "crm.calls"]}))
    calls = SOURCE._replace(topic="crm.calls")
    task.shard.observe(Batch(calls, 0, [Received(0, at(99), event(99, "Opened", "T-1"))], 1, 1, at(99)))
    task.live(event(100, "Opened", "T-2"))
    task.wait(161)
    assert task.said() == [("answer", "breach", "raised")] * 2
    task.hear(100, 161)
    task.wait(162)
    assert [a.muted for a in task.final().values()] == [FEED_SILENT] * 2
    task.shard.observe(Batch(calls, 1, [Received(1, at(170), event(170, "Answered", "T-1"))], 2, 2, at(170)))
    task.wait(170.1)
    final = {a.case: a for a in task.final().values()}
    assert (final["T-1"].state, final["T-1"].muted, final["T-2"].muted) == ("resolved", None, FEED_SILENT)


def test_many_cases_are_looked_at_in_slices() -> None:
    """A silence that touches many alerts does not hold anything else up, and misses none, cut or not."""
    task = quiet()
    task.live(*[event(100, "Opened", f"T-{n}") for n in range(40)])
    task.wait(161)
    task.restart()
    task.hear(100, 160)
    task.feed([], at(162))
    assert task.shard.advance(at(162), 10)
    task.restart()
    task.wait(163)
    assert [a.muted for a in task.final().values()] == [FEED_SILENT] * 40
    assert task.counts[*DOUBTED, "muted"] == 40


def test_a_second_silence_before_the_first_is_over_holds_as_well() -> None:
    """Neither loses what waits for it."""
    task = silenced(quiet())
    task.live(event(400, "Called", "T-9"))
    task.hear(100, 220, recovered=400)
    task.live(event(200, "Opened", "T-7"), now=401)
    task.live(event(402, "Opened", "T-8"))
    task.hear(402, 522)
    task.wait(900)
    assert [(a.case, a.muted) for a in task.final().values()] == [("T-1", FEED_SILENT)]
    task.live(event(1000, "Called", "T-9"))
    task.hear(402, 522, recovered=1000)
    task.wait(1001)
    assert [(a.case, a.muted) for a in task.final().values()] == [("T-1", None), ("T-7", None)]
    task.wait(2000)
    assert {a.case: a.state for a in task.final().values()} == {"T-1": "updated", "T-7": "raised", "T-8": "raised"}


def test_what_is_told_of_a_topic_that_is_not_read_changes_nothing() -> None:
    """Nor does a silence that was over long ago, told to a task that never knew of it."""
    task = quiet()
    task.live(event(100, "Opened"))
    task.hear(0, 5, topic="crm.calls")
    task.hear(-900, -800, recovered=-700)
    task.wait(161)
    assert task.said() == [("answer", "breach", "raised")]
    assert task.counts["silences", "tickets", "crm.calls", "begun"] == 0


def test_a_feed_that_is_expected_to_be_quiet_at_night_mutes_nothing() -> None:
    """Ledger and shard together: the same night is a silence without a calendar, and none with one."""
    nights = {"timezone": "UTC", "hours": {"mon-sun": ["07:00-19:00"]}}
    for calendar, muted in ((None, {FEED_SILENT}), ("days", {None})):
        known = {"silence": "2h", "silence_calendar": calendar} if calendar else {"silence": "2h"}
        parts: dict[str, Any] = {"sla": SLA, "events": known, "calendars": {"days": nights}}
        task, ledger = Task(process(**parts)), Ledger([definition(**parts)], {"tickets": [0]})
        task.live(event(595, "Opened"))
        for minute in range(596, 1200, 20):
            task.wait(minute)
            ledger.observe(task.partials)
            ledger.advance(at(minute))
            for silence in ledger.silences():
                task.shard.watches["tickets"].hear(silence)
        assert {a.muted for a in task.final().values()} == muted


def test_what_a_silent_topic_brings_later_counts_though_others_went_on() -> None:
    """What another topic brought between the last word and the judgement has settled nothing."""
    task = Task(process(sla=SLA, events=SILENCE | {"topics": ["crm.tickets", "crm.calls"]}))
    calls = SOURCE._replace(topic="crm.calls")
    task.live(event(90, "Opened", "T-1"), event(100, "Opened", "T-2"))
    for offset, minute in enumerate((101, 130, 160, 190)):
        record = Received(offset, at(minute), event(minute, "Called", "T-1"))
        task.shard.observe(Batch(calls, offset, [record], offset + 1, offset + 1, at(minute)))
        task.wait(minute)
    task.wait(221)
    task.hear(100, 220)
    task.live(event(300, "Opened", "T-3"))
    task.hear(100, 220, recovered=300)
    task.live(event(120, "Answered", "T-1"), now=301)
    task.wait(302)
    final = {a.case: a for a in task.final().values()}
    assert (final["T-1"].state, final["T-1"].grade) == ("retracted", "exact")
    assert task.counts["events", "tickets", "crm.tickets", "late"] == 0


def test_more_events_of_a_case_than_its_tail_holds_settle_early() -> None:
    """However long the outage: what comes for the older half after that is late, and says so."""
    task = quiet()
    task.live(event(100, "Opened"))
    task.wait(220.5)
    task.hear(100, 220)
    task.live(event(900, "Called", "T-9"))
    task.hear(100, 220, recovered=900)
    backlog = [event(300 + n / 10, "Called") for n in range(300)]
    task.live(*backlog, event(150, "Noted"), event(155, "Answered"), now=901)
    case = task.shard.watches["tickets"].cases["T-1"]
    assert isinstance(case, Case)
    assert len(case.tail) <= LONGEST_TAIL
    assert task.counts["events", "tickets", "crm.tickets", "late_dropped"] == 1
    assert task.counts["events", "tickets", "crm.tickets", "late"] == 1
    assert task.final().popitem()[1].state == "retracted"


def test_an_objective_does_not_count_as_bad_what_is_not_sure() -> None:
    """What was counted since the last word is taken back, and counted again once it is sure."""
    slo = [{"id": "on-time", "of": "answer", "objective": "95%", "window": "28d"}]
    task = Task(process(sla=SLA, slo=slo, events=SILENCE))
    task.live(event(100, "Opened"))
    sums = []
    for minute, silence in ((161, None), (162, (100, 160)), (300, (100, 160, 299)), (520, None)):
        if silence is not None:
            task.hear(*silence)
        task.wait(minute)
        windows = [orjson.loads(value or b"") for key, value in task.partials if key.startswith(b'["window"')]
        sums.append(windows[-1][1:])
    assert sums == [[0, 1], [0, 0], [0, 0], [0, 1]]


def test_a_quiet_partition_after_its_backlog_is_no_delayed_feed() -> None:
    """Its last event came late for the outage; what is due later is told though no fresh one follows."""
    task = quiet()
    task.live(event(100, "Opened"))
    task.hear(100, 220)
    task.live(event(300, "Opened", "T-2"), now=400)
    assert task.shard.snapshot(at(400)).delays == {SOURCE: 100 * 60_000}
    task.hear(100, 220, recovered=400)
    task.wait(401)
    assert task.shard.snapshot(at(401)).delays == {SOURCE: 0}
    task.wait(500)
    task.wait(900)
    assert {a.case for a in task.alerts} == {"T-1", "T-2"}
