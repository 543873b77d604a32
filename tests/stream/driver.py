"""A task under test: events in, alerts out, with a wall clock that is a literal.

Times are minutes after the epoch of the tests, 2026-11-02T09:00Z. Nothing here knows a rule of the domain.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from schemas.alert import Alert
from schemas.definition import Definition
from stream.control import ControlRecord, control_key
from stream.effects import DeadLetter
from stream.inputs import Batch, Input, Received, Refusal
from stream.process import Process, compile_process
from stream.shard import Shard

START = 1_793_610_000_000
MINUTE = 60_000
MOST_SLICES = 1_000
SOURCE = Input("crm.tickets", 0)
KEY = b"a key of the tests"


def at(minute: float) -> int:
    """An instant, in milliseconds UTC."""
    return START + round(minute * MINUTE)


def definition(**parts: Any) -> Definition:
    """A definition of the process `tickets`, its records mapped by the plainest names."""
    mapping = {
        "case": "case",
        "activity": "activity",
        "timestamp": {"path": "at", "format": "epoch_ms"},
        "event_id": "id",
        "lifecycle": "lifecycle",
        "resource": "by",
        "attributes": {
            "promised": {"path": "promised", "format": "epoch_ms"},
            "supplier": "supplier",
            "team": "team",
            "priority": "priority",
        },
    }
    events = {"topics": ["crm.tickets"], "mapping": mapping} | parts.pop("events", {})
    return Definition.model_validate({"process": "tickets", "version": "1", "events": events, **parts})


def process(net: bytes | None = None, **parts: Any) -> Process:
    """The compiled definition; people are known by pseudonyms under `KEY`."""
    return compile_process(definition(**parts), net, KEY)


def event(minute: float, activity: str, case: str = "T-1", **fields: Any) -> dict[str, Any]:
    """A record's value."""
    return {"case": case, "activity": activity, "at": at(minute), **fields}


class Task:
    """A shard with one input, fed live or as history; every alert it publishes is checked against the schema."""

    def __init__(self, *processes: Process) -> None:
        self.processes = processes
        self.shard = Shard(processes)
        self.offset = self.told = 0
        self.journal: dict[bytes, bytes] = {}
        self.alerts: list[Alert] = []
        self.tombstones: list[str] = []
        self.dead_letters: list[DeadLetter] = []
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.partials: list[tuple[bytes, bytes | None]] = []

    def live(self, *values: dict[str, Any], now: float | None = None) -> None:
        """Records that are read at the time of their events, or at minute `now`."""
        for value in values:
            read_at = at(now) if now is not None else value["at"]
            self.feed([Received(self.offset, read_at, value)], read_at)
            self.tick(read_at)

    def history(self, *values: dict[str, Any], until: float | None = None) -> None:
        """Records of a marked replay, with a clock mark at minute `until`."""
        records = [Received(self.offset + i, 2 * START, value, replay="run") for i, value in enumerate(values)]
        if until is not None:
            records.append(Received(self.offset + len(records), 2 * START, None, "run", at(until)))
        self.feed(records, 2 * START)
        self.tick(2 * START)

    def feed(self, records: Sequence[Received], read_at: int) -> None:
        """One batch."""
        following = records[-1].offset + 1 if records else self.offset
        self.shard.observe(Batch(SOURCE, self.offset, list(records), following, following, read_at))
        self.offset = following

    def tick(self, now: int) -> None:
        """Let time pass to wall clock `now` (ms), few deadlines at a time, and take what changed each time."""
        self.feed([], now)
        for _ in range(MOST_SLICES):
            if not self.shard.advance(now, 2):
                break
            self.drain()
        else:
            raise AssertionError("time does not pass: deadlines at the same instant fire again and again")
        self.drain()

    def wait(self, minute: float) -> None:
        """Nothing arrives until this minute."""
        self.tick(at(minute))

    def hear(self, last: float, since: float, recovered: float | None = None, topic: str = SOURCE.topic) -> None:
        """The Ledger says that a topic is silent since minute `since`, its newest record being of `last`, or was."""
        recovered_at = None if recovered is None else at(recovered)
        for each in self.processes:
            value = orjson.dumps([at(last), at(since), recovered_at])
            self.shard.control([ControlRecord(self.told, control_key("silence", each.name, topic), value)])
            self.told += 1

    def drain(self) -> None:
        """Take what has changed."""
        effects = self.shard.drain()
        for key, value in effects.journal:
            if value is None:
                self.journal.pop(key, None)
            else:
                self.journal[key] = value
        for record in effects.alerts:
            if record.body is None:
                self.tombstones.append(record.id)
            else:
                self.alerts.append(Alert.model_validate(orjson.loads(record.body)))
        self.dead_letters += effects.dead_letters
        self.partials += effects.partials
        self.counts.update(effects.counts)

    def restart(self) -> None:
        """Lose the memory, and restore it from the journal."""
        self.drain()
        self.shard = Shard(self.processes)
        self.shard.restore(self.journal.items())

    def said(self) -> list[tuple[str, str | None, str]]:
        """(rule, stage or deviation or what broke it, state) of every record, in order, but for those that only say it
        is settled."""
        told: list[tuple[str, str | None, str]] = []
        last: dict[str, tuple[str, str | None, str]] = {}
        for alert in self.alerts:
            told_of = alert.explanation
            line = (alert.rule, alert.stage or told_of.deviation or told_of.why or told_of.asks, alert.state)
            if last.get(alert.id) != line:
                told.append(line)
            last[alert.id] = line
        return told

    def final(self) -> dict[str, Alert]:
        """The present state of every alert."""
        return {alert.id: alert for alert in self.alerts}

    def outcome(self) -> dict[str, tuple[str, str, Any]]:
        """id to (rule, state, happened_at) of every alert that was not taken back."""
        return {
            alert.id: (alert.rule, alert.state, alert.happened_at)
            for alert in self.final().values()
            if alert.state != "retracted"
        }


def refusal() -> Refusal:
    """What a decoder says of bytes that are no JSON."""
    return Refusal("undecodable", "not JSON")
