"""A steady load for an hour: whether memory and lag stay flat.

Cases of four events are opened, answered and closed for ever, some too late, each remembered for a minute after its
end, and the buckets of the objective are wider than the whole; so what a worker holds has a size of its own, and
whatever grows beyond it is a leak. Invariant: what is measured is what the system says of the process, not what the
process says of itself.
"""

import asyncio
import heapq
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import fmean, linear_regression
from time import monotonic
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from agents.wall_clock import now_ms
from tests.broker.traffic import CASEWATCH, WorkerProgram, create_topics, each_committed
from tests.chaos.result import Result
from tests.chaos.stage import LAG
from tests.chaos.watching import busy_seconds, resident_mib

TOPIC = "steady"
PARTITIONS = 4
EVERY_S = 10.0
WARM_UP = 0.25
"""The share of the time in which a worker finds its size."""

MOST_GROWTH = 0.10
"""By how much of its mean what is measured may seem to grow over the rest of the time."""

DEFINITION = """
process: steady
version: "1"
events:
  topics: [steady]
  mapping: {case: id, activity: act, timestamp: at, attributes: {team: team}}
  lateness: 1s
  patience: 1s
case: {ends: [Closed], segments: [team], idle_limit: 2m, reopen: 30s, retention: 1m}
sla:
  - {id: answer, kind: between, from: Opened, to: Answered, target: 8s}
  - {id: whole, kind: case_duration, target: 25s}
  - {id: handovers, kind: rate, of: Passed on, window: 1m, at_most: 1000000}
slo:
  - {id: answers, of: answer, objective: 90%, window: 28d, by: [team]}
privacy: {resource: drop}
"""
STEPS = (("Opened", 0.0), ("Passed on", 3.0), ("Answered", 6.0), ("Closed", 15.0))
APPLIED = re.compile(
    r'^casewatch_events_total\{outcome="applied",process="steady",topic="steady"\} (\S+)$', re.MULTILINE
)


@dataclass(frozen=True)
class Load:
    """So many events a second, for so many seconds, by chance from a seed."""

    seconds: float
    rate: int
    seed: int


class Sample(NamedTuple):
    """What was measured: after how many seconds, MiB resident, records waiting, and seconds that were worked until
    then."""

    at: float
    mib: float
    lag: float
    busy: float


