"""`casewatch backtest`: what a definition would have said of history.

Invariant: alerts go to the file that was asked for (`-`: standard output), the summary to standard output unless the
alerts do; everything else goes to standard error. Reading the logs and running the core are timed apart.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.table import Table

from agents.backtest import Alerts, Report, merged, prepared, run, strangers
from agents.cli.reading import instant_option, progress_shown, tell_problems
from agents.definition_files import load_definition
from agents.logs import Log, read_log
from schemas.definition import Definition
from stream.process import Process


def backtest(  # noqa: PLR0913 - each is an option of the command line
    logs: Annotated[list[Path], typer.Argument(metavar="LOG", help="Event logs: XES, CSV, JSON lines, plain or .gz.")],
    definition: Annotated[Path, typer.Option(help="The definition to try.")],
    alerts: Annotated[Path | None, typer.Option(help="Write alerts here, as JSON lines; `-`: standard output.")] = None,
    until: Annotated[str | None, typer.Option(help="Let time pass to this instant after the last event.")] = None,
    final: Annotated[bool, typer.Option("--final", help="One line per alert: its last state.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a log at its first bad line.")] = False,
) -> None:
    """Try a definition on history, by the same core as a worker's, events in order of time."""
    until_ms = instant_option("--until", until)
    defined, model = load_definition(definition)
    began = perf_counter()
    read = [_read(path, defined, strict) for path in logs]
    records = merged(read)
    parsing = perf_counter() - began
    process = prepared(defined, model, read[0])
    if remark := strangers(process, records):
        print(f"{definition}: {remark}", file=sys.stderr)
    with _opened(alerts) as out, progress_shown("backtest", len(records)) as progress:
        sink = Alerts(lambda body: _write(out, body), final=final)
        report = run(process, records, until_ms, sink, progress)
        found = sink.finish()
    _print(process, report, found, Console(stderr=str(alerts) == "-"))
    speed = report.events / report.seconds if report.seconds else 0
    print(f"read {len(records)} events in {parsing:.1f} s", file=sys.stderr)
    print(f"ran them in {report.seconds:.1f} s of one core: {speed:,.0f} events/s", file=sys.stderr)


def _read(path: Path, definition: Definition, strict: bool) -> Log:
    log = read_log(path, definition.events.mapping, strict)
    tell_problems(log)
    return log


@contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
    elif str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.flush()
    else:
        with path.open("wb") as file:
            yield file


def _write(out: BinaryIO | None, body: bytes) -> None:
    if out is not None:
        out.write(body + b"\n")


def _print(process: Process, report: Report, found: Counter[tuple[str, str, str]], console: Console) -> None:
    """The summary: alerts by rule and stage or deviation, and what became of them; then events by outcome."""
    table = Table(title=f"{process.name} {process.version}", title_justify="left")
    for column in ("rule", "says", "alerts", "open at the end", "resolved", "taken back"):
        table.add_column(column, justify="left" if column in ("rule", "says") else "right")
    for rule, says in sorted({(rule, says) for rule, says, _ in found}):
        states = {state: count for (r, s, state), count in found.items() if (r, s) == (rule, says)}
        closed = states.get("resolved", 0), states.get("retracted", 0)
        total = sum(states.values())
        table.add_row(rule, says, *(str(count) for count in (total, total - sum(closed), *closed)))
    console.print(table)
    outcomes: Counter[str] = Counter()
    for key, count in report.counts.items():
        if key[0] == "events" and key[3] != "clock_mark":
            outcomes[key[3]] += count
    events = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items()))
    console.print(f"events: {events or 'none'}; open cases at the end: {report.cases['open']}")
