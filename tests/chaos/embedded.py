"""The same log on the broker without transactions, whose worker is killed: the same final state and the same alerts.

Invariant: state is as exact as with transactions; an alert may be told again after a crash, and then under the same id
and revision, with the same words.
"""

import asyncio
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.embedded_broker import EmbeddedBroker
from tests.chaos.campaign import MOMENT_S
from tests.chaos.outcome import Outcome, differences
from tests.chaos.result import Result
from tests.chaos.stage import Stage, end_all


async def on_the_embedded_broker(kafka: Stage, log: Path, kills: int, seed: int) -> Result:
    """Play a log on a real Kafka without a disturbance, then on the embedded broker with so many kills."""
    result, chance = Result("embedded", "The embedded broker, without transactions"), random.Random(seed)
    result.figures |= {"seed": seed, "killed": kills}
    await kafka.create_topic()
    await kafka.write(log)
    calm = await kafka.undisturbed()
    async with EmbeddedBroker() as broker:
        stage = Stage(broker.address, kafka.folder, kafka.definition, kafka.source.partitions)
        worker = stage.worker(stage.disturbed, "embedded")
        await stage.create_topic()
        try:
            await asyncio.to_thread(worker.start, worker.alive)
            writer = await stage.start_writing(log)
            for _ in range(kills):
                await asyncio.sleep(chance.uniform(*MOMENT_S))
                await asyncio.to_thread(worker.kill)
                await asyncio.to_thread(worker.start, worker.alive)
            assert await writer.wait() == 0, "the log was not written"
            result.wrong += await stage.finish([worker], stage.disturbed)
        finally:
            await end_all([worker])
        mine = await stage.outcome(stage.disturbed)
        repeated, changed = await repetitions(stage)
    result.figures["transitions told again under the same id and revision"] = repeated
    result.wrong += changed + differences(_once(mine), _once(calm))
    result.compared(mine)
    return result


async def repetitions(stage: Stage) -> tuple[int, list[str]]:
    """How many transitions were told again, and those that then said something else."""
    told: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for alert in await stage.told(stage.disturbed):
        told[alert["id"], alert["revision"]].append(alert)
    other = [key for key, alike in told.items() if any(alert != alike[0] for alert in alike)]
    changed = [f"{key} says something else when it is told again" for key in other]
    return sum(len(alike) - 1 for alike in told.values()), changed


def _once(outcome: Outcome) -> Outcome:
    """An outcome, but for what a broker without transactions may repeat."""
    score = outcome.score and replace(outcome.score, faults=())
    return replace(outcome, faults=(), score=score)
