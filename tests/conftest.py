"""What all tests share: real event logs, a real Kafka, and the order from cheap to dear.

Several processes may run them: one runs what uses one broker, another what brings trouble on one, then all the rest.

Invariant: a test on real logs either runs or says in one plain sentence why not, and the summary repeats it; a folder
that was named and is not there is a failure, not a reason to skip.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.broker.kafka import Kafka

pytest_plugins = ("tests.backtesting",)

DATA = "CASEWATCH_TEST_DATA"
UNSET = f"{DATA} is not set: tests on real logs did not run"
# A mistake in the core shows in the first seconds; what needs a broker comes last.
BY_COST = ("schemas", "stream", "agents", "scenarios", "deploy", "broker")
WITH_BROKER = ("deploy", "broker")
TROUBLE = ("test_chaos.py", "test_kafka.py", "test_secured.py", "test_trouble.py")
"""Half of the time that tests with a broker take; most of them start brokers of their own."""

# The same examples in every run, and none fails for being slow on a machine that is busy with something else.
settings.register_profile("casewatch", derandomize=True, deadline=None)
settings.load_profile("casewatch")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real event logs and models."""
    named = os.environ.get(DATA)
    if named is None:
        pytest.skip(UNSET)
    folder = Path(named).resolve()
    if not folder.is_dir():
        pytest.fail(f"{DATA} names {named}, and there is no such folder")
    return folder


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A real Apache Kafka, one for the whole run; a test takes topics and a prefix of its own."""
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    broker.start()
    yield broker
    broker.stop()


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """How several processes share the tests: those that need a broker in two parts, the rest a file at a time."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.split("::", maxsplit=1)[0])
        if path.parts[1] in WITH_BROKER:
            return "trouble" if path.name in TROUBLE else "broker"
        return str(path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Share the tests in the order in which they stand."""
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run cheap tests first, and otherwise in the order they stand; where several processes share them, those that need
    a broker begin at once."""
    shared = hasattr(config, "workerinput")
    items.sort(key=lambda item: (shared and _folder(item) not in WITH_BROKER, _cost(item)))


def _cost(item: pytest.Item) -> int:
    folder = _folder(item)
    return BY_COST.index(folder) if folder in BY_COST else 0


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show, under a test that failed, the last output of each program that it used."""
    report = yield
    if report.failed:
        for name, used in getattr(item, "funcargs", {}).items():
            if callable(getattr(used, "tail", None)):
                report.sections.append((f"last output of {name}", used.tail()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly whether tests on real logs ran."""
    named = os.environ.get(DATA)
    if named is None:
        terminalreporter.write_line(UNSET)
    elif Path(named).is_dir():
        terminalreporter.write_line(f"tests on real logs ran, on those in {named}")
    else:
        terminalreporter.write_line(f"{DATA} names {named}, and there is no such folder: tests on real logs failed")
