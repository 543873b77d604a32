"""Examines an installation: brokers, topics, rights, transactions, clocks, the group of workers, what was set aside.

Asks, and hands over what it found to be judged. Invariant: nothing is created, nothing of a worker is disturbed; all
that is written is one tombstone on the dead-letter topic, which says nothing and shows the broker's time.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from agents.broker_clock import TOLERANCE_MS, BrokerClock
from agents.cluster_view import view_cluster
from agents.connection import Connection
from agents.diagnosis import Diagnosis, attention, right, unknown, wrong
from agents.doctor_group import GroupView, Reach, judge_group, judge_lag, read_group
from agents.doctor_topics import NOT_ALLOWED, judge_topics
from agents.readiness import supports_transactions
from agents.retry import explain
from agents.source_groups import SourceGroup
from agents.topics import Found, TopicNames, find_topics, needed_topics
from agents.wall_clock import now_ms

CONNECT_S: Final = 15.0
ASK_S: Final = 15.0
POLL_MS: Final = 200
PAUSE_S: Final = 0.2
WATCH_S: Final = 7.0
"""Positions are noted every three seconds: in seven, one that is read has moved."""

MOST_RECORDS: Final = 10_000
PROBE_KEY: Final = b"doctor"


class Doctor:
    """Examines with clients of its own; `open` connects and `close` lets go."""

    def __init__(self, connection: Connection, names: TopicNames, groups: Sequence[SourceGroup]) -> None:
        self.connection, self.names, self.groups = connection, names, groups
        self.needed = needed_topics(names, groups)
        self.admin: AIOKafkaAdminClient = connection.admin()
        self.producer: AIOKafkaProducer = connection.producer()
        self.stable: AIOKafkaConsumer = connection.reader()
        self.raw: AIOKafkaConsumer = connection.reader(committed=False)
        self.found: dict[str, Found] = {}
        self.transactions = True
        self.coordinated = False

    async def open(self) -> None:
        """Connect; raises the brokers' errors if none of them can be reached."""
        async with asyncio.timeout(CONNECT_S):
            for client in (self.admin, self.producer, self.stable, self.raw):
                await client.start()

    async def close(self) -> None:
        """Disconnect, whatever was connected."""
        stopping = [self.admin.close(), *(each.stop() for each in (self.producer, self.stable, self.raw))]
        await asyncio.wait([asyncio.ensure_future(each) for each in stopping], timeout=2)

    async def examine(self) -> list[Diagnosis]:
        """Examine everything, in the order in which one thing rests on another; raises the brokers' errors if they go
        away meanwhile."""
        async with asyncio.timeout(ASK_S):
            view = await view_cluster(self.producer, [each.name for each in self.needed])
            readable = [name for name, topic in view.topics.items() if topic.error != NOT_ALLOWED]
            self.found = await find_topics(self.admin, readable)
        told = [right("brokers", ", ".join(sorted(view.brokers.values())), f"{len(view.brokers)} answer")]
        told += judge_topics(self.needed, self.found, view)
        told.append(await self._transactions())
        told.append(await self._clock())
        told += await self._group()
        told += await self._lag()
        told += [await self._letters(), await self._control()]
        return told

    async def _transactions(self) -> Diagnosis:
        brokers = self.connection.settings.brokers
        try:
            self.transactions = await supports_transactions(self.connection)
        except KafkaError as error:
            remedy = f"allow this user the transactional ids that begin with `{self.names.prefix}-`"
            return wrong("transactions", brokers, explain(error), remedy)
        if self.transactions:
            return right("transactions", brokers, "every commit is one transaction: exactly once")
        found = "the broker has none: state is exact, an alert may be repeated after a crash; one worker only"
        return attention("transactions", brokers, found, "use a broker with transactions in production")

    async def _clock(self) -> Diagnosis:
        """Compare this machine's clock with the broker's by the stamp of a record; the second answer is a quick one."""
        topic = self.names.dead_letters
        if topic not in self.found:
            return unknown("clocks", "this machine", "there is no topic yet whose stamps could tell")
        clock = BrokerClock(now_ms)
        try:
            async with asyncio.timeout(ASK_S):
                for _ in range(2):
                    sent_at = now_ms()
                    clock.measured(sent_at, await self.producer.send_and_wait(topic, None, PROBE_KEY))
        except KafkaError as error:
            return unknown("clocks", "this machine", explain(error), f"see that this user may write to {topic}")
        return self._told_of_clock(clock)

    def _told_of_clock(self, clock: BrokerClock) -> Diagnosis:
        if not clock.known or self.found[self.names.dead_letters].config.get("message.timestamp.type") == "CreateTime":
            return unknown("clocks", "this machine", "the broker stamps no records: its time is not known")
        if clock.complaint is not None:
            remedy = "set the clock, by NTP; workers with such a clock go on by the broker's time"
            return wrong("clocks", "this machine", clock.complaint, remedy)
        found = f"{clock.skew_ms / 1000:+.1f} s against the broker's; up to {TOLERANCE_MS // 1000} s are put right"
        return right("clocks", "this machine", found)

    async def _group(self) -> list[Diagnosis]:
        name = self.connection.settings.group
        if not self.transactions:
            return [unknown("group", name, "without transactions the one worker joins no group", "ask its /readyz")]
        try:
            async with asyncio.timeout(ASK_S):
                view = await self._described(name)
        except (KafkaError, TimeoutError) as error:
            return [unknown("group", name, explain(error), f"see that this user may describe the group {name}")]
        self.coordinated = True
        return judge_group(name, view, self.groups, {topic: each.partitions for topic, each in self.found.items()})

    async def _described(self, name: str) -> GroupView:
        while True:
            try:
                answers = await self.admin.describe_consumer_groups([name])
            except GroupCoordinatorNotAvailableError:
                await asyncio.sleep(PAUSE_S)  # the first question for a group makes a new cluster set up its groups
            else:
                return read_group(answers[0].to_object()["groups"][0])

    async def _lag(self) -> list[Diagnosis]:
        """Look twice where something waits: what waits and does not move is stuck."""
        if not self.coordinated:
            return []
        partitions = [
            TopicPartition(topic, p)
            for group in self.groups
            for topic in group.topics
            if topic in self.found
            for p in range(self.found[topic].partitions)
        ]
        if not partitions:
            return []
        reaches = await self._reaches(partitions, await self._noted(partitions))
        if not any(reach.waiting for reach in reaches.values()):
            return list(judge_lag(reaches, 0))
        await asyncio.sleep(WATCH_S)
        before = {each: reach.read_later for each, reach in reaches.items() if reach.read_later is not None}
        return list(judge_lag(await self._reaches(partitions, before), WATCH_S))

    async def _noted(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        group = self.connection.settings.group
        noted = await self.admin.list_consumer_group_offsets(group, partitions=list(partitions))
        return {partition: each.offset for partition, each in noted.items() if each.offset >= 0}

    async def _reaches(
        self, partitions: Sequence[TopicPartition], before: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Reach]:
        async with asyncio.timeout(ASK_S):
            firsts = await self.raw.beginning_offsets(partitions)
            now = await self._noted(partitions)
            stables, ends = await self.stable.end_offsets(partitions), await self.raw.end_offsets(partitions)
        return {p: Reach(firsts[p], stables[p], ends[p], before.get(p), now.get(p)) for p in partitions}

    async def _letters(self) -> Diagnosis:
        topic = self.names.dead_letters
        if topic not in self.found:
            return unknown("dead letters", topic, "there is no such topic yet")
        letters = [orjson.loads(value) for value in (await self._newest(topic)).values()]
        counts = Counter((each["process"] or "?", each["reason"]) for each in letters)
        if not counts:
            return right("dead letters", topic, "nothing was refused")
        told = ", ".join(f"{count} × {process}: {reason}" for (process, reason), count in counts.most_common(5))
        more = "" if len(counts) <= 5 else f", and {len(counts) - 5} reasons more"
        remedy = "`casewatch dead-letters` shows them, `--retry` feeds them in again"
        return attention("dead letters", topic, f"{told}{more}", remedy)

    async def _control(self) -> Diagnosis:
        """Count what tasks are told, by kind; an order to forget is taken away when every task has taken it."""
        topic = self.names.control
        if topic not in self.found:
            return unknown("control", topic, "there is no such topic yet")
        kinds = Counter(kind_of(key) for key in await self._newest(topic))
        told = ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items())) or "nothing"
        if kinds["forget"]:
            remedy = "start workers, and give `casewatch forget` again for these cases"
            return attention("control", topic, f"{told} stands; not every task has forgotten what it is to", remedy)
        return right("control", topic, f"{told} stands")

    async def _newest(self, topic: str) -> dict[bytes, bytes]:
        """Read the newest of a topic, by key; bounded, since a source that is all refused fills one."""
        newest: dict[bytes, bytes | None] = {}
        for partition in [TopicPartition(topic, p) for p in range(self.found[topic].partitions)]:
            async with asyncio.timeout(ASK_S):
                end = (await self.stable.end_offsets([partition]))[partition]
                first = (await self.stable.beginning_offsets([partition]))[partition]
                self.stable.assign([partition])
                self.stable.seek(partition, max(first, end - MOST_RECORDS))
                while await self.stable.position(partition) < end:
                    for record in (await self.stable.getmany(timeout_ms=POLL_MS)).get(partition, ()):
                        newest[record.key] = record.value
        return {key: value for key, value in newest.items() if value is not None}


def kind_of(key: bytes) -> str:
    """The kind of a control record, by its key; `unreadable` for one that is none."""
    try:
        return str(orjson.loads(key)[0])
    except (ValueError, TypeError, LookupError):
        return "unreadable"
