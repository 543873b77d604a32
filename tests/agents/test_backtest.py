"""A definition on history: logs merged, the last events of cases found, alerts passed on or kept to their last."""

import gc
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents.backtest import Alerts, Report, merged, prepared, run
from agents.collector import collector_at_rest
from agents.definition_files import load_definition
from agents.logs import Log, LogRecord
from stream.instants import milliseconds

NINE = milliseconds(datetime.fromisoformat("2026-03-02T09:00:00Z"))
MINUTE = 60_000
DEFINITION = """
process: tickets
version: "1"
events: {topics: [tickets, mails], mapping: {case: id, activity: act, timestamp: {path: at, format: epoch_ms}}}
case: {ends: ENDS}
sla:
  - {id: duration, kind: case_duration, target: 1h, at_risk: []}
"""


def entry(order: int, minute: int | None, **value: Any) -> LogRecord:
    """A record of a log, so many minutes after nine; None: without a time."""
    at = None if minute is None else NINE + minute * MINUTE
    return LogRecord(order, at, {"at": at, **value} if minute is not None else value, order + 1)


def log(*records: LogRecord) -> Log:
    """A log that was read without a problem."""
    return Log(list(records), None, [], 0, [])


def tried(
    folder: Path, ends: str, *records: LogRecord, until: int | None = None
) -> tuple[Report, list[dict[str, Any]]]:
    """The report and the alerts of a backtest whose definition has these `ends`."""
    path = folder / "definition.yaml"
    path.write_text(DEFINITION.replace("ENDS", ends))
    definition, model = load_definition(path)
    read = log(*records)._replace(mapping=definition.events.mapping)
    said: list[dict[str, Any]] = []
    process = prepared(definition, model, read)
    report = run(process, read.records, until, lambda _, body: said.append(orjson.loads(body)), lambda done: None)
    return report, said


def test_logs_are_merged_by_time_and_ties_stay_in_the_order_of_the_logs() -> None:
    """Two clerks' files of one day."""
    first = log(entry(0, 0, n="a"), entry(1, 10, n="c"), entry(2, 20, n="e"))
    second = log(entry(0, 5, n="b"), entry(1, 10, n="d"))

    assert [record.value["n"] for record in merged([first, second])] == ["a", "b", "c", "d", "e"]


def test_a_record_without_a_time_stays_behind_the_one_before_it_in_its_log() -> None:
    """It is refused later, and is counted then; merging must not lose it."""
    first = log(entry(0, 10, n="a"), entry(1, None, n="b"), entry(2, 30, n="d"))
    second = log(entry(0, None, n="0"), entry(1, 20, n="c"))

    assert [record.value["n"] for record in merged([first, second])] == ["0", "a", "b", "c", "d"]


def test_a_single_log_is_taken_as_it_is() -> None:
    """Its order was made when it was read."""
    one = log(entry(0, 10), entry(1, 0))

    assert merged([one]) == one.records


def test_a_case_ends_with_its_last_event_in_the_log(tmp_path: Path) -> None:
    """An hour's target: A's last event comes in time, B's does not, C's does though others go on."""
    opened = [entry(i, i, id=case, act="Open") for i, case in enumerate("ABC")]
    last = [entry(3, 59, id="A", act="Step"), entry(4, 60, id="C", act="Step"), entry(5, 200, id="B", act="Step")]

    report, said = tried(tmp_path, "last_event", *opened, *last)

    assert {(alert["case"], alert["stage"]) for alert in said} == {("B", "breach")}
    assert said[-1]["state"] == "resolved"
    assert report.cases["open"] == 0


def test_without_ends_a_case_stays_open_after_its_last_event(tmp_path: Path) -> None:
    """The same records, cases that nothing ends: all of them break their target."""
    opened = [entry(i, i, id=case, act="Open") for i, case in enumerate("ABC")]

    report, said = tried(tmp_path, "[Closed]", *opened, entry(3, 200, id="B", act="Step"))

    assert {alert["case"] for alert in said} == {"A", "B", "C"}
    assert report.cases["open"] == 3


def test_a_case_id_that_is_a_number_ends_with_its_last_event_too(tmp_path: Path) -> None:
    """7 and "7" are one case."""
    records = [entry(0, 0, id=7, act="Open"), entry(1, 30, id="7", act="Step"), entry(2, 200, id=8, act="Open")]

    report, said = tried(tmp_path, "last_event", *records)

    assert said == []
    assert report.cases["open"] == 0


def test_a_report_counts_every_record(tmp_path: Path) -> None:
    """Applied and refused ones, the mark at the end, and the records of alerts; busy time is positive."""
    records = [entry(0, 0, id="A", act="Open"), entry(1, None, id="A", act="Open"), entry(2, 90, id="B", act="Open")]

    report, said = tried(tmp_path, "[Closed]", *records)

    outcomes = {key[3]: count for key, count in report.counts.items() if key[0] == "events"}
    assert (report.events, outcomes) == (3, {"applied": 2, "refused": 1, "clock_mark": 1})
    assert report.records == len(said) == 1
    assert report.counts["dead_letters", "tickets", "missing_timestamp"] == 1
    assert report.seconds > 0


