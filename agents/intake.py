"""What a source that is not keyed by case needs: tasks that pass its records on by case, and tasks that read those.

An intake is a group of tasks like any other, over the same source topics; behind it each of its processes has a topic
of re-keyed records and a group that reads it. Invariant: what is passed on keeps its bytes and headers, and says where
it lay; one commit holds what was passed on and up to where.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from aiokafka import ConsumerRecord

from agents.codec import HEARTBEAT_HEADER, ORIGIN_HEADER, origin_header
from agents.journal import Rekeyed
from agents.source_groups import SourceGroup
from agents.topics import TopicNames
from stream.awake import Room
from stream.control import InForce
from stream.core import Core
from stream.effects import Heartbeat, PassedOn
from stream.inputs import Input, Origin
from stream.process import Process
from stream.rekeyed import RekeyedShard
from stream.rekeying import Rekeyer
from stream.shard import Older, Shard

NAME: Final = "intake"
_OWN_HEADERS: Final = (ORIGIN_HEADER, HEARTBEAT_HEADER)


def with_intake(groups: Iterable[SourceGroup], names: TopicNames) -> tuple[SourceGroup, ...]:
    """Put an intake before each group of sources that are not keyed by case, and a group behind it for each process."""
    found: list[SourceGroup] = []
    for group in groups:
        if all(process.definition.events.keyed_by_case for process in group.processes):
            found.append(group)
        else:
            found.extend(_around(group, names))
    return tuple(sorted(found, key=lambda group: group.name))


def _around(group: SourceGroup, names: TopicNames) -> Iterator[SourceGroup]:
    topics = [names.events(process.name) for process in group.processes]
    yield group._replace(name=f"{NAME}.{group.name}", rekeyed_to=tuple(topics))
    for process, topic in zip(group.processes, topics, strict=True):
        yield SourceGroup(topic, (topic,), (process,), ("earliest",), rekeyed_from=process.definition.events.topics)


class Common(NamedTuple):
    """What the tasks of a worker have in common: from when on live events are taken (ms), which versions there are
    beside those in force, and the room for unpacked cases."""

    earliest: int
    older: Older
    room: Room


def open_core(group: SourceGroup, partition: int, counts: Mapping[str, int], common: Common) -> Core:
    """Make the core of a task that watches cases, behind an intake or not; `counts`: how many partitions each topic
    has."""
    earliest = common.earliest
    if group.rekeyed_from:
        sources = [Input(topic, p) for topic in group.rekeyed_from for p in range(counts[topic])]
        [process], [topic] = group.processes, group.topics
        rekeyed = RekeyedShard(process, Input(topic, partition), sources, earliest=earliest)
        rekeyed.shard.knowing(common.older).sharing(common.room)
        return rekeyed
    return Shard(group.processes, task=partition, earliest=earliest).knowing(common.older).sharing(common.room)


def open_intake(group: SourceGroup, active: SourceGroup, partition: int, earliest: int, under: InForce) -> Rekeyer:
    """Make the core of an intake, by the versions in force: `active` is the group by them, `under` names them. Live
    events from before `earliest` (ms) are refused.

    A process that by its version reads other topics than by its file is passed on as the file says: which topics there
    are is known when a worker is started."""
    pairs = zip(group.processes, active.processes, strict=True)
    processes = [now if _topics(now) == _topics(own) else own for own, now in pairs]
    core = Rekeyer(processes, task=partition, earliest=earliest)
    core.under = under
    return core


def _topics(process: Process) -> tuple[str, ...]:
    return process.definition.events.topics


def passed_on(
    effects: Sequence[PassedOn | Heartbeat], raw: Iterable[tuple[Input, list[ConsumerRecord]]], group: SourceGroup
) -> list[Rekeyed]:
    """Give what an intake passes on its bytes: those of the records as they were read."""
    if not effects:
        return []
    topics = {process.name: topic for process, topic in zip(group.processes, group.rekeyed_to, strict=True)}
    records = {(source, record.offset): record for source, batch in raw for record in batch}
    return [_rekeyed(each, topics[each.process], records) for each in effects]


def _rekeyed(
    effect: PassedOn | Heartbeat, topic: str, records: Mapping[tuple[Input, int], ConsumerRecord]
) -> Rekeyed:
    if isinstance(effect, Heartbeat):
        return Rekeyed(topic, None, None, [(HEARTBEAT_HEADER, effect.body)])
    record = records[effect.input, effect.offset]
    origin = Origin(effect.input, effect.offset, record.timestamp)
    headers = [(name, value) for name, value in record.headers if name not in _OWN_HEADERS]
    return Rekeyed(topic, effect.case_id.encode(), record.value, [*headers, origin_header(origin)])
