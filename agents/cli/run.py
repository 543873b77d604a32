"""`casewatch run DEFINITION…`: a worker against Kafka, until it is told to stop."""

import secrets
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from agents.definition_book import DefinitionBook
from agents.definition_files import Folder, read_definition, read_text
from agents.definition_record import Written
from agents.logging_setup import set_up_logging
from agents.settings import read_settings
from agents.source_groups import Watched, group_sources
from schemas.definition import Definition
from schemas.problem import Problem, Refused
from stream.process import compile_process, needs_key


def run(
    definitions: Annotated[list[Path], typer.Argument(metavar="DEFINITION…", help="Definition files (YAML).")],
    activate: Annotated[
        bool, typer.Option(help="Put these definitions in force; else only where no other version is.")
    ] = True,
) -> None:
    """Watch processes: read their events from Kafka, write alerts to Kafka, until SIGTERM or SIGINT.

    Cases that are open stay on the version of the definition that they began on; see docs/definition-versions.md.
    Settings come from the environment (`CASEWATCH_BROKERS`, …) or a file named by `CASEWATCH_SETTINGS`. `/metrics`,
    `/healthz` and `/readyz` are served on `CASEWATCH_HTTP`.
    """
    problems: list[Problem] = []
    settings = None
    try:
        settings = read_settings()
    except Refused as refused:
        problems.extend(refused.problems)
    secret = settings.pseudonym_key if settings else None
    key = secret.get_secret_value().encode() if secret else b""
    watched = load_all(definitions, problems, key)
    if settings is not None and secret is None:
        problems.extend(problem for each in watched for problem in _no_key(each))
    if problems or settings is None:
        raise Refused(problems)
    groups = group_sources(watched)
    set_up_logging(settings.log)
    sys.argv[1:] = []  # Faust reads options of its own from there
    from agents.app import run_worker
    from agents.worker import Worker

    book = DefinitionBook(watched, key, activate)
    sys.exit(run_worker(Worker(settings, groups, version("casewatch"), book=book)))


def load_all(definitions: list[Path], problems: list[Problem], key: bytes) -> list[Watched]:
    """Load and compile definition files; what is wrong in any of them is added to `problems`.

    `key` is that of pseudonyms. Without one nobody is to be named: pseudonyms are of this run alone.
    """
    watched: list[Watched] = []
    for path in definitions:
        try:
            text, files = read_text(path), Folder(path.parent)
            definition, model = read_definition(str(path), text, files)
            problems.extend(_only_for_history(str(path), definition))
            process = compile_process(definition, model, key or secrets.token_bytes())
            watched.append(Watched(definition, process, str(path), Written(text, files.seen)))
        except Refused as refused:
            problems.extend(refused.problems)
    return watched


def _no_key(watched: Watched) -> Iterator[Problem]:
    """Rules on people need pseudonyms, and those a key that no restart changes."""
    if needs_key(watched.definition):
        wrong = f"it is not set, and rules of {watched.file} tell people apart by pseudonyms"
        right = "set it to a secret, the same on all workers"
        yield Problem("environment", 1, "CASEWATCH_PSEUDONYM_KEY", wrong, right)


def _only_for_history(file: str, definition: Definition) -> Iterator[Problem]:
    """What a definition may say for a backtest, and a worker cannot do."""
    if definition.case.ends == "last_event":
        right = "name the activities that end a case, or leave it out"
        yield Problem(file, 1, "case.ends", "`last_event` is for backtests only", right)
    if not definition.events.topics:
        right = "name the Kafka topics to read, like [crm.tickets]"
        yield Problem(file, 1, "events.topics", "without topics there is nothing to watch", right)
