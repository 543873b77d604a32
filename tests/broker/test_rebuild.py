"""State built anew from history is that of a fresh installation, and subscribers are told the difference alone."""

import asyncio
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from agents.definition_files import load_definition
from agents.generations import generation_record
from stream.case import Case
from stream.process import compile_process
from stream.shard import Shard
from tests.broker.kafka import Kafka
from tests.broker.test_bad_input import run_command
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, latest, send
from tests.programs import wait_until

TOPIC = "moved"
MINUTE = 60_000
START = 1_767_225_600_000
BEFORE = """
process: moved
version: "1"
events: {topics: [moved], mapping: {case: id, activity: act, timestamp: {path: at, format: epoch_ms}}, lateness: 1m}
sla:
  - {id: answer, kind: between, from: Open, to: [Answer], target: 30m, at_risk: []}
  - {id: look, kind: between, from: Open, to: [Look], target: 1h, at_risk: []}
  - {id: gone, kind: between, from: Open, to: [Look], target: 2h, at_risk: []}
"""
AFTER = BEFORE.replace("target: 30m", "target: 20m").replace("id: gone", "id: came").replace('"1"', '"2"')


def cases(first: int, last: int) -> list[dict[str, Any]]:
    """Two events of each case; every third is answered late by any measure, every third by the new one only."""
    found = []
    for n in range(first, last):
        at = START + n * MINUTE
        answer = {"id": f"c{n}", "act": "Answer", "at": at + (10, 25, 40)[n % 3] * MINUTE}
        found += [{"id": f"c{n}", "act": "Open", "at": at}, answer]
    return sorted(found, key=lambda event: event["at"])


async def write(bootstrap: str, events: list[dict[str, Any]], partitions: range, until: str) -> None:
    """Write events as a replay, by case over some partitions; then each partition there is says that time has come."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    replay = ("casewatch-replay", b"run")
    try:
        for event in events:
            partition = partitions[crc32(event["id"].encode()) % len(partitions)]
            await producer.send(TOPIC, orjson.dumps(event), event["id"].encode(), partition, headers=[replay])
        for partition in range(partitions.stop):
            mark = ("casewatch-clock", until.encode())
            await producer.send(TOPIC, None, b"mark", partition, headers=[replay, mark])
        await producer.flush()
    finally:
        await producer.stop()


async def grow(bootstrap: str, count: int) -> None:
    """Give the source more partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_partitions({TOPIC: NewPartitions(count)})
    finally:
        await admin.close()


def content(alerts: dict[bytes, Any]) -> dict[bytes, tuple[Any, ...]]:
    """What is true by the alerts as they stand, but for those that were taken back."""
    told = ("rule", "case", "stage", "happened_at", "due_at", "settled", "summary")
    opened = {"raised": "open", "updated": "open"}
    standing = {id: alert for id, alert in alerts.items() if alert["state"] != "retracted"}
    return {id: (opened.get(a["state"], a["state"]), *(a[name] for name in told)) for id, a in standing.items()}


async def alerted(kafka: Kafka, prefix: str) -> dict[bytes, Any]:
    """The alerts as they stand."""
    return await latest(kafka.bootstrap, f"{prefix}.alerts")


async def state_of(kafka: Kafka, topic: str, definition: Path) -> dict[Any, Any]:
    """Positions and cases, as a worker would restore them."""
    process = compile_process(*load_definition(definition))
    by_task: dict[int, list[tuple[bytes, bytes | None]]] = defaultdict(list)
    for record in await committed(kafka.bootstrap, topic):
        by_task[record.partition].append((record.key, record.value))
    found: dict[Any, Any] = {}
    for task, records in by_task.items():
        shard = Shard([process], task=task)
        shard.restore(records)
        watch = shard.watches[process.name]
        found |= shard.positions
        for id, held in watch.cases.items():
            case = held if isinstance(held, Case) else watch.versions.unpacked(held)[0]
            said = {key: (one.id, one.state, one.settled) for key, one in case.said.items()}
            found[id] = (task, case.fold.events, case.fold.last_at, said)
    return found


