"""The demo's programs: started with settings of their own, ended with all they started, heard when they fail."""

import asyncio
import os
from pathlib import Path

import pytest

from agents.demo.programs import Program, ProgramFailed


def is_there(pid: int) -> bool:
    """Whether that process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def settings_of(pid: int) -> set[str]:
    """The settings in that process' environment."""
    environment = Path(f"/proc/{pid}/environ").read_text()
    return {item for item in environment.split("\0") if item.startswith("CASEWATCH_")}


async def test_a_program_that_ends_by_itself_is_reported_with_its_last_words(tmp_path: Path) -> None:
    """A worker that refuses its definition says so to the user of the demo."""
    program = Program("the worker", ["check", "no-such-file.yaml"], {}, tmp_path / "log")
    await program.start()

    with pytest.raises(ProgramFailed, match=r"the worker ended with [12]; its last words were:\n(.|\n)*no-such-file"):
        await program.failed()

    await program.stop()


async def test_a_program_gets_the_settings_of_the_demo_and_not_those_of_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's broker may be a real one; the demo must not touch it."""
    monkeypatch.setenv("CASEWATCH_BROKERS", "broker.example:9092")
    program = Program("the simulator", ["simulate"], {"CASEWATCH_PREFIX": "demo"}, tmp_path / "log")
    await program.start()
    pid = program.pid
    assert pid is not None

    settings = settings_of(pid)

    await program.stop()
    assert settings == {"CASEWATCH_PREFIX=demo"}


async def test_a_stopped_program_is_gone_and_can_be_stopped_again(tmp_path: Path) -> None:
    """Nothing is left of it, and cleaning up twice does no harm."""
    program = Program("the simulator", ["simulate", "--brokers", "127.0.0.1:1"], {}, tmp_path / "log")
    await program.start()
    pid = program.pid
    assert pid is not None

    await asyncio.gather(program.stop(), program.stop())

    assert not is_there(pid)
    assert program.pid is None
