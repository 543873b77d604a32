"""A worker that watches simulated tickets, and a Prometheus that scrapes it, for all tests of dashboard and rules."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, send
from tests.deploy.prometheus import Prometheus
from tests.programs import Program, wait_until

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
TOPIC = "dashboard.tickets"


@pytest.fixture(scope="session")
def definition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example process, on a topic of these tests' own."""
    folder = tmp_path_factory.mktemp("definition")
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    file = folder / "customer-service.yaml"
    file.write_text(file.read_text().replace("support.tickets", TOPIC))
    return file


@pytest.fixture(scope="session")
def simulator(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Some hours of tickets on the topic, and new ones every few seconds."""
    command = [sys.executable, *CASEWATCH, "simulate", "--topic", TOPIC, "--brokers", kafka.bootstrap]
    command += ["--history", "6h", "--rate", "10"]
    program = Program("simulator", command, tmp_path_factory.mktemp("simulator") / "simulator.log")
    program.start(lambda: "live:" in program.tail())
    yield program
    program.stop()


@pytest.fixture(scope="session")
def running_worker(
    kafka: Kafka, definition: Path, simulator: Program, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProgram]:
    """A worker that is caught up with the topic, one record that is no event included."""
    asyncio.run(send(kafka.bootstrap, TOPIC, [(b"T-0", b"{ this is no JSON")]))
    settings = {"brokers": kafka.bootstrap, "prefix": "dashboard", "instance": "worker-1", "pseudonym_key": "of tests"}
    folder = tmp_path_factory.mktemp("worker")
    worker = WorkerProgram("worker", folder, (*CASEWATCH, "run", str(definition)), **settings)
    worker.cwd = tmp_path_factory.mktemp("started-here")
    worker.start(worker.ready, seconds=90)
    yield worker
    worker.stop()


@pytest.fixture(scope="session")
def prometheus(running_worker: WorkerProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped the worker often enough for rates, and evaluated the rules on what it scraped."""
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{running_worker.port}")
    server.start()
    try:
        commits = "rate(casewatch_commit_seconds_count[1m]) > 0"
        wait_until(lambda: bool(server.values(commits)), 60, "two scrapes with commits of the worker in between")
        wait_until(lambda: bool(server.firing()), 60, "the refused event to be reported by a rule")
        yield server
    finally:
        server.stop()
