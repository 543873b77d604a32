"""What is journalled: records written earlier stay readable, broken ones are refused by name."""

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

SAMPLE = Path(__file__).parent / "testdata" / f"journal-layout-{LAYOUT}.jsonl"
CASE = b"case/tickets/T-1"
WATCHED: Process = process(
    sequence("Opened", "Answered", "Closed"),
    model={"file": "m.pnml"},
    sla=[
        {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m"},
        {"id": "resolution", "kind": "case_duration", "target": "8h"},
        {"id": "promise", "kind": "due", "due": "promised", "until": "Closed"},
    ],
    case={"ends": ["Closed"], "reopen": "1d", "segments": ["supplier"]},
)


def sampled() -> Task:
    """The task whose journal is kept: one case breached, one that deviated and ended, one warned of its promise."""
    task = Task(WATCHED)
    task.live(event(0, "Opened", id="a1", supplier="north"), event(1, "Opened", "T-2"), event(2, "Opened", "T-3"))
    task.live(event(3, "Answered", "T-3", promised=at(103)), event(5, "Closed", "T-2", lifecycle="complete"))
    task.live(event(70, "Called", id="a2"), event(75, "Called", id="a4"), event(73, "Called", id="a3"), now=75)
    task.wait(85)
    return task


def kept() -> dict[bytes, bytes]:
    """The journal as it was written then."""
    lines = map(orjson.loads, SAMPLE.read_bytes().splitlines())
    return {line["key"].encode(): orjson.dumps(line["value"]) for line in lines}


def test_a_journal_of_this_layout_stays_readable() -> None:
    """Cases, position and clock are there, and what was announced goes on under its id with the next revision."""
    task = Task(WATCHED)
    task.journal, before = kept(), sampled()
    task.shard.restore(task.journal.items())
    task.offset = before.offset
    assert task.shard.position(SOURCE) == before.offset
    assert task.shard.clock == before.shard.clock
    assert task.shard.snapshot(0).cases == before.shard.snapshot(0).cases
    for each in (task, before):
        each.alerts.clear()
        each.live(event(90, "Answered", id="a5"), event(91, "Answered", id="a3"), event(110, "Closed", "T-3"))
        each.wait(200)
    assert [a.model_dump() for a in task.alerts] == [a.model_dump() for a in before.alerts]
    assert {(a.case, a.rule, a.state) for a in task.alerts} >= {
        ("T-1", "answer", "resolved"),
        ("T-3", "promise", "resolved"),
    }
    assert task.counts["events", "tickets", "crm.tickets", "duplicate"] == 1


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
