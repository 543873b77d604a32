"""`casewatch backtest --scorecards`: the cards of the end in a file, and what is shown of them."""

import json
from pathlib import Path

import pytest

from tests.agents.cli.calling import Command, Ran, called

DEFINITION = """
process: tickets
version: "1"
roles: {owner: Head of Service}
events: {topics: [tickets], mapping: {case: id, activity: act, timestamp: at, attributes: {supplier: by}}}
case: {ends: [Closed], segments: [supplier]}
sla:
  - {id: answer, kind: between, from: Open, to: Answer, target: 1h}
scorecard: {window: 1d, by: [[], [supplier]]}
"""


@pytest.fixture
def backtest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run `casewatch backtest` over three tickets of two days, in a folder of its own."""

    def run(*arguments: str, definition: str = DEFINITION) -> Ran:
        Path("definition.yaml").write_text(definition)
        Path("log.jsonl").write_text("\n".join([
            event("A", "Open", "02T08:00", by="north"), event("A", "Answer", "02T08:30"),
            event("A", "Closed", "02T09:00"), event("B", "Open", "03T08:00", by="[b]south"),
            event("B", "Answer", "03T10:00"), event("B", "Closed", "03T12:00"),
            event("C", "Open", "03T15:00", by="north"), event("C", "Note", "03T15:10"),
        ]))  # fmt: skip
        return called(monkeypatch, capfd, "backtest", "--definition", "definition.yaml", *arguments, "log.jsonl")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return run


def event(case: str, act: str, time: str, **fields: str) -> str:
    """One line of a log, of a time of one month."""
    return json.dumps({"id": case, "act": act, "at": f"2026-03-{time}:00Z", **fields})


def test_the_cards_of_the_end_are_written(backtest: Command) -> None:
    """One line a card, the last word on each; the window ends with the last whole bucket."""
    ran = backtest("--scorecards", "cards.jsonl")

    assert ran.code == 0
    cards = [json.loads(line) for line in Path("cards.jsonl").read_text().splitlines()]
    assert [card["labels"] for card in cards] == [{}, {"supplier": "[b]south"}, {"supplier": "north"}]
    whole = cards[0]
    assert (whole["window"]["start"], whole["window"]["end"]) == ("2026-03-02T15:00:00Z", "2026-03-03T15:00:00Z")
    assert (whole["window"]["started"], whole["window"]["closed"], whole["window"]["breached"]) == (1, 1, 1)
    assert (whole["before"]["started"], whole["before"]["closed"], whole["before"]["on_time"]) == (1, 1, 1)
    assert whole["present"]["open"] == cards[2]["present"]["open"] == 1
    assert whole["owner"] == "Head of Service"


def test_the_summary_shows_each_window_beside_the_one_before(backtest: Command) -> None:
    """Volume, share on time and durations; names are shown as they are."""
    ran = backtest()

    assert "1 d up to 2026-03-03 15:00 UTC" in ran.out
    rows = {line.split("│")[1].strip(): line for line in ran.out.splitlines() if line.startswith("│")}
    assert [cell.strip() for cell in rows["all cases"].split("│")[2:8]] == [
        "1 (1)", "1 (1)", "0.0 % (100.0 %)", "4 h (1 h)", "4 h (1 h)", "1",
    ]  # fmt: skip
    assert "supplier [b]south" in rows


def test_of_more_cards_than_are_shown_it_is_told_where_they_are(
    backtest: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the file, or what to do to have one."""
    monkeypatch.setattr("agents.cli.card_table.MOST_ROWS", 1)

    assert "and 2 more cards: write them all with --scorecards" in backtest().out
    assert "and 2 more cards: they are with the others that --scorecards wrote" in backtest(
        "--scorecards", "cards.jsonl"
    ).out


def test_the_heads_of_columns_need_no_statistics(backtest: Command) -> None:
    """Half of the cases took no longer, and nine of ten."""
    out = backtest().out
    assert "half within" in out
    assert "9 of 10 within" in out
    assert "p50" not in out


def test_cards_that_are_off_are_neither_written_nor_shown(backtest: Command) -> None:
    """The file is there, and empty."""
    head, _, _ = DEFINITION.partition("scorecard:")
    ran = backtest("--scorecards", "cards.jsonl", definition=f"{head}scorecard: off\n")

    assert ran.code == 0
    assert Path("cards.jsonl").read_text() == ""
    assert "up to" not in ran.out


def test_cards_on_standard_output_leave_the_summary_to_the_other(backtest: Command) -> None:
    """So that they can be piped."""
    ran = backtest("--scorecards", "-")

    assert [json.loads(line)["process"] for line in ran.out.splitlines()] == ["tickets"] * 3
    assert "all cases" in ran.err


def test_cards_and_alerts_cannot_share_a_file(backtest: Command) -> None:
    """Refused before any work is done."""
    ran = backtest("--alerts", "out.jsonl", "--scorecards", "out.jsonl")

    assert ran.code != 0
    assert "--scorecards: `out.jsonl` is already that of --alerts" in ran.err


def test_cases_of_more_segments_than_are_counted_are_told(backtest: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """They count for the whole process all the same."""
    monkeypatch.setattr("stream.shares.MOST_SHARES", 1)
    ran = backtest()

    assert "not on the card of their segment: 1 cases" in ran.out
    assert ran.out.count("│ supplier") == 1


def test_durations_of_less_than_a_minute_are_shown_in_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The sketch is no more exact than that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    Path("definition.yaml").write_text(DEFINITION)
    happened = ("Open", "02T08:00:00"), ("Closed", "02T08:00:30"), ("Note", "03T08:00:00")
    lines = [{"id": "B" if act == "Note" else "A", "act": act, "at": f"2026-03-{time}Z"} for act, time in happened]
    Path("log.jsonl").write_text("\n".join(map(json.dumps, lines)))

    ran = called(monkeypatch, capfd, "backtest", "--definition", "definition.yaml", "log.jsonl")
    assert " 30 s (-)" in ran.out
