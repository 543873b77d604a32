"""Objectives over the cases of three tasks on two workers: what a backtest of the whole log says, each alert once."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from tests.backtesting import Backtest
from tests.broker.kafka import Kafka
from tests.broker.test_bad_input import run_command
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, latest
from tests.programs import wait_until

DEFINITION = """
process: sepsis
version: "1"
events: {topics: [wards], format: xes-json}
case: {ends: [Release A, Release B, Release C, Release D, Release E], segments: ["case:InfectionSuspected"]}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 60m}
  - {id: returns, kind: rate, of: Return ER, window: 7d, at_most: 6}
slo:
  - {id: promptly, of: antibiotics, objective: 60%, window: 28d}
privacy: {resource: drop}
"""


def spoken(alerts: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """What the last record of each alert on many cases says, but for when it was noticed."""
    of_many = [alert for alert in alerts if alert["rule"] in ("promptly", "returns")]
    told = ("rule", "stage", "state", "happened_at", "summary", "labels", "settled", "grade")
    return {alert["id"]: (*(alert.get(name) for name in told), alert["explanation"]) for alert in of_many}


def raised(alerts: list[dict[str, Any]]) -> Counter[tuple[str, int]]:
    """How often each episode of an alert on many cases was raised."""
    of_many = [alert for alert in alerts if alert["rule"] in ("promptly", "returns") and alert["state"] == "raised"]
    return Counter((alert["id"], alert["episode"]) for alert in of_many)


async def test_an_objective_over_three_tasks_is_judged_as_over_one_and_told_once(
    kafka: Kafka, test_data: Path, tmp_path: Path, backtest: Backtest
) -> None:
    """Whoever keeps score is killed in the middle; ids, figures and instants are those of a backtest."""
    log = test_data / "sepsis" / "Sepsis_Cases.xes.gz"
    history = await asyncio.to_thread(backtest, DEFINITION, log)
    expected = spoken(history)
    await create_topics(kafka.bootstrap, {"wards": 3})
    definition = tmp_path / "definition.yaml"
    arguments = (*CASEWATCH, "run", str(definition))
    settings = {"brokers": kafka.bootstrap, "prefix": "wards", "session_timeout": "3s"}
    one, other = (WorkerProgram(name, tmp_path, arguments, **settings) for name in ("one", "other"))
    try:
        await asyncio.to_thread(one.start, one.ready)
        await asyncio.to_thread(other.start, other.ready)
        replay = asyncio.to_thread(run_command, kafka, "wards", "replay", str(log), "--topic", "wards")
        replaying = asyncio.create_task(replay)
        await asyncio.sleep(2)
        await asyncio.to_thread(keeper(one, other).kill)
        assert (await replaying).returncode == 0
        for worker in (one, other):
            if worker.process is None or worker.process.poll() is not None:
                await asyncio.to_thread(worker.start, worker.ready)
        await asyncio.to_thread(wait_until, lambda: one.ready() and other.ready(), 60, "both workers to catch up")
        said = await said_in_the_end(kafka, expected)
        shown = one.get("/metrics")[1] + other.get("/metrics")[1]
        for worker in (one, other):
            assert await asyncio.to_thread(worker.stop, 10) == 0
    finally:
        for worker in (one, other):
            await asyncio.to_thread(worker.kill)

    told_once = Counter((alert["id"], alert["revision"]) for alert in said)
    present = spoken(list((await latest(kafka.bootstrap, "wards.alerts")).values()))
    assert set(told_once.values()) == {1}
    assert raised(said) == raised(history)
    assert present == expected
    assert {told[0] for told in expected.values()} == {"promptly", "returns"}
    assert 'casewatch_objective_budget_left{objective="promptly",process="sepsis",segment=""}' in shown
    assert 'casewatch_rate_count{process="sepsis",rule="returns",segment=""}' in shown


def keeper(one: WorkerProgram, other: WorkerProgram) -> WorkerProgram:
    """The worker that keeps score: the one that has read partials."""
    return one if 'casewatch_clock_seconds{group="wards.partials"' in one.get("/metrics")[1] else other


async def said_in_the_end(kafka: Kafka, expected: dict[str, Any]) -> list[dict[str, Any]]:
    """Every transition, as soon as the last records are those expected, or after a while."""
    for _ in range(60):
        said = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, "wards.alert-log")]
        if spoken(said) == expected:
            break
        await asyncio.sleep(0.5)
    return said
