"""What holds for every history: order of arrival, duplicates, restarts and repetition change no finding."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.alert import Alert
from stream.inputs import Input, Received
from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import Task, at, event, process
from tests.stream.nets import sequence

LATENESS = 10
END = 4_000
"""By then every case has been closed, and every deadline has passed."""
SLAS: list[dict[str, Any]] = [
    {"id": "answer", "kind": "between", "from": "Opened", "to": ["Answered"], "target": "7m"},
    {"id": "resolution", "kind": "case_duration", "target": "20m"},
    {"id": "quiet", "kind": "idle", "target": "6m", "at_risk": ["50%"]},
    {"id": "promise", "kind": "due", "due": "promised", "until": "Closed"},
]
OFFICE: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "hours": {"mon-fri": ["08:00-10:10", "10:15-10:40", "10:50-18:00"]},
}
SPECIAL: list[dict[str, Any]] = [
    {
        "id": "office-answer", "kind": "between", "from": ["Opened", "Called"], "to": "Answered", "target": "9m",
        "calendar": "office", "pause": {"from": "Called", "to": ["Answered", "Closed"]}, "overdue_every": "4m",
        "targets": [{"where": "priority == 'high'", "target": "3m"}],
    },
    {
        "id": "high", "kind": "case_duration", "target": "15m", "where": "priority == 'high'", "overdue_every": "7m",
        "pause": {"while": "activity == 'Called' || team == 'shop'"}, "cancel": {"when": "promised == ''"},
    },
    {"id": "step", "kind": "activity_duration", "activity": ["Called", "Opened"], "target": "5m", "pause": "lifecycle"},
    {"id": "queue", "kind": "waiting", "from": "Opened", "target": "4m", "cancel": ["Closed"], "pause": "lifecycle"},
    {"id": "office-date", "kind": "due", "due": "promised", "calendar": "office", "where": "team != 'shop'"},
    {"id": "days", "kind": "between", "from": "Called", "to": "Closed", "target": "1wd", "calendar": "office"},
    {"id": "stalled", "kind": "idle", "target": "5m", "where": "activity != 'Called'", "pause": "lifecycle"},
]
RULES: list[dict[str, Any]] = [
    {"id": "two-people", "kind": "four_eyes", "activities": ["Opened", "Answered", "Called"]},
    {"id": "desk", "kind": "role", "activity": ["Answered", "Closed"], "group": "desk", "attribute": "team"},
]
CONSTRAINTS: list[dict[str, Any]] = [
    {"id": "answered", "declare": "Response[Opened, Answered]"},
    {"id": "call-back", "declare": "Response[Called, Answered] |A.priority is high | |0,5,m"},
    {"id": "called-first", "declare": "Alternate Precedence[Called, Answered]"},
    {"id": "not-again", "declare": "Not Chain Succession[Answered, Called]"},
    {"id": "opened-once", "declare": "Absence2[Opened]"},
    {"id": "soon", "declare": "Chain Response[Opened, Answered] | | |0,10,m"},
]
CASE: dict[str, Any] = {"ends": ["Closed"], "reopen": "8m", "idle_limit": "25m", "retention": "30d"}
WATCHED: Process = process(
    sequence("Opened", "Answered", "Closed"),
    model={"file": "m.pnml"},
    sla=[*SLAS, *SPECIAL],
    calendars={"office": OFFICE},
    rules=RULES,
    constraints=CONSTRAINTS,
    case=CASE,
)

UNENDING: Process = process(
    sequence("Opened", "Answered", "Closed"),
    model={"file": "m.pnml"},
    rules=RULES,
    constraints=CONSTRAINTS,
    case=CASE | {"ends": ["Archived"], "idle_limit": "30d"},
)

carried = st.fixed_dictionaries(
    {},
    optional={
        "promised": st.integers(0, 90).map(at) | st.just(""),
        "by": st.sampled_from(["Ann", "Pete"]),
        "team": st.sampled_from(["desk", "shop"]),
        "priority": st.sampled_from(["high", "low"]),
        "lifecycle": st.sampled_from(["start", "complete", "ate_abort", "suspend", "resume"]),
    },
)
events = st.builds(
    lambda minute, activity, case, fields: event(minute, activity, case, **fields),
    st.integers(0, 60),
    st.sampled_from(["Opened", "Answered", "Called", "Closed"]),
    st.sampled_from(["A", "B"]),
    carried,
)
histories = st.lists(events, max_size=25).map(
    lambda found: [{**value, "id": f"e{i}"} for i, value in enumerate(sorted(found, key=lambda value: value["at"]))]
)


def played(values: list[dict[str, Any]], *, batches: int = 1000, restarts: bool = False) -> Task:
    """The task after these records, read as history in batches of a size, restarted after each if asked."""
    task = Task(WATCHED)
    for start in range(0, len(values), batches):
        task.history(*values[start : start + batches])
        if restarts:
            task.restart()
    task.history(until=END)
    return task


def by_id(task: Task) -> dict[str, list[Alert]]:
    """The records of each alert, in order."""
    lives: dict[str, list[Alert]] = {}
    for alert in task.alerts:
        lives.setdefault(alert.id, []).append(alert)
    return lives


@st.composite
def disordered(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A history, and an arrival of it within lateness that keeps equal times of a case in order."""
    history = draw(histories)
    delays = [draw(st.integers(0, LATENESS * 60_000)) for _ in history]
    order = sorted(range(len(history)), key=lambda i: (history[i]["at"] + delays[i], i))
    ties: dict[tuple[str, int], list[int]] = {}
    for i in sorted(order):
        ties.setdefault((history[i]["case"], history[i]["at"]), []).append(i)
    arrived = [ties[history[i]["case"], history[i]["at"]].pop(0) for i in order]
    return history, [history[i] for i in arrived]


