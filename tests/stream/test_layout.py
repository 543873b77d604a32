"""What is journalled: records written earlier stay readable, broken ones are refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.inputs import Batch, Received
from stream.layout import LAYOUT, UnreadableState
from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import SOURCE, Task, at, event, process
from tests.stream.nets import sequence

TESTDATA = Path(__file__).parent / "testdata"
CASE = b"case/tickets/T-1"
PARTS: dict[str, Any] = {
    "model": {"file": "m.pnml"},
    "sla": [
        {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m"},
        {"id": "resolution", "kind": "case_duration", "target": "8h"},
        {"id": "promise", "kind": "due", "due": "promised", "until": "Closed"},
    ],
    "case": {"ends": ["Closed"], "reopen": "1d", "segments": ["supplier"]},
}
MORE: list[dict[str, Any]] = [
    {
        "id": "call-soon", "kind": "between", "from": "Called", "to": "Called back", "target": "2h",
        "calendar": "office", "overdue_every": "1h", "where": "priority == 'high' && activity == 'Called'",
        "pause": {"from": "Noted", "to": "Answered"},
    },
    {"id": "notes", "kind": "activity_duration", "activity": "Noted", "target": "20m", "pause": "lifecycle"},
]
OFFICE: dict[str, Any] = {"timezone": "Europe/Berlin", "hours": {"mon-fri": ["08:00-18:00"]}}
WATCHED: Process = process(sequence("Opened", "Answered", "Closed"), **PARTS)
ASKED: Process = process(
    sequence("Opened", "Answered", "Closed"),
    rules=[
        {"id": "two-people", "kind": "four_eyes", "activities": ["Opened", "Answered", "Called"]},
        {"id": "callers", "kind": "role", "activity": "Called", "group": "desk", "attribute": "team"},
    ],
    constraints=[
        {"id": "call-back", "declare": "Response[Called, Called back]"},
        {"id": "answer-soon", "declare": "Response[Called, Answered] |A.priority is high | |0,30,m"},
        {"id": "one-call", "declare": "Absence4[Called]"},
    ],
    **PARTS | {"sla": [*PARTS["sla"], *MORE], "calendars": {"office": OFFICE}},
)


def sampled(watched: Process = WATCHED) -> Task:
    """The task whose journal is kept: one case breached, one that deviated and ended, one warned of its promise."""
    task = Task(watched)
    task.live(event(0, "Opened", id="a1", supplier="north"), event(1, "Opened", "T-2"), event(2, "Opened", "T-3"))
    task.live(event(3, "Answered", "T-3", promised=at(103)), event(5, "Closed", "T-2", lifecycle="complete"))
    task.live(event(70, "Called", id="a2"), event(75, "Called", id="a4"), event(73, "Called", id="a3"), now=75)
    task.wait(85)
    return task


def asked() -> Task:
    """The same under rules and constraints, after a step that was started, one by two hands, and one that is owed."""
    task = sampled(ASKED)
    task.live(event(86, "Opened", "T-4", by="Pete"), event(87, "Noted", "T-4", lifecycle="start"))
    task.live(event(88, "Called", "T-4", by="Pete", team="shop", priority="high"), event(89, "Noted"))
    task.live(event(110, "Noted", "T-4", lifecycle="start"), event(111, "Noted", "T-1"))
    return task


def kept(layout: int) -> dict[bytes, bytes]:
    """The journal as it was written then."""
    lines = map(orjson.loads, (TESTDATA / f"journal-layout-{layout}.jsonl").read_bytes().splitlines())
    return {line["key"].encode(): orjson.dumps(line["value"]) for line in lines}


@pytest.mark.parametrize(
    ("layout", "before", "watched", "minute"),
    [(1, sampled, WATCHED, 90), (2, asked, ASKED, 112), (3, asked, ASKED, 112)],
)
def test_a_journal_of_any_layout_stays_readable(
    layout: int, before: Callable[[], Task], watched: Process, minute: int
) -> None:
    """Cases, position and clock are there, and what was announced goes on under its id with the next revision. What is
    said of deviations may have changed since."""
    task, then = Task(watched), before()
    task.journal = kept(layout)
    task.shard.restore(task.journal.items())
    task.offset = then.offset
    assert task.shard.position(SOURCE) == then.offset
    assert task.shard.clock == then.shard.clock
    assert task.shard.snapshot(0).cases == then.shard.snapshot(0).cases
    for each in (task, then):
        each.alerts.clear()
        each.live(event(minute, "Answered", id="a5"), event(minute + 1, "Answered", id="a3"))
        each.live(event(minute + 2, "Closed", "T-3"), event(minute + 3, "Closed", "T-4"))
        each.wait(200)
    told, expected = ([a.model_dump() for a in each.alerts if layout > 1 or a.kind == "sla"] for each in (task, then))
    assert told == expected
    assert {(a.case, a.rule, a.state) for a in task.alerts} >= {
        ("T-1", "answer", "resolved"),
        ("T-3", "promise", "resolved"),
    }
    assert task.counts["events", "tickets", "crm.tickets", "duplicate"] == 1


def test_the_journal_that_is_written_is_the_one_that_was_recorded() -> None:
    """A change of form raises the layout, and the record of the old one stays."""
    written = {key: orjson.loads(value) for key, value in asked().journal.items()}
    assert written == {key: orjson.loads(value) for key, value in kept(LAYOUT).items()}


def test_a_skipped_step_that_was_told_under_layout_1_is_not_told_again() -> None:
    """Its key has changed since; its alert goes on under the id that it has."""
    task = Task(WATCHED)
    task.journal = kept(1)
    task.shard.restore(task.journal.items())
    told = {said[1] for said in orjson.loads(task.journal[b"case/tickets/T-2"])[7]}
    task.offset = 8
    task.live(event(90, "Noted", "T-2", id="b1"), event(91, "Noted", "T-2", lifecycle="start", id="b2"))
    task.wait(95)
    skipped = {a.id: a.state for a in task.alerts if a.case == "T-2" and a.explanation.deviation == "skipped"}
    assert set(skipped) == told
    assert set(skipped.values()) <= {"raised", "updated"}


def touched(journal: dict[bytes, bytes]) -> Shard:
    """A task restored from a journal, after an event of the case."""
    shard = Shard([WATCHED])
    shard.restore(journal.items())
    offset = shard.position(SOURCE) or 0
    shard.observe(
        Batch(SOURCE, offset, [Received(offset, at(90), event(90, "Called"))], offset + 1, offset + 1, at(90))
    )
    return shard


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in (b"task", CASE) for value in (b"", b"{", b"\xff\xfe", b"{}")),
        *((CASE, value) for value in (b"[]", b"7", b"null")),
    ],
)
def test_a_record_that_cannot_be_read_is_refused(key: bytes, value: bytes) -> None:
    """The task does not start on a state that is not one."""
    with pytest.raises(UnreadableState):
        touched({**sampled().journal, key: value})


@pytest.mark.parametrize("positions", [None, {}])
def test_cases_without_the_position_they_were_read_up_to_are_refused(positions: dict[str, int] | None) -> None:
    """The source would be read again from its beginning, and every event of these cases count twice."""
    journal = sampled().journal
    task: Any = orjson.loads(journal.pop(b"task"))
    if positions is not None:
        journal[b"task"] = orjson.dumps(task | {"positions": positions})
    with pytest.raises(UnreadableState, match="up to where"):
        Shard([WATCHED]).restore(journal.items())


@pytest.mark.parametrize("key", [b"task", CASE])
def test_a_record_of_another_layout_is_refused_and_says_which(key: bytes) -> None:
    """A newer version's state is not guessed at."""
    journal = sampled().journal
    fields: Any = orjson.loads(journal[key])
    fields["layout" if key == b"task" else 0] = LAYOUT + 1
    with pytest.raises(UnreadableState, match=f"layout {LAYOUT}"):
        touched({**journal, key: orjson.dumps(fields)})


