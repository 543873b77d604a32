"""What service levels ask beyond elapsed time: working time, steps by life cycle, conditions, targets, pauses.

The epoch of the tests, minute 0, is Monday 2 November 2026, 09:00 UTC, which is 10:00 in Berlin.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problem import Fault
from stream.sla.target import delayed
from tests.stream.driver import Task, at, event, process

OFFICE = {"timezone": "Europe/Berlin", "hours": {"mon-fri": ["08:00-12:00", "13:00-18:00"]}}
ANSWER: dict[str, Any] = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "at_risk": []}
HOUR, DAY = 60, 24 * 60


def task(*slas: dict[str, Any], **parts: Any) -> Task:
    """A task that watches these service levels, with the calendar `office`."""
    return Task(process(sla=list(slas), calendars={"office": OFFICE}, **parts))


def raised(watch: Task) -> list[tuple[str | None, float]]:
    """(stage, minute at which it happened) of every record that raises or updates, but for those that only settle."""
    told = [a for a in watch.alerts if a.state in ("raised", "updated")]
    found = [(a.stage, (a.happened_at.timestamp() * 1000 - at(0)) / 60_000, a.id) for a in told]
    return [(stage, minute) for stage, minute, _ in dict.fromkeys(found)]


def test_working_time_stands_still_when_nobody_works() -> None:
    """Opened at 10:00 in Berlin: two hours before noon, two after one o'clock; warnings at shares of working time."""
    watch = task(ANSWER | {"target": "4h", "calendar": "office", "at_risk": ["50%", "75%"]})
    watch.history(event(0, "Opened"), until=2 * DAY)
    assert raised(watch) == [("at_risk", 2 * HOUR), ("at_risk", 4 * HOUR), ("breach", 5 * HOUR)]
    assert [a.summary for a in watch.alerts[-2:]] == [
        "T-1: 75 % of the time is gone, no Answered yet since Opened (due Mon 2 Nov 2026 15:00 Berlin)",
        "T-1: no Answered within 4 working hours of Opened (due Mon 2 Nov 2026 15:00 Berlin)",
    ]


def test_working_days_are_days_of_the_calendar() -> None:
    """From Monday at ten, two of them end on Wednesday at ten; half of their eighteen hours are gone a day before."""
    watch = task(ANSWER | {"target": "2wd", "calendar": "office", "at_risk": ["50%"]})
    watch.history(event(0, "Opened"), until=5 * DAY)
    assert raised(watch) == [("at_risk", DAY), ("breach", 2 * DAY)]
    assert "within 2 working days of Opened" in watch.alerts[-1].summary


def test_a_due_date_is_warned_of_in_working_time() -> None:
    """Known on Monday at ten, due on Tuesday at ten: nine working hours, half of which are gone at half past three."""
    due = {"id": "promise", "kind": "due", "due": "promised", "calendar": "office", "at_risk": ["50%"]}
    watch = task(due)
    watch.history(event(0, "Opened", promised=at(DAY)), until=2 * DAY)
    assert raised(watch) == [("at_risk", 5.5 * HOUR), ("breach", DAY)]


def test_a_calendar_without_time_left_gives_no_due_instant_and_is_counted() -> None:
    """It worked on one day only, which is over: nothing is due, and nobody is stopped by it."""
    once = {"timezone": "UTC", "hours": {"mon": []}, "extra": {"2026-11-02": ["09:00-10:00"]}}
    watch = Task(process(sla=[ANSWER | {"target": "4h", "calendar": "once"}], calendars={"once": once}))
    watch.history(event(0, "Opened"), event(400, "Answered"), until=9 * DAY)
    assert watch.alerts == []
    assert watch.counts["sla_troubles", "tickets", "answer", "no_working_time"] == 1


