"""Incidents of a service desk, with their own tool's verdicts: the page on `made_sla`, counted again."""

import csv
import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.backtesting import Backtest

PAGE = (Path(__file__).parents[2] / "docs" / "made-sla.md").read_text()
CRITICAL, HIGH, MODERATE, LOW = "1 - Critical", "2 - High", "3 - Moderate", "4 - Low"
SHORTEST_S = 60

Row = dict[str, str]


class Incident(NamedTuple):
    """The rows of one incident in order of time; whether its tool found it in time."""

    number: str
    rows: list[Row]

    @property
    def began(self) -> datetime:
        """Its first record."""
        return instant(self.rows[0])

    @property
    def took_s(self) -> int:
        """From its first record to its last, in seconds."""
        return int((instant(self.rows[-1]) - self.began).total_seconds())

    @property
    def priority(self) -> str:
        """As it stood in the end."""
        return self.rows[-1]["priority"]

    @property
    def made(self) -> bool:
        """The verdict of the log."""
        return self.rows[-1]["made_sla"] == "true"


def instant(row: Row) -> datetime:
    """When a row was written."""
    return datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def incidents(path: Path) -> Iterator[Incident]:
    """The incidents of the log."""
    found: dict[str, list[Row]] = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["number"], []).append(row)
    for number, rows in found.items():
        yield Incident(number, sorted(rows, key=instant))


def fitted(known: list[Incident]) -> dict[str, int]:
    """The target of each priority, in seconds, under which most verdicts agree."""
    targets = {}
    for priority in {incident.priority for incident in known}:
        verdicts = sorted((one.took_s, one.made) for one in known if one.priority == priority)
        agreeing = sum(not made for took_s, made in verdicts) + sum(
            1 if made else -1 for took_s, made in verdicts if took_s <= SHORTEST_S
        )
        best, targets[priority] = agreeing, SHORTEST_S
        for at, (took_s, made) in enumerate(verdicts):
            if took_s <= SHORTEST_S:
                continue
            agreeing += 1 if made else -1
            last_of_its_length = at + 1 == len(verdicts) or verdicts[at + 1][0] != took_s
            if last_of_its_length and agreeing > best:
                best, targets[priority] = agreeing, took_s
    return targets


def of_page(pattern: str) -> list[int]:
    """The figures that a pattern finds on the page."""
    found = re.search(pattern, " ".join(PAGE.split()))
    assert found is not None, pattern
    return [int(figure.replace(",", "")) for figure in found.groups()]


@pytest.fixture(scope="module")
def halves(test_data: Path) -> tuple[list[Incident], list[Incident]]:
    """The incidents of the log by when they began: the first half of them, and the second."""
    found = sorted(incidents(test_data / "splits" / "uci_incident_dev.csv.gz"), key=lambda one: (one.began, one.number))
    return found[: len(found) // 2], found[len(found) // 2 :]


def test_targets_by_priority_come_to_the_verdicts_of_a_plain_threshold_and_mostly_to_those_of_the_log(
    halves: tuple[list[Incident], list[Incident]], tmp_path: Path, backtest: Backtest
) -> None:
    """The targets on the page are those fitted to the first half; on the second, every verdict is compared."""
    known, judged = halves
    definition = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert definition is not None
    plain, critical, high, moderate = (int(text) for text in re.findall(r"target: (\d+)s", definition[1]))
    targets = {CRITICAL: critical, HIGH: high, MODERATE: moderate, LOW: plain}
    assert targets == fitted(known)
    log = tmp_path / "incidents.csv"
    with log.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(judged[0].rows[0]))
        writer.writeheader()
        for incident in judged:
            writer.writerows(incident.rows)

    alerts = backtest(definition[1], log, options=("--final",))

    late = {a["case"] for a in alerts if a["state"] != "retracted" and a["stage"] == "breach"}
    assert late == {one.number for one in judged if one.took_s > targets[one.priority]}
    agreeing = sum((one.number not in late) == one.made for one in judged)
    assert agreeing >= 0.97 * len(judged)
    assert [len(judged), agreeing] == of_page(r"Of ([\d,]+) incidents of the second half, .* own for ([\d,]+) \(")
    assert len({one.number for one in judged if len({row["priority"] for row in one.rows}) > 1}) > 50


def test_the_page_says_what_differs(halves: tuple[list[Incident], list[Incident]]) -> None:
    """Each kind with its number, and what is not behind it."""
    known, judged = halves
    targets = fitted(known)
    differing = [one for one in judged if (one.took_s <= targets[one.priority]) != one.made]
    made = [one for one in differing if one.made]
    assert of_page(r"\| late here, in time in the log \| (\d+) \|") == [len(made)]
    assert of_page(r"\| in time here, late in the log \| (\d+) \|") == [len(differing) - len(made)]
    reopened = sum(one.rows[-1]["reopen_count"] != "0" for one in differing)
    assert of_page(r"reopened incidents \((\d+) of them\)") == [reopened]
    assert [one for one in differing if len({row["priority"] for row in one.rows}) > 1] == []
    hours = [round(one.took_s / 3600, 1) for one in made]
    assert sum(214.7 <= took <= 262.3 for took in hours) == len(made) - 3
    assert min(one.took_s for one in differing if one.priority == MODERATE and not one.made) == 204.5 * 3600
    late = [one for one in judged if not one.made]
    first_said = sum(next(row for row in one.rows if row["made_sla"] == "false") is one.rows[-1] for one in late)
    assert first_said > 0.99 * len(late)
