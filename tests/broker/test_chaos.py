"""The short form of the campaigns of `make chaos`: workers ended and frozen by chance while a real log comes in."""

from pathlib import Path

from tests.broker.kafka import Kafka
from tests.chaos.campaign import Campaign, Plan

DEFINITION = """
process: sepsis
version: "1"
events: {topics: [events], format: xes-json}
case: {ends: [Release A, Release B, Release C, Release D, Release E]}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 60m}
  - {id: stay, kind: case_duration, target: 14d}
  - {id: quiet, kind: idle, target: 3d}
privacy: {resource: drop}
"""


async def test_chance_loses_nothing_and_repeats_nothing(kafka: Kafka, test_data: Path, tmp_path: Path) -> None:
    """Positions, cases and alerts are those of a worker that nobody disturbed, and no transition is told twice."""
    definition = tmp_path / "definition.yaml"
    definition.write_text(DEFINITION)
    log = test_data / "sepsis" / "Sepsis_Cases.xes.gz"
    plan = Plan(definition, log, speed=4_000_000, rounds=4, partitions=3, seed=3)
    report = await Campaign(plan, kafka, tmp_path).run()
    assert report.wrong == []
    assert report.outcome is not None
    assert sum(case[0] for case in report.outcome.cases.values()) > 0
    assert report.outcome.transitions > 3_000
