"""A source whose records are keyed by anything but the case gives the alerts that a backtest of it gives.

Every case lies scattered over three partitions; two workers pass it on and read it again, and one of them is killed.
"""

import asyncio
import random
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from tests.backtesting import Backtest
from tests.broker.kafka import Kafka
from tests.broker.test_same_as_backtest import finals, standing
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, latest
from tests.programs import wait_until

PARTITIONS = 3
CASES = 120
DAY, HOUR = 86_400_000, 3_600_000
START = 1_767_225_600_000
DEFINITION = """
process: parcels
version: "1"
events:
  topics: [scans]
  keyed_by_case: KEYED
  mapping: {case: parcel, activity: step, timestamp: {path: at, format: epoch_ms}, event_id: scan}
  lateness: 7d
case: {ends: [Delivered]}
sla:
  - {id: sorting, kind: between, from: Received, to: Sorted, target: 3h}
  - {id: whole, kind: case_duration, target: 4d}
  - {id: quiet, kind: idle, target: 2d}
"""


def scans() -> list[dict[str, Any]]:
    """The scans of all parcels, in order of time; no two at the same instant."""
    chance = random.Random(5)
    found: list[dict[str, Any]] = []
    for case in range(CASES):
        at = START + case * HOUR
        for step in ("Received", "Sorted", "Loaded", "Delivered")[: chance.choice((2, 3, 4, 4, 4))]:
            at += chance.randrange(10 * 60_000, 2 * DAY) // 8
            found.append({"parcel": f"P-{case}", "step": step, "at": at * 10 + len(found) % 10})
    ordered = sorted(found, key=lambda scan: scan["at"])
    return [scan | {"at": scan["at"] // 10 + n, "scan": f"s{n}"} for n, scan in enumerate(ordered)]


async def write(bootstrap: str, records: list[dict[str, Any]], mark: bool) -> None:
    """Write scans as a replay, scattered; at the end each partition says that its time is over."""
    chance = random.Random(7)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for scan in records:
            key, headers = b"%d" % chance.randrange(1000), [("casewatch-replay", b"run")]
            await producer.send("scans", orjson.dumps(scan), key, chance.randrange(PARTITIONS), headers=headers)
        for partition in range(PARTITIONS if mark else 0):
            headers = [("casewatch-replay", b"run"), ("casewatch-clock", until().encode())]
            await producer.send("scans", None, b"mark", partition, headers=headers)
        await producer.send("scans", b"no JSON", b"x", 1)
        await producer.flush()
    finally:
        await producer.stop()


def until() -> str:
    """When all is over: a month after the beginning."""
    return "2026-02-15T00:00:00Z"


async def test_scattered_records_give_the_alerts_of_a_backtest_over_a_kill(
    kafka: Kafka, tmp_path: Path, backtest: Backtest
) -> None:
    """Same ids, final states and instants; each transition told once; what cannot be read is set aside by its source's
    place; and what is passed on lies where its case is."""
    log = tmp_path / "scans.jsonl"
    events = scans()
    log.write_bytes(b"\n".join(orjson.dumps(scan) for scan in events))
    plain = DEFINITION.replace("KEYED", "true")
    expected = finals(await asyncio.to_thread(lambda: backtest(plain, log, options=("--until", until()))))
    definition = tmp_path / "scattered.yaml"
    definition.write_text(DEFINITION.replace("KEYED", "false"))
    await create_topics(kafka.bootstrap, {"scans": PARTITIONS})

    arguments = (*CASEWATCH, "run", str(definition))
    settings = {"brokers": kafka.bootstrap, "prefix": "scattered", "session_timeout": "3s"}
    one, other = (WorkerProgram(name, tmp_path, arguments, **settings) for name in ("one", "other"))
    half = len(events) // 2
    try:
        await write(kafka.bootstrap, events[:half], mark=False)
        await asyncio.to_thread(one.start, one.ready)
        await asyncio.to_thread(other.start, other.alive)
        await write(kafka.bootstrap, events[half:], mark=True)
        await asyncio.to_thread(other.kill)
        await asyncio.to_thread(other.start, other.ready)
        await asyncio.to_thread(wait_until, lambda: one.ready() and other.ready(), 60, "both workers to be ready")
        said = await said_in_the_end(kafka, standing(expected))
        for program in (one, other):
            assert await asyncio.to_thread(program.stop, 10) == 0
    finally:
        for program in (one, other):
            await asyncio.to_thread(program.kill)

    assert standing(finals(said)) == standing(expected)
    assert len({(alert["id"], alert["revision"]) for alert in said}) == len(said)
    assert {alert["evidence"]["topic"] for alert in said} == {"scans"}
    letters = await latest(kafka.bootstrap, "scattered.dead-letters")
    assert {(letter["topic"], letter["partition"], letter["reason"]) for letter in letters.values()} == {
        ("scans", 1, "invalid_json")
    }
    await check_what_was_passed_on(kafka, events)
    assert len(expected) > 100


async def said_in_the_end(kafka: Kafka, expected: dict[str, Any]) -> list[dict[str, Any]]:
    """Every transition, as soon as the last records are those expected, or after a while."""
    for _ in range(60):
        said = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, "scattered.alert-log")]
        if standing(finals(said)) == expected:
            break
        await asyncio.sleep(0.5)
    return said


async def check_what_was_passed_on(kafka: Kafka, events: list[dict[str, Any]]) -> None:
    """Each record once, byte for byte, keyed by its case, a case in one partition, saying where it lay."""
    passed = [r for r in await committed(kafka.bootstrap, "scattered.events.parcels") if r.value is not None]
    sources = {(r.partition, r.offset): r for r in await committed(kafka.bootstrap, "scans")}
    assert sorted(orjson.loads(record.value)["scan"] for record in passed) == sorted(scan["scan"] for scan in events)
    homes: dict[bytes, set[int]] = {}
    for record in passed:
        topic, partition, offset, stamp = dict(record.headers)["casewatch-source"].decode().split("/")
        source = sources[int(partition), int(offset)]
        assert (topic, int(stamp), record.value) == ("scans", source.timestamp, source.value)
        assert record.key == orjson.loads(record.value)["parcel"].encode()
        homes.setdefault(record.key, set()).add(record.partition)
    assert {len(partitions) for partitions in homes.values()} == {1}