def test_a_breach_that_stands_is_said_again_and_each_time_with_its_own_instant() -> None:
    """As overdue, under the same id and with a severity of its own, ten times at the most."""
    sla = ANSWER | {"target": "60m", "overdue_every": "30m", "severity": {"overdue": "critical"}}
    watch = task(sla, case={"idle_limit": "30d"})
    watch.history(event(0, "Opened"), event(125, "Answered"), until=500)
    assert raised(watch) == [("breach", 60), ("overdue", 90), ("overdue", 120)]
    assert [a.severity for a in watch.alerts] == ["warning", "critical", "critical", "critical"]
    assert len(watch.final()) == 1
    assert watch.alerts[-1].state == "resolved"
    assert watch.alerts[1].summary == (
        "T-1: no Answered within 1 h of Opened, overdue by 30 min (due Mon 2 Nov 2026 10:00 UTC)"
    )
    endless = task(sla, case={"idle_limit": "30d"})
    endless.history(event(0, "Opened"), until=9000)
    assert raised(endless)[-1] == ("overdue", 60 + 10 * 30)


def test_live_only_the_newest_repetition_is_said() -> None:
    """What was passed while nobody looked is said once."""
    watch = task(ANSWER | {"target": "60m", "overdue_every": "30m"})
    watch.live(event(0, "Opened"))
    watch.wait(200)
    assert raised(watch) == [("overdue", 180)]


def test_repetitions_count_in_working_time() -> None:
    """A breach on Monday at five is said again on Tuesday at nine, two working hours later."""
    watch = task(ANSWER | {"target": "6h", "overdue_every": "2h", "calendar": "office"})
    watch.history(event(0, "Opened"), until=DAY)
    assert raised(watch)[:2] == [("breach", 7 * HOUR), ("overdue", 23 * HOUR)]


def test_every_activity_has_a_clock_of_its_own() -> None:
    """Two at once; a completion is that of the oldest start of its activity."""
    sla = {"id": "quick", "kind": "activity_duration", "activity": ["Check", "Pack"], "target": "60m", "at_risk": []}
    watch = task(sla)
    watch.history(
        event(0, "Check", lifecycle="start"),
        event(10, "Check", lifecycle="start"),
        event(20, "Pack", lifecycle="start"),
        event(65, "Check", lifecycle="complete"),
        event(69, "Check", lifecycle="complete"),
        event(90, "Pack", lifecycle="ate_abort"),
        until=500,
    )
    assert raised(watch) == [("breach", 60), ("breach", 80)]
    assert [(a.explanation.outcome, a.summary) for a in watch.alerts if a.state == "resolved"] == [
        ("answered", "T-1: Check or Pack was completed 5 min late (due Mon 2 Nov 2026 10:00 UTC)"),
        ("cancelled", "T-1: it was called off, with Check or Pack not completed (due Mon 2 Nov 2026 10:20 UTC)"),
    ]


def test_a_completion_without_a_start_measures_nothing() -> None:
    """Nor does a start beyond those that are measured at once, which is counted."""
    sla = {"id": "quick", "kind": "activity_duration", "activity": "Check", "target": "60m", "at_risk": []}
    watch = task(sla)
    watch.history(event(0, "Check"), *(event(1, "Check", lifecycle="start") for _ in range(17)), until=100)
    assert len(watch.final()) == 16
    assert watch.counts["sla_troubles", "tickets", "quick", "too_many_at_once"] == 1


def test_waiting_is_from_a_completion_to_the_next_start() -> None:
    """A completion of what was waited for does not stop it, its start did; without a life cycle an event is both."""
    sla = {"id": "queue", "kind": "waiting", "from": "Check", "to": "Pack", "target": "60m", "at_risk": []}
    watch = task(sla)
    watch.history(
        event(0, "Check", lifecycle="start"),
        event(10, "Check", lifecycle="complete"),
        event(30, "Pack", lifecycle="complete"),
        event(80, "Pack", lifecycle="start"),
        event(100, "Check"),
        event(150, "Pack"),
        until=500,
    )
    assert raised(watch) == [("breach", 70)]
    assert watch.alerts[-1].summary == "T-1: the start of Pack came 10 min late (due Mon 2 Nov 2026 10:10 UTC)"
    anything = task(sla | {"to": None})
    anything.history(event(0, "Check"), event(50, "Other", lifecycle="start"), until=500)
    assert anything.alerts == []


