"""The demo as a user runs it: started, watched until an alert of each kind shows, ended, nothing left of it."""

import asyncio
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.programs import Program, accepts_connections, wait_until

COMMAND = [sys.executable, "-c", "from agents.cli import main; main()", "demo"]
TOPIC = "support.tickets"
HEADINGS = ("at risk", "breach", "off the model")


class Demo:
    """A running demo, its output in a file, its temporary folder in one of the test's own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        # Settings of another installation must not reach the demo.
        settings = {"TMPDIR": str(self.temporary), "CASEWATCH_BROKERS": "127.0.0.1:1", "CASEWATCH_HTTP": "nonsense"}
        self.program = Program("casewatch demo", [*COMMAND, *options], folder / "demo.log", settings)

    def start(self) -> None:
        """Start it, and return once it has said its addresses."""
        self.program.start(lambda: "metrics http" in self.text())

    def text(self) -> str:
        """What it has written so far."""
        return self.program.log.read_text()

    def lines(self, beginning: str) -> list[str]:
        """The lines that begin so."""
        return [line for line in self.text().splitlines() if line.startswith(beginning)]

    def wait_for(self, words: str) -> None:
        """Return once it has written these words."""
        wait_until(lambda: words in self.text() or not self.program.running, 60, f"`{words}` in:\n{self.text()}")
        assert words in self.text(), self.text()

    def ports(self) -> list[int]:
        """The ports of its broker and its worker."""
        return [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", self.text().splitlines()[0])]

    def end_with(self, number: signal.Signals) -> int:
        """Send it a signal and wait for its end."""
        assert self.program.process is not None
        self.program.process.send_signal(number)
        return self.program.process.wait(20)

    def processes(self) -> set[tuple[int, str]]:
        """Itself and all its descendants, each by process id and start time."""
        assert self.program.process is not None
        parents = {pid: fields[1] for pid, fields in _running().items()}
        family = {str(self.program.process.pid)}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return {(int(pid), _running()[pid][19]) for pid in family & _running().keys()}

    def left(self, processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
        """Those of the processes that are still there."""
        return processes & {(int(pid), fields[19]) for pid, fields in _running().items() if fields[0] != "Z"}


def _running() -> dict[str, list[str]]:
    """Every process by its id, with the fields of /proc/PID/stat from the state on."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[stat.parent.name] = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that is ended whatever the test does."""
    demo = Demo(tmp_path)
    yield demo
    if demo.program.running:
        demo.end_with(signal.SIGTERM)


def assert_nothing_is_left(demo: Demo, processes: set[tuple[int, str]]) -> None:
    """No process, no listener, no file."""
    assert demo.left(processes) == set()
    assert [port for port in demo.ports() if accepts_connections(port)] == []
    assert list(demo.temporary.iterdir()) == []


async def tickets_with_live_events(broker: str) -> set[str]:
    """The tickets of which anything was reported after the history, by reading the source topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker)
    await consumer.start()
    try:
        numbers = await partitions_of(consumer)
        ends = await consumer.end_offsets(numbers)
        consumer.assign(numbers)
        await consumer.seek_to_beginning()
        found = set()
        while any([await consumer.position(number) < ends[number] for number in numbers]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found |= {record.key.decode() for record in records if not record.headers}
        return found
    finally:
        await consumer.stop()


async def partitions_of(consumer: AIOKafkaConsumer) -> list[TopicPartition]:
    """The partitions of the source topic."""
    await consumer.topics()
    return [TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC) or ()]


async def test_the_demo_shows_an_alert_of_each_kind_live_and_leaves_nothing_behind(demo: Demo) -> None:
    """Tickets of this minute become at risk, stray, and are late though no event comes; Ctrl-C ends it all."""
    demo.start()
    for heading in HEADINGS:
        demo.wait_for(f"live     {heading}")
    worker, broker = demo.ports()
    heard_of = await tickets_with_live_events(f"127.0.0.1:{broker}")
    async with httpx.AsyncClient() as client:
        metrics = (await client.get(f"http://127.0.0.1:{worker}/metrics")).text
    processes = demo.processes()

    status = await asyncio.to_thread(demo.end_with, signal.SIGINT)

    assert status == 0
    assert re.search(r'casewatch_cases{process="customer-service",state="open"} [1-9]', metrics)
    assert [line for line in demo.lines("live     breach") if line.split()[2].rstrip(":") not in heard_of]
    assert len(processes) == 4
    assert_nothing_is_left(demo, processes)


@pytest.mark.parametrize("words", ["starting the broker", "reading 21d of history"])
def test_a_demo_that_is_told_to_end_while_it_starts_leaves_nothing_behind(demo: Demo, words: str) -> None:
    """SIGTERM counts from the first moment on, and half-started parts are ended too."""
    demo.start()
    demo.wait_for(words)
    processes = demo.processes()

    status = demo.end_with(signal.SIGTERM)

    assert status == 0
    assert_nothing_is_left(demo, processes)


def test_a_demo_that_is_killed_takes_its_processes_with_it(demo: Demo) -> None:
    """Nobody can clean up after SIGKILL, but broker, worker and simulator do not go on alone."""
    demo.start()
    demo.wait_for("reading 21d of history")
    processes = demo.processes()

    demo.end_with(signal.SIGKILL)

    wait_until(lambda: not demo.left(processes), 10, "the demo's processes to end")
    assert len(processes) >= 3
    wait_until(lambda: not any(map(accepts_connections, demo.ports())), 10, "what had just begun to end, too")


def test_a_demo_ends_by_itself_after_the_seconds_it_was_given(tmp_path: Path) -> None:
    """`--seconds` is for scripts: no signal is needed, and the exit status is 0."""
    demo = Demo(tmp_path, "--seconds", "3")
    demo.start()
    assert demo.program.process is not None

    status = demo.program.process.wait(30)

    assert status == 0
    assert_nothing_is_left(demo, set())