class Soak:
    """One worker under a steady load."""

    def __init__(self, bootstrap: str, folder: Path, load: Load) -> None:
        self.bootstrap, self.load = bootstrap, load
        definition = folder / "steady.yaml"
        definition.write_text(DEFINITION)
        settings = {"brokers": bootstrap, "prefix": "soak"}
        self.worker = WorkerProgram("soak", folder, (*CASEWATCH, "run", str(definition)), **settings)
        self.written, self.began = 0, monotonic()
        self.samples: list[Sample] = []

    async def run(self) -> Result:
        """Write, measure, and count at the end."""
        await create_topics(self.bootstrap, {TOPIC: PARTITIONS})
        try:
            await asyncio.to_thread(self.worker.start, self.worker.ready)
            writing = asyncio.create_task(self.write())
            while not writing.done():
                await asyncio.wait({writing}, timeout=EVERY_S)
                self.samples.append(await asyncio.to_thread(self.sample))
            await writing
            applied = await self.applied()
            status = await asyncio.to_thread(self.worker.stop, 20)
        finally:
            await asyncio.to_thread(self.worker.kill)
        return self.result(applied, status, *await self.told())

    async def write(self) -> None:
        """Write what is due, ten times a second: a step of a case lies some seconds behind the one before."""
        chance, due, cases = random.Random(self.load.seed), list[tuple[float, int, int]](), count()
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=20)
        await producer.start()
        began = monotonic()
        try:
            while (passed := monotonic() - began) < self.load.seconds:
                while self.load.rate * passed - self.written >= 1:
                    moment = (passed, next(cases), 0) if not due or due[0][0] > passed else heapq.heappop(due)
                    await self._write_step(producer, moment[1:])
                    self.written += 1
                    if moment[2] + 1 < len(STEPS):
                        wait = (STEPS[moment[2] + 1][1] - STEPS[moment[2]][1]) * chance.uniform(0.5, 2)
                        heapq.heappush(due, (passed + wait, moment[1], moment[2] + 1))
                await asyncio.sleep(0.1)
        finally:
            await producer.stop()

    async def _write_step(self, producer: AIOKafkaProducer, place: tuple[int, int]) -> None:
        case, step = place
        at = datetime.fromtimestamp(now_ms() / 1000, UTC).isoformat(timespec="milliseconds")
        event = {"id": f"S-{case}", "act": STEPS[step][0], "at": at, "team": f"team {case % 5}"}
        await producer.send(TOPIC, orjson.dumps(event), event["id"].encode())

    def sample(self) -> Sample:
        """Measure now."""
        lag = sum(float(waiting) for _, topic, waiting in LAG.findall(self.metrics()) if topic == TOPIC)
        return Sample(monotonic() - self.began, resident_mib(self.worker), lag, busy_seconds(self.worker))

    def metrics(self) -> str:
        """What the worker says of itself."""
        return self.worker.get("/metrics")[1]

    async def applied(self) -> int:
        """How many events were counted, as soon as that is all of them, or after a while."""
        counted = 0
        for _ in range(60):
            counted = sum(int(float(each)) for each in APPLIED.findall(await asyncio.to_thread(self.metrics)))
            if counted == self.written:
                break
            await asyncio.sleep(1)
        return counted

    async def told(self) -> tuple[int, int]:
        """How many transitions of alerts were told, and how many of them twice."""
        told, distinct = 0, set[int]()
        async for record in each_committed(self.bootstrap, "soak.alert-log"):
            alert = orjson.loads(record.value)
            distinct.add(hash((alert["id"], alert["revision"])))  # millions of them: 64 bits each are kept
            told += 1
        return told, told - len(distinct)

    def result(self, applied: int, status: int | None, told: int, repeated: int) -> Result:
        """Figures, and what is wrong."""
        result = Result("soak", "A steady load: memory and lag")
        steady = self.samples[round(len(self.samples) * WARM_UP) :]
        result.figures |= {"minutes": round(self.load.seconds / 60, 1), "events a second": self.load.rate}
        result.figures |= {"seed": self.load.seed, "events written": self.written, "events applied": applied}
        result.figures |= {"transitions of alerts": told, "samples": len(self.samples)}
        if len(steady) > 1:
            busy = (steady[-1].busy - steady[0].busy) / (steady[-1].at - steady[0].at)
            result.figures["of a core, the worker was busy"] = f"{busy:.0%}"
        for name, values in (("MiB resident", [s.mib for s in steady]), ("records waiting", [s.lag for s in steady])):
            self._trend(result, name, [s.at for s in steady], values)
        if applied != self.written:
            result.wrong.append(f"{self.written} events were written, and {applied} applied")
        if repeated:
            result.wrong.append(f"{repeated} transitions were told twice")
        if status != 0:
            result.wrong.append(f"the worker ended with {status} when it was asked to end")
        return result

    def _trend(self, result: Result, name: str, at: list[float], values: list[float]) -> None:
        if len(values) < 3:
            result.wrong.append(f"{len(values)} samples are too few to say whether {name} grow")
            return
        slope, _ = linear_regression(at, values)
        result.figures[f"{name}: mean, least, most"] = f"{fmean(values):.1f}, {min(values):.1f}, {max(values):.1f}"
        result.figures[f"{name}: slope an hour"] = round(slope * 3600, 1)
        grown = slope * (at[-1] - at[0])
        least = self.load.rate if name == "records waiting" else 10.0  # a second's events, and a few arenas, are noise
        if grown > max(MOST_GROWTH * fmean(values), least):
            result.wrong.append(f"{name} have grown by {grown:.1f} within {at[-1] - at[0]:.0f} s")
