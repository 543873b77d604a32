"""`casewatch dead-letters`: what was refused and why; feeds it in again."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from aiokafka import TopicPartition
from pydantic import ValidationError

from agents.cli.exits import FOUND_WRONG
from agents.cli.outside import run_outside
from agents.connection import Connection
from agents.logging_setup import set_up_logging
from agents.readiness import administration
from agents.retrying import Outcome, retry_all
from agents.settings import read_settings
from agents.topic_reader import read_topic
from agents.topics import TopicNames, find_topics
from schemas.dead_letter import DeadLetter
from schemas.settings import LogLevel


def dead_letters(
    reason: Annotated[str | None, typer.Option(help="Only what was refused for this reason.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Feed it in again, at its source.")] = False,
) -> None:
    """Show what was refused, by reason: JSON lines on a pipe, a list for people on a terminal.

    With `--retry` each record is written to its source topic and partition again, with its key and the header
    `casewatch-retry`, and its dead letter is taken away. What is refused again comes back as a new dead letter.
    """
    settings = read_settings()
    set_up_logging(LogLevel.WARNING)
    connection, topic = Connection(settings), TopicNames(settings.prefix).dead_letters
    letters = run_outside(settings.brokers, _read(connection, topic, reason)) or []
    if not retry:
        _show(letters)
        return
    outcomes = run_outside(settings.brokers, _retry(connection, letters, topic)) or []
    for letter, outcome in zip(letters, outcomes, strict=False):
        print(f"{letter.topic}/{letter.partition}/{letter.offset}: {outcome}")
    if any(outcome is not Outcome.FED_IN for outcome in outcomes):
        raise typer.Exit(FOUND_WRONG)


async def _read(connection: Connection, topic: str, reason: str | None) -> list[DeadLetter]:
    newest: dict[bytes, bytes] = {}
    async for record in read_topic(connection, topic):
        if record is None:
            continue
        newest.pop(record.key, None)
        if record.value is not None:
            newest[record.key] = record.value
    letters = [letter for value in newest.values() if (letter := _letter(value)) is not None]
    return sorted((each for each in letters if reason in (None, each.reason)), key=lambda each: each.reason)


def _letter(value: bytes) -> DeadLetter | None:
    try:
        return DeadLetter.model_validate_json(value)
    except ValidationError as error:
        print(f"a record of the dead-letter topic cannot be read: {error.error_count()} faults", file=sys.stderr)
        return None


async def _retry(connection: Connection, letters: Sequence[DeadLetter], topic: str) -> list[Outcome]:
    existing = await _partitions(connection, {letter.topic for letter in letters})
    return await retry_all(connection, letters, topic, existing)


async def _partitions(connection: Connection, topics: Iterable[str]) -> frozenset[TopicPartition]:
    async with administration(connection) as admin:
        found = await find_topics(admin, topics)
    return frozenset(TopicPartition(name, p) for name, each in found.items() for p in range(each.partitions))


def _show(letters: Sequence[DeadLetter]) -> None:
    if not sys.stdout.isatty():
        for letter in letters:
            print(letter.model_dump_json())
        return
    counts = Counter(letter.reason for letter in letters)
    for reason, count in counts.items():
        print(f"{reason}: {count}")
        for letter in letters:
            if letter.reason == reason:
                place = f"{letter.topic}/{letter.partition}/{letter.offset}"
                print(f"  {letter.noticed_at:%Y-%m-%d %H:%M:%S}  {place}  {letter.message.splitlines()[0]}")
    if not letters:
        print("nothing was refused", file=sys.stderr)
