"""A log played through a task: time comes from the log alone."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from schemas.alert import Alert
from stream.effects import Effects
from stream.history import DRAIN_EVERY, LONGEST_BATCH, Entry, play
from stream.inputs import Refusal
from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import SOURCE, at, event, process

ANSWER = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "100m"}


def entry(minute: float, activity: str, case: str = "T-1", *, last: bool = False) -> Entry:
    """A line of a log."""
    return Entry(at(minute), event(minute, activity, case), last)


def backtest(watched: Process, entries: Sequence[Entry], until: float | None = None) -> list[Effects]:
    """The effects of a log."""
    shard = Shard([watched], journalled=False)
    return list(play(shard, SOURCE, entries, None if until is None else at(until)))


def told(effects: list[Effects]) -> list[tuple[str | None, str, float, str]]:
    """(case, stage, minute, state) of every record."""
    alerts = [Alert.model_validate(orjson.loads(r.body)) for found in effects for r in found.alerts if r.body]
    return [(a.case, str(a.stage), (a.happened_at.timestamp() * 1000 - at(0)) / 60_000, a.state) for a in alerts]


def test_everything_due_by_the_last_event_has_fired() -> None:
    """The end of a log is its last event's time, lateness and patience notwithstanding; that instant is over."""
    entries = [entry(0, "Opened"), entry(100, "Opened", "T-2")]
    assert told(backtest(process(sla=[ANSWER | {"at_risk": []}]), entries)) == [("T-1", "breach", 100, "raised")]
    entries = [entry(0, "Opened"), entry(99, "Opened", "T-2")]
    assert told(backtest(process(sla=[ANSWER | {"at_risk": []}]), entries)) == []


def test_time_passes_to_the_instant_that_is_asked_for() -> None:
    """`until` moves the clock; it does not cut the log."""
    entries = [entry(0, "Opened"), entry(99, "Called", "T-2")]
    watched = process(sla=[ANSWER | {"at_risk": []}])
    assert told(backtest(watched, entries, until=300)) == [("T-1", "breach", 100, "raised")]
    assert (
        sum(found.counts["events", "tickets", "crm.tickets", "applied"] for found in backtest(watched, entries, 1)) == 2
    )


@pytest.mark.parametrize("gap", [5, 500, 50_000])
def test_every_stage_is_told_with_its_own_instant_however_fast_time_goes(gap: int) -> None:
    """A log that is silent for long passes over no warning."""
    entries = [entry(0, "Opened"), *(entry(5 + gap * i, "Called", "T-2") for i in range(3))]
    found = told(backtest(process(sla=[ANSWER]), entries, until=200_000))
    assert [line[1:] for line in found if line[0] == "T-1"][:3] == [
        ("at_risk", 75, "raised"),
        ("at_risk", 90, "updated"),
        ("breach", 100, "updated"),
    ]


def test_a_log_without_entries_says_nothing() -> None:
    """There is no time in it."""
    assert told(backtest(process(sla=[ANSWER]), [])) == []
    assert told(backtest(process(sla=[ANSWER]), [], until=500)) == []


def test_a_bad_line_is_set_aside_with_its_place() -> None:
    """The rest is read, and time does not suffer."""
    bad = Entry(None, Refusal("undecodable", "line 2 is no JSON"))
    effects = backtest(process(sla=[ANSWER | {"at_risk": []}]), [entry(0, "Opened"), bad, entry(150, "Answered")])
    letters = [letter for found in effects for letter in found.dead_letters]
    assert [(letter.offset, letter.reason) for letter in letters] == [(1, "undecodable")]
    assert told(effects)[0] == ("T-1", "breach", 100, "raised")


def test_the_last_event_of_a_case_ends_it_where_the_definition_says_so() -> None:
    """What is open then was never answered, and is no breach."""
    watched = process(sla=[ANSWER | {"at_risk": []}], case={"ends": "last_event"})
    ended = [entry(0, "Opened"), entry(50, "Called", last=True)]
    assert told(backtest(watched, ended, until=10_000)) == []


def test_a_long_log_is_handed_over_in_parts() -> None:
    """Effects come as the log is read, not all at the end; together they are complete."""
    count = 3 * DRAIN_EVERY + LONGEST_BATCH // 2
    effects = backtest(process(sla=[ANSWER]), [entry(i / 10, "Called", f"T-{i % 50}") for i in range(count)])
    assert len(effects) > 3
    assert sum(found.counts["events", "tickets", "crm.tickets", "applied"] for found in effects) == count
    assert all(not found.journal for found in effects)


def test_a_log_says_the_same_however_its_cases_are_mixed_with_others() -> None:
    """What other cases do moves the clock, but not what is true of this one."""
    own = [entry(0, "Opened"), entry(80, "Answered"), entry(200, "Opened"), entry(500, "Answered")]
    others: list[Any] = [entry(3 * i, "Called", f"X-{i}") for i in range(200)]
    alone = told(backtest(process(sla=[ANSWER]), own, until=600))
    mixed = told(backtest(process(sla=[ANSWER]), sorted(own + others, key=lambda line: line.at or 0), until=600))
    assert [line for line in mixed if line[0] == "T-1"] == alone
    assert len(alone) == 6
