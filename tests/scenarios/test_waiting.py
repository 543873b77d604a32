"""Incidents that wait for their user: the page on what a pause changes, counted again."""

import gzip
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.backtesting import Backtest

PAGE = (Path(__file__).parents[2] / "docs" / "waiting-for-the-user.md").read_text()
TARGET = timedelta(days=7)
AT_RISK = TARGET * 0.75

Step = tuple[datetime, str, str]


@pytest.fixture(scope="module")
def log(test_data: Path) -> Path:
    """The log of the incidents."""
    return test_data / "bpic2013_volvo" / "BPIC13_incidents.xes.gz"


instant = datetime.fromisoformat


def steps(log: Path) -> dict[str, list[Step]]:
    """When each incident came to which status, read by other means than Casewatch's."""
    with gzip.open(log) as file:
        root = ElementTree.parse(file).getroot()  # noqa: S314 -- a file of the test data
    found: dict[str, list[Step]] = {}
    for trace in root.findall("{*}trace"):
        name = next(field.get("value", "") for field in trace if field.get("key") == "concept:name")
        events = [{f.get("key"): f.get("value", "") for f in event} for event in trace.findall("{*}event")]
        told = [(instant(e["time:timestamp"]), e["concept:name"], e["lifecycle:transition"]) for e in events]
        found[name] = sorted(told, key=lambda step: step[0])
    return found


def spans(told: list[Step], log_ends: datetime) -> list[tuple[datetime, datetime, bool]]:
    """The stretches of an incident from its first open status to its first completion: (from, until, waiting)."""
    first = next((at for at, step in enumerate(told) if step[1] != "Completed"), len(told))
    found = []
    for at, (begins, activity, status) in enumerate(told[first:], first):
        if activity == "Completed":
            break
        ends = told[at + 1][0] if at + 1 < len(told) else log_ends
        found.append((begins, ends, status == "Wait - User"))
    return found


def passed(stretches: list[tuple[datetime, datetime, bool]], length: timedelta, pausing: bool) -> datetime | None:
    """When so much time had passed; None if it had not before the end, which is itself still in time."""
    left = length
    for begins, ends, waiting in stretches:
        if pausing and waiting:
            continue
        if ends - begins > left:
            return begins + left
        left -= ends - begins
    return None


def figures(pattern: str) -> list[int]:
    """The figures that a pattern finds on the page."""
    found = re.search(pattern, " ".join(PAGE.split()))
    assert found is not None, pattern
    return [int(figure.replace(",", "")) for figure in found.groups()]


def test_every_breach_of_the_log_is_told_at_its_instant_with_and_without_the_pause(
    log: Path, backtest: Backtest
) -> None:
    """Equal to what adding up the stretches by hand gives, and to the figures on the page."""
    incidents = steps(log)
    log_ends = max(told[-1][0] for told in incidents.values())
    stretches = {name: found for name, told in incidents.items() if (found := spans(told, log_ends))}
    definition = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert definition is not None

    records = backtest(definition[1], log)

    told: dict[str, dict[str, dict[str, datetime]]] = {}
    for record in records:
        if record["state"] in ("raised", "updated"):
            stages = told.setdefault(record["rule"], {}).setdefault(record["stage"], {})
            stages[record["case"]] = datetime.fromisoformat(record["happened_at"])
    rows = {"solved": "every hour counts", "solved-by-the-desk": "waiting for the user does not count"}
    breaches: dict[str, Any] = {}
    for rule, row in rows.items():
        expected = {
            stage: {name: at for name, s in stretches.items() if (at := passed(s, length, rule != "solved"))}
            for stage, length in (("breach", TARGET), ("at_risk", AT_RISK))
        }
        assert told[rule] == expected
        counted = [len(stretches), len(expected["breach"]), len(expected["at_risk"])]
        assert counted == figures(rf"\| {row} \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|")
        breaches[rule] = expected["breach"]
    late, by_desk = breaches["solved"], breaches["solved-by-the-desk"]
    only_waiting = len(late.keys() - by_desk.keys())
    assert by_desk.keys() <= late.keys()
    assert all(late[name] <= at for name, at in by_desk.items())
    sentence = r"Of the ([\d,]+) incidents that took longer than seven days, ([\d,]+) \((\d+) %\)"
    assert [len(late), only_waiting, round(100 * only_waiting / len(late))] == figures(sentence)
