"""What workers say of themselves while something is wrong: whether they live, are ready, and why not.

Invariant: a worker is asked over HTTP, as an orchestrator asks it; one that has ended, even to be started again, is
counted.
"""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from tests.broker.traffic import WorkerProgram

EVERY_S = 0.25


def resident_mib(worker: WorkerProgram) -> float:
    """How much memory a worker takes up, as the system says; 0 if it has ended."""
    if worker.process is None or not worker.running:
        return 0.0
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    return sum(int(kib) / 1024 for kib in re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE))


def busy_seconds(worker: WorkerProgram) -> float:
    """How long the processor has worked for a worker, as the system says; 0 if it has ended."""
    if worker.process is None or not worker.running:
        return 0.0
    fields = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime of proc(5), after the name


class Watch:
    """Asks workers four times a second; `said`: what they gave as reasons, and how often."""

    def __init__(self, workers: Sequence[WorkerProgram]) -> None:
        self.workers = workers
        self.pids = [None if worker.process is None else worker.process.pid for worker in workers]
        self.said = Counter[str]()
        self.last_ready: list[bool] = []

    async def ask(self) -> None:
        """Ask all of them once."""
        answers = [await asyncio.to_thread(worker.get, "/readyz") for worker in self.workers]
        self.last_ready = [status == 200 for status, _ in answers]
        self.said.update(text for status, text in answers if status != 200)

    async def until(self, holds: Callable[[], bool], seconds: float) -> float | None:
        """Ask until something holds; how many seconds that took, None if it did not come about."""
        began = monotonic()
        while monotonic() - began < seconds:
            await self.ask()
            if holds():
                return monotonic() - began
            await asyncio.sleep(EVERY_S)
        return None

    async def during(self, seconds: float) -> None:
        """Ask for so long."""
        await self.until(lambda: False, seconds)

    def gone(self) -> list[str]:
        """Workers that have ended since, in words."""
        ended = [worker for worker in self.workers if not worker.running]
        return [f"{worker.name} ended\n{worker.tail(8)}" for worker in ended]

    def words(self, word: str) -> bool:
        """Whether anybody gave a reason that has this word in it."""
        return any(word in text for text in self.said)
