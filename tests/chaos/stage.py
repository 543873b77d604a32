"""Where a campaign plays: one broker, one definition, one topic, workers by prefix; and how one knows that all is read.

Invariant: what workers came to is compared when all of it is read, committed and judged: no record waits, and every
task's clock, that of whoever keeps score included, stands where the log ends.
"""

import asyncio
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.definition_files import load_definition
from stream.inputs import Input
from stream.ledger.goals import spans_tasks
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, ends_of
from tests.chaos.outcome import Outcome, Source, differences, outcome_of
from tests.chaos.score import Score, score_of

SESSION = "3s"
CAUGHT_UP_S = 900.0
STOP_S = 20.0

LAG = re.compile(r'^casewatch_lag_events\{partition="(\d+)",topic="([^"]+)"\} (\S+)$', re.MULTILINE)
CLOCK = re.compile(r'^casewatch_clock_seconds\{group="([^"]+)",partition="(\d+)"\} (\S+)$', re.MULTILINE)


class Stage:
    """One play of one log; `bootstrap` is what workers are told. Those that something is done to, or around, run under
    the prefix `disturbed`, the one that is left alone under `calm`; both begin with the topic's name."""

    def __init__(self, bootstrap: str, folder: Path, definition: Path, partitions: int = 6) -> None:
        self.bootstrap, self.folder, self.definition = bootstrap, folder, definition
        read, _ = load_definition(definition)
        [topic] = read.events.topics
        self.source = Source(topic, partitions)
        self.disturbed, self.calm = f"{topic}-disturbed", f"{topic}-calm"
        self.settings: dict[str, str] = {}
        self.keeps_score = spans_tasks(read)

    def worker(self, prefix: str, name: str, **settings: str) -> WorkerProgram:
        """A worker of the installation that `prefix` names, not yet started."""
        told = {"brokers": self.bootstrap, "prefix": prefix, "session_timeout": SESSION, **self.settings, **settings}
        return WorkerProgram(name, self.folder, (*CASEWATCH, "run", str(self.definition)), **told)

    async def create_topic(self) -> None:
        """Have the topic that is read."""
        await create_topics(self.bootstrap, {self.source.topic: self.source.partitions})

    async def start_writing(self, log: Path, speed: float = 0) -> asyncio.subprocess.Process:
        """Feed a log into the topic, from a process of its own."""
        program = self.worker("writer", "writer")
        arguments = ["replay", str(log), "--topic", self.source.topic, "--speed", str(speed)]
        command = [program.command[0], *CASEWATCH, *arguments]
        with (self.folder / "writer.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *command, env={**os.environ, **program.settings}, stdout=output, stderr=output
            )

    async def write(self, log: Path) -> None:
        """Feed a log into the topic, as fast as can be."""
        assert await (await self.start_writing(log)).wait() == 0, "the log was not written"

    async def finish(self, workers: Sequence[WorkerProgram], prefix: str) -> list[str]:
        """Have all workers of a prefix up until all is read and judged, then end them in order; what went wrong."""
        for worker in workers:
            if not worker.running:
                await asyncio.to_thread(worker.start, worker.alive)
        async with asyncio.timeout(CAUGHT_UP_S):
            while not await asyncio.to_thread(self.judged, workers, prefix):
                await asyncio.sleep(0.5)
            while self.keeps_score and not (await self.score(prefix)).over:
                await asyncio.sleep(0.5)
        found: list[str] = []
        for worker in workers:
            status = await asyncio.to_thread(worker.stop, STOP_S)
            if status != 0:
                found.append(f"{worker.name} ended with {status} when it was asked to end")
        return found

    def judged(self, workers: Iterable[WorkerProgram], prefix: str) -> bool:
        """Whether these workers are ready, nothing waits in the source, and all their clocks stand alike."""
        told = [worker.get("/metrics")[1] for worker in workers if worker.ready()]
        if len(told) < len(list(workers)):
            return False
        waiting = {(topic, p): float(lag) for each in told for p, topic, lag in LAG.findall(each)}
        clocks = {(group, p): float(at) for each in told for group, p, at in CLOCK.findall(each)}
        ours = [waiting.get((self.source.topic, str(p))) for p in range(self.source.partitions)]
        of_all = {group for group, _ in clocks} >= self.groups(prefix)
        return ours == [0.0] * len(ours) and of_all and len(set(clocks.values())) == 1

    def groups(self, prefix: str) -> set[str]:
        """The groups whose tasks have clocks."""
        return {self.source.topic} | ({f"{prefix}.partials"} if self.keeps_score else set())

    async def score(self, prefix: str) -> Score:
        """What whoever keeps score for a prefix has come to."""
        return await score_of(self.bootstrap, prefix, self.definition, self.source.partitions)

    async def told(self, prefix: str) -> list[dict[str, Any]]:
        """Every transition of every alert, in order."""
        return [orjson.loads(record.value) for record in await committed(self.bootstrap, f"{prefix}.alert-log")]

    async def ends(self) -> dict[Input, int]:
        """Where the topic ends, by partition."""
        found = await ends_of(self.bootstrap, *self.source)
        return {Input(self.source.topic, partition): end for partition, end in enumerate(found)}

    async def group_offsets(self) -> dict[Input, int]:
        """What the group of the disturbed has committed for tools to see."""
        options = {"group_id": self.disturbed, "enable_auto_commit": False}
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, **options)
        await consumer.start()
        try:
            partitions = [TopicPartition(self.source.topic, p) for p in range(self.source.partitions)]
            found = {each: await consumer.committed(each) for each in partitions}
        finally:
            await consumer.stop()
        return {Input(each.topic, each.partition): at for each, at in found.items() if at is not None}

    async def outcome(self, prefix: str) -> Outcome:
        """What the workers of a prefix have come to."""
        return await outcome_of(self.bootstrap, prefix, self.source, self.definition)

    async def undisturbed(self) -> Outcome:
        """What one worker comes to that nobody disturbs."""
        calm = self.worker(self.calm, self.calm)
        try:
            await asyncio.to_thread(calm.start, calm.alive)
            assert await self.finish([calm], self.calm) == []
        finally:
            await asyncio.to_thread(calm.kill)
        return await self.outcome(self.calm)

    async def compared(self, calm: Outcome) -> tuple[Outcome, list[str]]:
        """What the disturbed have come to, and what is wrong with it beside the undisturbed one."""
        mine = await self.outcome(self.disturbed)
        wrong = differences(mine, calm)
        ends = await self.ends()
        if mine.positions != ends:
            wrong.append(f"read up to {mine.positions}, and the topic ends at {ends}")
        ahead = {s: at for s, at in (await self.group_offsets()).items() if at > mine.positions.get(s, 0)}
        return mine, wrong + [f"the group says that {s} was read up to {at}, the state less" for s, at in ahead.items()]


async def end_all(workers: Iterable[WorkerProgram], writer: asyncio.subprocess.Process | None = None) -> None:
    """Leave nothing running."""
    for worker in workers:
        await asyncio.to_thread(worker.kill)
    if writer is not None and writer.returncode is None:
        writer.kill()
        await writer.wait()


def kafka_in(folder: Path) -> Kafka:
    """A broker of a campaign's own, running."""
    kafka = Kafka(folder / "kafka")
    kafka.start()
    return kafka