def test_a_report_tells_refused_records_that_the_reader_has_not_told(tmp_path: Path) -> None:
    """A time that is not there is told here; one that the reader could not read was told with its line by itself."""
    unread = entry(2, None, id="A", act="Open", at="soon")
    records = [entry(0, 0, act="Open"), entry(1, None, id="A", act="Open"), unread]

    report, _ = tried(tmp_path, "[Closed]", *records)

    assert report.outcomes() == {"refused": 3}
    assert report.refusals == 2
    assert [str(problem).split(": ")[:2] for problem in report.refused] == [
        ["log:1", "missing_case"],
        ["log:2", "missing_timestamp"],
    ]


def test_of_many_refused_records_the_first_thousand_are_kept(tmp_path: Path) -> None:
    """A million of them would be no help, and much memory; all are counted."""
    report, _ = tried(tmp_path, "[Closed]", *(entry(number, 0, act="Open") for number in range(1_500)))

    assert (report.refusals, len(report.refused)) == (1_500, 1_000)
    assert (report.refused[0].line, report.refused[-1].line) == (1, 1_000)


def test_a_log_is_read_as_one_topic_whatever_the_definition_names(tmp_path: Path) -> None:
    """A second topic that is never read would hold time back."""
    _, said = tried(tmp_path, "[Closed]", entry(0, 0, id="A", act="Open"), until=NINE + 60 * MINUTE)

    assert [(alert["stage"], alert["evidence"]["topic"]) for alert in said] == [("breach", "tickets")]


def body(alert_id: str, state: str, **more: Any) -> bytes:
    """An alert's record, as far as it is counted."""
    return orjson.dumps({"id": alert_id, "rule": "r", "state": state, **more})


@pytest.mark.parametrize(("final", "lines"), [(False, [0, 1, 2]), (True, [2, 1])])
def test_alerts_are_passed_on_as_they_come_or_kept_to_their_last(final: bool, lines: list[int]) -> None:
    """The counts are of alerts by their last state, either way."""
    bodies = [
        body("a", "raised", stage="breach"),
        body("b", "raised", explanation={"deviation": "skipped"}),
        body("a", "resolved", stage="breach"),
    ]
    written: list[bytes] = []
    alerts = Alerts(written.append, final=final)
    for alert_id, said in zip("aba", bodies, strict=True):
        alerts(alert_id, said)

    found = alerts.finish()

    assert written == [bodies[line] for line in lines]
    assert found == Counter({("r", "breach", "resolved"): 1, ("r", "skipped", "raised"): 1})


def test_the_collector_works_again_after_a_run_that_failed() -> None:
    """Else a later part of the same program would grow without bound."""
    seen: list[bool] = []

    def fail() -> None:
        with collector_at_rest():
            seen.append(gc.isenabled())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [*seen, gc.isenabled()] == [False, True]


def test_a_backtest_knows_people_by_pseudonyms_of_its_own(tmp_path: Path) -> None:
    """The same at every run over the same log, others over another; the names themselves stand nowhere."""
    rules = "rules: [{id: two, kind: four_eyes, activities: [A, B]}]\n"
    shown = DEFINITION.replace("timestamp:", "resource: by, timestamp:").replace("ENDS", "[C]") + rules
    path = tmp_path / "definition.yaml"
    path.write_text(shown)
    definition, model = load_definition(path)

    def who(*records: LogRecord) -> set[str]:
        read = log(*records)._replace(mapping=definition.events.mapping)
        said: list[bytes] = []
        process = prepared(definition, model, read)
        run(process, read.records, None, lambda _, body: said.append(body), lambda done: None)
        assert b"Pete" not in b"".join(said)
        told = [orjson.loads(body)["explanation"] for body in said]
        return {step["resource"] for one in told for step in one.get("events", ())}

    done = [entry(0, 0, id="1", act="A", by="Pete"), entry(1, 1, id="1", act="B", by="Pete")]
    (first,), (again,), (other,) = who(*done), who(*done), who(*done, entry(2, 2, id="1", act="C"))

    assert first == again != other


GOALS = """
  - {id: escalations, kind: rate, of: Escalated, window: 1h, at_most: 1}
slo:
  - {id: on-time, of: duration, objective: 80%, window: 1d, min_count: 2}
"""


def test_what_is_true_of_many_cases_is_reported_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cases of three last longer than an hour; two escalations lie within one."""
    monkeypatch.setattr(f"{__name__}.DEFINITION", DEFINITION.rstrip() + GOALS)
    events = [
        entry(0, 0, id="A", act="Open"), entry(1, 0, id="B", act="Open"), entry(2, 5, id="C", act="Open"),
        entry(3, 10, id="A", act="Escalated"), entry(4, 30, id="C", act="Closed"),
        entry(5, 40, id="B", act="Escalated"),
        entry(6, 90, id="A", act="Closed"), entry(7, 95, id="B", act="Closed"),
    ]  # fmt: skip
    _, said = tried(tmp_path, "[Closed]", *events, until=NINE + 300 * MINUTE)

    of_many = [(a["rule"], a["kind"], a["state"], a["happened_at"]) for a in said if "case" not in a]
    assert of_many == [
        ("escalations", "sla", "raised", "2026-03-02T09:40:00Z"),
        ("escalations", "sla", "resolved", "2026-03-02T10:10:00Z"),
        ("on-time", "slo", "raised", "2026-03-02T10:00:10Z"),
    ]
    told = "all cases: duration over 1 d: 33.33 % of 3 in time, the objective is 80 %"
    assert [a["summary"] for a in said if a["kind"] == "slo"] == [told]
