"""`casewatch conformance`: how far the cases of a log are from a model, event by event and as a whole.

Invariant: rows go to the files that were asked for (`-`: standard output), the summary to standard output unless rows
do; everything else goes to standard error. A file that is read is never written.
"""

import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from agents.cli.columns import (
    ActivityOption,
    CaseOption,
    Columns,
    LifecycleOption,
    TimeFormatOption,
    TimestampOption,
    TimezoneOption,
)
from agents.cli.conformance_summary import print_summary, remarks
from agents.cli.exits import FOUND_WRONG
from agents.cli.reading import progress_shown, tell, tell_problems
from agents.cli.writing import check_writable, opened, writer
from agents.collector import collector_at_rest
from agents.conformance import Report, Tables, run
from agents.definition_files import load_definition
from agents.logs import read_log
from agents.logs.cases import Cases, Choice, cases_of
from agents.model_files import Reading, load_model
from schemas.definition import Definition, ModelReference
from schemas.mapping import Mapping
from schemas.problem import Fault
from stream.conformance.automaton import Automaton


class Read(NamedTuple):
    """A log as cases, and how long one core was busy with sorting it (s)."""

    cases: Cases
    seconds: float


def conformance(  # noqa: PLR0913 - each is an option of the command line
    log: Annotated[Path, typer.Argument(metavar="LOG", help="An event log: XES, CSV, JSON lines, plain or .gz.")],
    model: Annotated[Path | None, typer.Option(help="The model; without it, the definition's.")] = None,
    per_event: Annotated[Path | None, typer.Option(help="Write a row of CSV per event; `-`: standard output.")] = None,
    per_case: Annotated[Path | None, typer.Option(help="Write a row of CSV per case; `-`: standard output.")] = None,
    completed_only: Annotated[bool, typer.Option("--completed-only", help="Skip events not `complete`.")] = False,
    final: Annotated[list[str] | None, typer.Option(metavar="PLACE", help="A place with a token at the end.")] = None,
    ignore_guards: Annotated[bool, typer.Option("--ignore-guards", help="Read a data net without its guards.")] = False,
    process: Annotated[str | None, typer.Option(metavar="ID", help="Which process or net of a file is meant.")] = None,
    definition: Annotated[Path | None, typer.Option(help="Use the mapping and the names of a definition.")] = None,
    case: CaseOption = None,
    activity: ActivityOption = None,
    timestamp: TimestampOption = None,
    time_format: TimeFormatOption = None,
    timezone: TimezoneOption = None,
    lifecycle: LifecycleOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a log at its first bad line.")] = False,
) -> None:
    """Align every prefix and every case of a log with a model, events in order of time."""
    columns = Columns(case, activity, timestamp, time_format, timezone, lifecycle)
    mapping = columns.mapping()
    _check_outputs({"--per-event": per_event, "--per-case": per_case}, [log, model, definition])
    defined = _defined(definition, mapping)
    reference = defined.model if defined else None
    automaton = _automaton(model, definition, reference, Reading(tuple(final or ()), ignore_guards, process))
    choice = Choice(completed_only, reference.activities if reference else {}, strict)
    read = _read(log, defined.events.mapping if defined else mapping, columns, choice)
    tell(remarks(automaton, read.cases, completed_only), 0)
    report = _align(automaton, read.cases, per_event, per_case)
    print_summary(automaton, read.cases, report, Console(stderr="-" in (str(per_event), str(per_case))))
    _finish(read, report)


def _check_outputs(outputs: dict[str, Path | None], inputs: list[Path | None]) -> None:
    """Raise `Fault` where an output cannot be written, is read by this command, or is that of another option."""
    taken = [(path, "is read by this command") for path in inputs if path is not None]
    for option, path in outputs.items():
        check_writable(option, path)
        if path is None:
            continue
        for other, why in taken:
            if _same(path, other):
                raise Fault(f"{option}: `{path}` {why}", "name another file")
        taken.append((path, f"is already that of {option}"))


def _same(path: Path, other: Path) -> bool:
    """Whether two paths lead to one file, or both to standard output; a device may serve twice."""
    if "-" in (str(path), str(other)):
        return str(path) == str(other)
    if path.exists() and other.exists():
        return path.is_file() and path.samefile(other)
    return path.resolve() == other.resolve()


def _defined(path: Path | None, mapping: Mapping | None) -> Definition | None:
    if path is None:
        return None
    if mapping is not None:
        raise Fault("--definition: it has a mapping, and columns are named besides", "leave one out")
    return load_definition(path)[0]


def _automaton(
    path: Path | None, definition: Path | None, reference: ModelReference | None, told: Reading
) -> Automaton:
    """The automaton of the model named, or of a definition's as that wants it read; what was told goes first."""
    reading = told
    if path is None:
        if definition is None or reference is None:
            raise Fault("there is no model", "name one with --model, or a definition that has one")
        path = definition.parent / reference.file
        guards = told.ignore_guards or reference.ignore_guards
        reading = Reading(told.final or reference.final or (), guards, told.process or reference.process)
    net = load_model(path, reading)
    tell([f"{path}: {note}" for note in net.notes], 0)
    return Automaton(net, unobserved=frozenset(reference.unobserved if reference else ()))


def _read(path: Path, mapping: Mapping | None, columns: Columns, choice: Choice) -> Read:
    """Read a log into cases, and tell what is wrong in it; its records are forgotten, for they are large."""
    began = perf_counter()
    log = read_log(path, mapping, choice.strict)
    columns.check(path, log)
    tell_problems(log)
    print(f"read {len(log.records)} events in {perf_counter() - began:.1f} s", file=sys.stderr)
    busy = process_time()
    with collector_at_rest():
        cases = cases_of(log, choice)
    seconds = process_time() - busy
    tell(cases.refused, cases.refusals - len(cases.refused))
    return Read(cases, seconds)


def _align(automaton: Automaton, cases: Cases, per_event: Path | None, per_case: Path | None) -> Report:
    with (
        opened(per_event) as events,
        opened(per_case) as whole,
        progress_shown("conformance", cases.used) as progress,
    ):
        return run(automaton, cases, Tables(writer(events, per_event), writer(whole, per_case)), progress)


def _finish(read: Read, report: Report) -> None:
    """Say how fast it was; a log of which nothing could be read is a failure."""
    seconds, used = read.seconds + report.seconds, read.cases.used
    speed = used / seconds if seconds else 0
    print(f"aligned {used} events in {seconds:.1f} s of one core: {speed:,.0f} events/s", file=sys.stderr)
    if not read.cases.by_name and (read.cases.problems or read.cases.refusals):
        print("not one event could be read", file=sys.stderr)
        raise typer.Exit(FOUND_WRONG)