@settings(max_examples=300, deadline=None)
@given(disordered(), st.integers(1, 7))
def test_any_arrival_within_lateness_gives_the_same_ids_states_and_instants(
    arrival: tuple[list[dict[str, Any]], list[dict[str, Any]]], batches: int
) -> None:
    """Transient records may differ; what is left in the end may not."""
    history, arrived = arrival
    assert played(arrived, batches=batches).outcome() == played(history).outcome()


FOLLOWED_LATE = [
    event(0, "Answered", "A", id="e0"),
    event(0, "Opened", "A", id="e1"),
    event(0, "Closed", "A", id="e2"),
    event(11, "Answered", "A", id="e3"),
]
"""The last event turns over what the third was read as, and with it why the first came too early."""


@settings(max_examples=60, deadline=None)
@example(([], FOLLOWED_LATE))
@given(disordered())
def test_what_is_settled_rests_on_settled_events_alone(
    arrival: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    """Had none of the others arrived, the same would be said."""
    task, arrived = Task(UNENDING), [{**value, "lifecycle": "complete"} for value in arrival[1]]
    for count, value in enumerate(arrived, start=1):
        known = len(task.alerts)
        task.history(value)
        settled_to = task.shard.watches["tickets"].clock.moment.settled_to
        then = Task(UNENDING)
        then.history(*sorted([v for v in arrived[:count] if v["at"] < settled_to], key=lambda v: v["at"]))
        then.history(until=(settled_to - 1 - at(0)) / 60_000)
        said = {alert.id: alert.summary for alert in then.final().values() if alert.state != "retracted"}
        told = [alert for alert in task.alerts[known:] if alert.settled and alert.state in ("raised", "updated")]
        assert {alert.id: alert.summary for alert in told}.items() <= said.items()


@settings(max_examples=200, deadline=None)
@given(histories, st.integers(1, 9))
def test_cutting_a_run_anywhere_into_restores_changes_nothing(history: list[dict[str, Any]], batches: int) -> None:
    """Every record of every alert is the same, with and without restarts."""
    whole, cut = played(history, batches=batches), played(history, batches=batches, restarts=True)
    assert by_id(cut) == by_id(whole)
    assert cut.shard.snapshot(0).cases == whole.shard.snapshot(0).cases


@settings(max_examples=200, deadline=None)
@given(histories, st.data())
def test_duplicates_change_nothing(history: list[dict[str, Any]], data: st.DataObject) -> None:
    """An event id that was seen in its case is dropped, wherever it comes again."""
    doubled = list(history)
    for value in data.draw(st.lists(st.sampled_from(history), max_size=10)) if history else []:
        first = doubled.index(value)
        doubled.insert(data.draw(st.integers(first + 1, len(doubled))), value)
    assert played(doubled).outcome() == played(history).outcome()


@settings(max_examples=100, deadline=None)
@given(histories)
def test_two_runs_give_equal_bytes(history: list[dict[str, Any]]) -> None:
    """Effects are a function of the inputs."""
    first, second = played(history, batches=3), played(history, batches=3)
    assert first.journal == second.journal
    assert [a.model_dump_json() for a in first.alerts] == [a.model_dump_json() for a in second.alerts]


@settings(max_examples=100, deadline=None)
@given(histories)
def test_an_untouched_restore_holds_the_same_cases(history: list[dict[str, Any]]) -> None:
    """A case that was restored but not touched is journalled state only; its census and deadline are there."""
    task = played(history)
    counted = task.shard.snapshot(0).cases
    task.restart()
    assert task.shard.snapshot(0).cases == counted
    assert task.shard.position(Input("crm.tickets", 0)) == task.offset
    assert Shard([WATCHED]).position(Input("crm.tickets", 0)) is None


@settings(max_examples=100, deadline=None)
@given(histories, st.lists(st.integers(-60, 60), min_size=25, max_size=25))
def test_a_wall_clock_that_jumps_by_an_hour_changes_nothing_that_stays(
    history: list[dict[str, Any]], jumps: list[int]
) -> None:
    """Whatever was said too early or too late meanwhile: ids, final states and instants are those of history."""
    task = Task(WATCHED)
    for value, jump in zip(history, jumps, strict=False):
        now = value["at"] + jump * 60_000
        task.feed([Received(task.offset, value["at"], value)], now)
        task.tick(now)
    task.history(until=END)
    assert standing(task) == standing(played(history))


def standing(task: Task) -> dict[str, tuple[str, bool, Any]]:
    """What is left in the end, by id: whether it was closed, and when it happened."""
    return {name: (rule, state == "resolved", at) for name, (rule, state, at) in task.outcome().items()}
