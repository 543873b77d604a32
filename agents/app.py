"""The topology of a worker, on one screen.

    sources ─► Feed ─► channel ─► monitor (agent) ─► Shard ─► Committer ─► one transaction per task ─► state, alerts, …
                          ▲
              Custody adopts tasks, Membership keeps the worker's place in its group

aiokafka moves the bytes; Faust supplies channel, agent, supervision and life cycle, on its public API, without a Kafka
connection of its own. Invariant: an exception in an agent or a service ends the process, and nothing is committed
after it.
"""

import asyncio
import logging
import signal
from typing import Any, Final

import faust
import structlog
from faust.app.base import BootStrategy
from mode import CrashingSupervisor, Service

from agents.collector import collect_only_what_is_new
from agents.feed import Message
from agents.membership import Displaced
from agents.worker import Worker
from schemas.problem import Refused

_log = structlog.get_logger("casewatch.app")

CHANNEL_SIZE: Final = 4
"""So many messages may wait; then the feed waits, and with it the broker."""

FOUND_WRONG: Final = 1
OUTSIDE_FAILED: Final = 3


class WithoutKafka(BootStrategy):
    """Starts agents and services only."""

    enable_kafka = False
    enable_web = False
    enable_sensors = False


class App(faust.App):
    """Faust without its Kafka, and without its folder for tables."""

    BootStrategy = WithoutKafka
    logger = logging.getLogger("faust.app")

    def _create_directories(self) -> None:
        """No tables, no folder: in a container with a read-only file system there is nowhere to put one."""


class WorkerService(Service):
    """Runs a `Worker` inside Faust. `exit_code` is set when the worker ends for a reason that a person has to mend."""

    logger = logging.getLogger("mode.worker")

    def __init__(self, worker: Worker, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.worker = worker
        self.exit_code: int | None = None

    async def on_start(self) -> None:
        """Listen for HTTP at once: not being ready is an answer too."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR2)  # Faust would open a debugger
        address = self.worker.settings.http
        try:
            await self.worker.web.start()
        except OSError as error:
            self._end(OUTSIDE_FAILED, [f"cannot listen on {address.host}:{address.port} ({error}); set CASEWATCH_HTTP"])
            return
        self.add_future(self._run())

    async def _run(self) -> None:
        try:
            await self.worker.run()
        except Refused as refused:
            self._end(FOUND_WRONG, [str(problem) for problem in refused.problems])
        except Displaced as displaced:
            self._end(OUTSIDE_FAILED, [str(displaced)])
        except Exception:
            self.worker.crashed = True
            raise

    def _end(self, code: int, reasons: list[str]) -> None:
        for reason in reasons:
            _log.error("the worker cannot go on", reason=reason)
        self.exit_code = code
        signal.raise_signal(signal.SIGTERM)

    async def on_stop(self) -> None:
        """Commit and disconnect."""
        await self.worker.stop()
        await self.worker.web.stop()


def build_app(worker: Worker) -> App:
    """Connect a worker's monitor to its feed."""
    app = App(
        "casewatch",
        broker="kafka://unused",
        store="memory://",
        web_enabled=False,
        stream_wait_empty=False,
        agent_supervisor=CrashingSupervisor,
    )
    channel = app.channel(value_type=None, maxsize=CHANNEL_SIZE)

    @app.agent(channel, supervisor_strategy=CrashingSupervisor)
    async def monitor(messages: faust.StreamT[Message]) -> None:
        try:
            async for message in messages:
                await worker.monitor.handle(message)
        except Exception:
            worker.crashed = True
            raise

    async def put(message: Message) -> None:
        await channel.put(message)  # type: ignore[arg-type]  # a channel takes any value; its events are Kafka's

    worker.put = put
    app.flow_control.resume()  # what Faust's own consumer would do; until then every put blocks
    return app


def run_worker(worker: Worker) -> int:
    """Run until SIGTERM, SIGINT or a crash; returns the exit code."""
    app = build_app(worker)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    service = WorkerService(worker, loop=loop)
    runner = faust.Worker(
        app, service, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False, blocking_timeout=0
    )
    runner.spinner = None
    collect_only_what_is_new()
    try:
        runner.execute_from_commandline()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
        return service.exit_code if service.exit_code is not None else code
