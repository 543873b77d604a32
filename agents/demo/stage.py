"""The demo from start to end: broker, worker, simulator and view, in this order, and back.

Invariant: whatever ends it (a signal, the time that was asked for, a failure), every process is gone and the temporary
folder deleted before `run_demo` returns. The demo's settings are its own: the caller's `CASEWATCH_…` do not count.
"""

import asyncio
import os
import secrets
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console

from agents.demo.picture import Picture
from agents.demo.programs import Program
from agents.demo.showing import Lines, Screen, Show
from agents.demo.watching import watch_alerts, watch_metrics
from agents.embedded_broker import EmbeddedBroker, free_port
from agents.simulator.producer import Destination, ensure_topic
from agents.wall_clock import now_ms

TOPIC = "support.tickets"
PREFIX = "casewatch"
DEFINITION = Path(__file__).resolve().parents[2] / "deploy" / "examples" / "customer-service.yaml"

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wanted(NamedTuple):
    """What the user asked for; `seconds` None: until a signal comes."""

    seed: int
    history: str
    rate: float
    seconds: float | None
    plain: bool


async def run_demo(wanted: Wanted, console: Console) -> None:
    """Run the demo until it is stopped; raises `BrokerUnavailable` or `ProgramFailed` where a part of it fails,
    `BrokenPipeError` where nobody reads its lines any more."""
    loop = asyncio.get_running_loop()
    work = loop.create_task(_Demo(wanted, console).run())
    for number in _ENDING:
        loop.add_signal_handler(number, _end_once, work)
    if wanted.seconds is not None:
        loop.call_later(wanted.seconds, _end_once, work)
    try:
        await work
    except asyncio.CancelledError:
        console.print("The demo has ended; its broker, worker and simulator are stopped.", highlight=False)
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)


def _end_once(work: asyncio.Task[None]) -> None:
    """A second Ctrl-C must not cut short the cleaning up that the first one began."""
    if not work.cancelling():
        work.cancel()


class _Demo:
    """One run: its parts, and the picture that they add up to."""

    def __init__(self, wanted: Wanted, console: Console) -> None:
        self._wanted = wanted
        # Two demos that start at once begin their search for a port at different places.
        self._broker = EmbeddedBroker(free_port(20_000 + os.getpid() % 10_000))
        self._port = free_port(self._broker.port + 1)
        self._picture = Picture(
            started_at=now_ms(),
            metrics_url=f"http://127.0.0.1:{self._port}/metrics",
            alerts_topic=f"{PREFIX}.alerts",
            brokers=self._broker.address,
        )
        in_lines = wanted.plain or not console.is_terminal or console.is_dumb_terminal
        self._show: Show = Lines(self._picture, console) if in_lines else Screen(self._picture, console)

    async def run(self) -> None:
        """Start everything and watch; ends by being cancelled or by a failure, with everything stopped."""
        with TemporaryDirectory(prefix="casewatch-demo-") as folder:
            async with AsyncExitStack() as ending:
                ending.push_async_callback(self._broker.stop)
                try:
                    await self._play(Path(folder), ending)
                except BaseExceptionGroup as group:
                    raise group.exceptions[0] from None

    async def _play(self, folder: Path, ending: AsyncExitStack) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._show.run())
            self._picture.step = "starting the broker"
            await self._broker.start()
            await ensure_topic(Destination(self._broker.address, TOPIC))
            self._picture.step = "starting the worker"
            for program in self._programs(folder):
                ending.push_async_callback(program.stop)
                await program.start()
                tasks.create_task(program.failed())
            self._picture.step = f"reading {self._wanted.history} of history"
            tasks.create_task(watch_metrics(self._picture, self._port))
            tasks.create_task(watch_alerts(self._picture, self._show.hear))

    def _programs(self, folder: Path) -> list[Program]:
        brokers = {"CASEWATCH_BROKERS": self._broker.address}
        settings = brokers | {
            "CASEWATCH_HTTP": f"127.0.0.1:{self._port}",
            "CASEWATCH_PREFIX": PREFIX,
            "CASEWATCH_PSEUDONYM_KEY": secrets.token_hex(32),
            # The embedded broker takes about half of it to let a worker in.
            "CASEWATCH_SESSION_TIMEOUT": "6s",
        }
        wanted = self._wanted
        made_up = ["simulate", "--topic", TOPIC, "--seed", str(wanted.seed), "--history", wanted.history]
        return [
            Program("the worker", ["run", str(DEFINITION)], settings, folder / "worker.log"),
            Program("the simulator", [*made_up, "--rate", str(wanted.rate)], brokers, folder / "simulator.log"),
        ]
