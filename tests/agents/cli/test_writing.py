"""Where commands write to: what cannot be written is told on one line, with the exit code that fits."""

import subprocess
import sys
from errno import EACCES, ECONNREFUSED, ENOSPC, EPIPE
from pathlib import Path

import pytest
import typer

from agents.cli.outside import run_outside
from agents.cli.writing import check_writable, opened
from schemas.problem import Fault

WHOLE = Path(__file__).parents[2] / "schemas" / "testdata" / "whole.good.yaml"
CASEWATCH = (sys.executable, "-c", "from agents.cli import main; main()")
DEFINITION = """
process: tickets
version: "1"
events: {mapping: {case: id, activity: act, timestamp: at}}
sla:
  - {id: done, kind: case_duration, target: 1h, at_risk: []}
"""
LOG = '{"id": "A", "act": "Open", "at": "2026-03-02T09:00Z"}\n{"id": "B", "act": "Open", "at": "2026-03-02T11:00Z"}\n'


@pytest.fixture
def backtest(tmp_path: Path) -> tuple[str, ...]:
    """The words of a backtest that raises one alert, in a folder of its own."""
    Path(tmp_path, "definition.yaml").write_text(DEFINITION)
    Path(tmp_path, "log.jsonl").write_text(LOG)
    return ("backtest", "--definition", str(tmp_path / "definition.yaml"), str(tmp_path / "log.jsonl"))


def onto_a_full_disk(*words: str) -> tuple[int, list[str]]:
    """Exit code and standard error of a command whose standard output has no room left."""
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run([*CASEWATCH, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    return ran.returncode, ran.stderr.splitlines()


@pytest.mark.parametrize("words", [("schema",), ("schema", "--of", "alert"), ("check", str(WHOLE))])
def test_standard_output_without_room_is_an_outside_failure(words: tuple[str, ...]) -> None:
    """Exit code 3 and one line, though what was printed waits until the end of the program."""
    code, said = onto_a_full_disk(*words)

    assert code == 3
    assert said[-1] == "standard output: No space left on device; make room there"
    assert not any("Traceback" in line or "Exception ignored" in line for line in said)


@pytest.mark.parametrize("alerts", [(), ("--alerts", "-")], ids=["summary", "alerts"])
def test_a_backtest_onto_a_full_disk_ends_on_one_line(backtest: tuple[str, ...], alerts: tuple[str, ...]) -> None:
    """Whether it is the summary or the alerts that find no room."""
    code, said = onto_a_full_disk(*backtest, *alerts)

    assert code == 3
    assert said[-1] == "standard output: No space left on device; make room there"


def test_alerts_that_find_no_room_in_their_file_name_it(backtest: tuple[str, ...]) -> None:
    """The file could be opened, and the disk is full before the first alert is written."""
    ran = subprocess.run([*CASEWATCH, *backtest, "--alerts", "/dev/full"], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.splitlines()[-1] == "/dev/full: No space left on device; make room there"
    assert "Traceback" not in ran.stderr


def test_a_reader_that_has_gone_ends_a_command_quietly(backtest: tuple[str, ...]) -> None:
    """As after `casewatch backtest … --alerts - | head`: enough was read."""
    running = subprocess.Popen([*CASEWATCH, *backtest, "--alerts", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    with running.stderr as stderr:
        said = stderr.read().decode()

    assert running.wait() == 0
    assert [line for line in said.splitlines() if not line.startswith("backtest: ")] == []


@pytest.mark.parametrize(("name", "wrong"), [("none/x.jsonl", "No such file or directory"), (".", "Is a directory")])
def test_a_path_that_cannot_be_written_is_wrong_use(
    backtest: tuple[str, ...], tmp_path: Path, name: str, wrong: str
) -> None:
    """Exit code 2, told before the log is looked for."""
    path = tmp_path / name

    ran = subprocess.run(
        [*CASEWATCH, *backtest, "none.jsonl", "--alerts", str(path)], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"--alerts: `{path}` cannot be written: {wrong}; name a file in a folder of yours\n"


def test_looking_whether_a_file_can_be_written_changes_nothing(tmp_path: Path) -> None:
    """What is there keeps its content, what is not there does not come into being."""
    there = tmp_path / "there.jsonl"
    there.write_text("alerts of yesterday")

    for path in (there, tmp_path / "new.jsonl", Path("-"), None):
        check_writable("--alerts", path)

    assert [each.name for each in tmp_path.iterdir()] == ["there.jsonl"]
    assert there.read_text() == "alerts of yesterday"
    with pytest.raises(Fault):
        check_writable("--alerts", there / "below")


def test_what_fails_while_a_file_is_open_names_the_file(tmp_path: Path) -> None:
    """A write knows no name."""
    path = tmp_path / "out"

    with pytest.raises(OSError, match="full") as failed, opened(path):
        raise OSError(ENOSPC, "full")

    assert (failed.value.errno, failed.value.filename) == (ENOSPC, str(path))


@pytest.mark.parametrize("error", [OSError(ENOSPC, ""), PermissionError(EACCES, ""), BrokenPipeError(EPIPE, "")])
def test_the_broker_is_not_blamed_for_the_disk(error: OSError, capsys: pytest.CaptureFixture[str]) -> None:
    """A full disk, a file that may not be read and a closed pipe are let through."""
    with pytest.raises(type(error)):
        run_outside("kafka:9092", _fail(error))

    assert capsys.readouterr() == ("", "")


def test_a_broker_that_is_away_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3 and one line."""
    with pytest.raises(typer.Exit) as ended:
        run_outside("kafka:9092", _fail(ConnectionRefusedError(ECONNREFUSED, "refused")))

    assert ended.value.exit_code == 3
    assert capsys.readouterr().err.startswith("kafka:9092: ConnectionRefusedError: ")


async def _fail(error: Exception) -> None:
    raise error
