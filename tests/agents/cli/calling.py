"""A command of `casewatch` called as a user calls it, and how it ended."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from agents.cli import main


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]
Captured = pytest.CaptureFixture[str]


def called(monkeypatch: pytest.MonkeyPatch, captured: Captured, *words: str) -> Ran:
    """Call `casewatch` with these words."""
    monkeypatch.setattr(sys, "argv", ["casewatch", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return Ran(int(ended.value.code or 0), *captured.readouterr())
