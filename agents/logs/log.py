"""An event log as read: its records in order of time, what was wrong in the file, and the mapping that reads them.

Invariant: nothing vanishes. Every event of the file is a record or a counted problem with its place; a record whose
time cannot be read is both, and keeps its place among its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas.definition import Mapping
from schemas.problem import Problem, Refused

MOST_PROBLEMS: Final = 1_000
"""Problems kept in full; the rest are counted."""


class LogRecord(NamedTuple):
    """One event: its place in the file's order (from 0), its time (ms UTC, None without one), its fields, its line,
    and the file that it stands in."""

    order: int
    timestamp_ms: int | None
    value: dict[str, Any]
    line: int
    file: str = "log"


Row = tuple[int, dict[str, Any], int]
"""An event as a reader found it: its line, its fields, and its thread. Threads are the sequences in which a missing
time is made good by the event before: the traces of XES, one for a whole table."""


class Log(NamedTuple):
    """What was read: `records` in order of time, ties in file order; `problems`, the first of `problem_count`.

    `mapping` reads the records; None means the standard names of XES. `notes` are remarks for the person.
    """

    records: list[LogRecord]
    mapping: Mapping | None
    problems: Sequence[Problem]
    problem_count: int
    notes: Sequence[str]


@dataclass(slots=True)
class Findings:
    """What a reader has to say about a file while it reads it; under `strict` the first problem ends the reading."""

    file: Path
    strict: bool = False
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, line: int, element: str, wrong: str, right: str) -> None:
        """Report one problem; raises `Refused` under `strict`."""
        self.count += 1
        if self.strict:
            raise self.refusal(line, element, wrong, right)
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(str(self.file), line, element, wrong, right))

    def refusal(self, line: int, element: str, wrong: str, right: str) -> Refused:
        """The refusal of the whole file for one reason."""
        return Refused([Problem(str(self.file), line, element, wrong, right)])
