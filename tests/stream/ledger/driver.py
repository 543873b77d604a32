"""Tasks that publish partials, and a Ledger that reads them. Nothing here knows when an alert is due."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from schemas.alert import Alert
from schemas.definition import Definition
from schemas.partial import PartialKey, PartialKind
from stream.ledger.goals import Goal, goals
from stream.ledger.ledger import Ledger, Record
from tests.stream.driver import at, definition

HOUR = 3_600_000
DAY = 24 * HOUR
ANSWER = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "1h"}


def objective(**parts: Any) -> Definition:
    """A definition with one objective: 90 % of answers in time over twelve hours, in buckets of five seconds."""
    slo = {"id": "on-time", "of": "answer", "objective": "90%", "window": "12h", "min_count": 1} | parts
    return definition(sla=[ANSWER], slo=[slo])


def rate(**parts: Any) -> Definition:
    """A definition with one rate over an hour."""
    return definition(sla=[{"id": "reopens", "kind": "rate", "of": "Reopened", "window": "1h"} | parts])


def only_goal(defined: Definition) -> Goal:
    """The one goal of a definition."""
    (goal,) = goals(defined)
    return goal


class Publisher:
    """One task's partials: revisions count up, values are absolute."""

    def __init__(self, defined: Definition, task: int = 0) -> None:
        self.defined, self.task = defined, task
        self.revisions: defaultdict[bytes, int] = defaultdict(int)

    def partial(self, kind: PartialKind, rule: str, segment: tuple[str, ...], bucket: int, told: list[Any]) -> Record:
        """A partial with the next revision of its key."""
        key = PartialKey(kind, self.defined.process, rule, segment, self.task, bucket).encoded()
        self.revisions[key] += 1
        return key, orjson.dumps([self.revisions[key], *told])

    def window(self, instant: int, good: int, bad: int, segment: tuple[str, ...] = ()) -> Record:
        """So many good and bad in the bucket of an instant."""
        goal = only_goal(self.defined)
        return self.partial(PartialKind.WINDOW, goal.name, segment, instant // goal.asks.bucket_ms, [good, bad])

    def instants(self, instants: Iterable[int], segment: tuple[str, ...] = (), left_out: int = 0) -> list[Record]:
        """Events at these instants, bucket by bucket."""
        goal, buckets = only_goal(self.defined), defaultdict[int, list[int]](list)
        for instant in sorted(instants):
            buckets[instant // goal.asks.bucket_ms].append(instant)
        kind = PartialKind.INSTANTS
        return [self.partial(kind, goal.name, segment, b, [left_out, found]) for b, found in buckets.items()]

    def clock(
        self, instant: int | None, settled_to: int | None = None, *, live: bool = False, idle_at: int | None = None
    ) -> Record:
        """The task's clock, settled up to it unless told otherwise."""
        settled_to = instant if settled_to is None else settled_to
        return self.partial(PartialKind.CLOCK, "", (), 0, [instant, settled_to, live, idle_at])

    def heard(self, topic: str, instant: int) -> Record:
        """The newest record of a topic."""
        return self.partial(PartialKind.FEED, topic, (), 0, [instant])


class Watched:
    """A Ledger under test; what it says is checked against the schema. `forgetful`: it is restored amid
    whatever it has to say at once."""

    def __init__(self, defined: Definition, tasks: Sequence[int] = (0,), *, forgetful: bool = False) -> None:
        self.defined, self.tasks, self.forgetful = defined, tasks, forgetful
        self.ledger = Ledger([defined], {defined.process: tasks})
        self.journal: dict[bytes, bytes] = {}
        self.bodies: list[bytes] = []
        self.alerts: list[Alert] = []
        self.counts: dict[tuple[str, ...], int] = {}

    def tell(self, *records: Record, now: int = 0, limit: int = 7) -> None:
        """Partials come, and time passes."""
        self.ledger.observe(records)
        while self.ledger.advance(now, limit):
            self.drain()
            if self.forgetful:
                self.restart()
        self.drain()

    def drain(self) -> None:
        """Take what has changed."""
        effects = self.ledger.drain()
        for key, value in effects.journal:
            if value is None:
                self.journal.pop(key, None)
            else:
                self.journal[key] = value
        for name, count in effects.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        for record in effects.alerts:
            assert record.body is not None
            self.bodies.append(record.body)
            self.alerts.append(Alert.model_validate(orjson.loads(record.body)))

    def restart(self) -> None:
        """Lose the memory, and restore it from the journal."""
        self.ledger = Ledger([self.defined], {self.defined.process: self.tasks})
        self.ledger.restore(self.journal.items())

    def said(self) -> list[tuple[str, str, str | None, int]]:
        """(subject, state, stage, happened at) of every record that says more than that it has settled."""
        told: list[tuple[str, str, str | None, int]] = []
        last: dict[str, tuple[str, str, str | None, int]] = {}
        for alert in self.alerts:
            happened_at = round(alert.happened_at.timestamp() * 1000)
            line = (alert.subject or "", str(alert.state), alert.stage, happened_at)
            before = last.get(alert.id)
            if before is None or (before[0], before[2:]) != (line[0], line[2:]) or before[1] != "raised" != line[1]:
                told.append(line)
            last[alert.id] = line
        return told


__all__ = ["ANSWER", "DAY", "HOUR", "Publisher", "Watched", "at", "objective", "only_goal", "rate"]
