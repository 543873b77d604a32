"""`casewatch backtest` for tests: the command, run as a user runs it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

Backtest = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def backtest(tmp_path: Path) -> Backtest:
    """Run `casewatch backtest` on a definition's text and a log; every line of its alerts."""

    def run(definition: str, *logs: Path, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        written = tmp_path / "definition.yaml"
        written.write_text(definition)
        out = tmp_path / "alerts.jsonl"
        command = [sys.executable, "-c", "from agents.cli import main; main()", "backtest", *options]
        command += ["--definition", str(written), "--alerts", str(out), *map(str, logs)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [orjson.loads(line) for line in out.read_bytes().splitlines()]

    return run
