"""An outside program that a test starts, watches and ends: a broker, a Prometheus, a worker.

Invariant: what was started is ended, output goes to a file that a failing test shows, and ports lie below the range
that the kernel hands to clients, since a port inside it can be taken by a client while its server is down.
"""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agents.embedded_broker import free_port as first_free_port


class NotReady(AssertionError):
    """A program ended or stayed silent before it was ready; the message ends with the last lines of its output."""


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on, below the ephemeral range.

    By chance, so that a port whose server is down for a moment is not given to somebody else.
    """
    return first_free_port(random.randrange(20_000, 31_000))


def accepts_connections(port: int) -> bool:
    """Whether something listens on that port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return as soon as `condition` holds; `NotReady` naming `what` if it does not within `seconds`."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise NotReady(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.05)


class Program:
    """One run, or several in a row, of a program: its process, and the file that all its output goes to.

    It starts in the folder `cwd`, or in that of the tests.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, settings: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.settings = dict(settings or {})
        self.cwd: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there and has not ended."""
        return self.process is not None and self.process.poll() is None

    def start(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Start it and return once `ready` holds; `NotReady` if it ends first or takes longer than `seconds`."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.settings},
                cwd=self.cwd,
                start_new_session=True,
            )
        try:
            wait_until(lambda: not self.running or ready(), seconds, f"{self.name} to be ready")
        except NotReady as silence:
            self.kill()
            raise NotReady(f"{silence}\n{self.tail()}") from None
        if not self.running:
            raise NotReady(f"{self.name} ended with {self.process.returncode}\n{self.tail()}")

    def stop(self, seconds: float = 30) -> int | None:
        """Ask it to end (SIGTERM) and return its exit status; one that does not listen is killed, and that fails."""
        if self.process is None:
            return None
        if self.running:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise NotReady(f"{self.name} did not end within {seconds:g} s of SIGTERM\n{self.tail()}") from None

    def kill(self) -> None:
        """End it, and all that it started, without a word of warning (SIGKILL)."""
        if self.process is not None:
            if self.running:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tail(self, lines: int = 60) -> str:
        """Return the last lines of its output."""
        if not self.log.exists():
            return f"{self.name} wrote nothing"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
