"""Constraints over history: cases and rules in, what is known of every rule after every event and at the end out.

A step sees the attributes of its case as they stand then: those of the events up to it, skipped ones included, of which
only what conditions read is looked at. An event without a time has that of the one before it in its case, the first
ones that of the next. Invariant: cases come in the order in which they are given, events in that of their case,
numbered from 1, and constraints in that of the rules; the rows are CSV (RFC 4180, lines ended by a line feed).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import process_time
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from agents.collector import collector_at_rest
from agents.conformance import Progress, Tables, cell
from agents.logs.cases import Case, Cases
from schemas.mapping import Mapping as Names
from stream.declare import Constraint, Happening, Judge, Judged, Verdict
from stream.event import Anchor
from stream.mapping import XES, RecordReader

_TOLD_EVERY: Final = 1_000
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Rules(NamedTuple):
    """Constraints, what rows call each of them, and all activities that their file or definition knows."""

    constraints: tuple[Constraint, ...]
    names: tuple[str, ...]
    activities: frozenset[str]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that conditions read, sorted."""
        return tuple(sorted(frozenset[str]().union(*(one.attributes for one in self.constraints))))

    @property
    def timed(self) -> bool:
        """Whether any of them asks for the time."""
        return any(constraint.window is not None for constraint in self.constraints)


@dataclass(slots=True)
class Report:
    """What became of the rules in a log, counted for each by its index: cases that `broke` it, its `violations`, cases
    with more events of it than are followed (`cut`). `kept`: cases without any violation; `unreadable`: instants among
    the attributes that were not to be read."""

    cases: int = 0
    kept: int = 0
    unreadable: int = 0
    broke: Counter[int] = field(default_factory=Counter)
    violations: Counter[int] = field(default_factory=Counter)
    cut: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, judged: Judged) -> None:
        """Count a case."""
        broken = {index: count for index, count in enumerate(judged.violations) if count}
        self.cases += 1
        self.kept += not broken
        self.broke.update(broken.keys())
        self.violations.update(broken)
        self.cut.update(judged.cut)


def run(rules: Rules, cases: Cases, names: Names | None, tables: Tables, progress: Progress) -> Report:
    """Judge every case, which has kept its records, write its rows, and sum up; `names` is the mapping of the log.

    `seconds` count the time that one core was busy.
    """
    report, rows, judge = Report(), Rows(rules, tables), Judge(rules.constraints)
    steps, each = Steps(rules, names), tables.per_event is not None
    began, done, told = process_time(), 0, 0
    with collector_at_rest():
        for name, case in cases.by_name.items():
            judged = judge.judge(steps.of(case), each=each)
            rows.write(name, case.activities, judged)
            report.add(judged)
            done += len(case.activities)
            if done - told >= _TOLD_EVERY:
                told = done
                progress(done)
    progress(done)
    report.unreadable = steps.reader.unreadable
    report.seconds = process_time() - began
    return report


class Steps:
    """Reads the records of cases as steps; an instant that cannot be read is absent, and counted by the `reader`."""

    def __init__(self, rules: Rules, names: Names | None) -> None:
        mapping = names or XES
        asked = {name: mapping.attributes.get(name, name) for name in rules.attributes}
        # A trace attribute is one of each event, so that it stands from the first one on.
        self.reader = RecordReader(mapping.model_copy(update={"attributes": asked}), frozenset(), frozenset())
        self.reads = bool(asked)

    def of(self, case: Case) -> Iterator[Happening]:
        """The used events of a case, each with the attributes as they stand at it."""
        attributes, activities = _NOTHING, iter(case.activities)
        at = next((record.timestamp_ms for record, _ in case.records if record.timestamp_ms is not None), 0)
        for number, (record, used) in enumerate(case.records):
            if self.reads and (found := self.reader.read_attributes(record.value)):
                attributes = {**attributes, **found}
            if record.timestamp_ms is not None:
                at = record.timestamp_ms
            if used:
                yield Happening(Anchor(at, next(activities), 0, None, (0, number)), attributes)


class Rows:
    """Writes the rows of cases to the tables that are asked for, each below its header."""

    def __init__(self, rules: Rules, tables: Tables) -> None:
        self.tables = tables
        self.names = tuple(map(cell, rules.names))
        self.tails = [{one: f"{name},{written(one)}\n" for one in Verdict} for name in self.names]
        if tables.per_event is not None:
            tables.per_event(b"case,index,activity,constraint,verdict\n")
        if tables.per_case is not None:
            tables.per_case(b"case,events,constraint,verdict,violations\n")

    def write(self, name: str, activities: list[str], judged: Judged) -> None:
        """Write one case: a row for each event and constraint, and one for each constraint at its end."""
        per_event, per_case = self.tables
        case = cell(name)
        if per_event is not None:
            per_event("".join(self._events(case, activities, judged)).encode())
        if per_case is not None:
            head, ends = f"{case},{len(activities)}", zip(self.names, judged.end, judged.violations, strict=True)
            lines = [f"{head},{constraint},{written(verdict)},{count}\n" for constraint, verdict, count in ends]
            per_case("".join(lines).encode())

    def _events(self, case: str, activities: list[str], judged: Judged) -> Iterator[str]:
        for index, (activity, verdicts) in enumerate(zip(activities, judged.after, strict=True), 1):
            head = f"{case},{index},{cell(activity)},"
            yield head + head.join([tails[verdict] for tails, verdict in zip(self.tails, verdicts, strict=True)])


def written(verdict: Verdict) -> str:
    """A verdict as rows have it: `temporarily_violated`."""
    return verdict.name.lower()
