"""The README is true: its map names what is there, and the commands that it shows exist.

The map is the fenced block under "## Map of the code": a tree, by indentation or with lines drawn, one line for each
file or folder and what it is; folders end in a slash. Every Python module of the three packages stands in it by name
(an `__init__.py` is its folder). A folder that is listed with nothing under it stands for all that it holds.
"""

import json
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from agents.cli import COMMANDS

ROOT = Path(__file__).parents[1]
MAPPED = ("schemas/", "stream/", "agents/", "deploy/")
PACKAGES = ("schemas/", "stream/", "agents/")
DRAWN = re.compile(r"[│├└─|`]")


def casewatch(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `casewatch …` in a folder."""
    command = [sys.executable, "-c", "from agents.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def alerts(path: Path) -> list[dict[str, Any]]:
    """The lines of an alerts file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def readme() -> str:
    """The text of README.md."""
    return (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def tree(readme: str) -> set[str]:
    """The paths that the map lists, folders with a slash at their end."""
    block = re.search(r"^## Map of the code\n.*?^```\w*\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None, 'README.md has no fenced block under "## Map of the code"'
    return set(_paths(block[1]))


def _paths(block: str) -> list[str]:
    """Each line belongs to the nearest line above it that stands further left."""
    paths: list[str] = []
    above: list[tuple[int, str]] = []
    for line in DRAWN.sub(" ", block).splitlines():
        if not line.strip() or line.strip() == ".":
            continue
        column = len(line) - len(line.lstrip())
        while above and above[-1][0] >= column:
            above.pop()
        path = (above[-1][1] if above else "") + line.split()[0]
        paths.append(path)
        if path.endswith("/"):
            above.append((column, path))
    return paths


def _files() -> set[str]:
    """What is in the repository or about to be added to it, of the folders that the map covers."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *MAPPED]
    found = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return {file for file in found if (ROOT / file).is_file()}


def _whole_folders(tree: set[str]) -> set[str]:
    """Folders with nothing listed under them."""
    return {path for path in tree if path.endswith("/") and not any(p != path and p.startswith(path) for p in tree)}


def test_everything_on_the_map_exists(tree: set[str]) -> None:
    """A file that was moved or removed leaves the map too."""
    assert {path for path in tree if not (ROOT / path).exists()} == set()


def test_every_file_is_on_the_map(tree: set[str]) -> None:
    """By its name, or within a folder that is listed as a whole."""
    whole = tuple(_whole_folders(tree))

    missing = {file for file in _files() - tree if not file.startswith(whole)}

    assert {file for file in missing if not file.endswith("/__init__.py")} == set()


def test_everything_on_the_map_is_told_of(readme: str) -> None:
    """In a few words, behind its name."""
    block = re.search(r"^## Map of the code\n.*?^```\w*\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None, 'README.md has no fenced block under "## Map of the code"'
    lines = [line for line in block[1].splitlines() if line.strip()]

    assert lines
    assert [line for line in lines if len(line.split(maxsplit=1)) < 2] == []


def test_every_module_is_on_the_map_by_name(tree: set[str]) -> None:
    """The three packages are listed file by file, their folders included."""
    modules = {file for file in _files() if file.startswith(PACKAGES) and file.endswith(".py")}
    named = {file for file in modules if not file.endswith("__init__.py")}
    folders = {f"{PurePosixPath(file).parent}/" for file in modules}

    assert (named | folders) - tree == set()


def _code(readme: str) -> str:
    """All that stands in fenced blocks or between backticks: elsewhere "make" is a word."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```\w*\n.*?^```", "", readme, flags=re.DOTALL | re.MULTILINE)
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", prose)])


def test_every_make_target_that_is_shown_exists(readme: str) -> None:
    """As a target of the Makefile."""
    shown = set(re.findall(r"(?:^|[\s;&$])make +([a-z][a-z-]*)", _code(readme), re.MULTILINE))
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert shown
    assert shown <= targets


def test_every_command_that_is_shown_exists(readme: str) -> None:
    """As a command of `casewatch`."""
    shown = set(re.findall(r"(?:^|[\s/])casewatch +([a-z][a-z-]*)", _code(readme), re.MULTILINE))

    assert shown
    assert shown <= {command.name for command in COMMANDS}


def test_the_first_definition_works_as_it_stands(readme: str, tmp_path: Path) -> None:
    """What a newcomer copies passes the check, and a backtest of three lines finds the order that was not shipped."""
    block = re.search(r"^```yaml\n(process: orders.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None
    (tmp_path / "orders.yaml").write_text(block[1])
    (tmp_path / "history.csv").write_text(
        "order.id,step,at,order.promised_at,order.supplier\n"
        "O-1,Paid,2026-11-02T11:00:00Z,2026-11-20T00:00:00Z,northwind\n"
        "O-2,Paid,2026-11-02T11:00:00Z,,\n"
        "O-2,Shipped,2026-11-05T11:00:00Z,,\n"
    )

    checked = casewatch(tmp_path, "check", "orders.yaml")
    tried = casewatch(tmp_path, "backtest", "--definition", "orders.yaml", "history.csv", "--alerts", "alerts.jsonl")

    assert (checked.returncode, tried.returncode) == (0, 0), checked.stderr + tried.stderr
    breaches = [alert for alert in alerts(tmp_path / "alerts.jsonl") if alert["stage"] == "breach"]
    assert {(alert["case"], alert["state"]) for alert in breaches if alert["rule"] == "shipped"} == {
        ("O-1", "updated"),
        ("O-2", "updated"),
        ("O-2", "resolved"),
    }


def test_the_further_sections_work_as_they_stand(readme: str, tmp_path: Path) -> None:
    """Model, constraints and rules as shown, put into a definition, find what they are meant to find."""
    block = re.search(r"^```yaml\n(model:\n  file: orders.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None
    head = 'process: orders\nversion: "1"\ncase: {ends: last_event}\n'
    mapping = "{case: case, activity: step, timestamp: at, resource: who, attributes: {paid: paid, team: team}}"
    (tmp_path / "orders.csv").write_text("source,target\n,Payment received\nPayment received,Check stock\n"
                                         "Check stock,Approved\nApproved,Paid out\nPaid out,\n")  # fmt: skip
    shown = block[1].replace("orders.bpmn", "orders.csv")
    (tmp_path / "orders.yaml").write_text(f"{head}events:\n  mapping: {mapping}\n{shown}")
    (tmp_path / "history.csv").write_text(
        "case,step,at,who,team,paid\n"
        "O-1,Paid,2026-11-02T11:00:00Z,anna,,yes\n"
        "O-1,Approved,2026-11-02T12:00:00Z,bert,clerks,yes\n"
        "O-1,Paid out,2026-11-02T13:00:00Z,bert,clerks,yes\n"
        "O-2,Cancelled,2026-11-02T11:00:00Z,anna,,yes\n"
    )

    tried = casewatch(tmp_path, "backtest", "--definition", "orders.yaml", "history.csv", "--alerts", "alerts.jsonl")

    assert tried.returncode == 0, tried.stderr
    told = {(alert["case"], alert["rule"]) for alert in alerts(tmp_path / "alerts.jsonl") if alert["rule"] != "model"}
    assert told == {("O-1", "two-people"), ("O-1", "approver"), ("O-2", "refund")}
    deviating = {alert["case"] for alert in alerts(tmp_path / "alerts.jsonl") if alert["rule"] == "model"}
    assert deviating == {"O-2"}
    assert "bert" not in (tmp_path / "alerts.jsonl").read_text()


def test_the_model_that_is_shown_reads_as_it_is_shown(readme: str) -> None:
    """The block is the command's own output, line for line."""
    block = re.search(r"^```\n\$ casewatch (model \S+)\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None

    assert casewatch(ROOT, *block[1].split()).stdout == block[2]


def test_the_costs_that_are_shown_are_those_of_the_log(readme: str, test_data: Path) -> None:
    """The summary of the loan log, line for line."""
    block = re.search(r"^```\n\$ casewatch conformance .*?\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None
    model = test_data / "models_discovered" / "bpic2012_complete_imf02.pnml"
    log = test_data / "bpic2012_loan" / "BPIC12.xes.gz"

    judged = casewatch(ROOT, "conformance", "--model", str(model), str(log), "--completed-only")

    assert judged.returncode == 0, judged.stderr
    assert judged.stdout.startswith(block[1])
