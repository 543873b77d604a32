"""A worker comes up, waits, refuses and goes down as an operator expects."""

import asyncio
import re
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from tests.broker.kafka import Kafka
from tests.broker.test_bad_input import definition, run_command, worker
from tests.broker.traffic import COUNTING, WorkerProgram, committed, create_topics, latest, send
from tests.programs import free_port, wait_until


async def ends_by_itself(program: WorkerProgram) -> int | None:
    """Start a worker that is to refuse, and return its exit status."""
    await asyncio.to_thread(program.start, lambda: "cannot go on" in program.tail())
    assert program.process is not None
    return await asyncio.to_thread(program.process.wait, 10)


async def test_an_unreachable_broker_is_told_and_waited_for(tmp_path: Path) -> None:
    """Alive, not ready with the reason, no crash, and SIGTERM ends it."""
    address = f"127.0.0.1:{free_port()}"
    arguments = (*COUNTING, "unreachable")
    program = WorkerProgram("unreachable", tmp_path, arguments, brokers=address, prefix="unreachable")
    try:
        await asyncio.to_thread(program.start, lambda: address in program.get("/readyz")[1])
        status, reasons = await asyncio.to_thread(program.get, "/readyz")
        metrics = (await asyncio.to_thread(program.get, "/metrics"))[1]
        assert (status, program.get("/healthz")[0]) == (503, 200)
        assert address in reasons
        assert "casewatch_ready 0.0" in metrics
        assert "casewatch_broker_up 0.0" in metrics
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)
    assert program.tail().count("broker not reachable") == 1


async def test_an_http_address_that_is_taken_ends_the_worker_with_the_reason(tmp_path: Path) -> None:
    """Not by a traceback."""
    first = WorkerProgram("first", tmp_path, (*COUNTING, "none"), brokers="127.0.0.1:1")
    second = WorkerProgram("second", tmp_path, (*COUNTING, "none"), brokers="127.0.0.1:1")
    second.settings["CASEWATCH_HTTP"] = first.settings["CASEWATCH_HTTP"]
    try:
        await asyncio.to_thread(first.start, first.alive)
        assert await ends_by_itself(second) == 3
    finally:
        await asyncio.to_thread(first.kill)
        await asyncio.to_thread(second.kill)
    assert "set CASEWATCH_HTTP" in second.tail()
    assert "Traceback" not in second.tail()


async def test_a_source_that_does_not_exist_is_waited_for(kafka: Kafka, tmp_path: Path) -> None:
    """The topic is named as missing; once it is there, the worker goes on."""
    program = worker(kafka, tmp_path, "expected")
    try:
        await asyncio.to_thread(program.start, lambda: "do not exist: expected" in program.get("/readyz")[1])
        await create_topics(kafka.bootstrap, {"expected": 2})
        await asyncio.to_thread(wait_until, program.ready, 20, "the worker to be ready")
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    listed = await asyncio.to_thread(run_command, kafka, "expected", "topics", str(definition(tmp_path, "expected")))
    assert listed.returncode == 0
    assert re.findall(r"^right +(\S+) +(\d+)", listed.stdout, re.MULTILINE) == [
        ("source", "2"), ("state", "2"), ("state", "1"), ("alerts", "1"), ("alert-log", "1"), ("dead-letters", "1"),
        ("partials", "1"), ("scorecards", "1"), ("control", "1"), ("definitions", "1"),
    ]  # fmt: skip


