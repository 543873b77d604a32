"""How alerts tell of deviations: one alert from first to last, and starts that were never completed."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.process import Process
from tests.stream.driver import Task, event, process
from tests.stream.nets import sequence

MODEL = {"file": "m.pnml"}
STEPS = sequence("Opened", "Checked", "Approved", "Paid", "Closed")
WATCHED: Process = process(STEPS, model=MODEL, case={"ends": ["Closed"], "reopen": "30m"})


def lives(task: Task) -> list[list[str]]:
    """What each alert said in turn: its class, or how it was closed."""
    found: dict[str, list[str]] = {}
    for alert in task.alerts:
        closed = alert.state if alert.state in ("resolved", "retracted") else None
        life = found.setdefault(alert.id, [])
        word = str(closed or alert.explanation.deviation)
        if life[-1:] != [word]:
            life.append(word)
    return list(found.values())


def test_a_skipped_step_that_comes_late_is_an_update_of_its_alert() -> None:
    """No second alert, and the first is not taken back."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Approved"), event(2, "Paid"), event(3, "Checked"))
    assert lives(task) == [["skipped", "out_of_order"]]
    assert task.alerts[-1].summary == "T-1: Checked came too late after Paid: its place was before Approved"


def test_a_step_that_is_due_once_more_was_not_done_again() -> None:
    """That it was skipped would not be believed by whoever sees it among the steps of the case."""
    task = Task(process(sequence("Opened", "Checked", "Approved", "Checked", "Paid"), model=MODEL))
    task.live(event(0, "Opened"), event(1, "Checked"), event(2, "Approved"), event(3, "Paid"))
    assert [alert.explanation.deviation for alert in task.alerts] == ["skipped"]
    assert task.alerts[0].summary == "T-1: Checked was not done again: Paid came after Approved without it"


def test_a_step_that_came_early_is_one_alert_when_its_place_is_reached() -> None:
    """It says first what leads there, then where its place was."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Paid"), event(2, "Checked"), event(3, "Approved"), event(4, "Closed"))
    assert lives(task) == [["out_of_order"]]
    told = list(dict.fromkeys(alert.summary for alert in task.alerts))
    assert told == [
        "T-1: Paid came too early after Opened: at least 2 steps should come before it, first Checked",
        "T-1: Paid came too early after Opened: its place was before Closed",
    ]


def test_an_event_that_is_read_otherwise_later_keeps_its_alert() -> None:
    """What was taken for a skipped step was a step too early, as the case went on."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Approved"), event(2, "Checked"), event(3, "Approved"))
    task.live(event(4, "Paid"))
    assert len(lives(task)) == 1
    assert lives(task)[0][0] == "skipped"
    assert task.alerts[-1].explanation.deviation == "out_of_order"


def test_what_is_read_from_a_later_event_settles_with_that_event() -> None:
    """A step too early is told so for the event before which it had its place, which may still turn out otherwise."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Paid"), event(9, "Checked"), event(10, "Approved"), event(11, "Closed"))
    task.wait(20.5)
    assert [alert.summary for alert in task.alerts if alert.settled] == []
    task.wait(21.5)
    (alert,) = (alert for alert in task.alerts if alert.settled)
    assert (alert.explanation.deviation, alert.explanation.before) == ("out_of_order", "Closed")


def test_an_unknown_activity_is_one_alert_however_often_it_comes() -> None:
    """Each time it is updated with the count."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Called"), event(2, "Called"), event(3, "Noted"), event(4, "Called"))
    assert lives(task) == [["unknown_activity"], ["unknown_activity"]]
    told = {alert.explanation.activity: alert for alert in task.alerts}
    assert told["Called"].explanation.times == 3
    assert told["Called"].summary == "T-1: Called is no step of the model (3 times so far); expected Checked"
    assert told["Noted"].explanation.times is None


