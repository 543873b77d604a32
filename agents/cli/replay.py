"""`casewatch replay LOG --topic T`: feeds an event log into a topic, in order of time."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.admin import NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError, for_code

from agents import replaying
from agents.cli.outside import run_outside
from agents.cli.reading import instant_option, progress_shown, tell_problems
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
from schemas.settings import LogLevel


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
    shift: Annotated[
        Shift | None, typer.Option(help="`now`: move all times so that the log ends now, or with --speed begins now.")
    ] = None,
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
    until_ms = instant_option("--until", until)
    mapping = load_definition(definition)[0] if definition else None
    read = read_log(log, mapping.events.mapping if mapping else None, strict)
    tell_problems(log, read)
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
    try:
        order = order._replace(partitions=await partitions_of(connection, order.topic))
    except UnknownTopicOrPartitionError:
        remedy = "`--create-topic N` creates it with N partitions"
        raise UnknownTopicOrPartitionError(f"there is no topic {order.topic}; {remedy}") from None
    with progress_shown("replaying", len(read.records)) as progress:
        return await replaying.replay_log(connection, read.records, rewriter, order, progress)


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
