"""`casewatch conformance`, run as a user runs it."""

from pathlib import Path

import pytest

from tests.agents.cli.calling import Command, Ran, called
from tests.agents.cli.conforming import sequence
from tests.pnml import pnml


@pytest.fixture
def conformance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run `casewatch conformance` in a folder of its own, where `abc.pnml` is the sequence of a, b and c."""

    def run(*arguments: str, model: str | None = "abc.pnml") -> Ran:
        words = () if model is None else ("--model", model)
        return called(monkeypatch, capfd, "conformance", *words, *arguments)

    monkeypatch.chdir(tmp_path)
    Path("abc.pnml").write_text(pnml(sequence("a", "b", "c")))
    return run
