"""How often something may happen within a window: counted exactly, over all tasks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stream.driver import MINUTE, at
from tests.stream.ledger.driver import HOUR, Publisher, Watched, rate


def changes(watched: Watched) -> list[tuple[str, float]]:
    """(state, minute) of every record."""
    return [(str(a.state), (a.happened_at.timestamp() * 1000 - at(0)) / MINUTE) for a in watched.alerts]


def test_too_many_are_too_many_at_the_instant_of_the_one_that_exceeds() -> None:
    """The third event within an hour, where two are allowed; over when the first has left the window."""
    task, watched = Publisher(rate(at_most=2)), Watched(rate(at_most=2))
    watched.tell(*task.instants([at(0), at(30), at(59)]), task.clock(at(59)))
    assert watched.alerts == []
    watched.tell(task.clock(at(59) + 1))
    assert changes(watched) == [("raised", 59)]
    watched.tell(task.clock(at(60)))
    assert len(watched.alerts) == 1
    watched.tell(task.clock(at(60) + 1))
    assert changes(watched) == [("raised", 59), ("resolved", 60)]
    raised, resolved = watched.alerts
    assert raised.summary == "all cases: Reopened 3 times within 1 h, at most 2 expected"
    assert (raised.kind, raised.stage, raised.explanation.count, raised.explanation.at_most) == ("sla", "breach", 3, 2)
    assert resolved.explanation.outcome == "recovered"


def test_events_a_whole_window_apart_are_not_in_one() -> None:
    """The window is half open, as buckets are: after exactly an hour an event no longer counts."""
    task, watched = Publisher(rate(at_most=1)), Watched(rate(at_most=1))
    watched.tell(*task.instants([at(0), at(60)]), task.clock(at(200)))
    assert watched.alerts == []


def test_too_few_are_said_when_the_window_slides_past() -> None:
    """At least one an hour: the second came too late; before the window has been full once nothing is said."""
    task, watched = Publisher(rate(at_least=2)), Watched(rate(at_least=2))
    watched.tell(*task.instants([at(0), at(10), at(65), at(66)]), task.clock(at(130)))
    assert changes(watched) == [("raised", 60), ("resolved", 65), ("raised", 125)]
    assert [a.episode for a in watched.alerts] == [1, 1, 2]


def test_two_tasks_exceed_together() -> None:
    """Neither does alone; the alert is that of the instant, whichever task was read first."""
    bodies = []
    for order in ((0, 1), (1, 0)):
        tasks, watched = [Publisher(rate(at_most=1), n) for n in (0, 1)], Watched(rate(at_most=1), (0, 1))
        for number in order:
            watched.tell(*tasks[number].instants([at(5 * number)]), tasks[number].clock(at(90)))
        bodies.append(watched.bodies)
    assert bodies[0] == bodies[1]
    assert changes(watched) == [("raised", 5), ("resolved", 60)]


def test_more_than_can_be_told_is_bounded() -> None:
    """Of events that were left out it is known in which bucket they were: they count, and the alert says so."""
    task, watched = Publisher(rate(at_most=5)), Watched(rate(at_most=5))
    watched.tell(*task.instants([at(0), at(1)], left_out=4), task.clock(at(2)))
    assert [(a.state, a.grade, a.explanation.count) for a in watched.alerts] == [("raised", "bounded", 6)]


def test_an_event_that_was_none_takes_the_alert_back() -> None:
    """A correction within lateness retracts."""
    task, watched = Publisher(rate(at_most=1)), Watched(rate(at_most=1))
    watched.tell(*task.instants([at(0), at(1)]), task.clock(at(2), at(0), live=True))
    watched.tell(*task.instants([at(0)]), task.clock(at(3), at(0), live=True))
    assert [a.state for a in watched.alerts] == ["raised", "retracted"]


minutes = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 1)), max_size=40)


@settings(max_examples=50, deadline=None)
@given(found=minutes, bound=st.integers(0, 4), least=st.booleans(), cuts=st.sets(st.integers(0, 40)))
def test_brute_force_over_all_instants_agrees(
    found: list[tuple[int, int]], bound: int, least: bool, cuts: set[int]
) -> None:
    """Every minute, all events of the hour before are counted one by one; restored anywhere, told in any steps."""
    defined = rate(at_least=bound + 1) if least else rate(at_most=bound)
    tasks, watched = [Publisher(defined, n) for n in (0, 1)], Watched(defined, (0, 1))
    for step in range(0, 501, 26):
        for task in tasks:
            known = [at(m) for m, n in found if n == task.task and m < step]
            ahead = [at(m) for m, n in found if n == task.task and m < step + 5]
            watched.tell(*task.instants(ahead if step % 4 else known), task.clock(at(step)), limit=1)
        if step // 26 in cuts:
            watched.restart()
    told, level = [], False
    first = min((m for m, _ in found), default=1_000)
    for minute in range(494):
        count = sum(minute - 60 < m <= minute for m, _ in found)
        now = (count < bound + 1 and minute >= first + 60) if least else count > bound
        if now is not level:
            told.append(("raised" if now else "resolved", minute))
        level = now
    assert changes(watched) == told
    assert all(a.settled and a.grade == "exact" for a in watched.alerts)


def test_memory_holds_one_window() -> None:
    """What has left the window is forgotten."""
    task, watched = Publisher(rate(at_most=1_000)), Watched(rate(at_most=1_000))
    for hour in range(20):
        records = task.instants([at(60 * hour + m) for m in range(60)])
        watched.tell(*records, task.clock(at(60 * hour + 60)))
    (followed,) = watched.ledger.followed.values()
    assert len(followed.series.measure.instants) < 70  # type: ignore[attr-defined]  # a count's
    assert len(watched.journal) < 25
    assert HOUR == 60 * MINUTE
