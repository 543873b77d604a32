"""Clocks that the end of a case has cancelled are counted, once for each end that stood, against a count by hand."""

from collections import Counter
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.census import UNCOUNTED
from stream.inputs import Received
from stream.process import Process
from tests.stream.driver import MINUTE, Task, event, process

LATENESS = 10
TARGETS = {"answer": 20, "first": 5}
WATCHED: Process = process(
    sla=[
        {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "20m"},
        {"id": "first", "kind": "between", "from": "Opened", "to": "Answered", "target": "5m", "occurrence": "first"},
        {"id": "whole", "kind": "case_duration", "target": "3d"},
        {"id": "quiet", "kind": "idle", "target": "3d"},
        {"id": "visit", "kind": "activity_duration", "activity": "Visit", "target": "1h"},
        {"id": "promise", "kind": "due", "due": "promised", "until": "Answered"},
        {"id": "delivery", "kind": "due", "due": "promised"},
    ],
    case={"ends": ["Closed"], "reopen": "10d", "idle_limit": "10d", "retention": "20d"},
)
ACTIVITIES = ("Opened", "Answered", "Closed")
steps = st.lists(st.tuples(st.integers(0, 15), st.sampled_from(ACTIVITIES), st.sampled_from("ab")), max_size=25)


def counted(task: Task) -> dict[str, int]:
    """What was counted as unanswered, by service level."""
    return {key[-1]: count for key, count in task.counts.items() if key[0] == "unanswered"}


def counted_by_hand(found: list[tuple[int, str, str]]) -> Counter[str]:
    """The ends that stood for a lateness while `answer` or `first` waited, and was not overdue."""
    unanswered, waiting, over = Counter[str](), dict[tuple[str, str], int | None](), set[str]()
    minutes = list(accumulate(gap for gap, _, _ in found))
    for nth, (minute, (_, activity, case)) in enumerate(zip(minutes, found, strict=True)):
        later = [minutes[other] for other in range(nth + 1, len(found)) if found[other][2] == case]
        over = over if activity == "Closed" else over - {case}
        if activity == "Opened":
            running = waiting.get(("answer", case))
            waiting["answer", case] = minute if running is None else running
            waiting.setdefault(("first", case), minute)
        elif activity == "Answered":
            waiting.update({key: None for key in waiting if key[1] == case})
        elif case not in over and not (later and later[0] <= minute + LATENESS):
            over = over | {case}
            for rule, target in TARGETS.items():
                since = waiting.get((rule, case))
                unanswered[rule] += since is not None and minute <= since + target
    return +unanswered


@settings(max_examples=200, deadline=None)
@given(steps, st.booleans())
def test_clocks_that_an_end_has_cancelled_are_counted_once(found: list[tuple[int, str, str]], restarts: bool) -> None:
    """However often the state is restored, live and as history; an end that was taken back counts anew."""
    task, minute, expected = Task(WATCHED), 0, counted_by_hand(found)
    for gap, activity, case in found:
        minute += gap
        task.live(event(minute, activity, case))
        if restarts:
            task.restart()
    task.wait(minute + 12)
    assert counted(task) == expected
    task.restart()
    task.wait(minute + 40 * 24 * 60)
    assert counted(task) == expected


@settings(max_examples=200, deadline=None)
@given(steps, st.integers(1, 25))
def test_history_counts_the_same_however_much_of_it_comes_at_once(found: list[tuple[int, str, str]], size: int) -> None:
    """Whoever tries a definition learns what a worker would have counted."""
    minutes = list(accumulate(gap for gap, _, _ in found))
    values = [event(minute, activity, case) for minute, (_, activity, case) in zip(minutes, found, strict=True)]
    task = Task(WATCHED)
    for first in range(0, len(values), size):
        task.history(*values[first : first + size])
    task.history(until=(minutes[-1] if minutes else 0) + 60)
    assert counted(task) == counted_by_hand(found)


def test_what_runs_at_the_end_counts_whatever_its_kind() -> None:
    """A promise that waits for a step, an activity that has begun twice; not what the end itself answers."""
    task, soon = Task(WATCHED), 60 * MINUTE
    first = event(0, "Opened")
    task.live(first | {"promised": first["at"] + soon}, event(1, "Visit", lifecycle="start"))
    task.live(event(2, "Visit", lifecycle="start"), event(3, "Closed"))
    task.wait(13)
    assert counted(task) == {}, "an earlier event may still come"
    task.wait(14)
    assert counted(task) == {"answer": 1, "first": 1, "promise": 1, "visit": 2}


def test_what_is_overdue_already_has_its_alert_and_is_not_counted() -> None:
    """A clock is either breached or unanswered, never both."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(21, "Closed"))
    task.wait(40)
    assert counted(task) == {}
    assert {alert.rule for alert in task.alerts if alert.stage == "breach"} == {"answer", "first"}


def test_a_case_that_was_over_before_ends_were_noted_is_not_counted() -> None:
    """The record of an earlier release says nothing of its end."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(1, "Closed"))
    (key,) = [key for key in task.journal if key.startswith(b"case/")]
    record = task.journal[key].split(b",", 3)
    assert int(record[2]) == UNCOUNTED
    task.journal[key] = b",".join((*record[:2], b"0", record[3]))
    task.restart()
    task.wait(20)
    assert counted(task) == {}


def test_a_case_that_was_not_looked_at_before_a_restart_is_counted_after_it() -> None:
    """Where the records of a task are written between events and the look at their case."""
    task, values = Task(WATCHED), (event(0, "Opened"), event(1, "Closed"))
    task.feed([Received(offset, value["at"], value) for offset, value in enumerate(values)], values[-1]["at"])
    task.restart()
    task.wait(20)
    assert counted(task) == {"answer": 1, "first": 1}
