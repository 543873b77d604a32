"""Publishes this worker's definitions, puts them in force, and reads what others have published.

A version is published before it is used or activated, so whoever meets its name, in the state or among orders, finds it
here. Whoever is started last decides which version is in force. Invariant: what is published is never changed, since
its name is its content; a worker that is started again with the same files writes nothing.
"""

from collections.abc import Iterable

import structlog

from agents.connection import Connection
from agents.control_reader import ControlReader
from agents.definition_book import DefinitionBook, Own, Record
from agents.definition_record import LARGEST
from agents.source_groups import SourceGroup
from agents.topic_reader import read_topic
from agents.topics import TopicNames
from schemas.problem import Problem, Refused
from stream.control import ControlRecord, InForce, active_of

_log = structlog.get_logger("casewatch.definitions")


class DefinitionTopic:
    """The definitions topic as one worker sees it; `book` takes up what is there."""

    def __init__(self, connection: Connection, names: TopicNames, book: DefinitionBook) -> None:
        self.book, self._connection, self._names = book, connection, names

    async def prepare(self, control: ControlReader, at: int) -> None:
        """Publish, read what there is of orders and versions, and put this worker's own versions in force, as of `at`
        (ms); raises the broker's errors, and `Refused` for what is too large."""
        await self.refresh()
        await self._publish()
        await control.catch_up()
        orders = self.book.orders(active_of(control.latest), at)
        await self._write(self._names.control, orders)
        if orders:
            await control.read_to_end()

    async def refresh(self) -> None:
        """Read what is published."""
        if self.book.own:
            async for record in read_topic(self._connection, self._names.definitions):
                if record is not None:
                    self.book.put(record.key, record.value)

    async def complete(self, records: Iterable[ControlRecord]) -> None:
        """See that every version that orders name has been read, before anything is handed on; raises the broker's
        errors."""
        if not all(self.book.knows(*named) for named in active_of(records).items()):
            await self.refresh()

    def in_force(
        self, groups: Iterable[SourceGroup], control: ControlReader
    ) -> tuple[list[SourceGroup], InForce]:
        """The groups, with each process as the version says that is in force, and which those were to be."""
        active = active_of(control.latest)
        found = [
            group._replace(processes=tuple(self.book.in_force(process, active) for process in group.processes))
            for group in groups
        ]
        own = {process.name: process.identity for group in found for process in group.processes}
        return found, InForce({name: active.get(name, identity) for name, identity in own.items()})

    async def _publish(self) -> None:
        new = self.book.unpublished()
        if too_large := [own for own in new if len(own.record) > LARGEST]:
            raise Refused(map(_too_large, too_large))
        await self._write(self._names.definitions, [(own.key, own.record) for own in new])
        for own in new:
            self.book.put(own.key, own.record)
            _log.info("definition published", **own.named())

    async def _write(self, topic: str, records: Iterable[Record]) -> None:
        records = list(records)
        if not records:
            return
        producer = self._connection.producer()
        await producer.start()
        try:
            for key, value in records:
                await producer.send_and_wait(topic, value, key, partition=0)
        finally:
            await producer.stop()


def _too_large(own: Own) -> Problem:
    wrong = f"with its model it is {len(own.record) >> 20} MiB as it is published, and {LARGEST >> 20} MiB is the most"
    return Problem(own.file, 1, "file", wrong, "take out of the model what is not about its steps")
