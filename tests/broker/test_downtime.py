"""Deadlines that pass while every worker is down: each is told once on recovery, with the instant at which it passed;
what was answered in time meanwhile says nothing."""

import asyncio
from pathlib import Path
from typing import Any

import orjson

from agents.wall_clock import as_text, now_ms
from schemas.alert import Alert
from stream.instants import milliseconds
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, send
from tests.programs import wait_until

TARGET_MS = 8_000
DEFINITION = """
process: downtime
version: "1"
events:
  topics: [downtime]
  mapping: {case: id, activity: act, timestamp: at}
  lateness: 1s
  patience: 0s
sla:
  - {id: answer, kind: between, from: Open, to: [Answer], target: 8s, at_risk: []}
privacy: {resource: drop}
"""


async def happens(kafka: Kafka, activity: str, *cases: str) -> int:
    """It happens now in these cases; when that is."""
    now = now_ms()
    values = ({"id": case, "act": activity, "at": as_text(now)} for case in cases)
    await send(kafka.bootstrap, "downtime", [(value["id"].encode(), orjson.dumps(value)) for value in values])
    return now


def applied(program: WorkerProgram) -> int:
    """How many events the worker has applied and committed."""
    line = 'casewatch_events_total{outcome="applied",process="downtime",topic="downtime"} '
    found = [told for told in program.get("/metrics")[1].splitlines() if told.startswith(line)]
    return sum(round(float(told[len(line) :])) for told in found)


async def told(kafka: Kafka, count: int) -> list[dict[str, Any]]:
    """The log of transitions, once there are so many in it that say more than that they have settled."""
    async with asyncio.timeout(20):
        while True:
            found = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, "downtime.alert-log")]
            if len({(alert["id"], alert["state"]) for alert in found if alert["state"] != "updated"}) >= count:
                return found
            await asyncio.sleep(0.2)


async def test_a_deadline_that_passes_while_the_worker_is_down_is_told_once(kafka: Kafka, tmp_path: Path) -> None:
    """Killed before three are due: one is answered in time, one late, one never; only the first says nothing."""
    await create_topics(kafka.bootstrap, {"downtime": 2})
    (tmp_path / "downtime.yaml").write_text(DEFINITION)
    arguments = (*CASEWATCH, "run", str(tmp_path / "downtime.yaml"))
    program = WorkerProgram("downtime", tmp_path, arguments, brokers=kafka.bootstrap, prefix="downtime")
    try:
        await asyncio.to_thread(program.start, program.ready)
        opened_at = await happens(kafka, "Open", "never", "late", "in time")
        await asyncio.to_thread(wait_until, lambda: applied(program) == 3, 7, "three events to be applied")
        await asyncio.to_thread(program.kill)
        answered_at = await happens(kafka, "Answer", "in time")
        await asyncio.sleep((opened_at + TARGET_MS + 1_000 - now_ms()) / 1_000)
        answered_late_at = await happens(kafka, "Answer", "late")
        await asyncio.sleep(3)
        started_at = now_ms()
        await asyncio.to_thread(program.start, program.ready)
        await told(kafka, 3)
        await asyncio.sleep(2)
        alerts = [Alert.model_validate(alert) for alert in await told(kafka, 3)]
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    assert answered_at <= opened_at + TARGET_MS
    raised = {alert.case: alert for alert in alerts if alert.state == "raised"}
    assert sorted(alert.case or "" for alert in alerts if alert.state == "raised") == ["late", "never"]
    assert {milliseconds(alert.happened_at) for alert in raised.values()} == {opened_at + TARGET_MS}
    assert all(milliseconds(alert.noticed_at) >= started_at for alert in alerts)
    resolved = {(alert.case, milliseconds(alert.happened_at)) for alert in alerts if alert.state == "resolved"}
    assert resolved == {("late", answered_late_at)}
    assert not [alert for alert in alerts if alert.state == "retracted"]
