"""What a group of workers has come to: read from its topics alone, as any subscriber could.

Invariant: two outcomes of the same source topic are equal if and only if every event was applied once, in its place,
and every alert was told once; when something was noticed is no part of it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agents.definition_files import load_definition
from agents.outbox import WORKER_KEYS
from stream.case import Case
from stream.inputs import Input
from stream.ledger.goals import spans_tasks
from stream.process import Process, compile_process
from stream.shard import Shard
from tests.broker.traffic import committed
from tests.chaos.score import Score, score_of

OPEN = {"raised": "open", "updated": "open"}
"""Whether an open alert was raised with its present stage, or updated to it, is a matter of when it was noticed."""

Final = tuple[str, str | None, str, str, bool]
Part = tuple[str, Mapping[str, Any], Mapping[str, Any]]


class Source(NamedTuple):
    """The topic that is read."""

    topic: str
    partitions: int


@dataclass(frozen=True)
class Outcome:
    """`positions` by input; `cases`: id to (events, cost, end, newest); `alerts`: id to their last record's content;
    `letters`: the reason by place; `score`: what whoever keeps score came to, if anybody does; `faults`: in words,
    whatever should not be on a topic of itself."""

    positions: dict[Input, int]
    cases: dict[str, tuple[Any, ...]]
    alerts: dict[str, Final]
    letters: dict[str, str]
    score: Score | None
    transitions: int
    faults: tuple[str, ...]


async def outcome_of(bootstrap: str, prefix: str, source: Source, definition: Path) -> Outcome:
    """Read everything that workers of this prefix have committed for a source topic."""
    process = compile_process(*load_definition(definition))
    by_task: dict[int, list[tuple[bytes, bytes | None]]] = defaultdict(list)
    for record in await committed(bootstrap, f"{prefix}.state.{source.topic}"):
        if not record.key.startswith(WORKER_KEYS):
            by_task[record.partition].append((record.key, record.value))
    positions: dict[Input, int] = {}
    cases: dict[str, tuple[Any, ...]] = {}
    for task, records in by_task.items():
        shard = Shard([process], task=task)
        shard.restore(records)
        positions |= shard.positions
        cases |= _cases(shard, process)
    log = [orjson.loads(record.value) for record in await committed(bootstrap, f"{prefix}.alert-log")]
    present = {r.key.decode(): r.value for r in await committed(bootstrap, f"{prefix}.alerts")}
    alerts = {alert["id"]: _final(alert) for alert in log}
    refused = await committed(bootstrap, f"{prefix}.dead-letters")
    letters = {record.key.decode(): orjson.loads(record.value)["reason"] for record in refused}
    asked = spans_tasks(process.definition)
    score = await score_of(bootstrap, prefix, definition, source.partitions) if asked else None
    faults = [*_faults(log, present), *(score.faults if score else ())]
    return Outcome(positions, cases, alerts, letters, score, len(log), tuple(faults))


def _cases(shard: Shard, process: Process) -> dict[str, tuple[Any, ...]]:
    watch = shard.watches[process.name]
    found = {}
    for case_id, held in watch.cases.items():
        case = held if isinstance(held, Case) else watch.versions.unpacked(held)[0]
        fold = case.fold
        found[case_id] = (fold.events, fold.cost, fold.ended_at, fold.last_at)
    return found


def _final(alert: dict[str, Any]) -> Final:
    state = OPEN.get(alert["state"], alert["state"])
    return alert["rule"], alert.get("stage"), state, alert["happened_at"], alert["settled"]


def _faults(log: list[dict[str, Any]], present: dict[str, bytes | None]) -> list[str]:
    """Records told twice or left out, and alerts whose present state is not the last of the log."""
    told = Counter((alert["id"], alert["revision"]) for alert in log)
    found = [f"{alert_id} revision {revision} told {n} times" for (alert_id, revision), n in told.items() if n > 1]
    last: dict[str, int] = {}
    for alert in log:
        if alert["revision"] != last.get(alert["id"], 0) + 1:
            found.append(f"{alert['id']}: revision {alert['revision']} after {last.get(alert['id'], 0)}")
        last[alert["id"]] = alert["revision"]
    for alert_id, body in present.items():
        if body is not None and orjson.loads(body)["revision"] != last.get(alert_id):
            found.append(f"{alert_id}: its present state is not the last one told")
    return found + [f"{alert_id} is told of in the log alone" for alert_id in last.keys() - present.keys()]


def differences(disturbed: Outcome, calm: Outcome) -> list[str]:
    """What two outcomes differ in, in words; alerts that were taken back may or may not have been told."""
    found = [*disturbed.faults, *(f"undisturbed: {fault}" for fault in calm.faults)]
    if disturbed.positions != calm.positions:
        found.append(f"positions {disturbed.positions} instead of {calm.positions}")
    compared: list[Part] = [
        ("case", disturbed.cases, calm.cases),
        ("alert", standing(disturbed.alerts), standing(calm.alerts)),
        ("dead letter", disturbed.letters, calm.letters),
        *_scores(disturbed.score, calm.score),
    ]
    for what, mine, other in compared:
        apart = [key for key in sorted(mine.keys() | other.keys()) if mine.get(key) != other.get(key)]
        found += [f"{what} {key}: {mine.get(key)} instead of {other.get(key)}" for key in apart]
    return found


def _scores(mine: Score | None, other: Score | None) -> list[Part]:
    """The parts of two scores."""
    if mine is None or other is None:
        return []
    return [
        ("partial", mine.partials, other.partials),
        ("window", mine.windows, other.windows),
        ("scorecard", mine.cards, other.cards),
    ]


def standing(alerts: dict[str, Final]) -> dict[str, Final]:
    """The alerts that were not taken back."""
    return {alert_id: alert for alert_id, alert in alerts.items() if alert[2] != "retracted"}
