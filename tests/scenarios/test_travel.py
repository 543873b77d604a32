"""The page on travel declarations: its definition is run on the log that it reads, and its figures counted again."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.backtesting import Backtest

PAGE = (Path(__file__).parents[2] / "docs" / "travel-declarations.md").read_text()
ROW = re.compile(r"^\| (\w+) \| ([^|]+) \| ([\d,]+) \| ([\d,]+) \|", re.MULTILINE)
SENTENCE = re.compile(r"^> (.+)$", re.MULTILINE)
ENDINGS = ("the case has ended; ", "it is too late to reopen the case; ", "the case was closed after a long silence; ")
OUTSIDE = "Payment Handled"


def definition(test_data: Path) -> str:
    """The definition on the page, its model found among the test data."""
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1].replace("declaration_documents.bpmn", str(test_data / "bpic2020_travel/declaration_documents.bpmn"))


def number(text: str) -> int:
    """A figure of the page."""
    return int(text.replace(",", ""))


@pytest.fixture
def said(backtest: Backtest, test_data: Path) -> list[dict[str, Any]]:
    """The last record of each alert that was not taken back, with the time of the first, when it happened."""
    log = test_data / "bpic2020_travel" / "DomesticDeclarations.xes.gz"
    records = backtest(definition(test_data), log)
    happened_at = {record["id"]: record["happened_at"] for record in reversed(records)}
    last = {record["id"]: record | {"happened_at": happened_at[record["id"]]} for record in records}
    return [record for record in last.values() if record["state"] != "retracted"]


def test_the_page_on_travel_declarations_tells_the_figures_of_the_log(said: list[dict[str, Any]]) -> None:
    """Each class and step with its alerts and declarations, those that follow the model, months, and sentences."""
    told_of = [(record["explanation"], record["case"]) for record in said]
    classes = [(explanation["deviation"], explanation["activity"], case) for explanation, case in told_of]
    alerts = Counter((kind, step) for kind, step, _ in classes)
    cases = Counter((kind, step) for kind, step, _ in set(classes))
    told = {(row[1], row[2].strip()): (number(row[3]), number(row[4])) for row in ROW.finditer(PAGE)}
    assert told == {key: (count, cases[key]) for key, count in alerts.items()}

    deviating = {case for _, step, case in classes if step != OUTSIDE}
    follow = re.search(r"Of ([\d,]+) declarations, ([\d,]+) \(", PAGE)
    assert follow is not None
    assert number(follow[2]) == number(follow[1]) - len(deviating)

    unchecked = Counter(
        record["happened_at"][:4]
        for record in said
        if (record["explanation"]["deviation"], record["explanation"]["activity"]) == ("skipped", "prove request")
    )
    years = re.search(r"([\d,]+) of them in 2017, ([\d,]+) in 2018", PAGE)
    assert years is not None
    assert {"2017": number(years[1]), "2018": number(years[2])} == unchecked

    sentences = {record["summary"] for record in said}
    for ending in ENDINGS:
        sentences |= {sentence.replace(ending, "") for sentence in sentences}
    assert set(SENTENCE.findall(PAGE)) <= sentences
