"""The short forms of the campaigns of `make chaos`: workers ended and frozen by chance while a real log comes in."""

from pathlib import Path

from tests.broker.kafka import Kafka
from tests.chaos.campaign import Campaign, Plan
from tests.chaos.plays import sepsis_in, sepsis_log
from tests.chaos.stage import Stage


async def test_chance_loses_nothing_and_repeats_nothing(kafka: Kafka, test_data: Path, tmp_path: Path) -> None:
    """Positions, cases, alerts and scores are those of a worker that nobody disturbs, and nothing is told twice."""
    plan = Plan(sepsis_log(test_data), speed=8_000_000, rounds=3, seed=4)
    result = await Campaign(plan, kafka, Stage(kafka.bootstrap, tmp_path, sepsis_in(tmp_path, "chance"), 3)).run()
    assert result.wrong == []
    assert int(result.figures["events compared"]) > 0
    assert int(result.figures["transitions of alerts compared"]) > 3_000
    assert int(result.figures["windows compared"]) > 0
