"""`casewatch conformance`, run as a user runs it."""

import sys
from pathlib import Path

import pytest

from agents.cli import main
from tests.agents.cli.conforming import Command, Ran, sequence
from tests.pnml import pnml


@pytest.fixture
def conformance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run `casewatch conformance` in a folder of its own, where `abc.pnml` is the sequence of a, b and c."""

    def run(*arguments: str, model: str | None = "abc.pnml") -> Ran:
        words = () if model is None else ("--model", model)
        monkeypatch.setattr(sys, "argv", ["casewatch", "conformance", *words, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(int(ended.value.code or 0), *capfd.readouterr())

    monkeypatch.chdir(tmp_path)
    Path("abc.pnml").write_text(pnml(sequence("a", "b", "c")))
    return run