@pytest.mark.parametrize("cancel", [["Withdrawn"], {"when": "supplier == 'none'"}])
def test_a_clock_that_is_called_off_was_not_answered(cancel: Any) -> None:
    """Its breach is closed as cancelled; before its due instant nothing is said."""
    watch = task(ANSWER | {"target": "60m", "cancel": cancel})
    watch.history(
        event(0, "Opened"),
        event(30, "Withdrawn", supplier="none"),
        event(90, "Opened", case="T-2"),
        event(190, "Withdrawn", case="T-2", supplier="none"),
        until=500,
    )
    assert [(a.case, a.state, a.explanation.outcome) for a in watch.alerts] == [
        ("T-2", "raised", None),
        ("T-2", "resolved", "cancelled"),
    ]


def test_a_condition_says_for_which_cases_a_promise_holds() -> None:
    """It is judged when the clock starts, and again when what it reads has changed; it counts from the start."""
    watch = task(ANSWER | {"target": "60m", "where": "priority in ['1', '2']"})
    watch.live(event(0, "Opened", priority="3"), event(0, "Opened", case="T-2", priority="1"))
    watch.wait(70)
    assert [a.case for a in watch.alerts] == ["T-2"]
    watch.live(event(80, "Called", priority="2"), event(81, "Called", case="T-2", priority="9"))
    assert {a.case: a.state for a in watch.alerts} == {"T-1": "raised", "T-2": "retracted"}
    assert raised(watch)[-1] == ("breach", 60)


def test_a_breach_that_came_true_later_rests_on_the_event_that_made_it_so() -> None:
    """In history it is told once that event is beyond change."""
    watch = task(ANSWER | {"target": "60m", "where": "priority == '1'"})
    watch.history(event(0, "Opened"), event(100, "Called", priority="1"), event(105, "Called", case="T-2"))
    assert watch.alerts == []
    watch.history(event(111, "Called", case="T-2"))
    assert raised(watch) == [("breach", 60)]


def test_retroactively_only_the_highest_stage_is_said_live() -> None:
    """Warnings that would have come before are not made up for."""
    watch = task(ANSWER | {"target": "60m", "where": "priority == '1'", "at_risk": ["50%", "75%"]})
    watch.live(event(0, "Opened"), event(50, "Called", priority="1"))
    watch.wait(50.5)
    assert raised(watch) == [("at_risk", 45)]


def test_the_first_target_whose_condition_holds_counts() -> None:
    """Else the plain one; a change moves the due instant of the same alert."""
    targets = [{"where": "priority == '1'", "target": "60m"}, {"where": "priority in ['1', '2']", "target": "2h"}]
    watch = task(ANSWER | {"target": "4h", "targets": targets, "at_risk": ["75%"]})
    watch.live(event(0, "Opened", priority="2"))
    watch.wait(91)
    watch.live(event(95, "Called", priority="3"))
    watch.wait(181)
    watch.live(event(182, "Called", priority="1"))
    assert [(a.stage, a.state, a.due_at and a.due_at.timestamp() * 1000) for a in watch.alerts] == [
        ("at_risk", "raised", at(120)),
        ("at_risk", "retracted", at(120)),
        ("at_risk", "raised", at(240)),
        ("breach", "updated", at(60)),
    ]
    assert len(watch.final()) == 1
    assert "no Answered within 1 h of Opened" in watch.alerts[-1].summary


def test_a_target_that_moves_while_at_risk_updates_the_alert() -> None:
    """Still at risk under the new target: the same alert says the new due instant."""
    targets = [{"where": "priority == '1'", "target": "60m"}]
    watch = task(ANSWER | {"target": "70m", "targets": targets, "at_risk": ["50%"]})
    watch.live(event(0, "Opened", priority="1"))
    watch.wait(40)
    watch.live(event(45, "Called", priority="2"))
    assert [(a.state, a.due_at and a.due_at.timestamp() * 1000) for a in watch.alerts] == [
        ("raised", at(60)),
        ("updated", at(70)),
    ]


