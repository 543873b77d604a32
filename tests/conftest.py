"""What all tests share: real event logs, a real Kafka, and the order from cheap to dear.

Invariant: a test on real logs either runs or says in one plain sentence why not, and the summary repeats it; a folder
that was named and is not there is a failure, not a reason to skip.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.broker.kafka import Kafka

pytest_plugins = ("tests.backtesting",)

DATA = "CASEWATCH_TEST_DATA"
UNSET = f"{DATA} is not set: tests on real logs did not run"
# A mistake in the core shows in the first seconds; what needs a broker comes last.
BY_COST = ("schemas", "stream", "agents", "scenarios", "deploy", "broker")

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run cheap tests first, and otherwise in the order they stand."""
    items.sort(key=_cost)


def _cost(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return BY_COST.index(folder) if folder in BY_COST else 0


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
