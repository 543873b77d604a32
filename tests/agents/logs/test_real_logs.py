"""Real event logs: the counts that their publishers give, and files that importers trip over."""

import csv
import gzip
from pathlib import Path

import pytest

from agents.logs import read_log
from schemas.definition import Mapping, TimePath
from schemas.problem import Refused


@pytest.mark.parametrize(
    ("log", "cases", "events"),
    [
        ("sepsis/Sepsis_Cases.xes.gz", 1_050, 15_214),
        ("bpic2012_loan/BPIC12.xes.gz", 13_087, 262_200),
        ("receipt_wabo/receipt.xes.gz", 1_434, 8_577),
        ("running_example/running-example.xes", 6, 42),
    ],
)
def test_a_public_log_has_as_many_cases_and_events_as_published(
    test_data: Path, log: str, cases: int, events: int
) -> None:
    """Every event with a time, in order of time, and nothing to complain of."""
    read = read_log(test_data / log)

    assert len(read.records) == events
    assert len({record.value["case:concept:name"] for record in read.records}) == cases
    times = [record.timestamp_ms for record in read.records if record.timestamp_ms is not None]
    assert len(times) == events
    assert times == sorted(times)
    assert read.problem_count == 0


def test_a_table_ordered_by_case_is_read_in_order_of_time(test_data: Path) -> None:
    """The incidents of the UCI log: 81,519 rows of 13,302 cases, told by a plain reader of CSV."""
    file = test_data / "splits" / "uci_incident_dev.csv.gz"
    mapping = Mapping(
        case="number",
        activity="incident_state",
        timestamp=TimePath(path="sys_updated_at", format="%d/%m/%Y %H:%M", timezone="UTC"),
    )
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        expected = sorted(tuple(sorted((k, v) for k, v in row.items() if v)) for row in csv.DictReader(text))

    log = read_log(file, mapping)

    assert (len(log.records), log.problem_count) == (81_519, 0)
    assert sorted(tuple(sorted(record.value.items())) for record in log.records) == expected
    times = [record.timestamp_ms or 0 for record in log.records]
    assert times == sorted(times)
    assert min(times) > 0


def test_every_edge_case_of_xes_is_read_or_reported_with_its_place(test_data: Path) -> None:
    """Swapped, missing and surplus elements: no file is lost in silence, none breaks the reader."""
    files = sorted((test_data / "xes_import_edge_cases").glob("*.xes"))
    told: dict[str, list[int]] = {}
    events: dict[str, int] = {}

    for file in files:
        try:
            log = read_log(file)
        except Refused as refused:
            told[file.stem] = [problem.line for problem in refused.problems]
            continue
        told[file.stem] = [problem.line for problem in log.problems]
        events[file.stem] = len(log.records)

    assert len(files) > 60
    assert all(line >= 1 for lines in told.values() for line in lines)
    assert {name: count for name, count in events.items() if count} == {
        "elementIncorrect": 2,
        "eventCorrectAttributes": 2,
        "eventIdenticalAttributes": 2,
        "eventIncorrectType": 2,
        "eventTooManyAttributes": 2,
        "extensionIncorrectKey": 1,
        "logOutOfPlace": 2,
        "traceOutOfPlace": 2,
    }
    assert told["elementIncorrect"] == [15, 27, 31]
    assert told["intIncorrectValue"] == told["realIncorrectValue"] == told["booleanIncorrectValue"] == [13]
