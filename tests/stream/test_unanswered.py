"""Clocks that the end of a case has cancelled are counted, once for each end that stood, against a count by hand."""

from collections import Counter
from itertools import accumulate, islice
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.census import OPEN, UNCOUNTED
from stream.inputs import Batch, Input, Received
from stream.layout import FLAGS
from stream.process import Process
from tests.stream.driver import MINUTE, SOURCE, Task, at, event, process
from tests.stream.test_versions import Changing

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
ANSWER = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "1h"}
DAY = 24 * 60
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
    """However often the state is restored; an end that was taken back counts anew."""
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


def asked(answer: dict[str, Any] = ANSWER, events: dict[str, Any] | None = None, **case: Any) -> Process:
    """A process with one service level, whose cases end when they are closed."""
    kept = {"ends": ["Closed"], "reopen": "10d", "idle_limit": "10d", "retention": "20d"}
    return process(sla=[answer], events=events or {}, case=kept | case)


def feed(task: Task, *values: dict[str, Any]) -> None:
    """Records of one batch, without a look at their cases."""
    task.feed([Received(task.offset + nth, value["at"], value) for nth, value in enumerate(values)], values[-1]["at"])


@pytest.mark.parametrize("restarts", [False, True])
def test_an_end_that_was_counted_before_anybody_looked_is_not_counted_after_a_restart(restarts: bool) -> None:
    """The case was open when it was looked at; then two ends come in one batch, of which the first stood."""
    task = Task(asked())
    task.live(event(0, "Opened"))
    feed(task, event(1, "Closed"), event(30, "Closed"))
    if restarts:
        task.restart()
    task.wait(120)
    assert counted(task) == {"answer": 1}


@pytest.mark.parametrize("at_once", [False, True])
def test_what_was_closed_as_idle_counts_when_it_ends_after_all(at_once: bool) -> None:
    """In one batch or in two."""
    task, values = Task(asked()), (event(12 * DAY, "Opened"), event(12 * DAY + 5, "Closed"))
    task.live(event(0, "Called"))
    task.wait(11 * DAY)
    if at_once:
        feed(task, *values)
    else:
        task.live(*values)
    task.wait(12 * DAY + 60)
    assert counted(task) == {"answer": 1}


@pytest.mark.parametrize("gap", [4, 30])
def test_an_end_after_which_a_case_begins_anew_has_stood(gap: int) -> None:
    """Also where it can reopen for less than events may be late."""
    task = Task(asked(reopen="1m"))
    task.live(event(0, "Opened"), event(1, "Closed"), event(1 + gap, "Opened"), event(2 + gap, "Answered"))
    task.live(event(3 + gap, "Closed"))
    task.wait(100)
    assert counted(task) == {"answer": 1}


def test_each_instance_of_one_event_counts() -> None:
    """A step that both asks and ends."""
    task = Task(asked(ANSWER | {"from": "Closed", "to": "Paid"}, reopen="1d"))
    task.live(event(0, "Closed"), event(3 * DAY, "Closed"))
    task.wait(3 * DAY + 60)
    assert counted(task) == {"answer": 2}


@pytest.mark.parametrize("activated", [False, True])
@pytest.mark.parametrize("batches", ["1 1 1", "1 2", "2 1", "3"])
def test_instances_of_two_versions_count_like_those_of_one(activated: bool, batches: str) -> None:
    """The next instance is of the version in force; what the last one waited for is counted all the same."""
    older, newest = asked(reopen="1h"), asked(ANSWER | {"target": "2h"}, reopen="1h")
    task = Changing(older, newest)
    task.live(event(0, "Opened"))
    if activated:
        task.activate(newest)
    coming = iter([event(5, "Closed"), event(500, "Opened"), event(505, "Closed")])
    for size in map(int, batches.split()):
        some = list(islice(coming, size))
        feed(task, *some)
        task.tick(some[-1]["at"])
    task.wait(600)
    assert counted(task) == {"answer": 2}


def test_an_answer_that_is_still_to_be_read_is_waited_for() -> None:
    """A topic that is behind brings what was there before the end, though the other has gone on long after it."""
    task, ahead, behind = Task(asked(events={"topics": [SOURCE.topic, "mails"]})), SOURCE, Input("mails", 0)

    def give(source: Input, first: int, end: int, *values: dict[str, Any]) -> None:
        records = [Received(first + nth, value["at"], value) for nth, value in enumerate(values)]
        task.shard.observe(Batch(source, first, records, first + len(records), end, at(30)))
        task.shard.advance(at(30), 100)

    give(behind, 0, 5, event(0, "Opened"))
    give(ahead, 0, 2, event(3, "Closed"), event(20, "Called"))
    give(behind, 1, 5, event(2, "Answered"), event(25, "Called", "T-9"))
    give(behind, 3, 3)
    task.shard.advance(at(300), 100)
    task.drain()
    assert counted(task) == {}


def test_a_source_that_is_silent_may_have_the_answer() -> None:
    """What goes on meanwhile, elsewhere, does not make an end count."""
    heard, silent = SOURCE, Input("mails", 0)
    task = Task(asked(events={"topics": [heard.topic, silent.topic], "silence": "5m"}))
    position = {heard: 0, silent: 0}

    def give(source: Input, minute: float, *values: dict[str, Any]) -> None:
        start = position[source]
        records = [Received(start + nth, at(minute), value) for nth, value in enumerate(values)]
        end = position[source] = start + len(records)
        task.shard.observe(Batch(source, start, records, end, end, at(minute)))

    def wait(minute: float) -> None:
        give(heard, minute)
        give(silent, minute)
        task.shard.advance(at(minute), 100)
        task.drain()

    give(silent, 0, event(0, "Called", "T-9"))
    give(heard, 0, event(0, "Opened"))
    wait(0)
    task.hear(0, 6, topic="mails")
    give(heard, 8, event(8, "Closed"))
    wait(25)
    give(heard, 30, event(30, "Called"))
    wait(31)
    assert counted(task) == {}
    give(silent, 40, event(7, "Answered"), event(39, "Called", "T-9"))
    task.hear(0, 6, 40, topic="mails")
    wait(40)
    wait(80)
    assert counted(task) == {}


@pytest.mark.parametrize(("team", "expected"), [("red", {"answer": 1}), ("blue", {})])
def test_what_does_not_hold_for_a_case_is_not_missed_there(team: str, expected: dict[str, int]) -> None:
    """A clock whose `where` is false waits for nothing."""
    task = Task(asked(ANSWER | {"where": "team == 'red'"}))
    task.live(event(0, "Opened", team=team), event(5, "Closed"))
    task.wait(30)
    assert counted(task) == expected


def test_an_open_case_is_journalled_as_before_and_is_no_matter_for_a_review() -> None:
    """The note is there for those that ended; a silence does not have every open case be looked at for it."""
    task = Task(asked())
    task.live(event(0, "Opened"))
    (record,) = [record for key, record in task.journal.items() if key.startswith(b"case/")]
    assert orjson.loads(record)[FLAGS] == OPEN
    (watch,) = task.shard.watches.values()
    review = watch.lookout.review
    review.begin()
    assert review.next(in_doubt=True, limit=10) == []
