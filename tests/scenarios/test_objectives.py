"""Objectives over the service requests of a city: what is said of many cases, against a count of the rows by hand."""

import csv
import gzip
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32
from zoneinfo import ZoneInfo

import orjson
import pytest

from schemas.definition import Definition
from stream.history import Entry, play
from stream.inputs import Input
from stream.ledger.ledger import Ledger
from stream.process import compile_process
from stream.shard import Shard

BOSTON = ZoneInfo("America/New_York")
MOST_ROWS = 10_000
WINDOW = 28 * 86_400_000
MAPPING = {
    "case": "case",
    "activity": "activity",
    "timestamp": {"path": "at", "format": "epoch_ms"},
    "attributes": {"target": {"path": "target", "format": "epoch_ms"}},
}
DEFINITION = Definition.model_validate(
    {
        "process": "service-requests",
        "version": "1",
        "events": {"topics": ["city.requests"], "mapping": MAPPING},
        "case": {"ends": ["Closed"], "idle_limit": "4000d"},
        "sla": [{"id": "target-date", "kind": "due", "due": "target", "until": "Closed"}],
        "slo": [{"id": "kept", "of": "target-date", "objective": "80%", "window": "28d"}],
    }
)


class Request(NamedTuple):
    """A row: when it was opened, by when it is promised to be closed, and when it was (ms)."""

    case: str
    opened: int
    target: int | None
    closed: int | None

    def events(self) -> list[dict[str, Any]]:
        """Its records."""
        opened = {"case": self.case, "activity": "Opened", "at": self.opened}
        target = {} if self.target is None else {"target": self.target}
        closed = {"case": self.case, "activity": "Closed", "at": self.closed}
        return [opened | target] + ([] if self.closed is None else [closed])

    def occurrence(self, until: int) -> tuple[int, bool] | None:
        """When it counts, and whether it is good."""
        if self.target is None:
            return None
        if self.closed is not None and self.closed <= self.target:
            return self.closed, True
        return (self.target, False) if self.target <= until else None


@pytest.fixture(scope="module")
def requests(test_data: Path) -> list[Request]:
    """The first rows of the extract."""

    def instant(text: str) -> int | None:
        return round(datetime.fromisoformat(text).replace(tzinfo=BOSTON).timestamp() * 1000) if text else None

    with gzip.open(test_data / "splits" / "boston311_2011_dev.csv.gz", "rt", newline="") as file:
        rows = list(islice(csv.DictReader(file), MOST_ROWS))
    return [
        Request(
            row["case_enquiry_id"], instant(row["open_dt"]) or 0, instant(row["target_dt"]), instant(row["closed_dt"])
        )
        for row in rows
    ]


def alerts(requests: list[Request], tasks: int, until: int) -> list[bytes]:
    """What a Ledger says once cases are spread over so many tasks."""
    process = compile_process(DEFINITION, None)
    ledger = Ledger([DEFINITION], {process.name: range(tasks)})
    for task in range(tasks):
        mine = [request for request in requests if crc32(request.case.encode()) % tasks == task]
        values = sorted((value for request in mine for value in request.events()), key=lambda value: value["at"])
        shard = Shard([process], task=task, journalled=False)
        entries = [Entry(value["at"], value) for value in values]
        for effects in play(shard, Input("city.requests", task), entries, until):
            ledger.observe(effects.partials)
    while ledger.advance(until):
        pass
    return sorted(record.body or b"" for record in ledger.drain().alerts)


def test_what_is_said_of_a_window_is_what_its_rows_say(requests: list[Request]) -> None:
    """The counts of every alert are those of the rows within its window; three tasks say what one does, to the byte."""
    until = max(at for request in requests for at in (request.opened, request.closed or 0))
    occurrences = [found for request in requests if (found := request.occurrence(until)) is not None]
    together = alerts(requests, 1, until)

    assert alerts(requests, 3, until) == together
    said = [orjson.loads(body) for body in together]
    assert {alert["stage"] for alert in said} == {"at_risk", "breach"}
    for alert in said:
        at = round(datetime.fromisoformat(alert["happened_at"]).timestamp() * 1000)
        within = [good for instant, good in occurrences if at - WINDOW <= instant < at]
        assert (alert["explanation"]["good"], alert["explanation"]["bad"]) == (within.count(True), within.count(False))
