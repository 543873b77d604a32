"""What an open case costs in memory and in the journal, and how much of that is conformance.

    python -m tests.bench cases

The same cases are watched with and without a model; the difference is the model's, the frontiers that cases share left
aside, since there are as many of them whatever the number of cases.
"""

import gc
import tracemalloc
from typing import Final

from tests.bench.figures import Table
from tests.stream.driver import Task, event, process
from tests.stream.nets import sequence

CASES: Final = 1_000
LENGTHS: Final = (2, 10, 40)
HOURS_APART: Final = 6
ALLOWED, ALLOWED_A_STEP = 200, 8
STEPS: Final = tuple(f"Step {number}" for number in range(1, 61))


def measure() -> Table:
    """A row for each length of case: bytes a case in all, and those that the model adds."""
    columns = ("memory", "journal", "model, memory", "model, journal", "allowed")
    table = Table(f"Open cases: bytes a case, {CASES:,} of them", columns)
    for length in LENGTHS:
        memory, journal = _bytes(length, watched=True)
        plain_memory, plain_journal = _bytes(length, watched=False)
        table.rows[f"{length} steps"] = {
            "memory": memory,
            "journal": journal,
            "model, memory": memory - plain_memory,
            "model, journal": journal - plain_journal,
            "allowed": ALLOWED + ALLOWED_A_STEP * length,
        }
    table.notes.append(f"steps {HOURS_APART} hours apart; one service level besides the model")
    return table


def _bytes(length: int, *, watched: bool) -> tuple[float, float]:
    """Bytes a case in memory, and in its journal record, with so many steps taken."""
    sla = [{"id": "done", "kind": "case_duration", "target": "3650d"}]
    model = {"model": {"file": "steps.pnml"}} if watched else {}
    task = Task(process(sequence(*STEPS) if watched else None, sla=sla, **model))
    _step(task, range(1, 2), length)  # what all cases share comes first
    gc.collect()
    tracemalloc.start()
    _step(task, range(2, CASES + 2), length)
    gc.collect()
    records = [len(record) for key, record in task.journal.items() if key.startswith(b"case/")]
    task.journal.clear()  # the driver's copy of the state topic
    gc.collect()
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return memory / CASES, sum(records) / len(records)


def _step(task: Task, numbers: range, length: int) -> None:
    for step in range(length):
        minute = step * HOURS_APART * 60
        values = (event(minute, STEPS[step], case=f"T-{number}") for number in numbers)
        task.history(*values)

