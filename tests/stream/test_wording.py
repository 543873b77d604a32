"""How alerts read: sentences, lengths and instants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.wording import day_text, iso_instant, iso_length, length_text
from tests.stream.driver import START, Task, at, event, process
from tests.stream.nets import sequence

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BETWEEN = {"id": "answer", "kind": "between", "from": "Opened", "to": ["Answered", "Resolved"], "target": "100m"}


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0 s"),
        (1, "1 ms"),
        (90_000, "1 min 30 s"),
        (90 * MINUTE, "1 h 30 min"),
        (2 * DAY + 4 * HOUR + 5 * MINUTE, "2 d 4 h"),
        (DAY + 5 * MINUTE, "1 d"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(length: int, text: str) -> None:
    """What is smaller does not matter."""
    assert length_text(length) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "PT0S"),
        (1, "PT0.001S"),
        (1_500, "PT1.5S"),
        (90 * MINUTE, "PT1H30M"),
        (DAY, "P1D"),
        (DAY + 1_000, "P1DT1S"),
        (-5, "PT0S"),
    ],
)
def test_a_length_is_written_as_iso_8601_has_it(length: int, text: str) -> None:
    """Parts that are nothing are left out; nothing is late by less than nothing."""
    assert iso_length(length) == text


@given(st.integers(0, 400 * DAY))
def test_an_iso_length_adds_up_to_the_length(length: int) -> None:
    """No part is lost or counted twice."""
    days, _, rest = iso_length(length)[1:].partition("T")
    total = int(days[:-1]) * DAY if days else 0
    for unit, size in (("H", HOUR), ("M", MINUTE), ("S", 1_000)):
        count, found, after = rest.partition(unit)
        if found:
            total, rest = total + round(float(count) * size), after
    assert (total, rest) == (length, "")


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (START, "2026-11-02T09:00:00Z"),
        (START + 40, "2026-11-02T09:00:00.040Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1 << 62, "9999-12-31T23:59:59Z"),
        (-(1 << 62), "0001-01-01T00:00:00Z"),
    ],
)
def test_an_instant_is_written_as_rfc_3339_has_it(instant: int, text: str) -> None:
    """Milliseconds only where there are some; what no calendar reaches is its first or last instant."""
    assert iso_instant(instant) == text


def test_an_instant_for_people_names_the_day_of_the_week() -> None:
    """In UTC, to the minute."""
    assert day_text(START + 61_000) == "Mon 2 Nov 2026 09:01 UTC"


def test_a_service_level_reads_as_a_sentence_through_its_life() -> None:
    """Each stage says what is waited for and by when, in the words of the process."""
    task = Task(process(sla=[BETWEEN]))
    task.live(event(0, "Opened"))
    task.wait(76)
    task.wait(91)
    task.wait(101)
    task.live(event(190, "Resolved"))
    due = "(due Mon 2 Nov 2026 10:40 UTC)"
    told = list(dict.fromkeys(alert.summary for alert in task.alerts))
    assert told == [
        f"T-1: 75 % of the time is gone, no Answered or Resolved yet since Opened {due}",
        f"T-1: 90 % of the time is gone, no Answered or Resolved yet since Opened {due}",
        f"T-1: no Answered or Resolved within 1 h 40 min of Opened {due}",
        f"T-1: Answered or Resolved came 1 h 30 min late {due}",
    ]


def test_a_clock_that_the_end_of_the_case_cancels_says_what_never_came() -> None:
    """The case has ended, but the answer is still missing."""
    task = Task(process(sla=[BETWEEN | {"at_risk": []}], case={"ends": ["Closed"]}))
    task.live(event(0, "Opened"))
    task.wait(101)
    task.live(event(110, "Closed"))
    assert task.alerts[-1].state == "resolved"
    assert task.alerts[-1].summary == (
        "T-1: the case has ended, still without Answered or Resolved (due Mon 2 Nov 2026 10:40 UTC)"
    )


def test_a_deviation_that_is_taken_back_says_so() -> None:
    """The missing step came out of order."""
    task = Task(process(sequence("Opened", "Answered", "Closed"), model={"file": "m.pnml"}))
    task.live(event(0, "Opened"), event(5, "Closed"))
    task.live(event(2, "Answered"), now=6)
    assert [alert.summary for alert in task.alerts] == [
        "T-1: Answered was skipped: Closed came after Opened without it",
        "T-1: taken back: Answered was skipped: Closed came after Opened without it",
    ]


def test_a_step_that_the_model_does_not_know_is_said_with_what_was_expected() -> None:
    """The reader learns what should have come."""
    task = Task(process(sequence("Opened", "Answered"), model={"file": "m.pnml"}))
    task.live(event(0, "Opened"), event(5, "Napped"))
    assert task.alerts[0].summary == "T-1: Napped is no step of the model; expected Answered"


def test_a_promise_names_its_attribute() -> None:
    """A due date is called what the definition calls it."""
    task = Task(process(sla=[{"id": "promise", "kind": "due", "due": "promised", "until": "Closed", "at_risk": []}]))
    task.history(event(0, "Promised", promised=at(40)), event(70, "Closed"), until=71)
    assert (
        task.alerts[0].summary
        == "T-1: the due date (promised) has passed without Closed (due Mon 2 Nov 2026 09:40 UTC)"
    )
    assert task.alerts[-1].summary == "T-1: Closed came 30 min late (due Mon 2 Nov 2026 09:40 UTC)"


def test_the_durations_of_a_case_met_in_the_middle_are_at_least_that_long() -> None:
    """It may have begun before it was first seen."""
    sla = [{"id": "whole", "kind": "case_duration", "target": "60m", "at_risk": ["50%"], "overdue_every": "30m"}]
    task = Task(process(sequence("Opened", "Answered", "Closed"), model={"file": "m.pnml"}, sla=sla))
    task.offset = 500
    task.live(event(0, "Answered"))
    for minute in (31, 61, 91):
        task.wait(minute)
    task.live(event(100, "Closed"))
    task.wait(200)
    told = [alert.summary for alert in task.alerts if alert.rule == "whole" and not alert.settled]
    assert told[0].startswith("T-1: at least 50 % of the time is gone")
    assert "overdue by at least 30 min" in told[2]
    assert "at least 40 min late" in next(a.summary for a in task.alerts if a.state == "resolved")
