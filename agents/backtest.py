"""A definition tried on history: logs in, alerts out, by the same core as a worker's, without a broker.

Invariant: the records of an alert are those that a worker would publish for a marked replay of the same log; two runs
over the same logs write the same bytes.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, islice
from time import process_time
from typing import Any, Final

import orjson

from agents.collector import collector_at_rest
from agents.logs import Log, LogRecord
from agents.logs.log import MOST_PROBLEMS
from schemas.definition import Definition
from schemas.problem import Problem
from schemas.scorecard import Scorecard
from stream.effects import AlertRecord, DeadLetter, Effects
from stream.history import Entry, play
from stream.inputs import Input, Refusal
from stream.instants import BAD, NAIVE, OUT_OF_RANGE
from stream.ledger.ledger import Ledger
from stream.mapping import RecordReader
from stream.process import Process, compile_process, needs_key
from stream.shard import Shard

_UNREADABLE_TIMES: Final = frozenset((BAD, NAIVE, OUT_OF_RANGE))
_REMEDY: Final = "mend the log, or the mapping that reads it"

Sink = Callable[[str, bytes], None]
Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What a backtest found: how many `records` of alerts, `counts` as in `stream.effects`, `cases` by their state.

    `refused` are the first of the `refusals` that the reader of the log has not told already. `scorecards` are those
    of the end, in the order of their keys.
    """

    events: int = 0
    seconds: float = 0.0
    records: int = 0
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    cases: dict[str, int] = field(default_factory=dict)
    refused: list[Problem] = field(default_factory=list)
    refusals: int = 0
    scorecards: list[Scorecard] = field(default_factory=list)

    def refuse(self, record: LogRecord, letter: DeadLetter) -> None:
        """Take note of a record that the core refused."""
        if record.timestamp_ms is None and letter.reason in _UNREADABLE_TIMES:
            return
        self.refusals += 1
        if len(self.refused) < MOST_PROBLEMS:
            self.refused.append(_problem(record, letter.reason, letter.message))

    @property
    def speed(self) -> float:
        """Events a second of one core."""
        return self.events / self.seconds if self.seconds else 0.0

    def outcomes(self) -> Counter[str]:
        """How many events were applied, refused and so on."""
        counted = Counter[str]()
        for key, count in self.counts.items():
            if key[0] == "events" and key[3] != "clock_mark":
                counted[key[3]] += count
        return counted


def prepared(definition: Definition, model: bytes | None, log: Log) -> Process:
    """The process as it reads this log: one topic, if need be of the process's own name, and the log's own mapping."""
    events = definition.events
    fitted = events.model_copy(update={"mapping": log.mapping, "topics": events.topics[:1] or (definition.process,)})
    key = own_key(log) if needs_key(definition) else None
    return compile_process(definition.model_copy(update={"events": fitted}), model, key)


def own_key(log: Log) -> bytes:
    """A key for pseudonyms, made of the log: the same at every run, and unknown to those who do not have the log; those
    who do know the names anyway."""
    digest = blake2b()
    for record in log.records:
        digest.update(repr(record.value).encode("utf-8", "surrogatepass"))
    return digest.digest()


def first_refusal(process: Process, records: Sequence[LogRecord]) -> Problem | None:
    """The first record that cannot be an event, for whoever wants all of a log or nothing."""
    for record in records:
        found = process.reader.read(record.value, (0, record.order))
        if isinstance(found, Refusal):
            return _problem(record, found.reason, found.message)
    process.reader.unreadable = 0  # counted as they are applied
    return None


def misread(process: Process, records: Sequence[LogRecord]) -> list[Problem]:
    """The first of the instants among the attributes of records that cannot be read, each with its place."""
    found = (problem for record in records for problem in _misread(process.reader, record))
    return list(islice(found, MOST_PROBLEMS))


def _misread(reader: RecordReader, record: LogRecord) -> Iterator[Problem]:
    for name, path, walk, parse in reader.attributes:
        value = record.value.get(path)
        value = walk(record.value) if value is None and walk is not None else value
        if parse is not None and value not in (None, ""):
            read = parse(value)
            if isinstance(read, Refusal):
                remedy = "mend it, or the mapping; it counts as absent"
                yield Problem(record.file, record.line, f"attributes.{name}", read.message, remedy)


def _problem(record: LogRecord, reason: str, message: str) -> Problem:
    return Problem(record.file, record.line, reason, message, _REMEDY)


