"""`casewatch conformance`: what it says of logs, models and options that are wrong, and its exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.agents.cli.calling import Command
from tests.agents.cli.conforming import CASE_HEADER, EVENT_HEADER, rows, table, xes

CASEWATCH = (sys.executable, "-c", "from agents.cli import main; main()", "conformance", "--model", "abc.pnml")


def test_names_that_only_one_side_knows_are_said_once(conformance: Command) -> None:
    """Strangers of the log, and steps that never occur."""
    ran = conformance(table("log.csv", "A,a", "A,x", "A,y", "A,x"))

    assert "not steps of the model, but activities of the log: `x`, `y`\n" in ran.err
    assert "not activities of the log, but steps of the model: `b`, `c`\n" in ran.err


def test_a_name_of_several_lines_stays_on_one(conformance: Command) -> None:
    """A remark is a line, and shows what in the name cannot be seen."""
    ran = conformance(table("log.csv", "A,a", '"A","x\ny"'))

    assert 'not steps of the model, but activities of the log: "x\\ny"\n' in ran.err


def test_a_log_that_shares_no_name_with_its_model_is_told_so(conformance: Command) -> None:
    """Names differ, and not the cases: how to say that they mean the same stands in the remark."""
    ran = conformance(table("log.csv", "A,Open", "A,Close"), "--per-case", "c.csv")

    assert (ran.code, rows(Path("c.csv").read_text())) == (0, [["A", "2", "5", "exact", "5"]])
    assert "no activity of the log is a step of the model: these figures say nothing of the process" in ran.out
    assert "no activity of the log is a step of the model, so every event costs 1; " in ran.err
    assert "what `Close` is called there (a step: `a`)" in ran.err


PLACED = tuple(f"log.csv:{line}:" for line in range(10))


def test_bad_lines_are_told_with_their_place_and_counted_and_the_rest_is_read(conformance: Command) -> None:
    """A row too short, no case, no activity: three lines said once each, one event used, and exit code 0."""
    ran = conformance(table("log.csv", "A,a", "A", ",b", "A,", "A,b,soon"), "--per-case", "-")

    assert (ran.code, rows(ran.out)) == (0, [["A", "2", "1", "exact", "1"]])
    assert [line.split("; ")[0] for line in ran.err.splitlines() if line.startswith(PLACED)] == [
        "log.csv:3: row: it has 1 cells, the header 3",
        "log.csv:6: time:timestamp: `soon` is not a time in ISO 8601",
        "log.csv:4: missing_case: case at `case:concept:name`: it is not there",
        "log.csv:5: missing_activity: activity at `concept:name`: it is not there",
    ]
    assert "events: 2 used, 0 skipped, 2 refused; 2 more problems in the log" in ran.err


@pytest.mark.parametrize("bad", ["A", ",b"])
def test_strict_refuses_a_log_at_its_first_bad_line(conformance: Command, bad: str) -> None:
    """Exit code 1, the line named, and nothing written."""
    ran = conformance(table("log.csv", "A,a", bad, ","), "--strict", "--per-case", "c.csv")

    assert (ran.code, ran.out, Path("c.csv").exists()) == (1, "", False)
    assert [line.split(" ")[0] for line in ran.err.splitlines() if line.startswith(PLACED)] == ["log.csv:3:"]


def test_a_log_of_which_nothing_can_be_read_is_a_failure(conformance: Command) -> None:
    """Exit code 1: here no event has a case."""
    ran = conformance(table("log.csv", ",a", ",b"))

    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "not one event could be read"


def test_a_log_without_events_gives_headers_alone(conformance: Command) -> None:
    """It is said, and it is no failure."""
    ran = conformance(table("log.csv"), "--per-event", "e.csv", "--per-case", "c.csv")

    assert ran.code == 0
    assert "there are no events in it" in ran.err
    assert Path("e.csv").read_text() == EVENT_HEADER + "\n"
    assert Path("c.csv").read_text() == CASE_HEADER + "\n"
    assert ran.out.splitlines()[:2] == ["cases: 0", "events: 0 used, 0 skipped, 0 refused"]


@pytest.mark.parametrize("missing", ["log", "model", "definition"])
def test_a_file_that_is_not_there_is_named(conformance: Command, missing: str) -> None:
    """Exit code 1, one line, no stack."""
    log = "none.csv" if missing == "log" else table("log.csv", "A,a")
    options = ("--definition", "none.csv") if missing == "definition" else ()

    ran = conformance(log, *options, model="none.csv" if missing == "model" else "abc.pnml")

    assert (ran.code, ran.out) == (1, "")
    assert [line[:11] for line in ran.err.splitlines()] == ["none.csv:1:"]


def test_what_is_wrong_in_a_model_is_told(conformance: Command) -> None:
    """Exit code 1, before the log is looked for."""
    Path("net.pnml").write_text("<pnml><net id='n'><place")

    ran = conformance("none.csv", model="net.pnml")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("net.pnml:1: ")


def test_the_model_of_a_definition_is_never_written(conformance: Command) -> None:
    """As little as a model that is named; exit code 2."""
    Path("t.yaml").write_text("process: p\nversion: '1'\nmodel: {file: rules.decl}\n")
    Path("rules.decl").write_text("Init[a]\n")

    ran = conformance("none.csv", "--definition", "t.yaml", "--per-case", "rules.decl")

    assert (ran.code, ran.err) == (2, "--per-case: `rules.decl` is read by this command; name another file\n")
    assert Path("rules.decl").read_text() == "Init[a]\n"


WRONG_USE = [
    (("--per-case", "none/c.csv"), "--per-case: `none/c.csv` cannot be written: No such file or directory"),
    (("--per-case", "log.csv"), "--per-case: `log.csv` is read by this command"),
    (("--per-event", "./abc.pnml"), "--per-event: `abc.pnml` is read by this command"),
    (("--per-event", "x.csv", "--per-case", "./x.csv"), "--per-case: `x.csv` is already that of --per-event"),
    (("--per-event", "-", "--per-case", "-"), "--per-case: `-` is already that of --per-event"),
    (("--timezone", "Nowhere"), "--timezone: `Nowhere` is not a known time zone"),
    (("--time-format", "%d/%m"), "--time-format: `%d/%m`"),
    (("--time-format", "%d/%m/%Y"), "--timestamp: `%d/%m/%Y` has no time zone"),
    (("--activity", ""), "--activity: "),
    (("--definition", "t.yaml", "--case", "id"), "--definition: it has a mapping, and columns are named besides"),
]


@pytest.mark.parametrize(("options", "said"), WRONG_USE)
def test_wrong_use_is_told_before_anything_is_read(conformance: Command, options: tuple[str, ...], said: str) -> None:
    """Exit code 2, one line that names the option; what is there stays as it is."""
    before = Path(table("log.csv", "A,a")).read_bytes()

    ran = conformance("log.csv", *options)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)
    assert len(ran.err.splitlines()) == 1
    assert Path("log.csv").read_bytes() == before


def test_without_any_model_it_is_wrong_use(conformance: Command) -> None:
    """Exit code 2, and both ways to name one."""
    ran = conformance(table("log.csv", "A,a"), model=None)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "there is no model; name one with --model, or a definition that has one\n"


def test_a_column_that_a_xes_log_does_not_have_is_not_replaced(conformance: Command) -> None:
    """Exit code 1: the standard names would be another question."""
    ran = conformance(xes(("A", [("a", "")])), "--activity", "org:role")

    assert (ran.code, ran.out) == (1, "")
    assert "log.xes:1: log: its events do not have all of `case:concept:name`, `org:role`, `time:timestamp`" in ran.err


def test_a_table_that_is_not_utf_8_loses_the_lines_that_are_not(conformance: Command) -> None:
    """They are told with their numbers."""
    Path("log.csv").write_bytes(Path(table("log.csv", "A,a", "A,ä", "A,b")).read_text().encode("latin-1"))

    ran = conformance("log.csv", "--per-event", "-")

    assert [row[2] for row in rows(ran.out)] == ["a", "b"]
    assert "log.csv:3: line: it is not UTF-8" in ran.err


@pytest.mark.parametrize("option", ["--per-event", "--per-case"])
def test_rows_that_find_no_room_name_their_file(conformance: Command, option: str) -> None:
    """Exit code 3 and one line, though the file could be opened, and though another is written beside it."""
    other = {"--per-event": "--per-case", "--per-case": "--per-event"}[option]

    ran = conformance(table("log.csv", *["A,a"] * 20), option, "/dev/full", other, "other.csv")

    assert (ran.code, ran.out) == (3, "")
    assert ran.err.splitlines()[-1] == "/dev/full: No space left on device; make room there"


def test_standard_output_without_room_is_an_outside_failure(conformance: Command) -> None:
    """Exit code 3 and one line, whether rows or the summary find no room."""
    log = table("log.csv", "A,a")
    for options in ((), ("--per-event", "-"), ("--per-case", "-")):
        with Path("/dev/full").open("wb") as full:
            ran = subprocess.run(
                [*CASEWATCH, log, *options], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )

        assert ran.returncode == 3
        assert ran.stderr.splitlines()[-1] == "standard output: No space left on device; make room there"
        assert "Traceback" not in ran.stderr


def test_a_reader_that_has_gone_ends_it_quietly(conformance: Command) -> None:
    """As after `casewatch conformance … --per-event - | head`: enough was read."""
    log = table("log.csv", *["A,a"] * 20)
    running = subprocess.Popen(
        [*CASEWATCH, log, "--per-event", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    with running.stderr as stderr:
        said = stderr.read()

    assert running.wait() == 0
    assert "Broken pipe" not in said
    assert "Traceback" not in said


def test_a_zone_does_no_harm_to_a_log_without_times(conformance: Command) -> None:
    """There is nothing that it could be the zone of."""
    ran = conformance(xes(("A", [("a", "")])), "--timezone", "UTC", "--per-case", "-")

    assert (ran.code, rows(ran.out)) == (0, [["A", "1", "2", "exact", "2"]])
