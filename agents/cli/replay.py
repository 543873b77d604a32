"""`casewatch replay LOG --topic T`: feeds an event log into a topic, in order of time."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from aiokafka.admin import NewTopic
from aiokafka.errors import for_code
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents import replaying
from agents.cli.outside import run_outside
from agents.connection import Connection
from agents.definition_files import load_definition
from agents.logging_setup import set_up_logging
from agents.logs import Log, read_log
from agents.readiness import administration
from agents.rewriting import Rewriter
from agents.settings import read_settings
from agents.topic_reader import partitions_of
from agents.topics import ALREADY_EXISTS
from agents.wall_clock import as_text, now_ms
from schemas.definition import Definition
from schemas.problem import Fault
from schemas.settings import LogLevel

LINES: Final = 20


class Shift(StrEnum):
    """To where the times of a log may be moved."""

    NOW = "now"


def replay(  # noqa: PLR0913 - each is an option of the command line
    log: Annotated[Path, typer.Argument(metavar="LOG", help="An event log: XES, CSV or JSON lines, plain or .gz.")],
    topic: Annotated[str, typer.Option(help="The topic to write to.")],
    speed: Annotated[float, typer.Option(min=0, help="Times real time; 0: as fast as can be.")] = 0,
    definition: Annotated[
        Path | None, typer.Option(help="Whose mapping reads the log, and whose records to write.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Let time pass to this instant (ISO 8601) after the last event.")
    ] = None,
    shift: Annotated[Shift | None, typer.Option(help="`now`: move all times; see above.")] = None,
    create_topic: Annotated[
        int | None, typer.Option(min=1, metavar="PARTITIONS", help="Create the topic first.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the log at its first bad line.")] = False,
) -> None:
    """Feed a log into a topic, marked as a replay, and end with a clock mark.

    Records are JSON: as the definition's mapping reads them, without one flat with the log's own names. `--shift now`
    moves the last event to now; with `--speed`, the first. `--until` is not moved.
    """
    settings = read_settings()
    set_up_logging(LogLevel.WARNING)
    until_ms = _instant(until)
    mapping = load_definition(definition)[0] if definition else None
    read = read_log(log, mapping.events.mapping if mapping else None, strict)
    _tell(read)
    shift_ms = _shift(read, speed) if shift else 0
    run = f"{log.name}@{as_text(now_ms())}"
    connection, rewriter = Connection(settings), _rewriter(read, mapping, shift_ms)

    order = replaying.Replay(run, topic, (), speed, shift_ms, until_ms)
    count = run_outside(settings.brokers, _write(connection, read, rewriter, order, create_topic))
    if count is not None:
        print(f"{log}: {count} events written to {topic}, run {run}", file=sys.stderr)


async def _write(
    connection: Connection, read: Log, rewriter: Rewriter, order: replaying.Replay, create_topic: int | None
) -> int:
    if create_topic:
        await _create(connection, order.topic, create_topic)
    order = order._replace(partitions=await partitions_of(connection, order.topic))
    with _progress(len(read.records)) as progress:
        return await replaying.replay_log(connection, read.records, rewriter, order, progress)


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Fault(f"--until: `{text}` is no instant", "write it like 2026-01-31T00:00Z") from None
    if instant.tzinfo is None:
        raise Fault(f"--until: `{text}` has no time zone", f"write an offset, like {text}Z where it is UTC")
    return round(instant.timestamp() * 1000)


def _tell(read: Log) -> None:
    for line in (*read.problems, *read.notes):
        print(line, file=sys.stderr)
    if read.problem_count > len(read.problems):
        print(f"… and {read.problem_count - len(read.problems)} problems more", file=sys.stderr)


def _shift(read: Log, speed: float) -> int:
    times = [record.timestamp_ms for record in read.records if record.timestamp_ms is not None]
    return now_ms() - (times[0] if speed else times[-1]) if times else 0


def _rewriter(read: Log, definition: Definition | None, shift_ms: int) -> Rewriter:
    return Rewriter(read.mapping, definition.events.mapping if definition else None, shift_ms)


async def _create(connection: Connection, topic: str, partitions: int) -> None:
    async with administration(connection) as admin:
        copies = connection.settings.replication or min(3, len((await admin.describe_cluster())["brokers"]))
        response = await admin.create_topics([NewTopic(topic, partitions, copies)])
        for name, code, message in response.topic_errors:
            if code not in (0, ALREADY_EXISTS):
                raise for_code(code)(f"{name}: {message}")


@contextmanager
def _progress(total: int) -> Iterator[replaying.Progress]:
    """A bar on a terminal; elsewhere a line for each twentieth."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(total)
        return
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as shown:
        job = shown.add_task("replaying", total=total)
        yield lambda done: shown.update(job, completed=done)


def _lines(total: int) -> replaying.Progress:
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        share = done * LINES // max(total, 1)
        if share > told:
            told = share
            print(f"{done} of {total} events written", file=sys.stderr)

    return tell
