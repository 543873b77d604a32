"""A worker beside the installation, which reads history into fresh state under a prefix of its own.

It is a plain worker, with a group, readers' topics and transactional ids of its own, so that what it comes to is what a
fresh installation would come to; nobody reads what it says until that is compared. Invariant: it touches no topic of
the installation but to read its sources.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from aiokafka import TopicPartition

from agents.connection import Connection
from agents.definition_book import DefinitionBook
from agents.feed import Message
from agents.source_groups import SourceGroup, Watched, group_sources
from agents.tasks import Task
from agents.topics import TopicNames
from agents.worker import Worker
from schemas.settings import Settings, Transactions
from stream.inputs import Input

LOOK_EVERY_S: Final = 0.5
SETTLE_S: Final = 2.0
"""When all is read, time still has to pass to now."""

END_S: Final = 10.0
Tell = Callable[[str], None]


class Staging:
    """The worker that builds `names`, the generation to come; `tell` is told how far it is, in a sentence."""

    def __init__(self, settings: Settings, names: TopicNames, watched: Sequence[Watched], tell: Tell) -> None:
        own = {"prefix": names.inner, "group": names.inner, "instance": None, "transactions": Transactions.ON}
        self.settings = settings.model_copy(update=own)
        secret = settings.pseudonym_key
        book = DefinitionBook(watched, secret.get_secret_value().encode() if secret else b"")
        self.worker, self._tell = Worker(self.settings, group_sources(watched), "rebuild", book=book), tell
        self._turn = asyncio.Lock()
        self._job: asyncio.Task[None] | None = None
        self.worker.put = self._take

    async def _take(self, message: Message) -> None:
        async with self._turn:
            await self.worker.monitor.handle(message)

    async def start(self) -> None:
        """Begin; raises what keeps the worker from it."""
        self._job = asyncio.create_task(self.worker.run())
        await self._until(lambda: self.worker.health.says("start") is None and bool(self.worker.custody.running))

    async def _until(self, reached: Callable[[], bool]) -> None:
        assert self._job is not None, "it was not started"
        while not reached():
            await asyncio.wait({self._job}, timeout=LOOK_EVERY_S)
            if self._job.done():
                self._job.result()
                raise RuntimeError("the worker that builds the state has ended")

    async def catch_up(self) -> None:
        """Read everything that lies in the sources now, then what was passed on of it, then what is told of that."""
        for stage in self._stages():
            ends = await self._ends([group for group in self.worker.groups if group in stage])
            await self._until(lambda ends=ends: self._reached(ends))  # type: ignore[misc]  # bound, since it is a loop
        await asyncio.sleep(SETTLE_S)

    def _stages(self) -> list[list[SourceGroup]]:
        groups, partials = self.worker.groups, self.worker.names.partials
        behind = [group for group in groups if group.rekeyed_from]
        last = [group for group in groups if group.name == partials]
        first = [group for group in groups if group not in behind and group not in last]
        return [stage for stage in (first, behind, last) if stage]

    async def _ends(self, groups: Sequence[SourceGroup]) -> dict[Input, int]:
        restorer, counts = self.worker.custody.restorer, self.worker.partitions
        assert restorer is not None, "it was not started"
        places = [TopicPartition(topic, p) for group in groups for topic in group.topics for p in range(counts[topic])]
        return {Input(*place): end for place, end in (await restorer.stable_ends(places)).items()}

    def _reached(self, ends: dict[Input, int]) -> bool:
        positions: dict[Input, int] = {}
        for task in self.worker.custody.tasks.values():
            positions |= _committed(task)
        missing = sum(max(0, end - positions.get(place, 0)) for place, end in ends.items())
        self._tell(f"{missing} records to go")
        return all(positions.get(place, -1) >= end for place, end in ends.items())

    async def end(self) -> None:
        """Commit, disconnect, and let go of the worker."""
        if self._job is not None:
            await self.worker.stop()
            self._job.cancel()
            with suppress(asyncio.CancelledError):
                await self._job

    @property
    def connection(self) -> Connection:
        """The connection under the prefix of what is built."""
        return self.worker.connection


def _committed(task: Task) -> dict[Input, int]:
    """How far a task's inputs were read, as its journal has it."""
    return task.committed if task.running else {}
