"""What service levels cost: microseconds an event and bytes a case more than without them; and a calendar's operations.

Each row folds the same made-up events into cases, with and without service levels, in one process, in turn, searched
for garbage as a worker is; the best of several runs counts. The rows of calendars are single operations over a compiled
year, at instants spread over it.
"""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, Final

from agents.collector import collect_only_what_is_new, settle
from schemas.calendar import Calendar
from schemas.definition import Definition
from stream.inputs import Batch, Input, Received
from stream.process import compile_process
from stream.shard import Shard
from stream.worktime import Worktime
from tests.bench.figures import Table, busy

ROUNDS: Final = 5
CASES: Final = 4_000
MANY_CASES: Final = 100_000
OPERATIONS: Final = 100_000
START: Final = 1_793_610_000_000  # 2026-11-02T09:00Z, a Monday
MINUTE: Final = 60_000
NONE: Final = "none"
PROMISED_IN: Final = 5 * 24 * 60 * MINUTE  # so far that no calendar warns of it: alerts are measured apart
STEPS: Final = ("Opened", "Assigned", "Checked", "Answered", "Resolved", "Closed")
SOURCE: Final = Input("t", 0)
OFFICE: Final[dict[str, Any]] = {
    "timezone": "Europe/Berlin",
    "hours": {"mon-fri": ["08:00-12:00", "13:00-18:00"]},
    "holidays": "DE-BE",
}
PLAIN: Final[list[dict[str, Any]]] = [
    *({"id": f"step-{n}", "kind": "between", "from": STEPS[n], "to": STEPS[n + 1], "target": "4h"} for n in range(5)),
    *({"id": f"duration-{n}", "kind": "case_duration", "target": f"{n}d"} for n in (1, 2)),
    *({"id": f"idle-{n}", "kind": "idle", "target": f"{n}d"} for n in (1, 2)),
    {"id": "due", "kind": "due", "due": "promised"},
]


def measure() -> Table:
    """Rows of service levels, then rows of calendar operations."""
    table = Table("Service levels: what they cost", ("µs an event more", "bytes a case more", "µs an operation"))
    events, asked = records(CASES, STEPS), {NONE: [], **levels()}
    took = folding(asked, events)
    for name in levels():
        table.rows[name] = {"µs an event more": (took[name] - took[NONE]) / len(events) * 1e6}
    table.rows["1 armed deadline"] = {"bytes a case more": bytes_a_case(PLAIN[5:6]) - bytes_a_case([])}
    for name, operation in operations():
        table.rows[name] = {"µs an operation": operation * 1e6}
    table.notes.append(f"{CASES:,} cases of {len(STEPS)} events; bytes over {MANY_CASES:,} open cases of one event")
    return table


def levels() -> dict[str, list[dict[str, Any]]]:
    """Ten service levels on one process, of each sort."""
    pause = {"from": "Checked", "to": "Answered"}
    of_length = [sla for sla in PLAIN if sla["kind"] != "due"]
    return {
        "10 SLAs": PLAIN,
        "10 SLAs, all with a calendar": [sla | {"calendar": "office"} for sla in PLAIN],
        "10 SLAs, all with where": [sla | {"where": "priority == '1'"} for sla in PLAIN],
        "10 SLAs, all but one with pause": [*(sla | {"pause": pause} for sla in of_length), PLAIN[9]],
    }


def shard(slas: list[dict[str, Any]]) -> Shard:
    """A task with these service levels."""
    attributes = {"priority": "priority", "promised": {"path": "promised", "format": "epoch_ms"}}
    timestamp = {"path": "at", "format": "epoch_ms"}
    mapping = {"case": "case", "activity": "activity", "timestamp": timestamp, "attributes": attributes}
    parts: dict[str, Any] = {"process": "p", "version": "1", "events": {"topics": ["t"], "mapping": mapping}}
    parts |= {"sla": slas, "calendars": {"office": OFFICE}, "case": {"ends": ["Closed"]}}
    return Shard([compile_process(Definition.model_validate(parts), None)], journalled=False)


def records(cases: int, steps: tuple[str, ...], apart: int = MINUTE) -> list[Received]:
    """Events of cases that begin so many milliseconds apart, their steps ten minutes apart."""
    found = []
    for case in range(cases):
        for nth, step in enumerate(steps):
            at = START + case * apart + 10 * nth * MINUTE
            value = {"case": f"C-{case}", "activity": step, "at": at, "priority": "1"}
            found.append((at, value | ({} if nth else {"promised": at + PROMISED_IN})))
    found.sort(key=lambda one: one[0])
    return [Received(offset, at, value, replay="bench") for offset, (at, value) in enumerate(found)]


def fed(task: Shard, events: list[Received]) -> None:
    """Have a task take the events, in batches, and let time pass after each."""
    for start in range(0, len(events), 500):
        batch = events[start : start + 500]
        task.observe(Batch(SOURCE, start, batch, start + len(batch), start + len(batch), batch[-1].stamped_at))
        while task.advance(batch[-1].stamped_at):
            task.drain()
        task.drain()
        settle()


def folding(asked: dict[str, list[dict[str, Any]]], events: list[Received]) -> dict[str, float]:
    """Seconds that it takes to fold the events, by name of what service levels there are: the least of several rounds,
    each of which has all of them in turn."""
    before = gc.get_threshold()
    collect_only_what_is_new()
    try:
        for slas in asked.values():
            fed(shard(slas), events[:2_000])
        rounds = [{name: _folded(slas, events) for name, slas in asked.items()} for _ in range(ROUNDS)]
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
    return {name: min(one[name] for one in rounds) for name in asked}


def _folded(slas: list[dict[str, Any]], events: list[Received]) -> float:
    task = shard(slas)
    gc.collect()
    return busy(lambda: fed(task, events))


def bytes_a_case(slas: list[dict[str, Any]]) -> float:
    """The memory that an open case of one event takes, none of its deadlines having passed."""
    events = records(MANY_CASES, STEPS[:1], apart=1)
    task = shard(slas)
    gc.collect()
    tracemalloc.start()
    fed(task, events)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / MANY_CASES


def operations() -> Iterator[tuple[str, float]]:
    """Seconds of each operation of a calendar over a compiled year."""
    worktime = Worktime(Calendar.model_validate(OFFICE))
    instants = [START + n * 5 * MINUTE for n in range(OPERATIONS)]
    worktime.add(instants[0], 1)
    worktime.between(instants[0], instants[-1])
    hours, days = 4 * 60 * MINUTE, 2
    yield "calendar: add 4 h", _each(instants, lambda at: worktime.add(at, hours))
    yield "calendar: measure 40 days", _each(instants, lambda at: worktime.between(at, at + 40 * 24 * 60 * MINUTE))
    yield "calendar: add 2 working days", _each(instants, lambda at: worktime.add_days(at, days))
    yield "calendar: is it open", _each(instants, worktime.works_at)


def _each(instants: list[int], operation: Callable[[int], Any]) -> float:
    def run() -> None:
        for at in instants:
            operation(at)

    return min(busy(run) for _ in range(ROUNDS)) / len(instants)
