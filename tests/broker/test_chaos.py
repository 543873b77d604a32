"""The short forms of the campaigns of `make chaos` by chance: workers, and the broker, while a real log is read."""

from pathlib import Path

from tests.broker.kafka import Kafka
from tests.chaos.campaign import Campaign, Plan
from tests.chaos.plays import sepsis_in, sepsis_log
from tests.chaos.stage import Stage, kafka_in


async def test_chance_loses_nothing_and_repeats_nothing(kafka: Kafka, test_data: Path, tmp_path: Path) -> None:
    """Positions, cases, alerts and scores are those of a worker that nobody disturbs, and nothing is told twice."""
    plan = Plan(sepsis_log(test_data), speed=6_000_000, rounds=4, seed=13)  # each of what can be done, once
    result = await Campaign(plan, kafka, Stage(kafka.bootstrap, tmp_path, sepsis_in(tmp_path, "chance"), 3)).run()
    assert result.wrong == []
    assert {"frozen", "killed", "spawned", "stopped"} <= result.figures.keys()
    assert int(result.figures["events compared"]) > 0
    assert int(result.figures["transitions of alerts compared"]) > 3_000
    assert int(result.figures["windows compared"]) > 0


async def test_a_broker_that_is_killed_under_load_loses_nothing_and_repeats_nothing(
    test_data: Path, tmp_path: Path
) -> None:
    """It comes back after a moment, and the workers go on from what was committed."""
    broker = kafka_in(tmp_path)
    stage = Stage(broker.bootstrap, tmp_path, sepsis_in(tmp_path, "power"), 3)
    try:
        plan = Plan(sepsis_log(test_data), speed=0, rounds=2, workers=2, seed=1, broker=True)
        result = await Campaign(plan, broker, stage).run()
    finally:
        broker.kill()
    assert result.wrong == []
    assert result.figures["broker killed"] == 1
