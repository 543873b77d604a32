"""Many cases at once: a hundred thousand deadlines in one instant, and what is kept of many cases.

A hundred thousand cases are due in the same millisecond, as when a calendar closes for all of them. What the core does
then is measured in slices, as the worker takes them: how long all of them hold one core, alerts and journal as ready
bytes included, and how long the longest slice does. Beside it, what an armed deadline takes in memory, and how many
buckets a window of 28 days has, which must not depend on how many cases it counts.
"""

import gc
import tracemalloc
from time import process_time
from typing import Any, Final

from agents.collector import collect_only_what_is_new, settle
from agents.monitor import DUE_AT_ONCE, SLICES_IN_MEMORY
from schemas.definition import Definition
from stream.inputs import Batch, Input, Received
from stream.process import compile_process
from stream.shard import Shard
from tests.bench.figures import Table

CASES: Final = 100_000
MANY_CASES: Final = 1_000_000
FEW_CASES: Final = 20_000
WARM_UP: Final = 2_000
BATCH: Final = 1_000
START: Final = 1_793_610_000_000  # 2026-11-02T09:00Z, a Monday
HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
SOURCE: Final = Input("t", 0)
DUE: Final[dict[str, Any]] = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "4h"}
PROMISED: Final[dict[str, Any]] = {"id": "done", "kind": "case_duration", "target": "30d", "at_risk": []}
ON_TIME: Final[dict[str, Any]] = {"id": "on-time", "of": "answer", "objective": "95%", "window": "28d"}
COLUMNS: Final = (
    "seconds in all", "µs an alert", "longest slice, ms", "alerts", "bytes a case more", "buckets",
)  # fmt: skip


def measure() -> Table:
    """Rows of deadlines in one instant, of memory and of buckets."""
    table = Table("Many cases at once", COLUMNS)
    for name, at_risk in (("due in one instant", []), ("due in one instant, warned before", ["75%"])):
        all_due(WARM_UP, at_risk)
        table.rows[f"{CASES:,} {name}"] = all_due(CASES, at_risk)
    more = bytes_a_case([PROMISED]) - bytes_a_case([])
    table.rows[f"{MANY_CASES:,} cases with an armed deadline each"] = {"bytes a case more": more}
    for cases in (FEW_CASES, CASES):
        table.rows[f"window of 28 days over {cases:,} cases"] = {"buckets": buckets(cases)}
    table.notes.append("core alone, one core: looks, alerts, journal as bytes; a slice is an advance with its settling")
    table.notes.append("bytes: traced, beside the same cases without a service level, timers and clocks included")
    return table


def shard(slas: list[dict[str, Any]], *, journalled: bool = True, **parts: Any) -> Shard:
    """A task with these service levels."""
    timestamp = {"path": "at", "format": "epoch_ms"}
    mapping = {"case": "case", "activity": "activity", "timestamp": timestamp}
    process = {"process": "p", "version": "1", "events": {"topics": ["t"], "mapping": mapping}, "sla": slas}
    return Shard([compile_process(Definition.model_validate(process | parts), None)], journalled=journalled)


def fed(task: Shard, events: list[tuple[int, str, str]]) -> int:
    """Live events (ms, case, activity), in batches, with all that they make due; the offset behind them."""
    for start in range(0, len(events), BATCH):
        batch = [
            Received(offset, at, {"case": case, "activity": activity, "at": at})
            for offset, (at, case, activity) in enumerate(events[start : start + BATCH], start)
        ]
        following, now = start + len(batch), batch[-1].stamped_at
        task.observe(Batch(SOURCE, start, batch, following, following, now))
        while task.advance(now):
            task.drain()
        task.drain()
    return len(events)


def let_pass(task: Shard, now: int, following: int) -> tuple[list[float], int]:
    """Let time pass to `now` (ms) though no event comes: how long each slice held the core, and how many alerts."""
    task.observe(Batch(SOURCE, following, [], following, following, now))
    slices, alerts, more = list[float](), 0, True
    while more:
        began = process_time()
        more = task.advance(now, DUE_AT_ONCE)
        settle()
        slices.append(process_time() - began)
        if len(slices) % SLICES_IN_MEMORY == 0 or not more:
            began = process_time()
            alerts += len(task.drain().alerts)
            slices.append(process_time() - began)
    return slices, alerts


def all_due(cases: int, at_risk: list[str]) -> dict[str, float]:
    """What so many deadlines in one instant cost."""
    task = shard([DUE | {"at_risk": at_risk}])
    following = fed(task, [(START, f"C-{case}", "Opened") for case in range(cases)])
    let_pass(task, START + 4 * HOUR - 60_000, following)
    gc.collect()
    gc.freeze()
    before = gc.get_threshold()
    collect_only_what_is_new()
    slices, alerts = let_pass(task, START + 4 * HOUR + 60_000, following)
    gc.set_threshold(*before)
    gc.unfreeze()
    took = sum(slices)
    return {
        "seconds in all": took,
        "µs an alert": took / alerts * 1e6,
        "longest slice, ms": max(slices) * 1e3,
        "alerts": alerts,
    }


def bytes_a_case(slas: list[dict[str, Any]]) -> float:
    """The memory that an open case of one event takes."""
    task = shard(slas, journalled=False)
    fed(task, [(START + case, f"warm-{case}", "Opened") for case in range(FEW_CASES)])
    gc.collect()
    tracemalloc.start()
    following, now = FEW_CASES, START + DAY
    for first in range(0, MANY_CASES, BATCH):
        values = [{"case": f"C-{case}", "activity": "Opened", "at": now} for case in range(first, first + BATCH)]
        records = [Received(following + nth, now, value) for nth, value in enumerate(values)]
        task.observe(Batch(SOURCE, following, records, following + BATCH, following + BATCH, now))
        following, now = following + BATCH, now + BATCH
        task.advance(now)
        task.drain()
    del values, records
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / MANY_CASES


def buckets(cases: int) -> float:
    """How many buckets a task keeps of an objective over 28 days, once so many cases were spread over forty."""
    apart = 40 * DAY // cases
    task = shard([DUE], slo=[ON_TIME], case={"ends": ["Answered"], "retention": "1d", "reopen": "1h"})
    opened = [(START + case * apart, f"C-{case}", "Opened") for case in range(cases)]
    answered = [(at + HOUR, case, "Answered") for at, case, _ in opened]
    fed(task, sorted(opened + answered))
    return float(len(task.watches["p"].partials.values))
