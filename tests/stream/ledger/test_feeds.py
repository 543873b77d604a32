"""Sources that fall silent: judged over all tasks, said once, recovered once."""

from typing import Any

from schemas.definition import Definition
from stream.ledger.feed import Silence
from tests.stream.driver import at, definition
from tests.stream.ledger.driver import Publisher, Watched

TOPIC = "crm.tickets"


def quiet(**parts: Any) -> Definition:
    """A definition whose source is silent after an hour."""
    return definition(events={"silence": "1h", **parts.pop("events", {})}, **parts)


def test_a_silence_is_said_once_and_recovers_once() -> None:
    """It becomes one an hour after the newest record of any task, and ends with the next."""
    defined = quiet()
    one, two, watched = Publisher(defined), Publisher(defined, 1), Watched(defined, (0, 1))
    watched.tell(one.heard(TOPIC, at(0)), two.heard(TOPIC, at(10)))
    watched.tell(one.clock(at(70), live=True), two.clock(at(80), live=True))
    assert watched.alerts == []
    watched.tell(one.clock(at(71), live=True), now=at(71.5))
    watched.tell(one.clock(at(75), live=True))
    watched.restart()
    watched.tell(one.clock(at(76), live=True))
    (alert,) = watched.alerts
    assert (alert.kind, alert.subject, alert.state, alert.happened_at.timestamp() * 1000) == (
        "feed", TOPIC, "raised", at(70),
    )  # fmt: skip
    assert watched.ledger.silences() == [Silence("tickets", TOPIC, at(10), at(70), None)]
    watched.tell(two.heard(TOPIC, at(90)), one.clock(at(91), live=True), two.clock(at(91), live=True))
    assert [(a.state, a.revision, a.episode) for a in watched.alerts] == [("raised", 1, 1), ("resolved", 2, 1)]
    assert watched.alerts[-1].summary == "crm.tickets: speaks again after 1 h 20 min of silence"
    assert watched.ledger.silences() == [Silence("tickets", TOPIC, at(10), at(70), at(90))]
    watched.tell(one.clock(at(151), live=True), two.clock(at(151), live=True))
    assert [(a.state, a.revision, a.episode) for a in watched.alerts][2:] == [("raised", 3, 2)]


def test_a_worker_that_is_down_is_no_silence() -> None:
    """Its clock stands still, and so does the least of all."""
    defined = quiet()
    one, two, watched = Publisher(defined), Publisher(defined, 1), Watched(defined, (0, 1))
    watched.tell(one.heard(TOPIC, at(0)), one.clock(at(5), live=True), two.clock(at(500), live=True), now=at(500))
    assert watched.alerts == []


def test_history_has_no_silence() -> None:
    """What a replay brings was written long ago."""
    task, watched = Publisher(quiet()), Watched(quiet())
    watched.tell(task.heard(TOPIC, at(0)), task.clock(at(500)))
    assert watched.alerts == []


def test_a_silence_that_is_expected_is_none() -> None:
    """In the hours of a calendar: Monday 9:00 to Tuesday 8:30 is an hour and a half of a source that speaks 8 to 9."""
    hours = {"timezone": "UTC", "hours": {"mon-fri": ["08:00-09:30"]}}
    defined = quiet(calendars={"mornings": hours}, events={"silence_calendar": "mornings"})
    task, watched = Publisher(defined), Watched(defined)
    watched.tell(task.heard(TOPIC, at(0)), task.clock(at(23 * 60 + 30), live=True))
    assert watched.alerts == []
    watched.tell(task.clock(at(23 * 60 + 31), live=True))
    assert [a.happened_at.timestamp() * 1000 for a in watched.alerts] == [at(23 * 60 + 30)]
    assert watched.ledger.next_deadline() is None


def test_a_source_that_never_spoke_is_not_silent() -> None:
    """There is nothing to have stopped."""
    task, watched = Publisher(quiet()), Watched(quiet())
    watched.tell(task.clock(at(500), live=True))
    assert watched.alerts == []


def test_the_next_deadline_is_when_it_would_be_silent() -> None:
    """A caller need not ask before."""
    task, watched = Publisher(quiet()), Watched(quiet())
    watched.tell(task.heard(TOPIC, at(0)), task.clock(at(1), live=True))
    assert watched.ledger.next_deadline() == at(60)
