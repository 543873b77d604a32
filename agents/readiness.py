"""What has to be true before a worker can begin: its topics are there and right, and it is known whether the broker has
transactions.

Invariant: what is wrong and cannot become right by waiting is refused at once; what only has to be waited for is said.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, KafkaTimeoutError, UnsupportedVersionError

from agents.connection import Connection
from agents.health import Health
from agents.retry import Notice, keep_trying
from agents.source_groups import SourceGroup
from agents.topics import Finding, Role, TopicNames, Verdict, create_topics, find_topics, judge, needed_topics
from schemas.problem import Problem, Refused
from schemas.settings import Transactions

_log = structlog.get_logger("casewatch.start")

LOOK_AGAIN_S: Final = 2.0


@asynccontextmanager
async def administration(connection: Connection) -> AsyncIterator[AIOKafkaAdminClient]:
    """Ask about topics inside; raises the broker's errors."""
    admin = connection.admin()
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def survey_topics(connection: Connection, names: TopicNames, groups: Sequence[SourceGroup]) -> list[Finding]:
    """Say of each topic that is needed whether it is there and right."""
    needed = needed_topics(names, groups)
    async with administration(connection) as admin:
        return judge(needed, await find_topics(admin, [each.name for each in needed]))


async def create_missing(connection: Connection, names: TopicNames, groups: Sequence[SourceGroup]) -> list[str]:
    """Create the topics of ours that are missing and can be made; those of a group wait for its sources."""
    needed = needed_topics(names, groups)
    async with administration(connection) as admin:
        found = await find_topics(admin, [each.name for each in needed])
        missing = [
            each
            for each in needed
            if each.name not in found and each.role is not Role.SOURCE and (each.beside is None or each.beside in found)
        ]
        return await create_topics(admin, missing, found, connection.settings.replication)


async def prepare_topics(
    connection: Connection, names: TopicNames, groups: Sequence[SourceGroup], health: Health
) -> dict[str, int]:
    """Create what is missing, wait for the sources; how many partitions each topic has. Raises `Refused` if a topic is
    wrong."""
    notice, brokers = Notice(), connection.settings.brokers
    while True:
        created = await keep_trying(
            "creating topics", brokers, lambda: create_missing(connection, names, groups), health
        )
        if created:
            _log.info("topics created", topics=created)
        findings = await keep_trying(
            "checking topics", brokers, lambda: survey_topics(connection, names, groups), health
        )
        _refuse_wrong(findings)
        missing = [finding.topic for finding in findings if finding.verdict is Verdict.MISSING]
        if not missing:
            health.clear("topics")
            return {finding.topic: finding.partitions or 0 for finding in findings}
        sources = [finding.topic for finding in findings if finding.role is Role.SOURCE and finding.topic in missing]
        awaited = ", ".join(sources or missing)
        health.block("topics", f"waiting for topics that do not exist: {awaited}")
        notice.say("waiting for topics that do not exist; create them, or start their producers", topics=awaited)
        await asyncio.sleep(LOOK_AGAIN_S if sources else 0.2)


def _refuse_wrong(findings: Sequence[Finding]) -> None:
    wrong = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    if wrong:
        raise Refused(_problem(finding) for finding in wrong)


def _problem(finding: Finding) -> Problem:
    wrong, _, right = finding.message.partition("; ")
    return Problem("kafka", 1, finding.topic, wrong, right or "put it right, or choose other topics")


async def supports_transactions(connection: Connection) -> bool:
    """Whether commits are transactions: as the settings say, or else as the broker answers to a probe."""
    chosen = connection.settings.transactions
    if chosen is not Transactions.AUTO:
        return chosen is Transactions.ON
    probe = connection.producer(f"{connection.settings.prefix}-{connection.settings.group}-probe")
    library = logging.getLogger("aiokafka.producer.sender")
    library.disabled = True  # a refusal is an answer here, and no error
    try:
        await asyncio.wait_for(probe.start(), 10)
    except TimeoutError as error:
        raise KafkaTimeoutError("the broker does not answer whether it has transactions") from error
    except KafkaError as error:
        if getattr(error, "retriable", False) or not _refused(error):
            raise
        _log.warning(
            "the broker has no transactions: state is exact, but after a crash an alert may be repeated under its id "
            "and revision; run one worker only"
        )
        return False
    finally:
        await probe.stop()
        library.disabled = False
    return True


def _refused(error: KafkaError) -> bool:
    return type(error).__name__ == "UnknownError" or isinstance(error, UnsupportedVersionError)
