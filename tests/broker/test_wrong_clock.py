"""A worker whose machine has the wrong time says so, and watches by the broker's time."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents.wall_clock import as_text, now_ms
from tests.broker.kafka import Kafka
from tests.broker.traffic import WorkerProgram, committed, create_topics, send

DEFINITION = """
process: {topic}
version: "1"
events:
  topics: [{topic}]
  mapping: {{case: id, activity: act, timestamp: at}}
  lateness: 0s
  patience: 0s
sla:
  - {{id: soon, kind: between, from: Open, to: [Answer], target: 2s}}
  - {{id: later, kind: between, from: Open, to: [Answer], target: 30m}}
privacy: {{resource: drop}}
"""


async def alerts_up_to_a_breach(kafka: Kafka, prefix: str) -> list[dict[str, Any]]:
    """The log of transitions, once there is a breach in it."""
    async with asyncio.timeout(20):
        while True:
            found = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, f"{prefix}.alert-log")]
            if any(alert["stage"] == "breach" for alert in found):
                return found
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(("minutes", "side"), [(60, "ahead of"), (-61, "behind")])
async def test_a_worker_whose_clock_is_an_hour_off_says_so_and_watches_as_if_it_were_right(
    kafka: Kafka, tmp_path: Path, minutes: int, side: str
) -> None:
    """What is due in two seconds is breached, what is due in half an hour is not, and no event is from the future."""
    topic = "fast" if minutes > 0 else "slow"
    definition = tmp_path / f"{topic}.yaml"
    definition.write_text(DEFINITION.format(topic=topic))
    command = ("-m", "tests.broker.wrong_clock", str(minutes * 60), "run", str(definition))
    program = WorkerProgram(topic, tmp_path, command, brokers=kafka.bootstrap, prefix=topic)
    await create_topics(kafka.bootstrap, {topic: 1}, **{"message.timestamp.type": "LogAppendTime"})
    said = f"s {side} the broker's"
    try:
        await asyncio.to_thread(program.start, lambda: said in program.get("/readyz")[1])
        opened = {"id": "7", "act": "Open", "at": as_text(now_ms())}
        await send(kafka.bootstrap, topic, [(b"7", orjson.dumps(opened))])
        alerts = await alerts_up_to_a_breach(kafka, topic)
        status, reasons = await asyncio.to_thread(program.get, "/readyz")
        metrics = (await asyncio.to_thread(program.get, "/metrics"))[1]
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    assert {alert["rule"] for alert in alerts} == {"soon"}
    assert await committed(kafka.bootstrap, f"{topic}.dead-letters") == []
    [skew] = [line for line in metrics.splitlines() if line.startswith("casewatch_clock_skew_seconds")]
    assert abs(float(skew.split()[1]) - minutes * 60) < 1
    assert (status, reasons.count(said), program.tail().count(said)) == (503, 1, 1)
    assert "stopped, work committed" in program.tail()
