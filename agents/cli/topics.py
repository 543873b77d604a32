"""`casewatch topics`: which topics Casewatch needs, and whether they are right."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from agents.cli.exits import FOUND_WRONG, OUTSIDE_FAILED
from agents.cli.run import load_all
from agents.connection import Connection
from agents.generations import present_names
from agents.intake import with_intake
from agents.logging_setup import set_up_logging
from agents.readiness import create_missing, survey_topics
from agents.retry import TRANSIENT, explain
from agents.scorekeeper import with_scorekeeper
from agents.settings import read_settings
from agents.source_groups import SourceGroup, group_sources
from agents.topics import Finding, Verdict
from schemas.problem import Problem, Refused

TIMEOUT_S: Final = 30.0


def topics(
    definitions: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DEFINITION…", help="Definition files; their sources are checked too."),
    ] = None,
    create: Annotated[bool, typer.Option("--create", help="Create those of Casewatch's own that are missing.")] = False,
) -> None:
    """Show the topics that Casewatch needs, and whether they are right; exit 1 if one is missing or wrong.

    Source topics are their producers' to create; state topics come into being once their sources are there.
    """
    settings = read_settings()
    set_up_logging(settings.log)
    problems: list[Problem] = []
    watched = load_all(definitions or [], problems, b"")
    if problems:
        raise Refused(problems)
    groups = group_sources(watched)
    try:
        findings = asyncio.run(_look(Connection(settings), groups, create))
    except TRANSIENT as error:
        print(f"{settings.brokers}: {explain(error)}; see that the brokers run and can be reached", file=sys.stderr)
        raise typer.Exit(OUTSIDE_FAILED) from None
    for finding in findings:
        print(_line(finding))
    if any(finding.verdict is not Verdict.RIGHT for finding in findings):
        raise typer.Exit(FOUND_WRONG)


async def _look(connection: Connection, sources: Sequence[SourceGroup], create: bool) -> list[Finding]:
    async with asyncio.timeout(TIMEOUT_S):
        names = await present_names(connection)
        groups = with_scorekeeper(with_intake(sources, names), names)
        created = await create_missing(connection, names, groups) if create else []
        for topic in created:
            print(f"created {topic}", file=sys.stderr)
        findings = await survey_topics(connection, names, groups)
        while any(each.verdict is Verdict.MISSING and each.topic in created for each in findings):
            await asyncio.sleep(0.1)  # a new topic takes a moment to show
            findings = await survey_topics(connection, names, groups)
        return findings


def _line(finding: Finding) -> str:
    partitions = "-" if finding.partitions is None else str(finding.partitions)
    told = f"  {finding.message}" if finding.message else ""
    return f"{finding.verdict:8} {finding.role:12} {partitions:>4}  {finding.topic}{told}"
