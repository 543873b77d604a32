"""The short forms of the campaigns of `make chaos` in which the workers are left alone, and all else goes wrong."""

from pathlib import Path

from tests.broker.kafka import Kafka
from tests.chaos.embedded import on_the_embedded_broker
from tests.chaos.mass import Amount, floods
from tests.chaos.plays import sepsis_in, sepsis_log
from tests.chaos.result import Result
from tests.chaos.stage import Stage
from tests.chaos.trouble import Hold, absent_at_start, full_disk, no_leader
from tests.chaos.twins import one_static_id, two_installations


async def test_workers_that_are_there_before_their_broker_wait_for_it(test_data: Path, tmp_path: Path) -> None:
    """Alive, not ready with its address as the reason; afterwards all is as if it had been there."""
    broker = Kafka(tmp_path / "kafka")
    stage = Stage(broker.bootstrap, tmp_path, sepsis_in(tmp_path), 3)
    try:
        result = await absent_at_start(broker, stage, Hold(sepsis_log(test_data), 2, workers=1))
    finally:
        broker.kill()
    assert result.wrong == []


async def test_a_broker_that_runs_out_of_disk_is_waited_for(test_data: Path, tmp_path: Path) -> None:
    """It gives up in the middle of the work; when there is room again, nothing is lost and nothing is repeated."""
    hold = Hold(sepsis_log(test_data), 2, workers=1)
    result = await full_disk(tmp_path, sepsis_in(tmp_path), hold, 3)
    assert result.wrong == []


async def test_partitions_without_a_leader_are_waited_for(test_data: Path, tmp_path: Path) -> None:
    """One of a source and one of the state: not ready, nobody ends, and all is caught up when it is back."""
    result = await no_leader(tmp_path, sepsis_in(tmp_path), Hold(sepsis_log(test_data), 2, workers=1))
    assert result.wrong == []
    assert "seconds until both tasks were said not to be ready" in result.figures


async def test_two_installations_by_mistake_double_nothing(kafka: Kafka, test_data: Path, tmp_path: Path) -> None:
    """They share a group, are kept out of it, or fence each other, as they were told; each time somebody says so."""
    stage = Stage(kafka.bootstrap, tmp_path, sepsis_in(tmp_path, "twins"), 3)
    result = await two_installations(stage, sepsis_log(test_data), workers=1)
    assert result.wrong == []


async def test_of_two_processes_with_one_static_id_one_ends(kafka: Kafka, tmp_path: Path) -> None:
    """It says why, and does not take the place back from the other, which goes on."""
    stage = Stage(kafka.bootstrap, tmp_path, sepsis_in(tmp_path, "static"), 3)
    await stage.create_topic()
    result = Result("static", "One static id")
    await one_static_id(stage, result)
    assert result.wrong == []


async def test_the_embedded_broker_comes_to_the_same(kafka: Kafka, test_data: Path, tmp_path: Path) -> None:
    """The state and the alerts of a real Kafka, though its worker is killed."""
    stage = Stage(kafka.bootstrap, tmp_path, sepsis_in(tmp_path, "embedded"), 3)
    result = await on_the_embedded_broker(stage, sepsis_log(test_data), kills=1, seed=1)
    assert result.wrong == []


async def test_floods_of_bad_input_are_accounted_for_record_by_record(kafka: Kafka, tmp_path: Path) -> None:
    """Poison between good events, a new case with each event, a new name with each, one case for all."""
    result = await floods(kafka.bootstrap, tmp_path, Amount(10_000, 2_000, 4_000, 1_000))
    assert result.wrong == []
