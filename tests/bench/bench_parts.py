"""Where the microseconds go: what an event costs in each stage of a worker, in one process and without Kafka.

The same events and definition as in the throughput bench, four tasks, looked at and committed as often as there. What
decodes, looks, packs and builds is measured where it stands, between two laps; what happens inside a fold by leaving
out parts of the definition, one after the other: the differences add up to the fold. What announces is timed call by
call, the timer's own cost taken off. Each is the least of several rounds in alternation; what the stages add up to is
held against the whole, measured in one with nothing in between, and the rest is what is missing there.

With `build/compiled` made from these sources, a process of its own measures the compiled core. There calls inside the
core cannot be timed: what announces is counted with what looks.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Final, NamedTuple
from unittest.mock import patch

import orjson
from aiokafka import ConsumerRecord
from aiokafka.partitioner import DefaultPartitioner

import stream.announcer
from agents.codec import decode_records
from agents.definition_files import load_definition
from schemas.definition import Definition
from stream.admission import Admission
from stream.announcer import Announcer
from stream.clock import InputClock
from stream.findings import findings_of
from stream.process import Process, compile_process
from tests.bench.bench_throughput import PARTITIONS, traffic
from tests.bench.cores import COMPILED, NOT_MADE, cores
from tests.bench.figures import Table
from tests.bench.hooks import Timed, TimersCost
from tests.bench.stages import (
    A_TICK,
    BATCHES,
    DECODE,
    FOLD,
    GARBAGE,
    LOOK,
    PACK,
    TICKS_A_COMMIT,
    TOPIC,
    WALL,
    Partitions,
    by_stages,
    collecting_as_a_worker,
    in_one,
)

ROUNDS: Final = 3
ROOT: Final = Path(__file__).parents[2]
ADMIT: Final = "map and admit"
CASE: Final = "fold: case, order, attributes"
CLOCKS: Final = "fold: clocks of service levels"
CONSTRAINTS: Final = "fold: constraints and rules"
MODEL: Final = "fold: conformance step"
LOOKS: Final = "look: stance, findings, next look"
ANNOUNCE: Final = "announce: ids, words, records"
REST: Final = "the rest"
WHOLE: Final = "the whole, measured in one"
ROWS: Final = (
    DECODE, ADMIT, CASE, CLOCKS, CONSTRAINTS, MODEL, LOOKS, ANNOUNCE, PACK, BATCHES, GARBAGE, REST, WHOLE,
)  # fmt: skip
PLAIN_COLUMN: Final = "µs an event"
SHARE_COLUMN: Final = "% of the whole"
COMPILED_COLUMN: Final = "µs an event, compiled"

Seconds = dict[str, float]


class Load(NamedTuple):
    """What is measured: the definition, its model, and the records of each partition."""

    definition: Definition
    model: bytes | None
    partitions: Partitions

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(map(len, self.partitions))


def measure() -> Table:
    """A row for each stage, one for what no stage has, and one for the whole."""
    table = Table("Where the microseconds go: one core, no Kafka", (PLAIN_COLUMN, SHARE_COLUMN, COMPILED_COLUMN))
    for row, cost in plain().items():
        table.rows[row] = {PLAIN_COLUMN: cost}
    whole = table.rows[WHOLE][PLAIN_COLUMN]
    for figures in table.rows.values():
        figures[SHARE_COLUMN] = figures[PLAIN_COLUMN] / whole * 100
    if COMPILED in cores():
        for row, cost in compiled().items():
            table.rows[row][COMPILED_COLUMN] = cost
        table.notes.append("compiled: what announces cannot be told apart there, and is part of what looks")
    else:
        table.notes.append(NOT_MADE)
    table.notes.append(f"each is the least of {ROUNDS} rounds; the rest may be negative, by as much as rounds differ")
    table.notes.append(f"a look every {A_TICK} events of a task, a commit every {A_TICK * TICKS_A_COMMIT:,}")
    return table


def plain() -> Seconds:
    """Microseconds an event of each row, with the core that is imported here."""
    with tempfile.TemporaryDirectory() as folder:
        definition, events = traffic(Path(folder))
        load = Load(*load_definition(definition), partitioned(events))
    return {row: seconds / load.events * 1e6 for row, seconds in costs(load, ROUNDS).items()}


def partitioned(events: Iterator[tuple[bytes, bytes]]) -> Partitions:
    """Events as a consumer gets them, each in the partition of its key."""
    numbers, partitioner = list(range(PARTITIONS)), DefaultPartitioner()
    found: list[list[ConsumerRecord]] = [[] for _ in numbers]
    for key, value in events:
        number = partitioner(key, numbers, numbers)
        place = TOPIC, number, len(found[number]), WALL, 0
        found[number].append(ConsumerRecord(*place, key, value, None, len(key), len(value), ()))
    return found


def costs(load: Load, rounds: int) -> Seconds:
    """Seconds of each row over all events."""
    levels = [compile_process(part, load.model, b"of no importance") for part in parts(load.definition)]
    *_, full = levels
    least: list[Seconds] = [{} for _ in levels]
    own: Seconds = {}
    for _ in range(rounds):
        for found, process in zip(least, levels, strict=True):
            _lower(found, by_stages(process, load.partitions))
        _lower(own, announcing(full, load.partitions))
        _lower(own, {ADMIT: admitting(full, load.partitions), WHOLE: in_one(full, load.partitions)})
    return in_rows(least, own)


def _lower(least: Seconds, found: Seconds) -> None:
    for name, seconds in found.items():
        least[name] = min(least.get(name, seconds), seconds)


def parts(definition: Definition) -> Iterator[Definition]:
    """The definition without anything to watch, then with one sort more each time, at last the whole of it."""
    nothing = {"sla": (), "slo": (), "constraints": (), "rules": (), "model": None}
    yield definition.model_copy(update=nothing)
    timed = definition.model_copy(update={name: nothing[name] for name in ("constraints", "rules", "model")})
    yield timed
    yield definition.model_copy(update={"model": None})
    yield definition


def in_rows(least: list[Seconds], own: Seconds) -> Seconds:
    """The seconds of each row: from those of the stages by definition, and from what was measured by itself."""
    bare, timed, ruled, full = least
    announce = own.get(ANNOUNCE)
    found = {
        DECODE: full[DECODE],
        ADMIT: own[ADMIT],
        CASE: bare[FOLD] - own[ADMIT],
        CLOCKS: timed[FOLD] - bare[FOLD],
        CONSTRAINTS: ruled[FOLD] - timed[FOLD],
        MODEL: full[FOLD] - ruled[FOLD],
        LOOKS: full[LOOK] - (announce or 0),
        **({} if announce is None else {ANNOUNCE: announce}),
        **{stage: full[stage] for stage in (PACK, BATCHES, GARBAGE)},
    }
    return found | {REST: own[WHOLE] - sum(found.values()), WHOLE: own[WHOLE]}


def admitting(process: Process, partitions: Partitions) -> float:
    """Seconds that mapping and admission take by themselves."""
    seconds = 0.0
    with collecting_as_a_worker():
        for number, records in enumerate(partitions):
            admission, clock = Admission(process, 0), InputClock()
            for start in range(0, len(records), A_TICK):
                received = decode_records(records[start : start + A_TICK])
                began = process_time()
                for one in received:
                    admission.admit(one, WALL, (number, one.offset), clock)
                seconds += process_time() - began
    return seconds


def announcing(process: Process, partitions: Partitions) -> Seconds:
    """Seconds that announcing takes without the findings that it asks for; none where the core is compiled."""
    if not is_plain(Announcer.announce):
        return {}
    cost, announced, asked = TimersCost(), Timed(), Timed()
    with (
        patch.object(Announcer, "announce", announced.around(Announcer.announce)),
        patch.object(stream.announcer, "findings_of", asked.around(findings_of)),
    ):
        by_stages(process, partitions)
    return {ANNOUNCE: cost.own(announced, asked)[0]}


def is_plain(function: Callable[..., object]) -> bool:
    """Whether a function is Python's own, and not a compiled one."""
    return hasattr(function, "__code__")


def compiled() -> Seconds:
    """What `plain` finds with the compiled core."""
    command = [sys.executable, "-m", "tests.bench.bench_parts"]
    done = subprocess.run(command, env=os.environ | cores()[COMPILED], capture_output=True, check=True, text=True)
    found: Seconds = orjson.loads(done.stdout)
    if ANNOUNCE in found:
        raise RuntimeError("the compiled core did not load: `make compiled` makes it anew")
    return found


if __name__ == "__main__":
    print(orjson.dumps(plain()).decode())
