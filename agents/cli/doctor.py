"""`casewatch doctor`: what is wrong with an installation, and what to do."""

import asyncio
import logging
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from agents.cli.exits import FOUND_WRONG, OUTSIDE_FAILED
from agents.cli.run import load_all
from agents.connection import Connection
from agents.diagnosis import Diagnosis, Verdict, as_json, worst, wrong
from agents.doctor import CONNECT_S, Doctor
from agents.generations import present_names
from agents.intake import with_intake
from agents.logging_setup import set_up_logging
from agents.retry import TRANSIENT, explain
from agents.scorekeeper import with_scorekeeper
from agents.settings import read_settings
from agents.source_groups import SourceGroup, group_sources
from schemas.problem import Problem, Refused
from schemas.settings import LogLevel, Settings


class Form(StrEnum):
    """How the findings are written."""

    TEXT = "text"
    JSON = "json"


def doctor(
    definitions: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DEFINITION…", help="Definition files; their sources and tasks are examined too."),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="text: a line a finding; json: one object.")] = Form.TEXT,
) -> None:
    """Examine brokers, topics, rights, transactions, clocks, workers, lag and dead letters: what is wrong, and the way
    out.

    Exit 1 if something is wrong, 3 if no broker can be reached. Nothing is changed; one empty record on the dead-letter
    topic shows the broker's time. Where records wait, it watches for seven seconds whether they are read.
    """
    settings = read_settings()
    set_up_logging(LogLevel.ERROR)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what went wrong is told here, once
    problems: list[Problem] = []
    watched = load_all(definitions or [], problems, b"")
    if problems:
        raise Refused(problems)
    try:
        findings = asyncio.run(_examine(settings, group_sources(watched)))
    except TRANSIENT as error:
        remedy = "see that the brokers run and can be reached from here, with the right CASEWATCH_SECURITY_… settings"
        _show([wrong("brokers", settings.brokers, explain(error), remedy)], form)
        raise typer.Exit(OUTSIDE_FAILED) from None
    _show(findings, form)
    if worst(findings) is Verdict.WRONG:
        raise typer.Exit(FOUND_WRONG)


async def _examine(settings: Settings, groups: Sequence[SourceGroup]) -> list[Diagnosis]:
    connection = Connection(settings)
    async with asyncio.timeout(CONNECT_S):
        names = await present_names(connection)
    examiner = Doctor(connection, names, with_scorekeeper(with_intake(groups, names), names))
    try:
        await examiner.open()
        return await examiner.examine()
    finally:
        await examiner.close()


def _show(findings: Sequence[Diagnosis], form: Form) -> None:
    if form is Form.JSON:
        print(orjson.dumps(as_json(findings), option=orjson.OPT_INDENT_2).decode())
        return
    for finding in findings:
        print(finding.line)
