"""Which topics are read together: definitions that share a topic form one source group, with one task a partition.

Invariant: the groups and their names depend on the definitions alone, not on the order in which they were named, so
that every worker of an installation computes the same ones."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from agents.definition_record import Written
from schemas.definition import Definition
from schemas.problem import Problem, Refused
from stream.inputs import Input
from stream.process import Process

StartAt = str | datetime


class Watched(NamedTuple):
    """A definition together with what it compiles to, the file it came from, and what is written there and beside."""

    definition: Definition
    process: Process
    file: str = "definition"
    written: Written | None = None


class TaskId(NamedTuple):
    """Partition `partition` of every topic of the group `group`: what one shard, one producer and one transactional id
    belong to."""

    group: str
    partition: int

    def __str__(self) -> str:
        return f"{self.group}/{self.partition}"


class SourceGroup(NamedTuple):
    """Topics that are read together; named after the first topic of its first process.

    `rekeyed_to`: where an intake passes the records of each process on; `rekeyed_from`: the sources of the records that
    it passed on. Both are empty where records are keyed by case.
    """

    name: str
    topics: tuple[str, ...]
    processes: tuple[Process, ...]
    start_at: tuple[StartAt, ...]
    rekeyed_to: tuple[str, ...] = ()
    rekeyed_from: tuple[str, ...] = ()

    def inputs(self, partition: int) -> list[Input]:
        """Name the inputs of the task of `partition`."""
        return [Input(topic, partition) for topic in self.topics]

    def start_of(self, topic: str) -> StartAt:
        """Say where a new installation begins to read `topic`."""
        return self.start_at[self.topics.index(topic)]


def group_sources(watched: Iterable[Watched]) -> tuple[SourceGroup, ...]:
    """Gather definitions that share topics; raises `Refused` where two of a group say otherwise where to begin, or two
    have one name."""
    ordered = sorted(watched, key=lambda each: each.definition.process)
    _refuse_disagreement(ordered)
    groups: list[list[Watched]] = []
    for each in ordered:
        topics = set(each.definition.events.topics)
        joined = [group for group in groups if topics & _topics_of(group)]
        groups = [group for group in groups if group not in joined]
        groups.append([member for group in joined for member in group] + [each])
    return tuple(sorted(map(_as_group, groups)))


def _topics_of(group: Iterable[Watched]) -> set[str]:
    return {topic for each in group for topic in each.definition.events.topics}


def _as_group(members: list[Watched]) -> SourceGroup:
    ordered = sorted(members, key=lambda each: each.definition.process)
    starts: dict[str, StartAt] = {}
    for each in ordered:
        for topic in each.definition.events.topics:
            starts.setdefault(topic, each.definition.events.start_at)
    processes = tuple(each.process for each in ordered)
    return SourceGroup(next(iter(starts)), tuple(starts), processes, tuple(starts.values()))


def _refuse_disagreement(ordered: list[Watched]) -> None:
    problems: list[Problem] = []
    first: dict[str, Watched] = {}
    names: dict[str, Watched] = {}
    for each in ordered:
        definition = each.definition
        twin = names.setdefault(definition.process, each)
        if twin is not each:
            wrong = f"`{definition.process}` is also defined in {twin.file}"
            problems.append(Problem(each.file, 1, "process", wrong, "give each process a name of its own"))
        for topic in definition.events.topics:
            other = first.setdefault(topic, each)
            if other.definition.events.start_at != definition.events.start_at:
                wrong = f"`{topic}` begins elsewhere in {other.file}"
                problems.append(Problem(each.file, 1, "events.start_at", wrong, "say the same for a topic everywhere"))
            if other.definition.events.keyed_by_case != definition.events.keyed_by_case:
                wrong = f"`{topic}` is keyed otherwise in {other.file}"
                right = "say the same for a topic everywhere"
                problems.append(Problem(each.file, 1, "events.keyed_by_case", wrong, right))
    if problems:
        raise Refused(problems)
