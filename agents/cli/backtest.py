"""`casewatch backtest`: what a definition would have said of history.

Invariant: alerts and scorecards go to the files that were asked for (`-`: standard output), the summary to standard
output unless one of them does; everything else goes to standard error. Reading the logs and running the core are timed
apart.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.backtest import Alerts, Report, first_refusal, merged, misread, prepared, run, strangers
from agents.cli.card_table import print_cards
from agents.cli.exits import FOUND_WRONG
from agents.cli.reading import console, instant_option, progress_shown, read_by, tell, tell_problems
from agents.cli.writing import check_outputs, opened, writer
from agents.complaints import COUNTED, meaning
from agents.definition_files import load_definition
from agents.logs import Log, read_log
from schemas.definition import Definition
from schemas.problem import Refused
from stream.ledger.ledger import MOST_SEGMENTS
from stream.process import Process
from stream.shares import MOST_SHARES


def backtest(  # noqa: PLR0913 - each is an option of the command line
    logs: Annotated[list[Path], typer.Argument(metavar="LOG", help="Event logs: XES, CSV, JSON lines, plain or .gz.")],
    definition: Annotated[Path, typer.Option(help="The definition to try.")],
    alerts: Annotated[Path | None, typer.Option(help="Write alerts here, as JSON lines; `-`: standard output.")] = None,
    scorecards: Annotated[
        Path | None, typer.Option(help="Write the scorecards of the end here, as JSON lines; `-`: standard output.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Let time pass to this instant after the last event.")] = None,
    final: Annotated[bool, typer.Option("--final", help="One line per alert: its last state.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a log at its first bad line.")] = False,
) -> None:
    """Try a definition on history, by the same core as a worker's, events in order of time."""
    until_ms = instant_option("--until", until)
    outputs = {"--alerts": alerts, "--scorecards": scorecards}
    check_outputs(outputs, [*logs, definition])
    defined, model = load_definition(definition)
    check_outputs(outputs, read_by(definition, defined.model))
    began = perf_counter()
    read = [_read(path, defined, strict) for path in logs]
    records = merged(read)
    parsing = perf_counter() - began
    process = prepared(defined, model, read[0])
    if strict and (bad := first_refusal(process, records)):
        raise Refused([bad])
    if remark := strangers(process, records):
        print(f"{definition}: {remark}", file=sys.stderr)
    with opened(scorecards) as cards, opened(alerts) as out, progress_shown("backtest", len(records)) as progress:
        write = writer(out, alerts)
        sink = Alerts(lambda body: _write(write, body), final=final)
        report = run(process, records, until_ms, sink, progress)
        found = sink.finish()
        for card in report.scorecards:
            _write(writer(cards, scorecards), card.model_dump_json(by_alias=True).encode())
    tell(report.refused, report.refusals - len(report.refused))
    if unread := report.outcomes()["bad_attribute"]:
        places = misread(process, records)
        tell(places, unread - len(places))
    _print(process, report, found, console(stderr="-" in map(str, outputs.values())), written=bool(scorecards))
    print(f"read {len(records)} events in {parsing:.1f} s", file=sys.stderr)
    print(f"ran them in {report.seconds:.1f} s of one core: {report.speed:,.0f} events/s", file=sys.stderr)
    if _nothing_read(read, report):
        print("not one event could be read", file=sys.stderr)
        raise typer.Exit(FOUND_WRONG)


def _read(path: Path, definition: Definition, strict: bool) -> Log:
    log = read_log(path, definition.events.mapping, strict)
    tell_problems(path, log)
    return log


def _nothing_read(logs: Sequence[Log], report: Report) -> bool:
    """Whether there was something to read, and all of it was refused; an empty log is no failure."""
    outcomes = report.outcomes()
    bad = outcomes["refused"] or sum(log.problem_count for log in logs)
    return bool(bad) and outcomes.total() == outcomes["refused"]


def _write(write: Callable[[bytes], None] | None, body: bytes) -> None:
    if write is not None:
        write(body + b"\n")


def _print(
    process: Process, report: Report, found: Counter[tuple[str, str, str]], out: Console, *, written: bool
) -> None:
    """The summary: alerts by rule and stage or deviation, and what became of them; scorecards, whether they were
    `written` or not; events by outcome."""
    table = Table(title=escape(f"{process.name} {process.version}"), title_justify="left")
    for column in ("rule", "says", "alerts", "open at the end", "resolved", "taken back"):
        table.add_column(column, justify="left" if column in ("rule", "says") else "right")
    for rule, says in sorted({(rule, says) for rule, says, _ in found}):
        states = {state: count for (r, s, state), count in found.items() if (r, s) == (rule, says)}
        closed = states.get("resolved", 0), states.get("retracted", 0)
        total = sum(states.values())
        table.add_row(escape(rule), escape(says), *(str(count) for count in (total, total - sum(closed), *closed)))
    out.print(table)
    print_cards(report.scorecards, out, written=written)
    outcomes = report.outcomes()
    unjudged = outcomes.pop("unjudged", 0)
    events = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items()))
    out.print(f"events: {events or 'none'}; open cases at the end: {report.cases['open']}")
    for remark in (*_unanswered(report.counts), *_beyond(report.counts), *_troubles(report.counts)):
        out.print(escape(remark))
    if unjudged:
        out.print(f"not judged by rules on people: {unjudged} events, which do not carry what a rule asks for")


def _unanswered(counts: Counter[tuple[str, ...]]) -> Iterator[str]:
    """How often cases ended while a service level still waited, in time, for its answer: no alert tells of that."""
    for rule, count in sorted((key[-1], count) for key, count in counts.items() if key[0] == "unanswered"):
        yield f"{rule}: never answered, since the case ended first ({'once' if count == 1 else f'{count:,} times'})"


def _beyond(counts: Counter[tuple[str, ...]]) -> Iterator[str]:
    """What there were too many segments for."""
    uncarded = sum(count for key, count in counts.items() if key[0] == "scorecards" and key[-1] == "left_out")
    if uncarded:
        yield f"not on the card of their segment: {uncarded} cases, beyond {MOST_SHARES:,} segments"
    if counts["partials", "unknown"]:
        yield f"not judged: objectives and rates of segments beyond {MOST_SEGMENTS:,}"


def _troubles(counts: Counter[tuple[str, ...]]) -> Iterator[str]:
    """What went wrong in rules while they ran, each reason once for each rule: it makes no alerts, so it is said."""
    for key, count in sorted((key, count) for key, count in counts.items() if key[0] == COUNTED):
        _, _, rule, reason = key
        yield f"{rule}: {meaning(reason)} ({'once' if count == 1 else f'{count:,} times'})"
