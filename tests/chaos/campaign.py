"""One campaign: workers share the tasks of a topic that is being written, while chance ends, freezes and starts them.

Invariant: chance is the seed's, so that a campaign can be run again; when it is over, all that was written has been
read, by whoever is left. What the workers came to is compared with what one worker comes to that nobody disturbs.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.inputs import Input
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics
from tests.chaos.outcome import Outcome, differences, outcome_of
from tests.programs import wait_until

TOPIC = "events"
SESSION = "3s"
CAUGHT_UP_S = 240.0


@dataclass(frozen=True)
class Plan:
    """What is done: so many disturbances of so many workers, by chance from `seed`, while the log is written `speed`
    times as fast as its own time (0: as fast as can be). With `broker`, Kafka itself is ended too, while the workers
    read what was written."""

    definition: Path
    log: Path
    speed: float
    rounds: int = 20
    workers: int = 3
    partitions: int = 6
    seed: int = 1
    broker: bool = False


@dataclass
class Report:
    """What was done, how often, and what came out of it."""

    plan: Plan
    done: Counter[str] = field(default_factory=Counter)
    outcome: Outcome | None = None
    wrong: list[str] = field(default_factory=list)


class Campaign:
    """The workers of one campaign, and what chance does to them."""

    def __init__(self, plan: Plan, kafka: Kafka, folder: Path) -> None:
        self.plan, self.kafka, self.folder = plan, kafka, folder
        self.chance = random.Random(plan.seed)
        self.workers = [self.worker("disturbed", f"worker-{n}") for n in range(plan.workers)]
        self.report = Report(plan)

    def worker(self, prefix: str, name: str) -> WorkerProgram:
        """A worker of one of the two groups."""
        settings = {"brokers": self.kafka.bootstrap, "prefix": prefix, "session_timeout": SESSION}
        return WorkerProgram(name, self.folder, (*CASEWATCH, "run", str(self.plan.definition)), **settings)

    async def run(self) -> Report:
        """Write the log while the workers are disturbed, then let them, and an undisturbed one, read to the end."""
        await create_topics(self.kafka.bootstrap, {TOPIC: self.plan.partitions})
        calm = self.worker("calm", "undisturbed")
        writer = await self.start_writing()
        if self.plan.broker:  # the command that writes does not outlive its broker: all is written beforehand
            await writer.wait()
        try:
            for worker in self.workers:
                await asyncio.to_thread(worker.start, worker.alive)
            for number in range(self.plan.rounds):
                await self.disturb(number)
            assert await writer.wait() == 0, "the log was not written"
            await self.finish(self.workers, "disturbed")
            await asyncio.to_thread(calm.start, calm.alive)
            await self.finish([calm], "calm")
        finally:
            for worker in [*self.workers, calm]:
                await asyncio.to_thread(worker.kill)
            if writer.returncode is None:
                writer.kill()
        await self.compare()
        return self.report

    async def start_writing(self) -> asyncio.subprocess.Process:
        """Feed the log into the topic, from a process of its own."""
        program = self.worker("writer", "writer")
        arguments = ["replay", str(self.plan.log), "--topic", TOPIC, "--speed", str(self.plan.speed)]
        command = [program.command[0], *CASEWATCH, *arguments]
        with (self.folder / "writer.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *command, env={**os.environ, **program.settings}, stdout=output, stderr=output
            )

    async def disturb(self, number: int) -> None:
        """Do one thing to one worker (or to the broker), after a moment of chance; some worker is always left."""
        await asyncio.sleep(self.chance.uniform(0.3, 3))
        resting = [worker for worker in self.workers if not worker.running]
        working = [worker for worker in self.workers if worker.running]
        ways: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        if resting:
            ways.append(("spawn", lambda: self.spawn(self.chance.choice(resting))))
        if len(working) > 1:
            victim = self.chance.choice(working)
            ways += [("kill -9", lambda: self.kill(victim)), ("stop", lambda: self.stop(victim))]
            ways += [("freeze", lambda: self.freeze(victim)), ("kill -9", lambda: self.kill(victim))]
        if self.plan.broker and number % 2:
            ways = [("broker killed", self.restart_broker)]
        name, way = self.chance.choice(ways)
        self.report.done[name] += 1
        await way()

    async def spawn(self, worker: WorkerProgram) -> None:
        """Start a worker that had ended."""
        await asyncio.to_thread(worker.start, worker.alive)

    async def kill(self, worker: WorkerProgram) -> None:
        """End a worker without a word; every other time it is started again at once."""
        await asyncio.to_thread(worker.kill)
        if self.chance.random() < 0.5:
            await self.spawn(worker)

    async def stop(self, worker: WorkerProgram) -> None:
        """Ask a worker to end; it commits its work and does so in time."""
        status = await asyncio.to_thread(worker.stop, 20)
        if status != 0:
            self.report.wrong.append(f"{worker.name} ended with {status} when it was asked to end")

    async def freeze(self, worker: WorkerProgram) -> None:
        """Let a worker stand still, for less or for more than its session lasts."""
        assert worker.process is not None
        os.kill(worker.process.pid, signal.SIGSTOP)
        await asyncio.sleep(self.chance.choice([1.0, 5.0]))
        os.kill(worker.process.pid, signal.SIGCONT)

    async def restart_broker(self) -> None:
        """Let the broker's power fail, and come back."""
        await asyncio.to_thread(self.kafka.kill)
        await asyncio.sleep(self.chance.uniform(0, 3))
        await asyncio.to_thread(self.kafka.start)

    async def finish(self, workers: list[WorkerProgram], prefix: str) -> None:
        """Have all workers of a group up until everything is read and committed, then end them in order."""
        for worker in workers:
            if not worker.running:
                await self.spawn(worker)
        ends = await self.ends()
        async with asyncio.timeout(CAUGHT_UP_S):
            while (await self.outcome(prefix)).positions != ends:
                await asyncio.sleep(1)
        await asyncio.to_thread(wait_until, lambda: all(w.ready() for w in workers), 60, "all workers to be ready")
        for worker in workers:
            await self.stop(worker)

    async def ends(self) -> dict[Input, int]:
        """Where the topic ends, by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            found = await consumer.end_offsets([TopicPartition(TOPIC, p) for p in range(self.plan.partitions)])
        finally:
            await consumer.stop()
        return {Input(each.topic, each.partition): end for each, end in found.items()}

    async def outcome(self, prefix: str) -> Outcome:
        """What a group has come to."""
        return await outcome_of(self.kafka.bootstrap, prefix, TOPIC, self.plan.definition)

    async def compare(self) -> None:
        """Say what is wrong: what differs from the undisturbed run, or was told twice."""
        self.report.outcome = await self.outcome("disturbed")
        self.report.wrong += differences(self.report.outcome, await self.outcome("calm"))