def strangers(process: Process, records: Sequence[LogRecord]) -> str | None:
    """A remark where not one activity of the log is a step of the model: then names differ, and not the cases."""
    if process.automaton is None:
        return None
    read, rename = process.reader.activity, process.rename
    seen = {name for record in records if isinstance(name := read(record.value), str)}
    if not seen or any(rename.get(name, name) in process.automaton.labels for name in seen):
        return None
    example, step = min(seen), min(process.automaton.labels, default="")
    remedy = f"say under `model: activities:` what `{example}` is called there (a step of the model: `{step}`)"
    return f"no activity of the log is a step of the model; {remedy}"


def merged(logs: Sequence[Log]) -> list[LogRecord]:
    """The records of all logs in order of time; ties, and records without a time, in the order given."""
    if len(logs) == 1:
        return logs[0].records
    timed = [_timed(log.records) for log in logs]
    return [record for _, record in heapq.merge(*timed, key=lambda pair: pair[0])]


def _timed(records: Sequence[LogRecord]) -> Iterator[tuple[int, LogRecord]]:
    at = 0
    for record in records:
        at = at if record.timestamp_ms is None else record.timestamp_ms
        yield at, record


def run(process: Process, records: Sequence[LogRecord], until: int | None, sink: Sink, progress: Progress) -> Report:
    """Play the records, hand every transition to `sink` as a line of JSON, and say what was found.

    `until` (ms) lets time pass to that instant after the last event. `seconds` count the time that one core was busy.
    """
    report = Report(events=len(records))
    shard = Shard([process], journalled=False)
    ledger = Ledger([process.definition], {process.name: (0,)})
    source = Input(process.definition.events.topics[0], 0)
    began = process_time()
    with collector_at_rest():
        for done, effects in enumerate(play(shard, source, _entries(process, records), until), 1):
            report.counts.update(effects.counts)
            for letter in effects.dead_letters:
                report.refuse(records[letter.offset], letter)
            for alert in chain(effects.alerts, _of_many(ledger, effects, report)):
                if alert.body is not None:
                    report.records += 1
                    sink(alert.id, alert.body)
            progress(min(done * 1_000, len(records)))
        report.seconds = process_time() - began
    report.cases = shard.snapshot(0).cases[process.name]
    report.scorecards = [Scorecard.model_validate_json(value) for _, value in ledger.scorecards()]
    return report


def _of_many(ledger: Ledger, effects: Effects, report: Report) -> Iterator[AlertRecord]:
    """What is to be said of many cases once the task has told its share; noticed when the task's clock gets there."""
    ledger.observe(effects.partials)
    while True:
        more = ledger.advance(ledger.clock or 0)
        found = ledger.drain()
        report.counts.update(found.counts)
        yield from found.alerts
        if not more:
            return


def _entries(process: Process, records: Sequence[LogRecord]) -> Iterator[Entry]:
    if process.definition.case.ends != "last_event":
        return (Entry(record.timestamp_ms, record.value) for record in records)
    read_case = process.reader.case
    last = {str(read_case(record.value)): i for i, record in enumerate(records)}
    ends = set(last.values())
    return (Entry(record.timestamp_ms, record.value, i in ends) for i, record in enumerate(records))


class Alerts:
    """Where the alerts of a backtest go: every transition as it comes, or only the last of each alert, at the end."""

    def __init__(self, write: Callable[[bytes], None], *, final: bool) -> None:
        self.write, self.final = write, final
        self.last: dict[str, bytes] = {}

    def __call__(self, alert_id: str, body: bytes) -> None:
        """Take one transition."""
        self.last[alert_id] = body
        if not self.final:
            self.write(body)

    def finish(self) -> Counter[tuple[str, str, str]]:
        """Write what is still to be written; how many alerts there are by rule, what they say, and their last state."""
        found: Counter[tuple[str, str, str]] = Counter()
        for body in self.last.values():
            if self.final:
                self.write(body)
            alert = orjson.loads(body)
            found[alert["rule"], _says(alert), alert["state"]] += 1
        return found


def _says(alert: dict[str, Any]) -> str:
    """What an alert is about: its stage, its class of deviation, what broke a constraint, or what a rule asks for."""
    told = alert.get("explanation", {})
    return str(alert.get("stage") or told.get("deviation") or told.get("why") or told["asks"])
