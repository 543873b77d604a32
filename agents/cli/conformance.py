"""`casewatch conformance`: how far the cases of a log are from a model, event by event and as a whole.

Invariant: rows go to the files that were asked for (`-`: standard output), the summary to standard output unless rows
do; everything else goes to standard error. A file that is read is never written.
"""

import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, NamedTuple

import typer

from agents.cli.columns import (
    ActivityOption,
    CaseOption,
    Columns,
    LifecycleOption,
    TimeFormatOption,
    TimestampOption,
    TimezoneOption,
)
from agents.cli.exits import FOUND_WRONG
from agents.cli.reading import console, progress_shown, read_by, tell, tell_problems
from agents.cli.writing import check_outputs, opened, writer
from agents.cli.yardstick import Outcome, Yardstick, yardstick
from agents.collector import collector_at_rest
from agents.conformance import Tables
from agents.definition_files import load_definition
from agents.logs import read_log
from agents.logs.cases import Cases, Choice, cases_of
from agents.model_files import Reading
from schemas.definition import Definition
from schemas.mapping import Mapping
from schemas.problem import Fault


class Read(NamedTuple):
    """A log as cases, the mapping that reads it, and how long one core was busy with sorting it (s)."""

    cases: Cases
    names: Mapping | None
    seconds: float


def conformance(  # noqa: PLR0913 - each is an option of the command line
    log: Annotated[Path, typer.Argument(metavar="LOG", help="An event log: XES, CSV, JSON lines, plain or .gz.")],
    model: Annotated[Path | None, typer.Option(help="A net or a .decl file; else the definition's.")] = None,
    per_event: Annotated[Path | None, typer.Option(help="Write CSV, a row per event; `-`: to standard output.")] = None,
    per_case: Annotated[Path | None, typer.Option(help="Write CSV, a row per case; `-`: to standard output.")] = None,
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
    """Align every prefix and every case of a log with a net, or judge them by constraints, events in order of time.

    By constraints, there is a row for each event (or case) and constraint.
    """
    columns = Columns(case, activity, timestamp, time_format, timezone, lifecycle)
    mapping = columns.mapping()
    outputs = {"--per-event": per_event, "--per-case": per_case}
    check_outputs(outputs, [log, model, definition])
    defined = _defined(definition, mapping)
    check_outputs(outputs, read_by(definition, defined.model if defined else None))
    against = yardstick(model, definition, defined, Reading(tuple(final or ()), ignore_guards, process))
    choice = Choice(completed_only, against.rename, strict, against.records)
    read = _read(log, defined.events.mapping if defined else mapping, columns, choice)
    tell(against.remarks(read.cases, read.names, completed_only), 0)
    outcome = _judge(against, read, per_event, per_case)
    outcome.print_summary(console(stderr="-" in (str(per_event), str(per_case))))
    _finish(read, outcome)


def _defined(path: Path | None, mapping: Mapping | None) -> Definition | None:
    if path is None:
        return None
    if mapping is not None:
        raise Fault("--definition: it has a mapping, and columns are named besides", "leave one out")
    return load_definition(path)[0]


def _read(path: Path, mapping: Mapping | None, columns: Columns, choice: Choice) -> Read:
    """Read a log into cases, and tell what is wrong in it; its records are forgotten, for they are large, unless the
    choice keeps them."""
    began = perf_counter()
    log = read_log(path, mapping, choice.strict)
    columns.check(path, log)
    tell_problems(path, log)
    print(f"read {len(log.records)} events in {perf_counter() - began:.1f} s", file=sys.stderr)
    busy = process_time()
    with collector_at_rest():
        cases = cases_of(log, choice)
    seconds = process_time() - busy
    tell(cases.refused, cases.refusals - len(cases.refused))
    return Read(cases, log.mapping, seconds)


def _judge(against: Yardstick, read: Read, per_event: Path | None, per_case: Path | None) -> Outcome:
    cases = read.cases
    with (
        opened(per_event) as events,
        opened(per_case) as whole,
        progress_shown("conformance", cases.used) as progress,
    ):
        return against.judge(cases, read.names, Tables(writer(events, per_event), writer(whole, per_case)), progress)


def _finish(read: Read, outcome: Outcome) -> None:
    """Say how fast it was; a log of which nothing could be read is a failure."""
    seconds, used = read.seconds + outcome.seconds, read.cases.used
    speed = used / seconds if seconds else 0
    print(f"{outcome.did} {used} events in {seconds:.1f} s of one core: {speed:,.0f} events/s", file=sys.stderr)
    if not read.cases.by_name and (read.cases.problems or read.cases.refusals):
        print("not one event could be read", file=sys.stderr)
        raise typer.Exit(FOUND_WRONG)
