"""A real log through a real Kafka gives the alerts that a backtest of it gives.

Replayed by the command, read by a worker from two partitions, and from the alerts topics with `read_committed`.
"""

import asyncio
from pathlib import Path
from typing import Any

import orjson

from tests.backtesting import Backtest
from tests.broker.kafka import Kafka
from tests.broker.test_bad_input import run_command
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, latest
from tests.programs import wait_until
from tests.stream.nets import sequence

DEFINITION = """
process: sepsis
version: "1"
events: {topics: [sepsis], format: xes-json}
case: {ends: [Release A, Release B, Release C, Release D, Release E]}
model: {file: model.pnml}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 60m}
  - {id: stay, kind: case_duration, target: 14d}
  - {id: quiet, kind: idle, target: 3d}
privacy: {resource: drop}
"""
STEPS = ("ER Registration", "ER Triage", "ER Sepsis Triage", "IV Antibiotics")


def finals(bodies: list[dict[str, Any]]) -> dict[str, tuple[str, str | None, str, str]]:
    """id to (rule, stage, state, happened_at) of the last record of each alert; whether an open one was raised with its
    present stage, or updated to it, is a matter of when it was noticed."""
    states = {"raised": "open", "updated": "open"}
    return {a["id"]: (a["rule"], a.get("stage"), states.get(a["state"], a["state"]), a["happened_at"]) for a in bodies}


def standing(alerts: dict[str, tuple[str, str | None, str, str]]) -> dict[str, tuple[str, str | None, str, str]]:
    """Without those that were taken back: whether they were ever said depends on when records arrived."""
    return {key: alert for key, alert in alerts.items() if alert[2] != "retracted"}


async def test_a_replayed_log_gives_the_alerts_of_a_backtest(
    kafka: Kafka, test_data: Path, tmp_path: Path, backtest: Backtest
) -> None:
    """Same ids, final states and instants, though two tasks share the cases and commit as they go."""
    log = test_data / "sepsis" / "Sepsis_Cases.xes.gz"
    (tmp_path / "model.pnml").write_bytes(sequence(*STEPS))
    expected = finals(await asyncio.to_thread(backtest, DEFINITION, log))
    await create_topics(kafka.bootstrap, {"sepsis": 2})
    replayed = await asyncio.to_thread(run_command, kafka, "sepsis", "replay", str(log), "--topic", "sepsis")
    assert replayed.returncode == 0, replayed.stderr

    definition = tmp_path / "definition.yaml"
    arguments = (*CASEWATCH, "run", str(definition))
    program = WorkerProgram("sepsis", tmp_path, arguments, brokers=kafka.bootstrap, prefix="sepsis")
    try:
        await asyncio.to_thread(program.start, program.ready)
        done = 'outcome="clock_mark",process="sepsis",topic="sepsis"} 2.0'
        await asyncio.to_thread(wait_until, lambda: done in program.get("/metrics")[1], 60, "both clock marks")
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    transitions = [orjson.loads(r.value) for r in await committed(kafka.bootstrap, "sepsis.alert-log")]
    present = await latest(kafka.bootstrap, "sepsis.alerts")
    assert len({(alert["id"], alert["revision"]) for alert in transitions}) == len(transitions)
    assert standing(finals(transitions)) == standing(expected)
    assert {a["id"]: a["revision"] for a in present.values()}.items() <= {
        a["id"]: a["revision"] for a in transitions
    }.items()
    assert {"sla", "deviation"} == {alert["kind"] for alert in transitions}
    assert len(expected) > 3_000
