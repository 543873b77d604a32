"""Lines are text for people and JSON for machines, and a library that repeats itself is cut short."""

import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from agents.logging_setup import FloodGate, calm, set_up_logging
from schemas.settings import LogLevel


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_elsewhere_than_at_a_terminal_each_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours and the libraries' alike, on standard error."""
    set_up_logging(LogLevel.INFO, terminal=False)
    structlog.get_logger("casewatch.x").info("task restored", task="orders/1")
    logging.getLogger("aiokafka").error("no broker %s", "there")

    captured = capsys.readouterr()
    ours, theirs = (orjson.loads(line) for line in captured.err.splitlines())
    assert captured.out == ""
    assert (ours["event"], ours["task"], ours["level"], ours["logger"]) == (
        "task restored",
        "orders/1",
        "info",
        "casewatch.x",
    )
    assert (theirs["event"], theirs["level"]) == ("no broker there", "error")


def test_at_a_terminal_lines_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    """With what they say first."""
    set_up_logging(LogLevel.INFO, terminal=True)
    structlog.get_logger("casewatch.x").info("task restored", task="orders/1")
    structlog.get_logger("casewatch.x").debug("unseen")

    [line] = capsys.readouterr().err.splitlines()
    assert "task restored" in line
    assert not line.startswith("{")


def line_of(name: str, text: str, *arguments: object) -> logging.LogRecord:
    """A line as a library logs it."""
    return logging.LogRecord(name, logging.ERROR, "", 0, text, arguments, None)


def test_a_library_that_repeats_itself_is_heard_once() -> None:
    """By the kind of line, not by what is filled in; another kind is heard, and our own lines always."""
    gate = FloodGate()

    heard = [gate.filter(line_of("aiokafka", "no broker %s", n)) for n in range(3)]
    other = gate.filter(line_of("aiokafka", "no topic %s", 1))
    ours = [gate.filter(line_of("casewatch.x", "task restored")) for _ in range(2)]

    assert (heard, other, ours) == ([True, False, False], True, [True, True])


def test_a_coordinator_that_is_still_to_come_is_no_error() -> None:
    """Every new cluster has none at first, and it is waited for; what else the library calls an error stays one."""
    lines = [
        line_of("aiokafka.consumer", "Group Coordinator Request failed: %s", "[Error 15] GroupCoordinatorNotAvailable"),
        line_of("aiokafka.consumer", "Group Coordinator Request failed: %s", "[Error 30] GroupAuthorizationFailed"),
        line_of("casewatch.x", "GroupCoordinatorNotAvailable"),
    ]

    passed = [calm(line) for line in lines]

    assert passed == [True, True, True]
    assert [line.levelname for line in lines] == ["WARNING", "ERROR", "ERROR"]
