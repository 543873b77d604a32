"""What campaigns found is kept by campaign, written as a page, and doubted once code that delivers has changed."""

import subprocess
import sys
from pathlib import Path, PurePath
from typing import Any

import pytest

from tests.chaos import changed, report
from tests.chaos.result import Result

BESIDE = (
    "collector", "complaints", "definition_book", "definition_conditions", "definition_constraints", "definition_files",
    "definition_record", "definition_topic", "definition_wording", "definition_yaml", "health", "metrics", "stalls",
    "survey", "wall_clock", "web",
)  # fmt: skip
"""What a worker runs beside what delivers: definitions, and what it says of itself."""


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as nobody in particular."""
    who = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a file that delivers and one that does not, and the paths of the report in it."""
    for name in ("agents", "docs", "stream", "schemas", "tests"):
        (tmp_path / name).mkdir()
    (tmp_path / "agents" / "custody.py").write_text("one")
    (tmp_path / "agents" / "web.py").write_text("one")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "Begin")
    for module in (report, changed):
        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module, "KEPT", tmp_path / "docs" / "campaigns.json")
    monkeypatch.setattr(report, "PAGE", tmp_path / "docs" / "campaigns.md")
    return tmp_path


def kept_of(revision: str) -> dict[str, Any]:
    """One campaign that ran on a revision."""
    return {"workers": {"revision": revision}}


def test_the_page_has_the_last_run_of_each_campaign(repository: Path) -> None:
    """A campaign that is run again takes its own place; the others keep theirs."""
    report.keep([Result("soak", "A soak", {"minutes": 1.0}), Result("workers", "Workers", {"rounds": 20})])
    report.keep([Result("workers", "Workers", {"rounds": 21}, ["a case was lost"])])
    page = (repository / "docs" / "campaigns.md").read_text()
    assert page.index("## Workers") < page.index("## A soak")
    assert "| rounds | 21 |" in page
    assert "| minutes | 1.0 |" in page
    assert "- a case was lost" in page
    assert git(repository, "rev-parse", "HEAD") in page
    assert "| rounds | 20 |" not in page


def test_a_run_on_files_that_are_in_no_revision_says_so(repository: Path) -> None:
    """The revision bears a plus."""
    (repository / "agents" / "web.py").write_text("two")
    assert report.revision() == git(repository, "rev-parse", "HEAD") + "+"


def test_code_that_delivers_and_has_changed_is_named(repository: Path) -> None:
    """Only the file that delivers, whether the change is in a revision or not."""
    revision = git(repository, "rev-parse", "HEAD")
    assert list(changed.warnings(kept_of(revision))) == []
    for name in ("custody.py", "web.py"):
        (repository / "agents" / name).write_text("two")
    [warning] = changed.warnings(kept_of(revision + "+"))
    assert warning.endswith(f"campaigns (workers) ran on {revision[:12]}: agents/custody.py")


def test_a_revision_that_nobody_knows_is_told(repository: Path) -> None:
    """What ran on it cannot be compared."""
    [warning] = changed.warnings(kept_of("0" * 40))
    assert "does not know" in warning


def test_the_files_that_deliver_exist() -> None:
    """A pattern without a file would watch over nothing; that of the intake may."""
    lost = [each for each in changed.DELIVERY if not any(report.ROOT.glob(each)) and "intake" not in each]
    assert lost == []


def test_what_a_worker_runs_delivers_or_is_known_not_to() -> None:
    """A new module of the worker is to be put in one of the two lists."""
    told = "import sys, agents.worker; print(*(name for name in sys.modules if name.startswith('agents.')))"
    ran = subprocess.run([sys.executable, "-c", told], cwd=report.ROOT, capture_output=True, text=True, check=True)
    modules = {PurePath(*name.split(".")).with_suffix(".py") for name in ran.stdout.split()}
    unlisted = {str(path) for path in modules if not any(path.match(each) for each in changed.DELIVERY)}
    assert unlisted == {f"agents/{name}.py" for name in BESIDE}
