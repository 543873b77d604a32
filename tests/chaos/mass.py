"""Bad and outsized input under load: poison between good events, too many case ids, too many names, one endless case.

Each is read by one worker from a topic of its own, with a model, service levels and an objective. Invariant: every
record is accounted for, as an event that was applied or as a dead letter, by a worker that lives on.
"""

import asyncio
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import orjson

from tests.broker.test_bad_input import CORPUS
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, send
from tests.chaos.result import Result
from tests.chaos.watching import resident_mib
from tests.stream.nets import sequence

PARTITIONS = 4
PATIENCE_S = 1_800.0
NO_PROGRESS_S = 120.0
MOST_MIB = 1_024
"""What a worker may take of memory with any of the floods behind it: a backlog is read no faster than it is taken."""

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
STEPS = ("Opened", "Checked", "Answered", "Closed")
DEFINITION = """
process: {topic}
version: "1"
events: {{topics: [{topic}], mapping: {{case: id, activity: act, timestamp: at}}}}
case: {{ends: [Closed], idle_limit: 30d}}
model: {{file: model.pnml}}
sla:
  - {{id: answer, kind: between, from: Opened, to: Answered, target: 4h}}
  - {{id: whole, kind: case_duration, target: 2d}}
slo:
  - {{id: answers, of: answer, objective: 90%, window: 28d}}
privacy: {{resource: drop}}
"""
COUNTED = re.compile(r'^casewatch_events_total\{outcome="([a-z_]+)",.*\} (\S+)$', re.MULTILINE)

Made = Iterator[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Amount:
    """How much of each: by default what is asked of a release."""

    case_ids: int = 1_000_000
    names: int = 100_000
    of_one_case: int = 100_000
    poison: int = 20_000
    seed: int = 1

    def of(self, share: float) -> "Amount":
        """A share of it."""
        return Amount(
            case_ids=round(self.case_ids * share),
            names=round(self.names * share),
            of_one_case=round(self.of_one_case * share),
            poison=round(self.poison * share),
            seed=self.seed,
        )


class Seen(NamedTuple):
    """What became of a flood: records by outcome, seconds it took, MiB resident at the end."""

    counts: dict[str, int]
    seconds: float
    mib: float


def event(case: str, activity: str, number: int) -> tuple[bytes, bytes]:
    """The record of an event, ten milliseconds later than the one before: nothing is ever late."""
    at = (BEGIN + timedelta(milliseconds=10 * number)).isoformat()
    return case.encode(), orjson.dumps({"id": case, "act": activity, "at": at})


def many_case_ids(amount: Amount) -> Made:
    """Every event opens a case."""
    return (event(f"C-{n}", STEPS[0], n) for n in range(amount.case_ids))


def many_names(amount: Amount) -> Made:
    """Every event has an activity that was never heard of; a hundred of them make a case."""
    return (event(f"C-{n // 100}", f"Activity {n}", n) for n in range(amount.names))


def one_endless_case(amount: Amount) -> Made:
    """Every event is of one case, which does the steps of the model over and over, but never ends."""
    return (event("C", STEPS[n % 3], n) for n in range(amount.of_one_case))


def poison(amount: Amount) -> Made:
    """Between two good events lies, every other time, one that nobody can read; but for the largest, a thousandth."""
    chance, bad = random.Random(amount.seed), [value for name, value in CORPUS.items() if name != "10 MB"]
    for n in range(amount.poison):
        if n % 2:
            yield event(f"C-{n // 8}", STEPS[n // 2 % 4], n)
        else:
            yield b"poison", CORPUS["10 MB"] if n % 2_000 == 0 else chance.choice(bad)


FLOODS = {
    "many-case-ids": many_case_ids,
    "many-names": many_names,
    "one-endless-case": one_endless_case,
    "poison": poison,
}


async def floods(bootstrap: str, folder: Path, amount: Amount) -> Result:
    """Let one worker after the other take a flood; what became of it."""
    result = Result("mass", "Bad and outsized input")
    (folder / "model.pnml").write_bytes(sequence(*STEPS))
    for topic, made in FLOODS.items():
        await create_topics(bootstrap, {topic: PARTITIONS}, **{"max.message.bytes": "20000000"})
        written = await write(bootstrap, topic, made(amount))
        seen = await taken(bootstrap, folder, topic, written, result)
        letters = {record.key for record in await committed(bootstrap, f"{topic}.dead-letters")}
        judge(result, topic, written, seen, len(letters))
    return result


async def write(bootstrap: str, topic: str, made: Made) -> int:
    """Write a flood; how many records it had."""
    written = 0

    def counted() -> Made:
        nonlocal written
        for record in made:
            written += 1
            yield record

    await send(bootstrap, topic, counted())
    return written


async def taken(bootstrap: str, folder: Path, topic: str, written: int, result: Result) -> Seen:
    """Start a worker and let it take all of it."""
    definition = folder / f"{topic}.yaml"
    definition.write_text(DEFINITION.format(topic=topic))
    arguments = (*CASEWATCH, "run", str(definition))
    worker = WorkerProgram(topic, folder, arguments, brokers=bootstrap, prefix=topic)
    try:
        await asyncio.to_thread(worker.start, worker.alive)
        began = moved = monotonic()
        counts: dict[str, int] = {}
        while sum(counts.values()) < written and worker.running:
            now, before = monotonic(), sum(counts.values())
            counts |= counted_by(worker)
            moved = now if sum(counts.values()) > before else moved
            if now - moved > NO_PROGRESS_S or now - began > PATIENCE_S:
                break
            await asyncio.sleep(0.2)
        seconds = monotonic() - began
        resident = resident_mib(worker)
        ended = await asyncio.to_thread(worker.stop, 20)
        if ended != 0:
            result.wrong.append(f"{topic}: the worker ended with {ended}\n{worker.tail(8)}")
        return Seen(counts, seconds, resident)
    finally:
        await asyncio.to_thread(worker.kill)


def counted_by(worker: WorkerProgram) -> dict[str, int]:
    """How many records a worker has counted, by what became of them."""
    counts: dict[str, int] = {}
    for outcome, number in COUNTED.findall(worker.get("/metrics")[1]):
        counts[outcome] = counts.get(outcome, 0) + int(float(number))
    return counts


def judge(result: Result, topic: str, written: int, seen: Seen, letters: int) -> None:
    """Say what was seen, and what is wrong with it."""
    refused = seen.counts.get("refused", 0)
    result.figures[f"{topic}: records"] = written
    result.figures[f"{topic}: dead letters"] = letters
    result.figures[f"{topic}: records a second"] = round(written / seen.seconds)
    result.figures[f"{topic}: MiB resident at the end"] = round(seen.mib)
    if seen.mib > MOST_MIB:
        result.wrong.append(f"{topic}: the worker took {seen.mib:.0f} MiB, more than {MOST_MIB}")
    if sum(seen.counts.values()) != written:
        result.wrong.append(f"{topic}: {written} records were written, and {seen.counts} counted")
    if letters != refused:
        result.wrong.append(f"{topic}: {refused} records were refused, and {letters} lie in the dead letters")
