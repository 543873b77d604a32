"""A hospital's log: antibiotics within an hour of the sepsis triage, lactic acid within three.

The truth is counted from the log by itself: no clock, no state, only the two times of each case.
"""

import gzip
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.backtesting import Backtest

TRIAGE = "ER Sepsis Triage"
DEFINITION = """
process: sepsis
version: "1"
events: {topics: [hospital.events], format: xes-json}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 60m}
  - {id: lactic-acid, kind: between, from: ER Sepsis Triage, to: LacticAcid, target: 180m}
"""
TARGETS = {
    "antibiotics": ("IV Antibiotics", timedelta(minutes=60)),
    "lactic-acid": ("LacticAcid", timedelta(minutes=180)),
}


@pytest.fixture(scope="module")
def log(test_data: Path) -> Path:
    """The log's file."""
    return test_data / "sepsis" / "Sepsis_Cases.xes.gz"


def traces(log: Path) -> dict[str, list[tuple[datetime, str]]]:
    """(time, activity) of every case, in order of time, ties in file order."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    with gzip.open(log) as file:
        root = ElementTree.parse(file).getroot()  # noqa: S314 -- a file of the test data
    for trace in root.findall("{*}trace"):
        name = next(e.get("value", "") for e in trace if e.get("key") == "concept:name")
        events = [{field.get("key"): field.get("value", "") for field in event} for event in trace.findall("{*}event")]
        timed = [(datetime.fromisoformat(event["time:timestamp"]), event["concept:name"]) for event in events]
        found[name] = sorted(timed, key=lambda pair: pair[0])
    return found


def truth(log: Path, rule: str) -> tuple[Counter[str], dict[str, datetime]]:
    """How many cases were answered, late, and never answered after their triage; the due instants of those broken."""
    answer, target = TARGETS[rule]
    every = traces(log)
    log_ends = max(at for trace in every.values() for at, _ in trace)
    counted: Counter[str] = Counter()
    broken: dict[str, datetime] = {}
    for case, trace in every.items():
        start = next((i for i, (_, activity) in enumerate(trace) if activity == TRIAGE), None)
        if start is None:
            continue
        due = trace[start][0] + target
        answered = next((at for at, activity in trace[start + 1 :] if activity == answer), None)
        counted["never" if answered is None else "answered"] += 1
        counted["late"] += answered is not None and answered > due
        if (answered is None or answered > due) and due <= log_ends:
            broken[case] = due
    return counted, broken


def test_every_missed_target_is_a_breach_at_its_own_instant_and_nothing_else_is(log: Path, backtest: Backtest) -> None:
    """707 and 338 breaches, each at triage and target exactly."""
    alerts = backtest(DEFINITION, log)
    for rule, expected in (("antibiotics", 707), ("lactic-acid", 338)):
        _, broken = truth(log, rule)
        said = {
            alert["case"]: datetime.fromisoformat(alert["happened_at"])
            for alert in alerts
            if alert["rule"] == rule and alert["stage"] == "breach" and alert["state"] in ("raised", "updated")
        }
        assert said == broken
        assert len(said) == expected
    assert {alert["grade"] for alert in alerts} == {"exact"}


def test_the_counts_of_the_log_are_those_that_are_known(log: Path) -> None:
    """The oracle itself agrees with what is published of the log: 823 answered, 481 late, 226 never; 739, 28, 310."""
    assert truth(log, "antibiotics")[0] == Counter(answered=823, late=481, never=226)
    assert truth(log, "lactic-acid")[0] == Counter(answered=739, late=28, never=310)


def test_a_breach_is_resolved_by_the_late_answer_at_its_time(log: Path, backtest: Backtest) -> None:
    """One line per alert: what was answered late says so, with the time of the answer."""
    final = backtest(DEFINITION, log, options=("--final",))
    assert len({alert["id"] for alert in final}) == len(final)
    late = {a["case"]: a for a in final if a["rule"] == "antibiotics" and a["explanation"].get("outcome") == "answered"}
    for case, trace in traces(log).items():
        answered = [at for at, activity in trace if activity == "IV Antibiotics"]
        if case in late and late[case]["stage"] == "breach":
            assert datetime.fromisoformat(late[case]["happened_at"]) == answered[0]
    assert sum(alert["stage"] == "breach" for alert in late.values()) == 481


def test_two_backtests_write_the_same_bytes(log: Path, backtest: Backtest) -> None:
    """Nothing of the machine or the hour gets in."""
    assert backtest(DEFINITION, log) == backtest(DEFINITION, log)