@pytest.mark.parametrize(
    ("part", "broken"), [*((part, broken) for part in (5, 6, 7) for broken in (7, "x", [7])), (8, 7)]
)
def test_a_case_with_a_broken_part_is_refused_when_it_is_touched(part: int, broken: Any) -> None:
    """A case is unpacked late; what it is made of is checked then."""
    fields = orjson.loads(sampled().journal[CASE])
    fields[part] = broken
    with pytest.raises(UnreadableState):
        touched({**sampled().journal, CASE: orjson.dumps(fields)})


def test_a_case_whose_numbering_is_missing_is_refused() -> None:
    """Steps are kept as numbers into a record of their own; without it they mean nothing."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(30, "Answered"), event(60, "Called"))
    fields = orjson.loads(task.journal[CASE])
    fields[4] = "another model"
    with pytest.raises(UnreadableState):
        touched({**task.journal, CASE: orjson.dumps(fields)})


def test_the_last_record_of_a_key_counts_and_a_tombstone_takes_it_away() -> None:
    """A compacted topic may still hold what has been replaced."""
    journal = sampled().journal
    older: list[tuple[bytes, bytes | None]] = [(CASE, b"[]"), (b"case/tickets/T-9", journal[CASE])]
    newer: list[tuple[bytes, bytes | None]] = [*journal.items(), (b"case/tickets/T-9", None)]
    shard = Shard([WATCHED])
    shard.restore(older + newer)
    assert shard.snapshot(0).cases == sampled().shard.snapshot(0).cases


def test_a_case_id_may_contain_slashes() -> None:
    """Keys are split at the first two only."""
    task = Task(WATCHED)
    task.live(event(0, "Opened", case="a/b/c"))
    task.restart()
    task.wait(61)
    assert [(a.case, a.stage) for a in task.alerts] == [("a/b/c", "breach")]