async def until_alerts_stand(kafka: Kafka, prefix: str, count: int) -> None:
    """Wait until so many alerts stand on the topic."""
    for _ in range(150):
        if len(content(await alerted(kafka, prefix))) == count:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{len(content(await alerted(kafka, prefix)))} alerts instead of {count}")


def worker(kafka: Kafka, prefix: str, definition: Path) -> WorkerProgram:
    """A worker under a prefix."""
    name, arguments = f"{prefix}-{definition.stem}", (*CASEWATCH, "run", str(definition))
    return WorkerProgram(name, definition.parent, arguments, brokers=kafka.bootstrap, prefix=prefix)


async def test_a_rebuilt_installation_is_a_fresh_one_with_its_subscribers_told_once(
    kafka: Kafka, tmp_path: Path
) -> None:
    """The source has more partitions, a target holds from the beginning, a rule is gone and one has come."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(BEFORE)
    new.write_text(AFTER)
    await create_topics(kafka.bootstrap, {TOPIC: 2})
    await write(kafka.bootstrap, cases(0, 30), range(2), "2026-01-02T00:00:00Z")
    program, successor = worker(kafka, "moved", old), worker(kafka, "moved", new)
    fresh = worker(kafka, "fresh", new)
    try:
        await asyncio.to_thread(program.start, program.ready)
        await until_alerts_stand(kafka, "moved", 10 + 30 + 30)
        before = await alerted(kafka, "moved")
        assert await asyncio.to_thread(program.stop, 5) == 0
        await grow(kafka.bootstrap, 4)
        await write(kafka.bootstrap, cases(2000, 2030), range(2, 4), "2026-01-04T00:00:00Z")
        assert "casewatch rebuild" in await refused(program)

        rebuilt = await asyncio.to_thread(run_command, kafka, "moved", "rebuild", str(new))
        assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
        await asyncio.to_thread(successor.start, successor.ready)
        await asyncio.to_thread(fresh.start, fresh.ready)
        await until_alerts_stand(kafka, "fresh", 2 * (20 + 30 + 30))
        assert await asyncio.to_thread(fresh.stop, 5) == 0
        await send(kafka.bootstrap, "moved.control", [generation_record(3, at=START)])
        await asyncio.to_thread(wait_until, lambda: not successor.running, 10, "the worker to see that it is outdated")
    finally:
        for each in (program, successor, fresh):
            await asyncio.to_thread(each.kill)

    state = await state_of(kafka, "moved.g2.state.moved", new)
    assert state == await state_of(kafka, "fresh.state.moved", new)
    assert len([key for key in state if isinstance(key, str)]) == 60
    assert (successor.stop(), "the state was built anew" in successor.tail()) == (3, True)
    assert content(await alerted(kafka, "moved")) == content(await alerted(kafka, "fresh"))
    await check_what_was_told(kafka, before)


async def refused(program: WorkerProgram) -> str:
    """What a worker says that does not start."""
    try:
        await asyncio.to_thread(program.start, program.ready)
    except AssertionError as ended:
        return str(ended)
    raise AssertionError("it started")


async def check_what_was_told(kafka: Kafka, before: dict[bytes, Any]) -> None:
    """Each revision once and in order; nothing of what stays the same; and a retraction of what is no longer asked."""
    log = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, "moved.alert-log")]
    assert set(Counter((alert["id"], alert["revision"]) for alert in log).values()) == {1}
    after = await alerted(kafka, "moved")
    for id, alert in before.items():
        told = [each for each in log if each["id"] == id.decode()]
        assert [each["revision"] for each in told] == list(range(1, len(told) + 1))
        if alert["rule"] == "gone":
            assert (told[-1]["state"], after.get(id)) == ("retracted", None)
        if alert["rule"] == "look":
            assert after[id] == alert
        if alert["rule"] == "answer":
            assert after[id]["revision"] == alert["revision"] + 1
