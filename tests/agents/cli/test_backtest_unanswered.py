"""`casewatch backtest`: what it says of clocks that the end of a case has cancelled, by hand and on a real log."""

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.agents.cli.calling import Captured, called

TICKETS = """
process: tickets
version: "1"
events: {topics: [tickets], mapping: {case: id, activity: act, timestamp: at}}
case: {ends: [Closed]}
sla:
  - {id: answer, kind: between, from: Open, to: Answer, target: 1h}
"""
SEPSIS = """
process: sepsis
version: "1"
events: {topics: [hospital], format: xes-json}
case: {ends: last_event}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 7d}
  - {id: lactic-acid, kind: between, from: ER Sepsis Triage, to: LacticAcid, target: 3h}
"""
WAITS = {"antibiotics": ("IV Antibiotics", timedelta(days=7)), "lactic-acid": ("LacticAcid", timedelta(hours=3))}


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test writes is nobody else's."""
    monkeypatch.chdir(tmp_path)


def test_a_case_that_ended_before_its_answer_is_told_under_the_table(
    monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    """B is closed in time without an answer, C too late; A is answered, D still open."""
    times = {"A": ("Answer", "09:30"), "B": ("Closed", "09:40"), "C": ("Closed", "10:30"), "D": ("Call", "10:40")}
    opened = [(case, "Open", "09:00") for case in times]
    steps = [*opened, *((case, act, time) for case, (act, time) in times.items()), ("A", "Closed", "10:00")]
    Path("definition.yaml").write_text(TICKETS)
    lines = [json.dumps({"id": case, "act": act, "at": f"2026-03-02T{time}:00Z"}) for case, act, time in steps]
    Path("log.jsonl").write_text("\n".join(lines))

    ran = called(monkeypatch, capfd, "backtest", "--definition", "definition.yaml", "log.jsonl")

    assert "answer: never answered, since the case ended first (once)" in ran.out.splitlines()


def unanswered(path: Path) -> dict[str, int]:
    """How many triages were followed by no answer, and by the patient's last event in time, as the log itself says."""
    counts = dict.fromkeys(WAITS, 0)
    with gzip.open(path) as file:
        log = ElementTree.parse(file).getroot()  # noqa: S314 - a file of the shared test data
    for trace in log.findall("{*}trace"):
        events = list[tuple[datetime, int, str]]()
        for event in trace.findall("{*}event"):
            fields = {field.get("key"): field.get("value", "") for field in event}
            events.append((datetime.fromisoformat(fields["time:timestamp"]), len(events), fields["concept:name"]))
        for rule, (answer, target) in WAITS.items():
            since: datetime | None = None
            for at, _, activity in sorted(events):
                if activity == "ER Sepsis Triage":
                    since = since or at
                elif activity == answer:
                    since = None
            counts[rule] += since is not None and max(events)[0] <= since + target
    return counts


def test_the_patients_who_left_untreated_are_counted_as_the_log_has_them(
    monkeypatch: pytest.MonkeyPatch, capfd: Captured, test_data: Path
) -> None:
    """174 without antibiotics, 125 without a lactic acid test."""
    path = test_data / "sepsis" / "Sepsis_Cases.xes.gz"
    Path("definition.yaml").write_text(SEPSIS)

    ran = called(monkeypatch, capfd, "backtest", "--definition", "definition.yaml", str(path))

    counts = unanswered(path)
    assert counts == {"antibiotics": 174, "lactic-acid": 125}
    for rule, count in counts.items():
        assert f"{rule}: never answered, since the case ended first ({count} times)" in ran.out.splitlines()
