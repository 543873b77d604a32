"""JSON lines in: one object a line, or an array of them."""

import gzip
from pathlib import Path

import pytest

from agents.logs import Log, read_log
from schemas.definition import Mapping, TimePath
from schemas.problem import Refused

MAPPING = Mapping(case="ticket.id", activity="state", timestamp=TimePath(path="at.ms", format="epoch_ms"))


def _line(case: str, at: int) -> str:
    return f'{{"ticket": {{"id": "{case}"}}, "state": "Open", "at": {{"ms": {at}}}}}\n'


def _read(folder: Path, name: str, content: bytes, *, strict: bool = False) -> Log:
    file = folder / name
    file.write_bytes(content)
    return read_log(file, MAPPING, strict)


@pytest.mark.parametrize("name", ["log.jsonl", "log.ndjson", "log.json", "log.jsonl.gz", "LOG.JSONL"])
def test_each_line_is_a_record_in_order_of_time(tmp_path: Path, name: str) -> None:
    """Nested paths are followed for sorting; the record stays as it is. Packed or not is seen, not believed."""
    content = ("\ufeff" + _line("B", 2000) + "\n" + _line("A", 1000)).encode()

    log = _read(tmp_path, name, gzip.compress(content) if name.endswith("gz") else content)

    assert [(record.order, record.timestamp_ms, record.line) for record in log.records] == [(1, 1000, 3), (0, 2000, 1)]
    assert log.records[0].value == {"ticket": {"id": "A"}, "state": "Open", "at": {"ms": 1000}}
    assert log.problem_count == 0


@pytest.mark.parametrize(
    "line",
    [
        *(b"{", b"[1]", b"5", b"null", b'"text"', b'{"a": NaN}', b"\xff\xfe", b'{"a": "\xff"}', b'{"a": "\\ud800"}'),
        *(b"{'a': 1}", b"[" * 5_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000),
    ],
)
def test_a_bad_line_is_told_and_the_rest_is_read(tmp_path: Path, line: bytes) -> None:
    """Whatever stands in a line, the next one is another."""
    content = _line("A", 1000).encode() + line + b"\n" + _line("B", 2000).encode()

    log = _read(tmp_path, "log.jsonl", content)

    assert [record.line for record in log.records] == [1, 3]
    assert [problem.line for problem in log.problems] == [2]
    assert log.problem_count == 1


def test_a_line_beyond_all_measure_is_skipped(tmp_path: Path) -> None:
    """Memory is bounded; the line after is read with its right number."""
    content = b'{"a": "' + b"x" * (40 * 2**20) + b'"}\n' + _line("A", 1000).encode()

    log = _read(tmp_path, "log.jsonl", content)

    assert [record.line for record in log.records] == [2]
    assert [(problem.line, problem.wrong) for problem in log.problems] == [(1, "it is longer than 16 MiB")]


def test_an_array_of_objects_is_a_log_too(tmp_path: Path) -> None:
    """As tools export it; what is no object in it is told by its number."""
    content = f" [{_line('B', 2000)}, 7, {_line('A', 1000)}]".encode()

    log = _read(tmp_path, "log.json", content)

    assert [record.timestamp_ms for record in log.records] == [1000, 2000]
    assert [problem.element for problem in log.problems] == ["item 2"]


def test_a_broken_array_is_refused_at_its_line(tmp_path: Path) -> None:
    """There is no next line to go on with."""
    with pytest.raises(Refused) as refused:
        _read(tmp_path, "log.json", b"[\n{},\n{]\n")

    assert [problem.line for problem in refused.value.problems] == [3]


@pytest.mark.parametrize("size", [5, 15, 100])
def test_an_archive_that_ends_early_is_told(tmp_path: Path, size: int) -> None:
    """Whether it breaks off in its own header, before the first line, or within an array."""
    packed = gzip.compress(f"[{','.join(_line('A', at) for at in range(1_000))}]".encode())
    told = "log.json.gz:1: file: it is damaged: the gzip ends early; fetch the file again"

    with pytest.raises(Refused) as refused:
        _read(tmp_path, "log.json.gz", packed[:size])

    assert str(refused.value) == f"{tmp_path}/{told}"


def test_text_in_utf_16_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """What some spreadsheets and consoles write: each line of it would be a riddle."""
    with pytest.raises(Refused, match="it is UTF-16, not UTF-8; save it as UTF-8"):
        _read(tmp_path, "log.jsonl", _line("A", 1).encode("utf-16"))


def test_problems_beyond_a_thousand_are_counted_only(tmp_path: Path) -> None:
    """A log that is wrong throughout does not fill the memory with complaints."""
    log = _read(tmp_path, "log.jsonl", b"x\n" * 2_500)

    assert (len(log.problems), log.problem_count, log.notes) == (1_000, 2_500, ["there are no events in it"])


def test_strict_reading_ends_at_the_first_problem(tmp_path: Path) -> None:
    """For those who would rather have nothing than a part."""
    with pytest.raises(Refused, match=r"log\.jsonl:2: line"):
        _read(tmp_path, "log.jsonl", _line("A", 1).encode() + b"x\n", strict=True)


@pytest.mark.parametrize("name", ["log.txt", "log", "log.gz", "log.xes.zip", ".xes"])
def test_a_kind_that_is_not_known_is_refused(tmp_path: Path, name: str) -> None:
    """The name says the kind; what can be read is listed."""
    with pytest.raises(Refused, match=r"does not end like that of an event log; name a \.xes, \.csv, \.jsonl"):
        _read(tmp_path, name, b"")


@pytest.mark.parametrize("name", ["none.csv", "folder.csv", "a\0b.csv"])
def test_what_cannot_be_opened_is_one_problem(tmp_path: Path, name: str) -> None:
    """No file, a folder, an impossible name."""
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(Refused) as refused:
        read_log(tmp_path / name)

    assert len(refused.value.problems) == 1
