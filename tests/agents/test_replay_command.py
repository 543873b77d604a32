"""`casewatch replay` and `casewatch alerts` on a broker: what is written, and what is shown."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import orjson
import pytest

from agents.embedded_broker import EmbeddedBroker
from tests.broker.traffic import CASEWATCH, committed, create_topics, send

LOG = """\
{"case:concept:name": "A", "concept:name": "Close", "time:timestamp": "2026-11-22T12:00:00Z"}
{"case:concept:name": "A", "concept:name": "Open", "time:timestamp": "2026-11-22T09:00:00Z"}
{"case:concept:name": "B", "concept:name": "Open", "time:timestamp": "2026-11-22T10:00:00Z"}
not a line
"""
ALERTS = [
    ("a1", {"id": "a1", "state": "raised", "process": "p", "stage": "breach", "summary": "A is late"}),
    ("a2", {"id": "a2", "state": "raised", "process": "q", "stage": "breach", "summary": "B is late"}),
    ("a1", {"id": "a1", "state": "resolved", "process": "p", "stage": "breach", "summary": "A was late"}),
    ("a3", {"id": "a3", "state": "raised", "process": "p", "stage": "breach", "summary": "C is late"}),
    ("a3", None),
]


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    """A broker of the test's own."""
    async with EmbeddedBroker() as running:
        yield running


def casewatch(broker: EmbeddedBroker, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command against the broker."""
    return _run(broker, subprocess.PIPE, arguments)


def onto_a_full_disk(broker: EmbeddedBroker, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command against the broker, with no room left for its output."""
    with Path("/dev/full").open("wb") as full:
        return _run(broker, full.fileno(), arguments)


def _run(broker: EmbeddedBroker, out: int, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    env = {"CASEWATCH_BROKERS": broker.address, "PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, *CASEWATCH, *arguments]
    return subprocess.run(command, env=env, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60)


async def test_a_log_is_written_in_order_of_time_and_ends_with_clock_marks(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """Each record is keyed by its case and names its run; each partition ends with a mark at the instant asked for."""
    log = tmp_path / "log.jsonl"
    log.write_text(LOG)

    done = casewatch(
        broker, "replay", str(log), "--topic", "history", "--create-topic", "2", "--until", "2026-11-23T00:00Z"
    )

    assert done.returncode == 0
    assert f"{log}:4" in done.stderr
    records = await committed(broker.address, "history")
    events = [record for record in records if record.value is not None]
    assert all(record.headers[0][0] == "casewatch-replay" for record in records)
    assert [orjson.loads(r.value)["concept:name"] for r in events if r.key == b"A"] == ["Open", "Close"]
    assert len(events) == 3
    for partition in (0, 1):
        last = [record for record in records if record.partition == partition][-1]
        assert (last.value, last.headers[1]) == (None, ("casewatch-clock", b"2026-11-23T00:00:00.000Z"))


async def test_a_topic_that_does_not_exist_is_not_brought_into_being(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Without --create-topic the command ends with 3 and says which topic there is not."""
    log = tmp_path / "log.jsonl"
    log.write_text(LOG)

    done = casewatch(broker, "replay", str(log), "--topic", "nowhere")

    assert done.returncode == 3
    assert "there is no topic nowhere; `--create-topic N` creates it" in done.stderr


@pytest.mark.parametrize("command", ["alerts", "dead-letters"])
async def test_a_full_disk_is_not_the_brokers_fault(broker: EmbeddedBroker, command: str) -> None:
    """What is shown finds no room: exit code 3, one line, and no word of the broker."""
    letter = {"schema": 1, "topic": "t", "partition": 0, "offset": 0, "timestamp": None, "process": None}
    letter |= {"reason": "r", "message": "m", "key": None, "value": None, "truncated": False, "noticed_at": 0}
    await create_topics(broker.address, {"casewatch.alerts": 1, "casewatch.dead-letters": 1})
    await send(broker.address, "casewatch.alerts", [(b"a1", orjson.dumps(ALERTS[0][1]))])
    await send(broker.address, "casewatch.dead-letters", [(b"t/0/0/", orjson.dumps(letter))])

    ended = onto_a_full_disk(broker, command)

    assert (ended.returncode, ended.stderr) == (3, "standard output: No space left on device; make room there\n")


async def test_alerts_are_shown_as_they_stand(broker: EmbeddedBroker) -> None:
    """The newest record of each, as JSON lines; what has left is not shown; filters choose."""
    await create_topics(broker.address, {"casewatch.alerts": 1})
    records = [(key.encode(), None if alert is None else orjson.dumps(alert)) for key, alert in ALERTS]
    await send(broker.address, "casewatch.alerts", records)

    everything = casewatch(broker, "alerts")
    open_ones = casewatch(broker, "alerts", "--state", "raised")
    of_p = casewatch(broker, "alerts", "--process", "p")

    shown = [[orjson.loads(line)["id"] for line in done.stdout.splitlines()] for done in (everything, open_ones, of_p)]
    assert shown == [["a2", "a1"], ["a2"], ["a1"]]


def test_a_broker_that_is_not_there_is_told_in_one_line() -> None:
    """Exit code 3, and no traceback."""
    settings = {"CASEWATCH_BROKERS": "127.0.0.1:1", "PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}

    done = subprocess.run(
        [sys.executable, *CASEWATCH, "alerts"], env=settings, capture_output=True, text=True, check=False
    )

    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("127.0.0.1:1: ")
