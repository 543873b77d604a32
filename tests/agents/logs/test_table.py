"""CSV in: columns by their literal names, empty cells absent, rows in any order."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from agents.logs import Log, read_log
from schemas.definition import Mapping, TimePath
from schemas.problem import Refused

MAPPING = Mapping(
    case="ticket.id",
    activity="state",
    timestamp=TimePath(path="at", format="%d/%m/%Y %H:%M", timezone="UTC"),
)
HEAD = "ticket.id,state,at,note\n"


def _read(folder: Path, content: str | bytes, mapping: Mapping | None = MAPPING, *, strict: bool = False) -> Log:
    file = folder / "log.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_log(file, mapping, strict)


def _values(log: Log) -> list[dict[str, Any]]:
    return [record.value for record in log.records]


def test_a_row_is_an_event_and_an_empty_cell_is_absent(tmp_path: Path) -> None:
    """Names with dots are taken literally, values as they stand."""
    log = _read(tmp_path, HEAD + "T1,Open,01/03/2026 12:00,\nT1,Closed,01/03/2026 12:01, x \n")

    assert _values(log) == [
        {"ticket.id": "T1", "state": "Open", "at": "01/03/2026 12:00"},
        {"ticket.id": "T1", "state": "Closed", "at": "01/03/2026 12:01", "note": " x "},
    ]
    assert [record.timestamp_ms for record in log.records] == [1_772_366_400_000, 1_772_366_460_000]
    assert (log.mapping, log.problem_count) == (MAPPING, 0)


def test_rows_come_in_order_of_time_and_ties_in_order_of_the_file(tmp_path: Path) -> None:
    """A row without a time stays behind the one before it."""
    rows = ["C,x,01/03/2026 12:02,", "A,x,01/03/2026 12:00,", "B,x,01/03/2026 12:00,", "N,x,,", "D,x,01/03/2026 12:03,"]

    log = _read(tmp_path, HEAD + "\n".join(rows))

    assert [(record.order, record.line, record.value["ticket.id"]) for record in log.records] == [
        (1, 3, "A"),
        (2, 4, "B"),
        (3, 5, "N"),
        (0, 2, "C"),
        (4, 6, "D"),
    ]


def test_semicolons_separate_where_the_header_has_no_comma(tmp_path: Path) -> None:
    """What spreadsheets write in half of Europe."""
    log = _read(tmp_path, "ticket.id;state;at\nT1;Open, urgent;01/03/2026 12:00\n")

    assert _values(log)[0]["state"] == "Open, urgent"


def test_quotes_line_breaks_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    """The line of a record is the one it begins in."""
    content = "\ufeff" + HEAD + 'T1,"say ""hi"",\nthen go",01/03/2026 12:00,\r\nT2,Open,01/03/2026 12:00,\r\n'

    log = _read(tmp_path, gzip.compress(content.encode()))

    assert [(record.line, record.value["state"]) for record in log.records] == [(2, 'say "hi",\nthen go'), (4, "Open")]


@pytest.mark.parametrize(
    ("row", "element", "wrong"),
    [
        (b"T2,Open", "row", "it has 2 cells, the header 4"),
        (b"T2,Open,01/03/2026 12:00,,,", "row", "it has 6 cells, the header 4"),
        (b"T2,\xff,01/03/2026 12:00,", "line", "it is not UTF-8"),
        (b'T2,"Open"x,01/03/2026 12:00,', "row", "it cannot be read (',' expected after '\"')"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_rest_is_read(
    tmp_path: Path, row: bytes, element: str, wrong: str
) -> None:
    """Counted, and nothing else is lost with it."""
    good = b"T1,Open,01/03/2026 12:00,\n"

    log = _read(tmp_path, HEAD.encode() + good + row + b"\n\n" + good)

    assert [(problem.line, problem.element, problem.wrong) for problem in log.problems] == [(3, element, wrong)]
    assert [record.line for record in log.records] == [2, 5]


def test_an_unreadable_time_is_told_and_its_row_kept_in_place(tmp_path: Path) -> None:
    """The core will refuse the record by name; here its line is said."""
    log = _read(tmp_path, HEAD + "T1,Open,soon,\n")

    assert [(record.timestamp_ms, record.value["at"]) for record in log.records] == [(None, "soon")]
    assert [(problem.line, problem.element) for problem in log.problems] == [(2, "at")]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("", "there is none"),
        ("\n1,2\n", "there is none"),
        ("a,b\n1,2\n", "there is no column `ticket.id` for the case"),
        ("ticket.id,b\n1,2\n", "there is no column `state` for the activity"),
        (HEAD.encode("utf-16"), "it is UTF-16, not UTF-8; save it as UTF-8"),
        (HEAD.encode("utf-16-le"), "it is UTF-16, not UTF-8; save it as UTF-8"),
        (gzip.compress(HEAD.encode(), mtime=0)[:15], "file: it is damaged: the gzip ends early; fetch the file again"),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, content: str | bytes, wrong: str, strict: bool) -> None:
    """Without case and activity no row could be an event; strictness makes no difference."""
    with pytest.raises(Refused) as refused:
        _read(tmp_path, content, strict=strict)

    assert wrong in str(refused.value)


def test_other_columns_that_are_missing_are_noted(tmp_path: Path) -> None:
    """A log may know less than the topic does."""
    log = _read(tmp_path, "ticket.id,state\nT1,Open\n")

    assert log.notes == ["there is no column `at`"]
    assert len(log.records) == 1


def test_without_a_mapping_the_columns_have_the_names_of_xes(tmp_path: Path) -> None:
    """As process-mining tools write tables."""
    log = _read(tmp_path, "case:concept:name,concept:name,time:timestamp\nT1,A,2026-03-01T12:00Z\n", mapping=None)

    assert (log.mapping, log.records[0].timestamp_ms) == (None, 1_772_366_400_000)


def test_a_column_named_twice_is_told(tmp_path: Path) -> None:
    """The first of the two is read."""
    log = _read(tmp_path, "ticket.id,state,state\nT1,Open,Closed\n")

    assert _values(log) == [{"ticket.id": "T1", "state": "Open"}]
    assert [problem.element for problem in log.problems] == ["column state"]


def test_an_open_quote_does_not_swallow_the_file_in_silence(tmp_path: Path) -> None:
    """All that cannot be read after it is one problem at the line where it was opened."""
    log = _read(tmp_path, HEAD + 'T1,Open,01/03/2026 12:00,\nT2,"Open,01/03/2026 12:00,\nT3,Open,01/03/2026 12:00,\n')

    assert [record.value["ticket.id"] for record in log.records] == ["T1"]
    assert [(problem.line, problem.element) for problem in log.problems] == [(3, "row")]


def test_a_damaged_archive_is_read_up_to_the_damage(tmp_path: Path) -> None:
    """A download that broke off still has its beginning."""
    rows = "".join(f"T{number},Open,01/03/2026 12:00,{number * 7919}\n" for number in range(20_000))
    packed = gzip.compress((HEAD + rows).encode())

    log = _read(tmp_path, packed[: len(packed) // 2])

    assert 1_000 < len(log.records) < 20_000
    assert log.problem_count >= 1
    assert any("damaged" in problem.wrong for problem in log.problems)
