"""`casewatch run DEFINITION…`: a worker against Kafka, until it is told to stop."""

import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from agents.definition_files import load_definition
from agents.logging_setup import set_up_logging
from agents.settings import read_settings
from agents.source_groups import Watched, group_sources
from schemas.definition import Definition
from schemas.problem import Problem, Refused
from stream.process import compile_process


def run(
    definitions: Annotated[list[Path], typer.Argument(metavar="DEFINITION…", help="Definition files (YAML).")],
) -> None:
    """Watch processes: read their events from Kafka, write alerts to Kafka, until SIGTERM or SIGINT.

    Settings come from the environment (`CASEWATCH_BROKERS`, …) or a file named by `CASEWATCH_SETTINGS`. `/metrics`,
    `/healthz` and `/readyz` are served on `CASEWATCH_HTTP`.
    """
    problems: list[Problem] = []
    settings = None
    try:
        settings = read_settings()
    except Refused as refused:
        problems.extend(refused.problems)
    watched = load_all(definitions, problems)
    if problems or settings is None:
        raise Refused(problems)
    groups = group_sources(watched)
    set_up_logging(settings.log)
    sys.argv[1:] = []  # Faust reads options of its own from there
    from agents.app import run_worker
    from agents.worker import Worker

    sys.exit(run_worker(Worker(settings, groups, version("casewatch"))))


def load_all(definitions: list[Path], problems: list[Problem]) -> list[Watched]:
    """Load and compile definition files; what is wrong in any of them is added to `problems`."""
    watched: list[Watched] = []
    for path in definitions:
        try:
            definition, model = load_definition(path)
            problems.extend(_only_for_history(str(path), definition))
            watched.append(Watched(definition, compile_process(definition, model), str(path)))
        except Refused as refused:
            problems.extend(refused.problems)
    return watched


def _only_for_history(file: str, definition: Definition) -> Iterator[Problem]:
    """What a definition may say for a backtest, and a worker cannot do."""
    if definition.case.ends == "last_event":
        right = "name the activities that end a case, or leave it out"
        yield Problem(file, 1, "case.ends", "`last_event` is for backtests only", right)
    if not definition.events.topics:
        right = "name the Kafka topics to read, like [crm.tickets]"
        yield Problem(file, 1, "events.topics", "without topics there is nothing to watch", right)
