"""What `casewatch conformance` says besides its rows: remarks on names, and a summary for a person.

Invariant: what is not certain is never said as if it were; sums take upper bounds where costs have them, and say so.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from json import dumps
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.conformance import Report
from agents.logs.cases import Cases
from stream.conformance.automaton import Automaton
from stream.conformance.judging import ATTEMPTS, Grade

_MOST_NAMES: Final = 10
_MOST_ROWS: Final = 15


def remarks(automaton: Automaton, cases: Cases, completed_only: bool) -> Iterator[str]:
    """What is to be said before anything is aligned: names that only one side knows, lifecycles that count."""
    yield from of_the_log(cases, completed_only)
    labels, seen = automaton.labels, set(cases.activities)
    if not seen:
        return
    if seen.isdisjoint(labels):
        step = min(labels, default="")
        remedy = f"say in a definition, under `model: activities:`, what `{min(seen)}` is called there"
        yield f"no activity of the log is a step of the model, so every event costs 1; {remedy} (a step: `{step}`)"
        return
    if strangers := seen - labels:
        yield f"not steps of the model, but activities of the log: {listed(strangers)}"
    if unseen := labels - seen:
        yield f"not activities of the log, but steps of the model: {listed(unseen)}"


def of_the_log(cases: Cases, completed_only: bool) -> Iterator[str]:
    """What is to be said of a log whatever it is held against."""
    if cases.other and not completed_only:
        events = f"{cases.other} events are not of lifecycle `complete`"
        yield f"{events}, and each counts as a step; --completed-only leaves them out"
    if cases.doubles:
        yield f"{cases.doubles} events have the id of an earlier one of their case, and are left out"


def listed(names: Collection[str]) -> str:
    """The first names in order, and how many more there are."""
    shown = ", ".join(map(quoted, sorted(names)[:_MOST_NAMES]))
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown


def quoted(name: str) -> str:
    """A name within a sentence; what a terminal might take for an order is spelled out."""
    return f"`{name}`" if name.isprintable() else dumps(name)


def print_summary(automaton: Automaton, cases: Cases, report: Report, console: Console) -> None:
    """Print how many cases fit, what they cost, how sure that is, and where costs arise."""
    activities = cases.activities
    lines = list(_lines(cases, report))
    if activities and automaton.labels.isdisjoint(activities):
        lines.append("no activity of the log is a step of the model: these figures say nothing of the process")
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    if report.raised or report.short:
        console.print(_where(automaton, activities, report))
    if len(report.raised) > _MOST_ROWS:
        console.print(f"… and {len(report.raised) - _MOST_ROWS} activities more", highlight=False)


def _lines(cases: Cases, report: Report) -> Iterator[str]:
    count, bounded = report.cases.total(), report.cases["bounded"]
    fit = f", {report.fitting} of them fit ({report.fitting / count:.1%})" if count else ""
    yield f"cases: {count}{fit}"
    yield counted_events(cases)
    if report.closed:
        some = f" of the {report.closed} that have one" if report.closed < count else ""
        yield f"cost: {'at most ' if bounded else ''}{report.cost}, {report.cost / report.closed:.2f} a case{some}"
    if report.fitness is not None:
        at_least = "at least " if bounded else ""
        yield f"fitness: {at_least}{report.fitness:.4f} (1 - cost / cost if no event matched any step)"
    yield f"certainty: {_graded(report.events, 'prefix costs')}; {_graded(report.cases, 'closing costs')}"
    if report.gave_up:
        yield f"after {ATTEMPTS} cases that were too uncertain to be exact at once, no more were looked at closely"


def counted_events(cases: Cases) -> str:
    """What became of the events of a log."""
    wrong = f"; {cases.problems} more problems in the log" if cases.problems else ""
    return f"events: {cases.used} used, {cases.skipped} skipped, {cases.refusals} refused{wrong}"


def _graded(grades: Counter[Grade], what: str) -> str:
    counts = ", ".join(f"{count} {grade}" for grade, count in sorted(grades.items()) if count and grade != "exact")
    return f"{grades['exact']} {what} exact" + (f", {counts}" if counts else "")


def _where(automaton: Automaton, activities: Counter[str], report: Report) -> Table:
    table = Table(title="where costs arise", title_justify="left")
    table.add_column("at")
    for column in ("events", "of them costly", "cost"):
        table.add_column(column, justify="right")
    table.add_column("")
    for activity, cost in sorted(report.raised_by.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_ROWS]:
        known = "" if activity in automaton.labels else "no step of the model"
        table.add_row(escape(activity), str(activities[activity]), str(report.raised[activity]), str(cost), known)
    if report.short:
        table.add_row("the end", str(report.closed), str(report.short), str(report.short_by), "steps missing")
    return table
