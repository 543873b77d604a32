"""`casewatch forget CASE`: a case and its alerts leave state and topics, and it is said what cannot be reached."""

import sys
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from agents.cli.exits import FOUND_WRONG, OUTSIDE_FAILED
from agents.cli.outside import run_outside
from agents.connection import Connection
from agents.forgetting import Forgetting, Forgotten
from agents.generations import present_names
from agents.logging_setup import set_up_logging
from agents.settings import read_settings
from agents.topics import TopicNames
from agents.wall_clock import as_text
from schemas.duration import DAY
from schemas.settings import LogLevel

LOG_KEPT_DAYS: Final = 90


def forget(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The id of the case, as its alerts have it.")],
    process: Annotated[str, typer.Option("--process", "-p", help="The process that it is a case of.")],
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the workers.")] = 30.0,
) -> None:
    """Remove a case and its alerts from state and topics, and say what cannot be reached.

    Workers have to be running: they remove what is theirs, and the command waits until every task has done so. Exit 1
    if nothing is known of the case, 3 if not every task answered in time; the order then stands until one does. An
    event of the case that comes later begins a fresh case: stop its source first.
    """
    settings = read_settings()
    set_up_logging(LogLevel.WARNING)
    done = run_outside(settings.brokers, _carried_out(Connection(settings), process, case, wait))
    if done is None:
        print(f"no task of {settings.prefix} has ever watched a process {process}", file=sys.stderr)
        raise typer.Exit(FOUND_WRONG)
    names = TopicNames(settings.prefix)
    for line in [*_reached(done, names), *_beyond(done, names, case)]:
        print(line)
    if not done.known:
        print(f"no task holds a case {case} of {process}, and no alert is on it", file=sys.stderr)
        raise typer.Exit(FOUND_WRONG)
    if done.waiting:
        raise typer.Exit(OUTSIDE_FAILED)


async def _carried_out(connection: Connection, process: str, case: str, wait_s: float) -> Forgotten | None:
    return await Forgetting(connection, await present_names(connection), process, case).carry_out(wait_s)


def _reached(done: Forgotten, names: TopicNames) -> Iterator[str]:
    if not done.known:
        return
    if done.waiting:
        behind = ", ".join(f"{each.topic}/{each.partition}" for each in done.waiting)
        yield f"ordered   {done.tasks} tasks have taken the order; not yet: {behind}"
        yield f"          it stands in {names.control}; start workers, and give this command again"
        return
    yield f"taken     by all {done.tasks} tasks of the process; the order itself has left {names.control}"
    for home in done.homes:
        yield f"removed   the case from {home.topic}/{home.partition}"
    if done.alerts:
        yield f"removed   {len(done.alerts)} alerts from {names.alerts}"


def _beyond(done: Forgotten, names: TopicNames, case: str) -> Iterator[str]:
    """What is not this command's to remove, or not at once."""
    for source in done.sources if done.known or done.logged or done.letters else ():
        yield f"remains   what {source} holds of {case}, and every copy of it: its owner's to remove"
    if done.logged:
        until = as_text(done.logged_at + LOG_KEPT_DAYS * DAY)[:10]
        yield f"remains   {done.logged} records on {names.alert_log}: gone by {until}, if it is kept as we make it"
    if done.letters:
        yield f"remains   {done.letters} dead letters that hold its name, on {names.dead_letters}: gone within 30 days"
    if done.known:
        yield "remains   what was sent on: notifications, logs of receivers, backups"
        yield "note      Kafka clears away what was removed as it compacts, within hours"