def test_a_condition_of_a_due_date_waits_for_it_to_hold() -> None:
    """Warnings count from when the date became known, also where the promise applies later."""
    due = {"id": "promise", "kind": "due", "due": "promised", "where": "priority == '1'", "at_risk": ["50%"]}
    watch = task(due)
    watch.live(event(0, "Opened", promised=at(100)), event(60, "Called", priority="1"))
    watch.wait(61)
    watch.live(event(62, "Called", priority="2"))
    assert [(a.stage, a.state) for a in watch.alerts] == [("at_risk", "raised"), ("at_risk", "retracted")]
    assert raised(watch) == [("at_risk", 50)]


def test_a_condition_that_fails_reads_as_false_and_is_counted() -> None:
    """Text where a number was expected is not a bug, and does not pass unnoticed."""
    watch = task(ANSWER | {"target": "60m", "where": "priority > 3.0"})
    watch.history(event(0, "Opened", priority="many"), event(200, "Answered"), until=300)
    assert watch.alerts == []
    assert watch.counts["sla_troubles", "tickets", "answer", "condition_failed"] == 1


def test_a_condition_sees_the_event_that_started_the_clock() -> None:
    """Also when it is judged again at a later one."""
    sla = ANSWER | {"from": ["Opened", "Reopened"], "target": "60m"}
    watch = task(sla | {"where": "activity == 'Reopened' && priority == '1'"})
    watch.live(event(0, "Reopened"), event(1, "Opened", case="T-2"))
    watch.live(event(5, "Called", priority="1"), event(6, "Called", case="T-2", priority="1"))
    watch.wait(100)
    assert [a.case for a in watch.alerts] == ["T-1"]


@pytest.mark.parametrize(
    "pause",
    [{"from": "Waiting", "to": "Back"}, {"while": "activity == 'Waiting' || supplier == 'asked'"}, "lifecycle"],
)
def test_a_paused_clock_does_not_breach(pause: Any) -> None:
    """Time does not run between the two events; the due instant moves by what the pause took."""
    watch = task(ANSWER | {"target": "60m", "pause": pause, "at_risk": ["50%"]})
    watch.history(
        event(0, "Opened"),
        event(40, "Waiting", supplier="asked", lifecycle="suspend" if pause == "lifecycle" else "complete"),
        event(240, "Back", supplier="", lifecycle="resume" if pause == "lifecycle" else "complete"),
        until=500,
    )
    assert raised(watch)[-1] == ("breach", 260)
    assert raised(watch)[0] == ("at_risk", 30)


def test_an_alert_at_risk_follows_the_pause_under_the_same_id() -> None:
    """While the clock stands still nothing is due; then the due instant has moved."""
    watch = task(ANSWER | {"target": "60m", "pause": {"from": "Waiting", "to": "Back"}, "at_risk": ["50%"]})
    watch.live(event(0, "Opened"))
    watch.wait(31)
    watch.live(event(40, "Waiting"))
    watch.wait(200)
    watch.live(event(240, "Back"))
    watch.wait(265)
    told = list(dict.fromkeys((a.stage, a.state, a.due_at and a.due_at.timestamp() * 1000) for a in watch.alerts))
    assert told == [
        ("at_risk", "raised", at(60)),
        ("at_risk", "updated", None),
        ("at_risk", "updated", at(260)),
        ("breach", "updated", at(260)),
    ]
    assert len(watch.final()) == 1
    still = next(a for a in watch.alerts if a.due_at is None)
    assert still.summary.endswith("no Answered yet since Opened (the clock stands still, 20 min left)")
    assert still.explanation.left == "PT20M"


