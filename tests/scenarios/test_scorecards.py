"""Scorecards of a real log of permits, against a computation over its rows that knows nothing of Casewatch."""

import csv
import gzip
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest

from schemas.definition import Definition
from schemas.scorecard import Period, Scorecard
from stream.history import Entry, play
from stream.inputs import Input
from stream.ledger.ledger import Ledger
from stream.process import compile_process
from stream.quantiles import ACCURACY
from stream.shard import Shard

DAY = 86_400_000
WINDOW, TARGET = 28 * DAY, 14 * DAY
DEFINITION = Definition.model_validate(
    {
        "process": "permits",
        "version": "1",
        "events": {
            "topics": ["city.permits"],
            "mapping": {
                "case": "case:concept:name",
                "activity": "concept:name",
                "timestamp": "time:timestamp",
                "attributes": {"department": "case:department", "channel": "case:channel"},
            },
        },
        "case": {"ends": "last_event", "segments": ["department", "channel"]},
        "sla": [{"id": "fast", "kind": "case_duration", "target": "14d", "at_risk": []}],
        "scorecard": {"window": "28d", "by": [[], ["department"], ["department", "channel"]]},
    }
)

Row = tuple[int, dict[str, Any]]


class Permit(NamedTuple):
    """A case as its rows tell it: instants in ms."""

    started: int
    ended: int
    department: str
    channel: str


@pytest.fixture(scope="module")
def rows(test_data: Path) -> list[Row]:
    """The rows of the log, by time."""
    with gzip.open(test_data / "receipt_wabo" / "receipt.csv.gz", "rt", newline="") as file:
        found = [(_instant(row["time:timestamp"]), dict(row)) for row in csv.DictReader(file)]
    return sorted(found, key=lambda row: row[0])


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000) // 1_000


def permits(rows: list[Row]) -> list[Permit]:
    """Each case from its first to its last row."""
    by_case: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_case[row[1]["case:concept:name"]].append(row)
    return [
        Permit(mine[0][0], mine[-1][0], mine[0][1]["case:department"], mine[0][1]["case:channel"])
        for mine in by_case.values()
    ]


def cards(rows: list[Row], tasks: int, until: int) -> list[Scorecard]:
    """What Casewatch says at an instant, the cases spread over so many tasks."""
    process = compile_process(DEFINITION, None)
    ledger = Ledger([DEFINITION], {process.name: range(tasks)})
    last = {row["case:concept:name"]: number for number, (_, row) in enumerate(rows)}
    ends = set(last.values())
    entries = [(row["case:concept:name"], Entry(at, row, n in ends)) for n, (at, row) in enumerate(rows) if at <= until]
    for task in range(tasks):
        shard = Shard([process], task=task, journalled=False)
        mine = [entry for case, entry in entries if crc32(case.encode()) % tasks == task]
        for effects in play(shard, Input("city.permits", task), mine, until):
            ledger.observe(effects.partials)
    while ledger.advance(until):
        pass
    return [Scorecard.model_validate_json(value) for _, value in ledger.scorecards()]


@pytest.mark.parametrize("day", ["2011-01-31T12:00Z", "2011-06-15T00:00Z", "2011-12-01T18:30Z"])
def test_the_cards_of_a_day_are_what_its_rows_say(rows: list[Row], day: str) -> None:
    """Counts exactly, quantiles as near as is stated; three tasks say what one does."""
    until, found = _instant(day), permits(rows)
    together = cards(rows, 1, until)

    assert cards(rows, 3, until) == together
    assert len(together) > 3
    for card in together:
        mine = [p for p in found if all(getattr(p, name) == value for name, value in card.labels.items())]
        opened = [p for p in mine if p.started <= until < p.ended]
        assert card.present.open == len(opened)
        assert card.present.breached == sum(p.started + TARGET <= until for p in opened)
        for period in (card.window, card.before):
            check(period, mine)


def check(period: Period, mine: list[Permit]) -> None:
    """A window of a card against the permits in it."""
    start, end = (round(instant.timestamp() * 1000) for instant in (period.start, period.end))
    assert end - start == WINDOW
    closed = [p for p in mine if start <= p.ended < end]
    took = sorted(p.ended - p.started for p in closed)
    assert period.started == sum(start <= p.started < end for p in mine)
    assert (period.closed, period.timed, period.idle) == (len(closed), len(closed), 0)
    assert period.breached == sum(length > TARGET for length in took)
    assert period.on_time == sum(length <= TARGET for length in took)
    for percent, told in ((50, period.p50_ms), (90, period.p90_ms), (99, period.p99_ms)):
        assert (told is None) == (not took)
        if told is not None:
            exact = took[(len(took) - 1) * percent // 100]
            assert abs(told - exact) <= ACCURACY * exact
