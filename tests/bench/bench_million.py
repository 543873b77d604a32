"""A million open cases: what they take of memory, and how fast events of them are taken.

    python -m tests.bench million

Each row is a process of its own: four tasks of one worker that share a room for unpacked cases, a model, three service
levels and one mapped attribute; two to four events a case, twelve minutes apart, in order of time, each record decoded
from its bytes, all cases open in the end. Then more events of open cases, each in its turn: of the newest tenth, the
others being idle, and of any of them. What is drained is dropped, garbage is searched for as a worker does. Memory is
what the system counts as resident.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any, Final

import orjson

from agents.collector import collect_only_what_is_new, settle
from agents.monitor import SLICE
from schemas.definition import Definition
from stream.awake import MOST_AWAKE, Room
from stream.inputs import Batch, Input, Received
from stream.process import Process, compile_process
from stream.shard import Shard
from tests.bench.cores import NOT_MADE, compiled_is_made, cores
from tests.bench.figures import Table
from tests.stream.nets import sequence

MANY: Final = 1_000_000
FEW: Final = 10_000
FURTHER: Final = 100_000
"""Events of cases that are open, by which the speed is measured."""
TASKS: Final = 4
COMMIT: Final = 4_000
"""Events between two commits of all tasks: what a worker takes in an interval of 200 ms."""
START: Final = 1_793_610_000_000  # 2026-11-02T09:00Z, a Monday
APART: Final = 40
STEP: Final = 720_000
STEPS: Final = ("Registered", "Assessed", "Documents asked", "Documents received")
"""What happens in a case; the last two again and again."""
BACK: Final = (
    b'<transition id="back"><name><text>Documents received</text></name></transition>'
    b'<arc id="from" source="p3" target="back"/><arc id="to" source="back" target="p2"/></page>'
)
MODEL: Final = sequence(*STEPS[:3], "Offer sent", "Paid out").replace(b"</page>", BACK)
BRANCHES: Final = ("north", "south", "east", "west")
MIB: Final = 1 << 20
DEFINITION: Final[dict[str, Any]] = {
    "process": "loans",
    "version": "1",
    "events": {
        "topics": ["loans"],
        "mapping": {
            "case": "case",
            "activity": "activity",
            "timestamp": {"path": "at", "format": "epoch_ms"},
            "attributes": {"branch": "branch"},
        },
    },
    "model": {"file": "model.pnml"},
    "case": {"segments": ["branch"]},
    "sla": [
        {"id": "decision", "kind": "between", "from": "Registered", "to": "Paid out", "target": "20d"},
        {"id": "answer", "kind": "between", "from": "Documents asked", "to": "Documents received", "target": "14d"},
        {"id": "duration", "kind": "case_duration", "target": "60d"},
    ],
}
ANY: Final = "events/s, any case"
NEWEST: Final = "events/s, newest tenth"
COLUMNS: Final = ("resident MiB", "at most MiB", "bytes a case", ANY, "of few", NEWEST, "of few ")


def measure(many: int = MANY, few: int = FEW) -> Table:
    """A row for each number of cases and of those that are kept unpacked."""
    table = Table("Open cases: model and 3 SLAs, one process, one core", COLUMNS)
    room = min(MOST_AWAKE, many // 10)
    for core, variables in cores().items():
        first: dict[str, float] | None = None
        for cases, most in ((few, few), (many, room), (many, many)):
            row = in_a_process_of_its_own(cases, most, variables)
            first = first or row
            row["of few"], row["of few "] = row[ANY] / first[ANY], row[NEWEST] / first[ANY]
            table.rows[f"{core}: {cases:,} open, at most {most:,} unpacked"] = row
    table.notes.append("bytes a case: what is resident beyond what was before the first event")
    table.notes.append("of few: beside any case of the first row of the same core")
    table.notes.append("newest tenth: the cases whose last event was the latest")
    if not compiled_is_made():
        table.notes.append(NOT_MADE)
    return table


def in_a_process_of_its_own(cases: int, most: int, variables: Mapping[str, str]) -> dict[str, float]:
    """The figures of a row, of a core that these variables choose."""
    command = (sys.executable, "-m", "tests.bench.bench_million", str(cases), str(most))
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, **variables})
    found: dict[str, float] = orjson.loads(done.stdout)
    return found


class Worker:
    """Tasks that share a room, fed one commit after the other."""

    def __init__(self, process: Process, most: int) -> None:
        room = Room(most)
        self.shards = [Shard([process], task=task).sharing(room) for task in range(TASKS)]
        self.offsets = [0] * TASKS

    def take(self, events: Iterable[tuple[int, int, int]]) -> None:
        """Events (ms, case, step) in order of time, all that they make due and all that has to be said."""
        coming = iter(events)
        while some := list(islice(coming, COMMIT)):
            self._commit([(at, case, record(at, case, step)) for at, case, step in some])

    def _commit(self, some: list[tuple[int, int, bytes]]) -> None:
        now = some[-1][0]
        for task, shard in enumerate(self.shards):
            mine = [(at, value) for at, case, value in some if case % TASKS == task]
            for first in range(0, len(mine), SLICE):
                self._observe(task, mine[first : first + SLICE], now)
            while shard.advance(now):
                settle()
            shard.drain()
            settle()

    def _observe(self, task: int, some: list[tuple[int, bytes]], now: int) -> None:
        start = self.offsets[task]
        records = [Received(start + nth, at, orjson.loads(value)) for nth, (at, value) in enumerate(some)]
        following = self.offsets[task] = start + len(some)
        self.shards[task].observe(Batch(Input("loans", task), start, records, following, following, now))
        settle()


def record(at: int, case: int, step: int) -> bytes:
    """A record as it comes from the broker."""
    activity = STEPS[step if step < 2 else 2 + step % 2]
    return orjson.dumps({"case": f"LOAN-{case:09}", "activity": activity, "at": at, "branch": BRANCHES[case % 7 % 4]})


def opening(cases: int) -> Iterator[tuple[int, int, int]]:
    """Two to four events of each case, twelve minutes apart, in order of time."""
    return merge(*(_nth_events(cases, step) for step in range(4)))


def _nth_events(cases: int, step: int) -> Iterator[tuple[int, int, int]]:
    return ((START + case * APART + step * STEP, case, step) for case in range(cases) if step < 2 + case % 3)


def going_on(begin: int, cases: Sequence[int], taken: list[int]) -> list[tuple[int, int, int]]:
    """The next events of these cases, from an instant (ms) on, in rounds of one event a case, each in an order of its
    own, so that records of a commit replace one another no more than they must; `taken`: how many events each case has
    had."""
    chance, events = random.Random(len(cases)), list[tuple[int, int, int]]()
    while len(events) < FURTHER:
        for case in chance.sample(cases, min(len(cases), FURTHER - len(events))):
            events.append((begin + len(events) * APART, case, taken[case]))
            taken[case] += 1
    return events


def newest(cases: int) -> list[int]:
    """The tenth of the cases whose last event was the latest."""
    return sorted(range(cases), key=lambda case: case * APART + (1 + case % 3) * STEP)[-(cases // 10) :]


def resident(name: str) -> int:
    """Bytes of this process that the system counts under a name of its own."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def figures(cases: int, most: int) -> dict[str, float]:
    """What so many open cases take, at most so many of them unpacked, and how fast more events of them are taken."""
    collect_only_what_is_new()
    process = compile_process(Definition.model_validate(DEFINITION), MODEL)
    worker = Worker(process, most)
    before = resident("VmRSS")
    worker.take(opening(cases))
    taken, at_most = resident("VmRSS"), resident("VmHWM")
    begin, speeds, counts = START + cases * APART + 4 * STEP, list[float](), [2 + case % 3 for case in range(cases)]
    for chosen in (newest(cases), range(cases)):
        events = going_on(begin, chosen, counts)
        began = process_time()
        worker.take(events)
        speeds.append(FURTHER / (process_time() - began))
        begin = events[-1][0]
    return {
        "resident MiB": taken / MIB,
        "at most MiB": at_most / MIB,
        "bytes a case": (taken - before) / cases,
        ANY: speeds[1],
        NEWEST: speeds[0],
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(figures(int(sys.argv[1]), int(sys.argv[2]))))
