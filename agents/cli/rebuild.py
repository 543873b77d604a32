"""`casewatch rebuild DEFINITION…`: fresh state from history beside the old, swapped in."""

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from agents.cli.exits import FOUND_WRONG, OUTSIDE_FAILED
from agents.cli.outside import run_outside
from agents.cli.run import load_all
from agents.connection import Connection
from agents.generations import present_names, topics_of
from agents.intake import with_intake
from agents.logging_setup import set_up_logging
from agents.readiness import supports_transactions
from agents.rebuilding import Rebuilding, Rebuilt
from agents.scorekeeper import with_scorekeeper
from agents.settings import read_settings
from agents.source_groups import SourceGroup, Watched, group_sources
from agents.topics import TopicNames
from schemas.problem import Problem, Refused
from schemas.settings import LogLevel
from stream.process import needs_key


def rebuild(
    definitions: Annotated[list[Path], typer.Argument(metavar="DEFINITION…", help="Everything that is watched.")],
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until the workers are stopped.")] = 600.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from what an earlier try has built.")] = False,
) -> None:
    """Build the state anew from the history that the sources still hold, and put it in force.

    For a changed partition count, state that cannot be read, or a definition that is to hold from the beginning. The
    workers may go on while history is read; when it says so, stop them, and start them again when it is done. Alerts
    keep their ids: what is the same is not told again, what is no longer true is taken back. Exit 3 if the workers were
    not stopped in time; with `--resume` it goes on from there.
    """
    settings = read_settings()
    set_up_logging(LogLevel.WARNING)
    problems: list[Problem] = []
    secret = settings.pseudonym_key
    watched = load_all(definitions, problems, secret.get_secret_value().encode() if secret else secrets.token_bytes())
    if secret is None and any(needs_key(each.definition) for each in watched):
        wrong = "it is not set, and rules tell people apart by pseudonyms"
        problems.append(Problem("environment", 1, "CASEWATCH_PSEUDONYM_KEY", wrong, "set it as the workers have it"))
    if problems:
        raise Refused(problems)
    done = run_outside(settings.brokers, _carried_out(Connection(settings), watched, wait, resume))
    if done is None or done.generation is None:
        print("the workers were not stopped; nothing has changed: stop them and add --resume", file=sys.stderr)
        raise typer.Exit(OUTSIDE_FAILED)
    for kind, count in done.counts.items():
        print(f"{kind:10} {count}")
    print(f"generation {done.generation} is in force: start the workers", file=sys.stderr)


async def _carried_out(connection: Connection, watched: list[Watched], wait_s: float, resume: bool) -> Rebuilt:
    if not await supports_transactions(connection):
        print("the broker has no transactions: stop the worker, and begin anew under another prefix", file=sys.stderr)
        raise typer.Exit(FOUND_WRONG)
    present = await present_names(connection)
    await _refuse_others(connection, present, group_sources(watched))
    return await Rebuilding(connection, present, watched, _Progress()).carry_out(wait_s, resume)


async def _refuse_others(connection: Connection, present: TopicNames, groups: tuple[SourceGroup, ...]) -> None:
    """What is not rebuilt would be lost: raises `Refused` where the installation has state of other sources."""
    laid_out = with_scorekeeper(with_intake(groups, present), present)
    ours = {present.state(group.name) for group in laid_out} | {present.state(present.partials)}
    states = [topic for topic in await topics_of(connection, present) if topic.startswith(present.state(""))]
    wrong = "it is state of a source that none of these definitions reads, and would be lost"
    right = "name all definitions of the installation, or delete this topic"
    problems = [Problem("kafka", 1, topic, wrong, right) for topic in states if topic not in ours]
    if problems:
        raise Refused(problems)


class _Progress:
    """Tells how far it is, a line when that has changed."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, text: str) -> None:
        if text != self._last:
            self._last = text
            print(text, file=sys.stderr, flush=True)
