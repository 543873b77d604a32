"""What each kind of service level says, and when."""

from typing import Any

import pytest

from tests.stream.driver import Task, at, event, process

BETWEEN = {"id": "answer", "kind": "between", "from": "Opened", "to": ["Answered", "Resolved"], "target": "100m"}
DURATION = {"id": "resolution", "kind": "case_duration", "target": "100m"}
IDLE = {"id": "quiet", "kind": "idle", "target": "100m"}
DUE = {"id": "promise", "kind": "due", "due": "promised", "until": "Closed"}


def task(*slas: dict[str, Any], **parts: Any) -> Task:
    """A task that watches these service levels."""
    return Task(process(sla=list(slas), **parts))


def test_a_breach_is_raised_though_no_event_arrives() -> None:
    """Time alone takes a clock from 75 % over 90 % to its breach, each said when patience has passed."""
    watch = task(BETWEEN)
    watch.live(event(0, "Opened"))
    watch.wait(75)
    assert watch.said() == []
    watch.wait(75.2)
    watch.wait(90.2)
    watch.wait(100)
    assert "breach" not in {alert.stage for alert in watch.alerts}
    watch.wait(100.2)
    assert [(a.stage, a.state, a.happened_at.timestamp() * 1000) for a in watch.alerts] == [
        ("at_risk", "raised", at(75)),
        ("at_risk", "updated", at(90)),
        ("breach", "updated", at(100)),
    ]
    assert len(watch.final()) == 1
    assert [a.revision for a in watch.alerts] == [1, 2, 3]


def test_an_answer_exactly_at_the_due_instant_meets_it() -> None:
    """Within means up to and including."""
    watch = task(BETWEEN | {"at_risk": []})
    watch.history(event(0, "Opened"), event(100, "Answered"), until=500)
    assert watch.alerts == []


def test_an_answer_a_millisecond_after_the_due_instant_is_a_breach() -> None:
    """The breach is raised at the due instant, and resolved at the answer."""
    watch = task(BETWEEN | {"at_risk": []})
    watch.history(event(0, "Opened"), event(100, "Answered") | {"at": at(100) + 1}, until=500)
    assert [(a.stage, a.state, a.happened_at.timestamp() * 1000) for a in watch.alerts] == [
        ("breach", "raised", at(100)),
        ("breach", "resolved", at(100) + 1),
    ]
    assert watch.alerts[-1].explanation.late_by == "PT0.001S"


def test_everything_due_by_the_clock_mark_has_fired() -> None:
    """A mark at the due instant itself says that this instant is over."""
    watch = task(BETWEEN | {"at_risk": []})
    watch.history(event(0, "Opened"), until=100)
    assert watch.said() == [("answer", "breach", "raised")]


def test_a_warning_is_resolved_by_an_answer_in_time() -> None:
    """An alert at risk does not become a breach by being answered."""
    watch = task(BETWEEN)
    watch.history(event(0, "Opened"), event(80, "Resolved"), until=500)
    assert watch.said() == [("answer", "at_risk", "raised"), ("answer", "at_risk", "resolved")]
    assert (
        watch.alerts[-1].summary
        == "T-1: Answered or Resolved came in time, after a warning (due Mon 2 Nov 2026 10:40 UTC)"
    )


def test_an_answer_before_any_start_does_nothing() -> None:
    """A `to` without a `from` starts and stops nothing."""
    watch = task(BETWEEN)
    watch.history(event(0, "Answered"), event(1, "Opened"), event(2, "Answered"), until=500)
    assert watch.alerts == []


@pytest.mark.parametrize(("occurrence", "due"), [("each", [100, 400]), ("first", [100]), ("last", [150, 400])])
def test_which_start_counts_is_said_by_occurrence(occurrence: str, due: list[int]) -> None:
    """`each` takes a start when no clock runs, `first` only the case's first, `last` starts anew with every one."""
    watch = task(BETWEEN | {"occurrence": occurrence, "at_risk": []})
    watch.history(event(0, "Opened"), event(50, "Opened"), event(200, "Answered"), event(300, "Opened"), until=1000)
    assert sorted(a.happened_at.timestamp() * 1000 for a in watch.alerts if a.state == "raised") == [at(m) for m in due]


def test_the_end_of_a_case_cancels_its_clocks_without_a_breach() -> None:
    """Running clocks end with the case; a later clock mark does not break them."""
    watch = task(BETWEEN, IDLE, DURATION, case={"ends": ["Closed"]})
    watch.history(event(0, "Opened"), event(60, "Closed"), until=1000)
    assert watch.alerts == []


def test_a_case_that_lasts_too_long_is_resolved_late_by_its_end() -> None:
    """The end of the case is what a case duration waits for."""
    watch = task(DURATION | {"at_risk": []}, case={"ends": ["Closed"]})
    watch.history(event(0, "Opened"), event(160, "Closed"), until=1000)
    assert watch.said() == [("resolution", "breach", "raised"), ("resolution", "breach", "resolved")]
    assert watch.alerts[-1].summary == "T-1: the case has ended 1 h late (due Mon 2 Nov 2026 10:40 UTC)"