@given(
    st.lists(st.integers(0, 40), max_size=4).map(sorted),
    st.lists(st.integers(1, 60), max_size=6, unique=True).map(lambda ends: sorted(ends)[: len(ends) // 2 * 2]),
)
def test_marks_are_put_off_by_the_pauses_before_them(offsets: list[int], ends: list[int]) -> None:
    """Against a count minute by minute: a mark is where so many minutes outside pauses have passed, and comes before a
    pause that begins at the same minute only if it is earlier."""
    start, pauses = 100, [(100 + begun, 100 + ended) for begun, ended in batched(ends)]

    def put_off(offset: int) -> int:
        instant, left = start, offset
        while left or any(begun == instant for begun, _ in pauses):
            standing = next((ended for begun, ended in pauses if begun == instant), None)
            instant, left = (standing, left) if standing is not None else (instant + 1, left - 1)
        return instant - start

    assert delayed(tuple(offsets), start, pauses) == tuple(map(put_off, offsets))


def batched(ends: list[int]) -> list[tuple[int, int]]:
    """Beginnings and ends, in pairs."""
    return list(zip(ends[::2], ends[1::2], strict=True))


def test_pauses_do_not_nest() -> None:
    """A second beginning does nothing, nor does an end without one; a clock that starts in a pause starts paused."""
    watch = task(ANSWER | {"target": "60m", "pause": {"from": "Waiting", "to": "Back"}})
    watch.history(
        event(0, "Back"),
        event(0, "Waiting"),
        event(5, "Opened"),
        event(10, "Waiting"),
        event(100, "Back"),
        event(110, "Back"),
        until=500,
    )
    assert raised(watch) == [("breach", 160)]


def test_a_breach_before_the_pause_stays() -> None:
    """What has happened does not stand still; only its repetition waits."""
    pause = {"from": "Waiting", "to": "Back"}
    watch = task(ANSWER | {"target": "60m", "pause": pause, "overdue_every": "60m"})
    watch.live(event(0, "Opened"))
    watch.wait(70)
    watch.live(event(80, "Waiting"))
    watch.wait(300)
    watch.live(event(300, "Back"))
    watch.wait(400)
    assert raised(watch) == [("breach", 60), ("overdue", 340)]
    assert {a.state for a in watch.alerts} == {"raised", "updated"}


def test_a_pause_that_is_open_at_the_end_of_the_case_lets_nothing_fire() -> None:
    """The clock ends with the case."""
    watch = task(
        ANSWER | {"target": "60m", "pause": {"from": "Waiting", "to": "Back"}}, case={"ends": ["Closed"]}
    )
    watch.history(event(0, "Opened"), event(30, "Waiting"), event(200, "Closed"), until=900)
    assert watch.alerts == []


def test_a_pause_in_working_time_takes_working_time() -> None:
    """Paused from Monday five in the evening to Tuesday nine: one working hour and one."""
    pause = {"from": "Waiting", "to": "Back"}
    watch = task(ANSWER | {"target": "7h", "calendar": "office", "pause": pause})
    watch.history(event(0, "Opened"), event(7 * HOUR, "Waiting"), event(23 * HOUR, "Back"), until=3 * DAY)
    assert raised(watch) == [("breach", DAY)]


def test_a_suspended_step_pauses_its_own_clocks_alone() -> None:
    """Another that runs beside it goes on."""
    sla = {"id": "quick", "kind": "activity_duration", "activity": ["Check", "Pack"], "target": "60m", "at_risk": []}
    watch = task(sla | {"pause": "lifecycle"})
    watch.history(
        event(0, "Check", lifecycle="start"),
        event(1, "Pack", lifecycle="start"),
        event(10, "Check", lifecycle="suspend"),
        event(200, "Check", lifecycle="resume"),
        until=500,
    )
    assert sorted(raised(watch)) == [("breach", 61), ("breach", 250)]


def test_after_so_many_pauses_a_clock_runs_through() -> None:
    """The bound is counted where it bites."""
    watch = task(ANSWER | {"target": "600m", "pause": {"from": "Waiting", "to": "Back"}})
    steps = [event(2 * n + k, name) for n in range(1, 67) for k, name in enumerate(("Waiting", "Back"))]
    watch.history(event(0, "Opened"), *steps, until=2000)
    assert raised(watch) == [("breach", 600 + 64)]
    assert watch.counts["sla_troubles", "tickets", "answer", "too_many_pauses"] == 2


def test_what_the_definition_cannot_mean_is_refused() -> None:
    """Conditions that do not compile never reach an event."""
    with pytest.raises(Fault, match="not a condition"):
        task(ANSWER | {"target": "60m", "where": "priority =="})


def test_a_pause_at_the_due_instant_comes_before_it() -> None:
    """The clock goes on to be due the moment that it resumes."""
    watch = task(ANSWER | {"target": "60m", "pause": {"from": "Waiting", "to": "Back"}})
    watch.history(event(0, "Opened"), event(60, "Waiting"), event(200, "Back"), event(300, "Answered"), until=500)
    assert raised(watch) == [("breach", 200)]


def test_no_clock_starts_while_it_would_be_called_off() -> None:
    """Only when the condition no longer holds."""
    watch = task(ANSWER | {"target": "60m", "cancel": {"when": "supplier == 'none'"}})
    watch.history(event(0, "Opened", supplier="none"), event(100, "Opened", supplier="north"), until=500)
    assert raised(watch) == [("breach", 160)]


def test_a_clock_that_was_answered_is_not_judged_again() -> None:
    """What was late when it was answered stays late, and what did not apply then never will."""
    watch = task(ANSWER | {"target": "60m", "where": "priority == '1'"})
    watch.live(event(0, "Opened", priority="1"), event(0, "Opened", case="T-2"))
    watch.live(event(90, "Answered"), event(91, "Answered", case="T-2"))
    watch.live(event(95, "Called", priority="3"), event(96, "Called", case="T-2", priority="1"))
    watch.wait(200)
    assert [(a.case, a.state) for a in watch.final().values()] == [("T-1", "resolved")]


def test_the_resource_can_be_asked_for_where_it_is_kept() -> None:
    """Under its own name."""
    sla = ANSWER | {"target": "60m", "where": "resource == 'Ann'"}
    watch = task(sla, privacy={"resource": "keep"})
    watch.history(event(0, "Opened", by="Ann"), event(0, "Opened", case="T-2", by="Pete"), until=500)
    assert [a.case for a in watch.alerts] == ["T-1"]


def test_a_promise_with_a_condition_is_taken_back_by_an_empty_date() -> None:
    """Also while it does not apply; a date that is no date is counted by the reader, and leaves the promise."""
    due = {"id": "promise", "kind": "due", "due": "promised", "where": "priority == '1'", "at_risk": []}
    watch = task(due)
    watch.history(
        event(0, "Opened", promised=at(100), priority="1"),
        event(10, "Called", promised="soon"),
        event(0, "Opened", case="T-2", promised=at(100)),
        event(20, "Called", case="T-2", promised=""),
        event(30, "Called", case="T-2", priority="1"),
        until=500,
    )
    assert [(a.case, a.stage) for a in watch.alerts] == [("T-1", "breach")]
    assert watch.counts["events", "tickets", "crm.tickets", "bad_attribute"] == 1


SORTS: list[dict[str, Any]] = [
    ANSWER | {"target": "60m"},
    ANSWER | {"target": "60m", "where": "priority in ['1', '2']", "pause": {"from": "Waiting", "to": "Back"}},
    ANSWER | {"target": "60m", "targets": [{"where": "priority == '1'", "target": "90m"}], "overdue_every": "1d"},
    ANSWER | {"target": "60m", "calendar": "office", "cancel": ["Withdrawn"]},
    {"id": "answer", "kind": "activity_duration", "activity": "Opened", "target": "60m", "at_risk": []},
]


@pytest.mark.parametrize("after", SORTS)
@pytest.mark.parametrize("before", SORTS)
def test_a_clock_outlives_a_change_of_its_definition(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Whatever its service level asks from now on, the clock that ran goes on, and says what it has to say once."""
    watch = task(before)
    watch.live(event(0, "Opened", lifecycle="start", priority="1"), event(1, "Opened", priority="1"))
    watch.processes = (process(sla=[after], calendars={"office": OFFICE}),)
    watch.restart()
    watch.live(event(5, "Called", priority="2"), event(10, "Waiting"), event(20, "Back"))
    watch.wait(200)
    watch.restart()
    watch.wait(210)
    assert len(watch.final()) <= 1
    if before["kind"] == after["kind"] == "between":
        assert [a.stage for a in watch.final().values()] == ["breach"]
