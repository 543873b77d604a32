"""Service requests of a city: each has a date by which it is promised to be closed.

The published extract has a row a request; the test makes an opening and a closing event of it.
"""

import csv
import gzip
import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.backtesting import Backtest

BOSTON = ZoneInfo("America/New_York")

DEFINITION = """
process: service-requests
version: "1"
events:
  topics: [city.requests]
  mapping:
    case: request
    activity: step
    timestamp: {path: at, format: "%Y-%m-%d %H:%M:%S", timezone: America/New_York}
    attributes:
      target: {path: target, format: "%Y-%m-%d %H:%M:%S", timezone: America/New_York}
case: {ends: [Closed], idle_limit: 4000d}
sla:
  - {id: target-date, kind: due, due: target, until: Closed}
"""


@pytest.fixture(scope="module")
def requests(test_data: Path) -> list[dict[str, str]]:
    """The rows of the extract."""
    with gzip.open(test_data / "splits" / "boston311_2011_dev.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


def instant(text: str) -> float:
    """Seconds since 1970 of a local time in Boston."""
    return datetime.fromisoformat(f"{text}").replace(tzinfo=BOSTON).timestamp()


def test_one_breach_per_request_closed_after_its_target_or_never_at_exactly_that_instant(
    requests: list[dict[str, str]], tmp_path: Path, backtest: Backtest
) -> None:
    """None else: neither those in time, nor those without a target."""
    log = tmp_path / "requests.jsonl"
    with log.open("w") as file:
        for row in requests:
            opened = {"request": row["case_enquiry_id"], "step": "Opened", "at": row["open_dt"]}
            file.write(json.dumps(opened | ({"target": row["target_dt"]} if row["target_dt"] else {})) + "\n")
            if row["closed_dt"]:
                closed = {"request": row["case_enquiry_id"], "step": "Closed", "at": row["closed_dt"]}
                file.write(json.dumps(closed) + "\n")
    ends = max(instant(at) for row in requests for at in (row["open_dt"], row["closed_dt"]) if at)
    expected = {
        row["case_enquiry_id"]: instant(row["target_dt"])
        for row in requests
        if row["target_dt"]
        and instant(row["target_dt"]) <= ends
        and (not row["closed_dt"] or instant(row["closed_dt"]) > instant(row["target_dt"]))
    }
    alerts = backtest(DEFINITION, log)
    breaches = [a for a in alerts if a["stage"] == "breach" and a["state"] in ("raised", "updated")]
    said = {alert["case"]: datetime.fromisoformat(alert["happened_at"]).timestamp() for alert in breaches}
    assert len(said) == len(breaches)
    assert said == expected
    assert len(expected) > 1_000
