"""What `casewatch conformance` says of constraints besides its rows: remarks on the set, and a summary for a person.

Invariant: constraints are said in words and in the order of their file; a set that no case can keep is said to be one,
and every constraint is judged by itself all the same.
"""

from collections.abc import Iterator
from json import dumps

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.cli.conformance_summary import counted_events, listed, of_the_log, quoted
from agents.declare_conformance import Report, Rules
from agents.logs.cases import Cases
from schemas.mapping import Mapping, TimePath
from stream.declare import Monitor, phrase
from stream.declare.book import MOST_OPEN
from stream.mapping import XES, path_reader


def remarks(rules: Rules, cases: Cases, names: Mapping | None, completed_only: bool) -> Iterator[str]:
    """What is to be said before anything is judged: conflicts, what only one side knows, lifecycles that count."""
    monitor = Monitor(rules.constraints)
    for conflict in monitor.conflicts():
        which = " and ".join(quoted(rules.names[index]) for index in conflict.constraints)
        together = " together" if len(conflict.constraints) > 1 else ""
        yield f"no case can keep {which}{together}; each is judged by itself all the same"
    if undecided := sum(map(len, monitor.undecided())):
        what = f"whether a case can keep {undecided} of the constraints together"
        yield f"{what} is not decided: too large to search through"
    yield from of_the_log(cases, completed_only)
    yield from _names(rules, cases)
    yield from _attributes(rules, cases, names)
    if rules.timed and (untimed := _untimed(cases)):
        yield f"{untimed} events have no time, and are taken to be at that of the one before them in their case"


def _names(rules: Rules, cases: Cases) -> Iterator[str]:
    known, seen = rules.activities, set(cases.activities)
    if not seen:
        return
    if _strange(rules, cases):
        yield (
            "no activity of the log is named by a constraint; constraints name activities as the log does "
            f"(the log has {quoted(min(seen))}, the constraints {quoted(min(known))})"
        )
        return
    if strangers := seen - known:
        yield f"not named by any constraint, but activities of the log: {listed(strangers)}"
    if unseen := known - seen:
        yield f"not activities of the log, but named by the constraints: {listed(unseen)}"


def _strange(rules: Rules, cases: Cases) -> bool:
    return rules.activities.isdisjoint(cases.activities)


def _attributes(rules: Rules, cases: Cases, names: Mapping | None) -> Iterator[str]:
    """Attributes that conditions read and no event has."""
    if not cases.used:
        return
    for name in rules.attributes:
        path = (names or XES).attributes.get(name, name)
        if not _has(cases, path.path if isinstance(path, TimePath) else path):
            of_case = f"case:{name}"
            remedy = f"; it is there as {quoted(of_case)}" if _has(cases, of_case) else ""
            yield f"no event has {quoted(name)}, which conditions read{remedy}"


def _has(cases: Cases, path: str) -> bool:
    read = path_reader(path)
    return any(read(record.value) is not None for case in cases.by_name.values() for record, _ in case.records)


def _untimed(cases: Cases) -> int:
    kept = (record for case in cases.by_name.values() for record, used in case.records if used)
    return sum(record.timestamp_ms is None for record in kept)


def print_summary(rules: Rules, cases: Cases, report: Report, console: Console) -> None:
    """Print how many cases keep all constraints, and how often each was kept and broken."""
    for line in _lines(rules, cases, report):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    console.print(_table(rules, report))
    for index, count in sorted(report.cut.items()):
        line = f"at least, in {count} cases with more than {MOST_OPEN} events to follow: {quoted(rules.names[index])}"
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _lines(rules: Rules, cases: Cases, report: Report) -> Iterator[str]:
    share = f", {report.kept} of them without any violation ({report.kept / report.cases:.1%})" if report.cases else ""
    yield f"cases: {report.cases}{share}"
    yield counted_events(cases)
    yield f"constraints: {len(rules.constraints)}, violated {report.violations.total()} times"
    if report.unreadable:
        yield f"{report.unreadable} instants among the attributes could not be read, and count as absent"
    if cases.used and _strange(rules, cases):
        yield "no activity of the log is named by a constraint: these figures say nothing of the process"


def _table(rules: Rules, report: Report) -> Table:
    table = Table(title="constraints at the end of their cases", title_justify="left")
    table.add_column("constraint")
    for column in ("satisfied", "violated", "violations"):
        table.add_column(column, justify="right")
    for index, (constraint, name) in enumerate(zip(rules.constraints, rules.names, strict=True)):
        words = phrase(constraint) if name == constraint.text else f"{name}: {phrase(constraint)}"
        shown = escape(words if words.isprintable() else dumps(words))
        counts = report.cases - report.broke[index], report.broke[index], report.violations[index]
        table.add_row(shown, *map(str, counts))
    return table
