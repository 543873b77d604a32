"""A log as cases: what happened in each, by name and in order of time.

Invariant: each event of the log is used, skipped as not completed, or refused with its place. Names are taken as they
stand, blanks and line breaks included. Cases come in the order in which the file first names them.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from agents.logs.log import MOST_PROBLEMS, Log, LogRecord
from schemas.mapping import Mapping
from schemas.problem import Problem, Refused
from stream.inputs import Refusal
from stream.mapping import XES, Reader, name_of, path_reader

_COMPLETED: Final = ("complete", "COMPLETE", None, "")
_REMEDY: Final = "mend the log, or the mapping that reads it"


class Choice(NamedTuple):
    """Which events are used, and under which names: `rename` is from the log's names to others; `records`: whether
    cases keep theirs."""

    completed_only: bool = False
    rename: Names[str, str] = MappingProxyType({})
    strict: bool = False
    records: bool = False


@dataclass(slots=True)
class Case:
    """The names of the used events of one case, in order of time; `order` is where the file first names the case.
    `records`, where they are kept, are those of all its events, each with whether it is used."""

    order: int
    activities: list[str] = field(default_factory=list)
    records: list[tuple[LogRecord, bool]] = field(default_factory=list)


@dataclass(slots=True)
class Cases:
    """The cases of a log by name. Of its events, `other` had a lifecycle transition other than `complete`, and
    `skipped` were left out for that; `doubles` had the id of an earlier one of their case, and were left out too;
    `refused` are the first of the `refusals`, and the reader of the log found `problems` besides."""

    by_name: dict[str, Case] = field(default_factory=dict)
    used: int = 0
    other: int = 0
    skipped: int = 0
    doubles: int = 0
    problems: int = 0
    refused: list[Problem] = field(default_factory=list)
    refusals: int = 0

    @property
    def activities(self) -> Counter[str]:
        """How often each activity occurs among the used events."""
        return Counter(chain.from_iterable(case.activities for case in self.by_name.values()))


def cases_of(log: Log, choice: Choice) -> Cases:
    """Sort the records of a log into cases; an event without a lifecycle transition counts as completed.

    Raises `Refused` under `strict` for the first event without a case or an activity.
    """
    names, found, rename = log.mapping or XES, Cases(problems=log.problem_count), choice.rename
    read_state = path_reader(names.lifecycle) if names.lifecycle else None
    is_double = _doubles(path_reader(names.event_id)) if names.event_id else None
    by_name, keeps = found.by_name, choice.records
    case_key, activity_key = names.case, names.activity
    for record in log.records:
        order, value = record[0], record[2]  # what is not touched need not be fetched from memory
        # A plain look-up finds nearly every name; what it does not find is looked at closely.
        name, activity = value.get(case_key), value.get(activity_key)
        if type(name) is not str or type(activity) is not str or not name or not activity:
            read = _read(record, names)
            if isinstance(read, Problem):
                _refuse(found, read, choice.strict)
                continue
            name, activity = read
        case = by_name.get(name)
        if case is None:
            case = by_name[name] = Case(order)
        elif order < case.order:
            case.order = order
        if is_double is not None and is_double(name, value):
            found.doubles += 1
            continue
        state, used = None if read_state is None else read_state(value), True
        if state not in _COMPLETED and str(state).lower() != "complete":
            found.other += 1
            used = not choice.completed_only
        if keeps:
            case.records.append((record, used))
        if used:
            case.activities.append(rename.get(activity, activity) if rename else activity)
    found.used = sum([len(case.activities) for case in by_name.values()])
    found.skipped = found.other if choice.completed_only else 0
    found.by_name = dict(sorted(by_name.items(), key=lambda pair: pair[1].order))
    return found


def _doubles(read_id: Reader) -> Callable[[str, dict[str, Any]], bool]:
    """A function that says whether a case has had an event of the same id."""
    seen: set[tuple[str, str]] = set()

    def is_double(case: str, value: dict[str, Any]) -> bool:
        identity = name_of(read_id(value))
        if isinstance(identity, Refusal):
            return False
        known = (case, identity) in seen
        seen.add((case, identity))
        return known

    return is_double


def _read(record: LogRecord, names: Mapping) -> tuple[str, str] | Problem:
    """Case and activity of a record by their paths, or what is wrong with it."""
    case, activity = _name(path_reader(names.case)(record.value)), _name(path_reader(names.activity)(record.value))
    if isinstance(case, Refusal):
        return _problem(record, "case", names.case, case)
    if isinstance(activity, Refusal):
        return _problem(record, "activity", names.activity, activity)
    return case, activity


def _name(value: Any) -> str | Refusal:
    return value if type(value) is str and value else name_of(value)


def _problem(record: LogRecord, element: str, path: str, refusal: Refusal) -> Problem:
    wrong = f"{element} at `{path}`: {refusal.message}"
    return Problem(record.file, record.line, f"{refusal.reason}_{element}", wrong, _REMEDY)


def _refuse(found: Cases, problem: Problem, strict: bool) -> None:
    if strict:
        raise Refused([problem])
    found.refusals += 1
    if len(found.refused) < MOST_PROBLEMS:
        found.refused.append(problem)
