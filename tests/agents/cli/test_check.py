"""`casewatch check`: what is right said on standard output, what is wrong on standard error, and the exit code."""

import json
import sys
from pathlib import Path

import pytest

from agents.cli import main
from stream.declare import conflict

TESTDATA = Path(__file__).parents[2] / "schemas" / "testdata"
GOOD, WHOLE, BAD = (TESTDATA / name for name in ("minimal.good.yaml", "whole.good.yaml", "keys.bad.unknown_key.yaml"))


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["casewatch", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_good_definitions_are_told_in_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Process, version, topics, number of SLAs and the size of the model; remarks on the model apart."""
    code = _run(monkeypatch, "check", GOOD, WHOLE)

    out, err = capsys.readouterr()
    assert code == 0
    assert out.splitlines() == [
        f"{GOOD}: tickets version 1, topics tickets, 0 SLAs, no model",
        f"{WHOLE}: customer-requests version 3, topics crm.tickets, crm.mails, 8 SLAs, "
        "model two-steps.pnml (2 activities, 3 places)",
    ]
    assert err.startswith(f"{WHOLE}: model: ")


def test_a_definition_without_topics_is_right_for_a_backtest_and_refused_by_a_worker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The check says what is missing; `run` and `topics` cannot do without."""
    file = tmp_path / "history.yaml"
    file.write_text("process: p\nversion: '1'\n")

    codes = [_run(monkeypatch, command, file) for command in ("check", "run", "topics")]

    out, err = capsys.readouterr()
    problem = f"{file}:1: events.topics: without topics there is nothing to watch; name the Kafka topics to read"
    assert (codes, out) == ([0, 1, 1], f"{file}: p version 1, no topics, 0 SLAs, no model\n")
    assert [line.startswith(problem) for line in err.splitlines()] == [True, True]


def test_constraints_too_many_to_search_for_conflicts_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The definition is right as far as anybody knows."""
    file = tmp_path / "many.yaml"
    lines = [f"- {{id: c{count}, declare: 'Exactly{count}[Pay]'}}\n" for count in (900, 901)]
    file.write_text("process: p\nversion: '1'\nconstraints:\n" + "".join(lines))
    monkeypatch.setattr(conflict, "MOST_SEARCHED", 100)

    code = _run(monkeypatch, "check", file)

    assert code == 0
    said = f"{file}: 2 constraints: conflicts between them: not decided: too large to search through\n"
    assert capsys.readouterr().err.endswith(said)


def test_every_problem_of_every_file_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A good file among them is still said to be good."""
    code = _run(monkeypatch, "check", BAD, GOOD, TESTDATA / "none.yaml")

    out, err = capsys.readouterr()
    assert code == 1
    assert out.splitlines() == [f"{GOOD}: tickets version 1, topics tickets, 0 SLAs, no model"]
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{BAD}:7", f"{BAD}:8", f"{TESTDATA / 'none.yaml'}:1"]


def test_findings_are_one_json_document_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For scripts: the same facts, with the exit code unchanged."""
    code = _run(monkeypatch, "check", "--format", "json", WHOLE, BAD)

    out, err = capsys.readouterr()
    good, bad = json.loads(out)
    assert (code, err) == (1, "")
    assert (good["process"], good["slas"], good["model"]["activities"], good["problems"]) == (
        "customer-requests",
        8,
        2,
        [],
    )
    assert bad["problems"][0] == {
        "file": str(BAD),
        "line": 7,
        "element": "sla[a].tarket",
        "wrong": "unknown key `tarket`",
        "right": "did you mean `target`?",
    }


@pytest.mark.parametrize(
    "arguments", [["check"], ["check", "--format", "xml", "x.yaml"], ["check", "--nonsense"], ["no"]]
)
def test_wrong_use_is_told_apart_from_wrong_definitions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Exit code 2, and nothing on standard output."""
    code = _run(monkeypatch, *arguments)

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "Usage: casewatch" in err