async def test_what_was_committed_at_a_stop_is_taken_up_at_the_next_start(kafka: Kafka, tmp_path: Path) -> None:
    """SIGTERM in the middle of the work ends within five seconds, with exit code 0, and loses and repeats nothing, even
    where the group's offsets are set back; a source whose partition count has changed since is refused with the way
    out."""
    await create_topics(kafka.bootstrap, {"kept": 2})
    program = WorkerProgram("kept", tmp_path, (*COUNTING, "kept"), brokers=kafka.bootstrap, prefix="kept")
    events = [(f"k{n % 10}".encode(), orjson.dumps({"key": f"k{n % 10}", "number": n})) for n in range(10_000)]
    try:
        await send(kafka.bootstrap, "kept", events)
        await asyncio.to_thread(program.start, program.alive)
        await asyncio.sleep(0.7)
        assert await asyncio.to_thread(program.stop, 5) == 0
        await asyncio.to_thread(program.start, program.ready)
        assert '"transactions": true' in program.tail(50)
        assert await asyncio.to_thread(program.stop, 5) == 0
        await set_back(kafka.bootstrap, "kept", 2)
        await asyncio.to_thread(program.start, program.ready)
        assert await asyncio.to_thread(program.stop, 5) == 0
        state = await latest(kafka.bootstrap, "kept.state.kept")
        assert {key: value[0] for key, value in state.items() if key != b"task"} == {
            f"k{n}".encode(): 1_000 for n in range(10)
        }
        assert len(await committed(kafka.bootstrap, "kept.alert-log")) == 10_000

        await change_partitions(kafka.bootstrap, "kept", 3)
        assert await ends_by_itself(program) == 1
        assert "partition count has changed" in program.tail()
    finally:
        await asyncio.to_thread(program.kill)


async def set_back(bootstrap: str, name: str, partitions: int) -> None:
    """Commit offset 0 for every partition of a topic, in the group of the same name."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=name, enable_auto_commit=False)
    await consumer.start()
    places = [TopicPartition(name, partition) for partition in range(partitions)]
    consumer.assign(places)
    await consumer.commit(dict.fromkeys(places, 0))
    assert {await consumer.committed(place) for place in places} == {0}
    await consumer.stop()


async def change_partitions(bootstrap: str, topic: str, count: int) -> None:
    """Give a topic more partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_partitions({topic: NewPartitions(count)})
    await admin.close()
    await asyncio.sleep(1)


async def test_a_source_that_was_recreated_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """The state says that more was read than there is: the worker says so and ends with code 1."""
    await create_topics(kafka.bootstrap, {"recreated": 1})
    await send(kafka.bootstrap, "recreated", [(b"k", orjson.dumps({"key": "k", "number": n})) for n in range(5)])
    program = WorkerProgram(
        "recreated", tmp_path, (*COUNTING, "recreated"), brokers=kafka.bootstrap, prefix="recreated"
    )
    try:
        await asyncio.to_thread(program.start, program.ready)
        assert await asyncio.to_thread(program.stop, 5) == 0
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.delete_topics(["recreated"])
        await asyncio.sleep(1)
        await admin.close()
        await create_topics(kafka.bootstrap, {"recreated": 1})
        assert await ends_by_itself(program) == 1
    finally:
        await asyncio.to_thread(program.kill)
    assert "the topic was recreated" in program.tail()


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_a_static_member_comes_back_without_disturbing_the_others(
    kafka: Kafka, tmp_path: Path, ending: str
) -> None:
    """Restarted under its id it has its tasks again, and the other worker was assigned nothing anew."""
    topic = f"static-{ending}"
    await create_topics(kafka.bootstrap, {topic: 4})
    programs = [
        WorkerProgram(
            f"{topic}-{n}", tmp_path, (*COUNTING, topic), brokers=kafka.bootstrap, prefix=topic, instance=f"w{n}"
        )
        for n in range(2)
    ]
    try:
        await asyncio.gather(*(asyncio.to_thread(program.start, program.ready) for program in programs))
        await asyncio.sleep(2)
        assigned = programs[1].tail().count("tasks assigned")
        await asyncio.to_thread(getattr(programs[0], ending))
        await asyncio.to_thread(programs[0].start, programs[0].ready)
        await send(
            kafka.bootstrap, topic, [(f"k{n}".encode(), orjson.dumps({"key": f"k{n}", "number": 1})) for n in range(40)]
        )
        while len(await committed(kafka.bootstrap, f"{topic}.alert-log")) < 40:
            await asyncio.sleep(0.1)
        assert programs[1].tail().count("tasks assigned") == assigned
    finally:
        for program in programs:
            await asyncio.to_thread(program.kill)