def test_a_step_that_was_started_but_skipped_is_not_completed() -> None:
    """And when it completes late, it is out of order under the same alert."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Checked", lifecycle="start"), event(2, "Approved"), event(3, "Paid"))
    assert task.alerts[-1].summary == (
        "T-1: Checked was started but never completed: Approved came after Opened all the same"
    )
    task.live(event(4, "Checked", lifecycle="complete"))
    assert lives(task) == [["not_completed", "out_of_order"]]


def test_any_step_that_was_started_in_place_of_a_skipped_one_is_not_completed() -> None:
    """Where one of two had to be done, and the one that was begun is not the one that was missed: still one alert."""
    waived = b'<transition id="w"><name><text>Waived</text></name></transition>'
    waived += b'<arc id="c1" source="p1" target="w"/><arc id="c2" source="w" target="p2"/></page>'
    for begun in ("Checked", "Waived"):
        task = Task(process(STEPS.replace(b"</page>", waived), model=MODEL))
        task.live(event(0, "Opened"), event(1, begun, lifecycle="start"), event(2, "Approved"), event(3, "Paid"))
        assert lives(task) == [["not_completed"]]
        assert task.alerts[-1].summary == (
            f"T-1: {begun} was started but never completed: Approved came after Opened all the same"
        )


def test_a_step_that_is_started_at_the_end_of_a_case_is_not_completed() -> None:
    """Each start that is left over is told once the case is over, those that were told before are not told again."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Checked"), event(1, "Approved", lifecycle="start"), event(2, "Paid"))
    task.live(event(3, "Noted", lifecycle="start"), event(4, "Closed"))
    task.wait(20)
    assert lives(task) == [["not_completed", "resolved"], ["not_completed", "resolved"]]
    assert [a.summary for a in task.final().values()] == [
        "T-1: the case has ended; Approved was started but never completed: Paid came after Checked all the same",
        "T-1: the case has ended; Noted was started but never completed",
    ]


def test_a_case_that_ends_amid_a_step_is_told_once() -> None:
    """That the step was not completed says what is missing; whatever else is missing is told beside it."""
    ended: dict[str, Any] = {"ends": ["Abandoned"], "reopen": "30m"}
    last_step = Task(process(sequence("Opened", "Paid"), model=MODEL, case=ended))
    last_step.live(event(0, "Opened"), event(1, "Paid", lifecycle="start"), event(2, "Abandoned"))
    last_step.wait(20)
    told = [(a.explanation.deviation, a.explanation.missing) for a in last_step.final().values()]
    assert told == [("unknown_activity", ()), ("not_completed", ("Paid",))]
    more = Task(process(sequence("Opened", "Paid", "Closed"), model=MODEL, case=ended))
    more.live(event(0, "Opened"), event(1, "Paid", lifecycle="start"), event(2, "Abandoned"))
    more.wait(20)
    told = [(a.explanation.deviation, a.explanation.missing) for a in more.final().values()]
    assert told == [("unknown_activity", ()), ("not_finished", ("Closed",)), ("not_completed", ("Paid",))]
    assert [a.explanation.activity for a in more.final().values()] == ["Abandoned", "Closed", "Paid"]


def test_a_case_that_stops_short_says_how_many_steps_are_missing() -> None:
    """And after which step."""
    task = Task(process(STEPS, model=MODEL, case={"idle_limit": "1h", "reopen": "1h"}))
    task.live(event(0, "Opened"), event(1, "Checked"))
    task.wait(80)
    assert [a.summary for a in task.alerts][:1] == [
        "T-1: the case ended too early after Checked: at least 3 steps are missing: Approved, Paid and Closed"
    ]


steps = st.lists(
    st.tuples(
        st.integers(0, 9), st.sampled_from(["Opened", "Checked", "Approved", "Paid", "Called"]), st.booleans()
    ),
    max_size=9,
)


@settings(max_examples=150)
@given(steps, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_no_alert_that_stands(history: list[tuple[int, str, bool]], random: Any) -> None:
    """Ids, classes and sentences in the end are a function of what happened, of starts and completions alike."""
    timed = {(minute, name): start for minute, name, start in history}
    values = [
        event(minute, name, id=f"{minute}{name}", lifecycle="start" if start else "complete")
        for (minute, name), start in sorted(timed.items())
    ]
    values = [value for number, value in enumerate(values) if value["at"] not in {v["at"] for v in values[:number]}]
    shuffled = list(values)
    random.shuffle(shuffled)
    ending = event(10, "Closed", id="last")
    outcomes = []
    for arrived in (values, shuffled):
        task = Task(WATCHED)
        task.live(*arrived, ending, now=10)
        task.wait(60)
        standing = [alert for alert in task.final().values() if alert.state != "retracted"]
        outcomes.append({a.id: (a.state, a.explanation.deviation, a.summary, a.happened_at) for a in standing})
    assert outcomes[0] == outcomes[1]


def test_a_case_that_never_stops_deviating_is_told_of_a_thousand_times() -> None:
    """The first thousand are told; that there are more is counted, and the case's record keeps a size."""
    task = Task(process(sequence("Opened", "Paid"), model=MODEL))
    steps = [event(n / 600, ("Opened", "Paid")[n % 2]) for n in range(3_000)]
    task.history(*steps, until=60)
    [record] = [value for key, value in task.journal.items() if key.startswith(b"case/")]
    assert len({alert.id for alert in task.alerts}) == 1_000
    assert task.counts["sla_troubles", "tickets", "model", "deviations_cut"] > 0
    assert len(record) < 500_000
