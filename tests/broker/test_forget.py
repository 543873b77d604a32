"""`casewatch forget` on a real broker: what leaves, what is told to remain, and what happens while nobody works."""

import asyncio
import subprocess
from pathlib import Path

import orjson
from aiokafka.admin import AIOKafkaAdminClient

from agents.wall_clock import as_text, now_ms
from stream.shard import TASK_KEY
from tests.broker.kafka import Kafka
from tests.broker.test_bad_input import run_command, worker
from tests.broker.traffic import committed, create_topics, latest, send

NAME = "erased"
STATE, ALERTS = f"{NAME}.state.{NAME}", f"{NAME}.alerts"


async def forget(kafka: Kafka, case: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return await asyncio.to_thread(run_command, kafka, NAME, "forget", case, "--process", NAME, *options)


async def opened(kafka: Kafka, *cases: str) -> None:
    """Events that open cases now: each is late in a second."""
    at = as_text(now_ms())
    events = [(case.encode(), orjson.dumps({"id": case, "act": "Open", "at": at})) for case in cases]
    await send(kafka.bootstrap, NAME, events)


async def alerted(kafka: Kafka) -> set[str]:
    """The cases with alerts."""
    return {alert["case"] for alert in (await latest(kafka.bootstrap, ALERTS)).values()}


async def newest(kafka: Kafka) -> set[bytes]:
    """The keys of the state that are not taken away."""
    found = {record.key: record.value for record in await committed(kafka.bootstrap, STATE)}
    return {key for key, value in found.items() if value is not None}


async def until_alerted(kafka: Kafka, cases: set[str]) -> None:
    """Wait for the alerts of these cases."""
    for _ in range(100):
        if await alerted(kafka) == cases:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"alerts on {await alerted(kafka)} instead of {cases}")


async def test_a_case_is_forgotten_by_every_task_and_what_remains_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """It leaves state and alerts, and the order leaves the control topic; its neighbour stays; a later event begins it
    anew. While nobody works the order stands, and is taken away when the command is given again."""
    await create_topics(kafka.bootstrap, {NAME: 3})
    await opened(kafka, "anna", "bert")
    await send(kafka.bootstrap, NAME, [(b"anna", b'{"id": "anna", "act": "Open", "at": "never"}')])
    program = worker(kafka, tmp_path, NAME)
    try:
        await asyncio.to_thread(program.start, program.ready)
        await until_alerted(kafka, {"anna", "bert"})

        done = await forget(kafka, "anna")
        assert done.returncode == 0, done.stdout + done.stderr
        assert await alerted(kafka) == {"bert"}
        assert await newest(kafka) & {b"case/erased/anna", b"case/erased/bert"} == {b"case/erased/bert"}
        assert "taken     by all 3 tasks" in done.stdout
        assert "removed   1 alerts from erased.alerts" in done.stdout
        assert "remains   what erased holds of anna" in done.stdout
        assert "remains   1 records on erased.alert-log" in done.stdout
        assert "remains   1 dead letters" in done.stdout
        assert await standing(kafka) == []
        unknown = await forget(kafka, "nobody")
        assert unknown.returncode == 1
        assert unknown.stderr == "no task holds a case nobody of erased, and no alert is on it\n"

        await opened(kafka, "anna")
        await until_alerted(kafka, {"anna", "bert"})
        assert await asyncio.to_thread(program.stop, 5) == 0
        asked = await forget(kafka, "bert", "--wait", "1")
        assert (asked.returncode, "not yet: erased.state.erased/0" in asked.stdout) == (3, True)
        assert await standing(kafka) == [b'["forget","erased","bert"]']
        await asyncio.to_thread(program.start, program.ready)
        again = await forget(kafka, "bert")
        assert again.returncode == 0, again.stdout + again.stderr
    finally:
        await asyncio.to_thread(program.kill)
    assert await alerted(kafka) == {"anna"}
    assert await standing(kafka) == []


async def test_a_case_is_forgotten_though_the_control_topic_was_created_anew(kafka: Kafka, tmp_path: Path) -> None:
    """While a worker runs and while none does: orders of the new topic are none that were heard before, though their
    offsets are; only who has taken one is said to."""
    name, program = "anew", worker(kafka, tmp_path, "anew")
    await create_topics(kafka.bootstrap, {name: 1})
    at = as_text(now_ms())
    cases = [(case, orjson.dumps({"id": case.decode(), "act": "Open", "at": at})) for case in (b"anna", b"bert")]
    await send(kafka.bootstrap, name, cases)
    orders = [(b'["strange","anew","%d"]' % n, b"{}") for n in range(5)]
    try:
        await asyncio.to_thread(program.start, program.ready)
        await send(kafka.bootstrap, f"{name}.control", orders)
        await until_heard(kafka, name, len(orders))
        await created_anew(kafka, f"{name}.control")
        first = await asyncio.to_thread(run_command, kafka, name, "forget", "anna", "--process", name)
        assert (first.returncode, "taken     by all 1 tasks" in first.stdout) == (0, True), first.stdout + first.stderr
        assert "the control topic was deleted and created anew" in program.tail(200)

        await send(kafka.bootstrap, f"{name}.control", orders)
        await until_heard(kafka, name, len(orders))
        assert await asyncio.to_thread(program.stop, 5) == 0
        await created_anew(kafka, f"{name}.control")
        early = await asyncio.to_thread(run_command, kafka, name, "forget", "bert", "--process", name, "--wait", "1")
        assert early.returncode == 3, early.stdout + early.stderr
        await asyncio.to_thread(program.start, program.ready)
        second = await asyncio.to_thread(run_command, kafka, name, "forget", "bert", "--process", name)
        assert second.returncode == 0, second.stdout + second.stderr
    finally:
        await asyncio.to_thread(program.kill)
    found = {record.key: record.value for record in await committed(kafka.bootstrap, f"{name}.state.{name}")}
    assert {key for key, value in found.items() if value is not None and key.startswith(b"case/")} == set()


async def until_heard(kafka: Kafka, name: str, orders: int) -> None:
    """Wait until the task has journalled that it heard so many orders at least."""
    for _ in range(100):
        records = await committed(kafka.bootstrap, f"{name}.state.{name}")
        newest = [record.value for record in records if record.key == TASK_KEY][-1]
        if newest is not None and orjson.loads(newest)["control"] >= orders:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the task has not heard {orders} orders")


async def created_anew(kafka: Kafka, topic: str) -> None:
    """Delete a topic of one partition, and create it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():
            await asyncio.sleep(0.05)
    finally:
        await admin.close()
    await create_topics(kafka.bootstrap, {topic: 1}, **{"cleanup.policy": "compact"})


async def standing(kafka: Kafka) -> list[bytes]:
    """The orders to forget that stand."""
    found = {record.key: record.value for record in await committed(kafka.bootstrap, f"{NAME}.control")}
    return [key for key, value in found.items() if value is not None and key.startswith(b'["forget"')]
