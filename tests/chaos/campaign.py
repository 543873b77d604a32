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
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.broker.kafka import Kafka
from tests.broker.traffic import WorkerProgram
from tests.chaos.result import Result
from tests.chaos.stage import STOP_S, Stage, end_all

MOMENT_S = (0.3, 3.0)


@dataclass(frozen=True)
class Plan:
    """What is done: so many disturbances of so many workers, by chance from `seed`, while the log is written `speed`
    times as fast as its own time (0: as fast as can be). With `broker`, Kafka itself is ended too, while the workers
    read what was written."""

    log: Path
    speed: float
    rounds: int = 20
    workers: int = 3
    seed: int = 1
    broker: bool = False


class Campaign:
    """The workers of one campaign, and what chance does to them."""

    def __init__(self, plan: Plan, kafka: Kafka, stage: Stage) -> None:
        self.plan, self.kafka, self.stage = plan, kafka, stage
        self.chance = random.Random(plan.seed)
        self.workers = [stage.worker(stage.disturbed, f"worker-{n}") for n in range(plan.workers)]
        self.calm = stage.worker(stage.calm, "calm")
        self.done = Counter[str]()
        name = "brokers" if plan.broker else "workers"
        self.result = Result(name, f"Workers{' and the broker' if plan.broker else ''} ended by chance under load")

    async def run(self) -> Result:
        """Write the log while the workers are disturbed, then let them, and an undisturbed one, read to the end."""
        stage, began = self.stage, monotonic()
        await stage.create_topic()
        writer = await stage.start_writing(self.plan.log, self.plan.speed)
        if self.plan.broker:  # the command that writes does not outlive its broker: all is written beforehand
            await writer.wait()
        everyone = self.workers if self.plan.broker else [*self.workers, self.calm]
        try:
            await asyncio.gather(*(asyncio.to_thread(worker.start, worker.alive) for worker in everyone))
            for number in range(self.plan.rounds):
                await self.disturb(number)
            assert await writer.wait() == 0, "the log was not written"
            self.result.wrong += await stage.finish(self.workers, stage.disturbed)
            self.result.wrong += await stage.finish([self.calm], stage.calm)
        finally:
            await end_all([*self.workers, self.calm], writer)
        await self.compare()
        self.result.figures["seconds"] = round(monotonic() - began)
        return self.result

    async def compare(self) -> None:
        """Say what was done, and what differs from the undisturbed run or was told twice."""
        figures = self.result.figures
        figures |= {"seed": self.plan.seed, "rounds": self.plan.rounds, "workers": self.plan.workers}
        figures |= dict(sorted(self.done.items()))
        outcome, wrong = await self.stage.compared(await self.stage.outcome(self.stage.calm))
        self.result.compared(outcome)
        self.result.wrong += wrong

    async def disturb(self, number: int) -> None:
        """Do one thing to one worker (or to the broker), after a moment of chance; some worker is always left."""
        await asyncio.sleep(self.chance.uniform(*MOMENT_S))
        resting = [worker for worker in self.workers if not worker.running]
        working = [worker for worker in self.workers if worker.running]
        ways: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        if resting:
            ways.append(("spawned", lambda: self.spawn(self.chance.choice(resting))))
        if len(working) > 1:
            victim = self.chance.choice(working)
            ways += [("killed", lambda: self.kill(victim)), ("stopped", lambda: self.stop(victim))]
            ways += [("frozen", lambda: self.freeze(victim)), ("killed", lambda: self.kill(victim))]
        if self.plan.broker and number % 2:
            ways = [("broker killed", self.restart_broker)]
        name, way = self.chance.choice(ways)
        self.done[name] += 1
        if name not in ("spawned", "broker killed"):
            self.done["of these, whoever kept score"] += int(await asyncio.to_thread(self.keeps_score, victim))
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
        status = await asyncio.to_thread(worker.stop, STOP_S)
        if status != 0:
            self.result.wrong.append(f"{worker.name} ended with {status} when it was asked to end")

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

    def keeps_score(self, worker: WorkerProgram) -> bool:
        """Whether a worker holds the task that keeps score just now."""
        return f'topic="{self.stage.disturbed}.partials"}}' in worker.get("/metrics")[1]
