"""What the task that keeps score has come to: partials, windows, scorecards, and how far it has read.

Read from the topics alone, and from its journal, put into a fresh Ledger that then takes what was still to be read.
Invariant: two scores of the same events are equal however often whoever keeps score was ended; revisions, and what a
task says of being idle, are no part of it.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import ConsumerRecord

from agents.definition_files import load_definition
from agents.outbox import WORKER_KEYS
from agents.topics import TopicNames
from schemas.partial import PartialKey, PartialKind, decoded_value
from stream.card_kinds import card_kinds
from stream.inputs import Input
from stream.process import Process, compile_process
from stream.scorekeeper import Scorekeeper
from tests.broker.traffic import committed, ends_of

TOLD_ANEW = {"as_of", "noticed_at"}
"""What differs between two runs that come to the same."""


@dataclass(frozen=True)
class Score:
    """`partials`: newest value of each, without its revision; `windows`: by goal and segment, the episode and state
    that were reached; `cards`: the scorecards; `over`: whether all was judged that tasks have told of; `faults`: in
    words, what should not be."""

    partials: dict[str, Any]
    windows: dict[str, Any]
    cards: dict[str, Any]
    over: bool
    faults: tuple[str, ...]


async def score_of(bootstrap: str, prefix: str, definition: Path, partitions: int) -> Score:
    """Read everything that was committed for the task that keeps score."""
    names = TopicNames(prefix)
    partials = await committed(bootstrap, names.partials)
    state = await committed(bootstrap, names.state(names.partials))
    cards = {r.key.decode(): r.value for r in await committed(bootstrap, names.scorecards)}
    process = compile_process(*load_definition(definition))
    keeper = Scorekeeper([process.definition], {process.name: range(partitions)}, Input(names.partials, 0))
    keeper.restore([(r.key, r.value) for r in state if not r.key.startswith(WORKER_KEYS)])
    faults = _repeated(partials)
    [end] = await ends_of(bootstrap, names.partials)
    if (keeper.next or 0) > end:
        faults.append(f"whoever keeps score is at {keeper.next}, and the partials end at {end}")
    passed = keeper.ledger.passed.get(process.name)
    newest = _newest(partials)
    clocks = [value[0] for key, value in newest.items() if _is_clock(key)]
    over = passed is not None and len(clocks) == partitions and all(passed.clock >= clock for clock in clocks)
    keeper.ledger.observe((r.key, r.value) for r in partials if r.key is not None and r.offset >= (keeper.next or 0))
    newest = {key: value for key, value in newest.items() if not _left(key, process, max(clocks, default=0))}
    windows = {repr(at): _plain((one.series.present, one.speaker.state)) for at, one in keeper.ledger.followed.items()}
    written = {key: _without_times(value) for key, value in cards.items() if value is not None}
    return Score(newest, windows, written, over, tuple(faults))


def _newest(partials: list[ConsumerRecord]) -> dict[str, Any]:
    """The newest value of each key, whether it has left since or not: when one leaves depends on when commits were."""
    found: dict[str, Any] = {}
    for record in partials:
        if record.value is not None:
            value = _value(record)[1:]
            key = record.key.decode()
            found[key] = value[:2] if _is_clock(key) else value
    return found


def _value(record: ConsumerRecord) -> list[Any]:
    return decoded_value(PartialKey.decoded(record.key).kind, record.value)


def _is_clock(key: str) -> bool:
    return PartialKey.decoded(key.encode()).kind is PartialKind.CLOCK


def _left(key: str, process: Process, clock: int) -> bool:
    """Whether a share of a scorecard has left both windows: one that has, before a task told it, is never told."""
    name = PartialKey.decoded(key.encode())
    kinds = [kind for kind in card_kinds(process.definition) if kind.name == name.rule]
    return name.kind is PartialKind.CARD and all(name.bucket < clock // k.bucket_ms - 2 * k.buckets for k in kinds)


def _repeated(partials: list[ConsumerRecord]) -> list[str]:
    """Partials whose revision does not follow the one before."""
    told = Counter((r.key, _value(r)[0]) for r in partials if r.value is not None)
    repeated = [(key.decode(), revision, n) for (key, revision), n in told.items() if n > 1]
    found = [f"partial {key} revision {revision} told {n} times" for key, revision, n in repeated]
    last: dict[bytes, int] = {}
    for record in partials:
        revision = -1 if record.value is None else _value(record)[0]
        if record.value is not None and revision < last.get(record.key, -1):
            found.append(f"partial {record.key.decode()}: revision {revision} after {last[record.key]}")
        last[record.key] = revision
    return found


def _plain(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, default=tuple))


def _without_times(card: bytes) -> Any:
    fields = orjson.loads(card)
    return {name: of for name, of in fields.items() if name not in TOLD_ANEW} if isinstance(fields, dict) else fields
