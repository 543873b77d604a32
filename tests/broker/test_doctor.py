"""`casewatch doctor` on a real broker: before anything runs, and while a worker does."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.broker.kafka import Kafka
from tests.broker.test_bad_input import GOOD, definition, run_command, worker
from tests.broker.traffic import create_topics, latest, send


async def examined(kafka: Kafka, folder: Path) -> tuple[int, dict[tuple[str, str], tuple[str, str]]]:
    """The exit code, and verdict and words by check and subject."""
    arguments = ("doctor", str(definition(folder, "examined")), "--format", "json")
    ran = await asyncio.to_thread(run_command, kafka, "examined", *arguments)
    told: dict[str, Any] = json.loads(ran.stdout)
    return ran.returncode, {(f["check"], f["subject"]): (f["verdict"], f["found"]) for f in told["findings"]}


async def test_an_installation_is_examined_before_its_worker_runs_and_while_it_does(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Wrong while topics and workers are missing; then all is right but what is told of the source and of what was
    refused. The examination leaves nothing but a tombstone."""
    await create_topics(kafka.bootstrap, {"examined": 2})
    await send(kafka.bootstrap, "examined", [(b"a", GOOD), (b"b", b"no JSON")])

    code, before = await examined(kafka, tmp_path)

    assert code == 1
    assert before["topics", "examined.alerts"] == (
        "wrong",
        "it does not exist",
    )
    assert before["group", "examined"] == ("wrong", "no worker is running")
    assert before["clocks", "this machine"][0] == "unknown"

    program = worker(kafka, tmp_path, "examined")
    try:
        await asyncio.to_thread(program.start, program.ready)
        await asyncio.sleep(4)  # positions are noted every three seconds
        code, during = await examined(kafka, tmp_path)
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    assert code == 0
    assert {at: told for at, told in during.items() if told[0] != "right"} == {
        ("topics", "examined"): (
            "attention",
            "its records carry their producers' time: a back-fill that is stamped with event times looks live",
        ),
        ("dead letters", "examined.dead-letters"): ("attention", "1 × examined: invalid_json"),
    }
    assert during["group", "examined"][1] == "examined on 127.0.0.1: examined/0,1, examined.partials/0"
    assert during["tasks", "3"] == ("right", "each has its worker")
    assert during["lag", "examined/0"] == during["lag", "examined/1"] == ("right", "nothing waits")
    assert during["control", "examined.control"] == ("right", "1 × active stands")
    assert during["rights", "examined.state.examined"] == ("right", "this user may read and write it")
    assert len(await latest(kafka.bootstrap, "examined.dead-letters")) == 1