def test_every_event_ends_an_idle_time_and_begins_the_next() -> None:
    """Two long silences of one case are two alerts."""
    watch = task(IDLE | {"at_risk": []}, case={"ends": ["Closed"]})
    watch.history(event(0, "Opened"), event(150, "Called"), event(200, "Called"), event(350, "Closed"), until=1000)
    assert [(a.state, a.happened_at.timestamp() * 1000) for a in watch.alerts] == [
        ("raised", at(100)), ("resolved", at(150)), ("raised", at(300)), ("resolved", at(350)),
    ]  # fmt: skip
    assert len(watch.final()) == 2


def test_a_promised_date_is_broken_at_that_instant() -> None:
    """Warnings of a due date count from the instant it became known."""
    watch = task(DUE)
    watch.history(event(0, "Opened"), event(100, "Promised", promised=at(200)), event(300, "Closed"), until=301)
    assert [(a.stage, a.state, a.happened_at.timestamp() * 1000) for a in watch.alerts] == [
        ("at_risk", "raised", at(175)),
        ("at_risk", "updated", at(190)),
        ("breach", "updated", at(200)),
        ("breach", "resolved", at(300)),
    ]
    slow = task(DUE)
    slow.live(event(0, "Opened"), event(100, "Promised", promised=at(200)))
    slow.wait(176)
    assert [(a.stage, a.happened_at.timestamp() * 1000) for a in slow.alerts] == [("at_risk", at(175))]


def test_a_promised_date_that_is_past_when_it_becomes_known_is_a_breach_at_once() -> None:
    """The breach has the due instant, though it is noticed later."""
    watch = task(DUE)
    watch.live(event(300, "Promised", promised=at(200)))
    watch.wait(300.5)
    assert [(a.stage, a.happened_at.timestamp() * 1000) for a in watch.alerts] == [("breach", at(200))]


def test_a_promise_that_is_moved_takes_the_breach_back() -> None:
    """The attribute's latest value counts: the breach of the old date did not happen under the new one."""
    watch = task(DUE | {"at_risk": []})
    watch.live(event(0, "Promised", promised=at(100)))
    watch.wait(101)
    watch.live(event(110, "Promised", promised=at(500)))
    assert watch.said() == [("promise", "breach", "raised"), ("promise", "breach", "retracted")]


def test_a_promise_that_is_emptied_stops_its_clock() -> None:
    """An empty attribute is no promise."""
    watch = task(DUE)
    watch.history(event(0, "Promised", promised=at(100)), event(50, "Withdrawn", promised=""), until=500)
    assert watch.alerts == []


def test_a_life_cycle_other_than_completion_is_not_the_step() -> None:
    """A `to` that only starts does not answer; words outside the standard life cycle do."""
    watch = task(BETWEEN | {"at_risk": []})
    watch.history(event(0, "Opened"), event(10, "Answered", lifecycle="START"), until=100)
    assert watch.said() == [("answer", "breach", "raised")]
    other = task(BETWEEN | {"at_risk": []})
    other.history(event(0, "Opened"), event(10, "Answered", lifecycle="In Progress"), until=100)
    assert other.alerts == []


def test_after_an_outage_only_the_highest_stage_is_said() -> None:
    """Live, what was passed while nobody looked is said once; in history every stage is said with its own instant."""
    watch, history = task(BETWEEN), task(BETWEEN)
    watch.live(event(0, "Opened"))
    watch.wait(500)
    history.history(event(0, "Opened"), until=500)
    assert [(a.stage, a.state) for a in watch.alerts] == [("breach", "raised")]
    assert [(a.stage, a.state) for a in history.alerts] == [
        ("at_risk", "raised"),
        ("at_risk", "updated"),
        ("breach", "updated"),
    ]


def test_in_history_nothing_is_said_before_it_is_settled() -> None:
    """An answer that is still on its way would take it back; live it is said at once, and settles later."""
    history = task(BETWEEN | {"at_risk": []})
    history.history(event(0, "Opened"), event(105, "Answered"), event(114, "Called", case="T-2"))
    assert history.alerts == []
    history.history(event(116, "Called", case="T-2"))
    assert [(a.state, a.settled) for a in history.alerts] == [("raised", True), ("resolved", True)]
    live = task(BETWEEN | {"at_risk": []})
    live.live(event(0, "Opened"))
    live.wait(101)
    live.wait(111)
    assert [(a.state, a.settled) for a in live.alerts] == [("raised", False), ("updated", True)]


def test_an_alert_settles_though_another_one_was_taken_back_meanwhile() -> None:
    """What still waits to settle is not forgotten when something else of its case is said."""
    watch = task(BETWEEN | {"at_risk": []}, DUE | {"at_risk": []})
    watch.live(event(0, "Opened", promised=at(99)))
    watch.wait(101)
    watch.live(event(102, "Promised", promised=at(10_000)))
    watch.wait(130)
    assert {alert.rule: (alert.state, alert.settled) for alert in watch.final().values() if alert.rule == "answer"} == {
        "answer": ("updated", True)
    }
    assert ("promise", "breach", "retracted") in watch.said()
