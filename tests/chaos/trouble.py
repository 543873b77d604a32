"""Trouble with the broker: absent at the start, its disk full, a partition without a leader.

Each is held for a while, in which workers have to live on, not be ready, and say why; when it is over they have to
catch up by themselves, to what an undisturbed worker comes to. Invariant: nothing is done to the workers themselves.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from agents.cli.run import load_all
from agents.scorekeeper import with_scorekeeper
from agents.source_groups import group_sources
from agents.topics import Role, TopicNames, needed_topics
from schemas.problem import Problem
from tests.broker.kafka import Kafka
from tests.broker.traffic import WorkerProgram
from tests.chaos.brokers import DiskNotToBeHad, SmallDisk, broker_on, create_led, wait_for_end, warm_up
from tests.chaos.result import Result
from tests.chaos.stage import Stage, end_all
from tests.chaos.watching import Watch

DISK_MIB = 1_536
"""What a log of 262 thousand events takes with all that two runs write of it, and as much again."""

NOTICED_S = 45.0


@dataclass(frozen=True)
class Hold:
    """How long trouble lasts (s), how many workers meet it, and the log that they read."""

    log: Path
    seconds: float
    workers: int = 3

    def cast(self, stage: Stage) -> list[WorkerProgram]:
        """The workers."""
        return [stage.worker(stage.disturbed, f"worker-{n}") for n in range(self.workers)]


async def started(workers: Sequence[WorkerProgram]) -> Watch:
    """Start workers, and watch them."""
    await asyncio.gather(*(asyncio.to_thread(worker.start, worker.alive) for worker in workers))
    return Watch(workers)


async def absent_at_start(kafka: Kafka, stage: Stage, hold: Hold) -> Result:
    """Workers are there before their broker is."""
    result, workers = Result("absent", "The broker absent at the start"), hold.cast(stage)
    try:
        watch = await started(workers)
        await watch.during(hold.seconds)
        result.wrong += watch.gone()
        if any(watch.last_ready) or not watch.words(stage.bootstrap):
            result.wrong.append(f"with no broker, workers said: {dict(watch.said)}")
        await asyncio.to_thread(kafka.start)
        await stage.create_topic()
        await stage.write(hold.log)
        await over(stage, workers, result)
    finally:
        await end_all(workers)
    return result


async def full_disk(stage_folder: Path, definition: Path, hold: Hold, partitions: int) -> Result:
    """The broker's disk fills up while workers read and commit; later there is room again."""
    result, workers = Result("disk", "The broker out of disk"), list[WorkerProgram]()
    try:
        disk = SmallDisk(stage_folder / "disk", DISK_MIB)
    except DiskNotToBeHad as refusal:
        result.wrong.append(f"not done: this machine allows no file system of one's own ({refusal})")
        return result
    kafka = broker_on(disk, stage_folder / "kafka")
    stage = Stage(kafka.bootstrap, stage_folder, definition, partitions)
    workers = hold.cast(stage)
    try:
        await asyncio.to_thread(kafka.start)
        await stage.create_topic()
        await stage.write(hold.log)
        watch = await started(workers)
        assert await watch.until(lambda: has_applied(workers), NOTICED_S) is not None, "no worker applied anything"
        result.figures["MiB that filled the disk"] = disk.fill() // 2**20
        result.figures["exit status of the broker"] = str(await asyncio.to_thread(wait_for_end, kafka, NOTICED_S))
        await held(watch, hold, result)
        disk.clear()
        await asyncio.to_thread(kafka.start)
        await over(stage, workers, result)
    finally:
        await end_all(workers)
        await asyncio.to_thread(kafka.kill)
        disk.close()
    return result


def has_applied(workers: Sequence[WorkerProgram]) -> bool:
    """Whether some worker has committed events."""
    return any('outcome="applied"' in worker.get("/metrics")[1] for worker in workers)


async def held(watch: Watch, hold: Hold, result: Result) -> None:
    """See that no worker is ready after a while, that none says it is until the trouble is over, and that none ends."""
    noticed = await watch.until(lambda: not any(watch.last_ready), NOTICED_S)
    if noticed is None:
        result.wrong.append("some worker went on saying that it is ready")
    else:
        result.figures["seconds until no worker said that it is ready"] = round(noticed, 1)
    said_ready = await watch.until(lambda: any(watch.last_ready), hold.seconds)
    if noticed is not None and said_ready is not None:
        result.wrong.append("some worker said that it is ready again, though the trouble lasted")
    result.figures["seconds held"] = hold.seconds
    result.wrong += watch.gone()


async def no_leader(stage_folder: Path, definition: Path, hold: Hold) -> Result:
    """A source partition and the state partition of another task have one replica, on a broker that goes away."""
    result = Result("leader", "A source partition and a state partition without a leader")
    first = Kafka(stage_folder / "first")
    second = Kafka(stage_folder / "second", beside=first)
    stage = Stage(first.bootstrap, stage_folder, definition, 3)
    workers = hold.cast(stage)
    try:
        await asyncio.to_thread(first.start)
        await warm_up(first)
        await asyncio.to_thread(second.start)
        await lead(stage)
        watch = await started(workers)
        if await watch.until(lambda: all(watch.last_ready), NOTICED_S) is None:
            result.wrong.append(f"workers were not ready to begin with: {dict(watch.said)}")
        await stage.write(hold.log)
        await asyncio.to_thread(second.kill)
        watch.said.clear()
        noticed = await watch.until(lambda: all(watch.words(f"{stage.source.topic}/{p}") for p in (1, 2)), NOTICED_S)
        if noticed is None:
            result.wrong.append(f"of a partition without a leader nobody said anything: {dict(watch.said)}")
        else:
            result.figures["seconds until both tasks were said not to be ready"] = round(noticed, 1)
        said_ready = await watch.until(lambda: all(watch.last_ready), hold.seconds)
        if noticed is not None and said_ready is not None:
            result.wrong.append("every worker said that it is ready again, though the trouble lasted")
        result.figures["seconds held"] = hold.seconds
        result.wrong += watch.gone()
        await asyncio.to_thread(second.start)
        await over(stage, workers, result)
    finally:
        await end_all(workers)
        for broker in (second, first):
            await asyncio.to_thread(broker.kill)
    return result


async def lead(stage: Stage) -> None:
    """Create all topics, so that the second broker leads partition 1 of the source and the state of task 2 only."""
    names = TopicNames(stage.disturbed)
    problems: list[Problem] = []
    groups = with_scorekeeper(group_sources(load_all([stage.definition], problems, b"")), names)
    assert problems == []
    await create_led(stage.bootstrap, stage.source.topic, [1, 2, 1])
    for topic in needed_topics(names, groups):
        if topic.role is not Role.SOURCE:
            leaders = [1, 1, 2] if topic.name == names.state(stage.source.topic) else [1]
            await create_led(stage.bootstrap, topic.name, leaders, **topic.config)


async def over(stage: Stage, workers: Sequence[WorkerProgram], result: Result) -> None:
    """When the trouble is over: have all read to its end and compare it with an undisturbed run."""
    pids = [None if worker.process is None else worker.process.pid for worker in workers]
    began = monotonic()
    result.wrong += await stage.finish(workers, stage.disturbed)
    result.figures["seconds until all was caught up"] = round(monotonic() - began, 1)
    if pids != [None if worker.process is None else worker.process.pid for worker in workers]:
        result.wrong.append("a worker had ended, and had to be started again")
    outcome, wrong = await stage.compared(await stage.undisturbed())
    result.compared(outcome)
    result.wrong += wrong
