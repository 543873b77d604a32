"""The programs that the demo starts beside itself, each a command that a user could type.

Invariant: what is started here is stopped here, with everything that it started itself; and it is told to go with us if
we go first. What a program writes goes to a file, so that its last words can be shown if it fails.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from agents.embedded_broker import end_with_parent

_GRACE_S = 5.0
_ENTRY = "from agents.cli import main; main()"
_LAST_WORDS = 15


class ProgramFailed(Exception):
    """A program of the demo ended before its time; the text says which, and its last words."""


class Program:
    """One `casewatch` command as a process of its own, in a process group of its own."""

    def __init__(self, name: str, arguments: Sequence[str], settings: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._arguments = arguments
        self._settings = settings
        self._log = log
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, None while it is not running for us."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it; returns at once."""
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-c",
                _ENTRY,
                *self._arguments,
                env=_inherited() | dict(self._settings),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    async def failed(self) -> None:
        """Wait until it ends by itself, which it should not, and raise `ProgramFailed` then."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        code = await self._process.wait()
        raise ProgramFailed(f"{self.name} ended with {code}; its last words were:\n{self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-_LAST_WORDS:])

    async def stop(self) -> None:
        """Ask it to end, and after five seconds make it; harmless if it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _inherited() -> dict[str, str]:
    """Our environment without Casewatch's own settings, which are meant for other installations than the demo's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CASEWATCH_")}
