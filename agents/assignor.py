"""Which worker gets which task: whole tasks, evenly, and as few moves as can be.

The library's own assignors spread one partition number of two topics over two workers, or move most partitions when a
worker joins. Invariant: every partition of a task goes to one worker, counts differ by at most one, and a task leaves
its worker only if that one holds more than its share; what leaves is of the groups of which it holds most, since the
tasks of one group are alike and those of another may have next to nothing to do."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import orjson
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from agents.source_groups import SourceGroup, TaskId

_VERSION: Final = 0


class Claim(NamedTuple):
    """What a worker says of itself: the tasks it held in `generation`, and the source groups it can run, with their
    topics."""

    generation: int
    tasks: frozenset[TaskId]
    groups: Mapping[str, tuple[str, ...]]

    def encoded(self) -> bytes:
        """Write the claim for the group's leader."""
        return orjson.dumps([self.generation, [list(task) for task in sorted(self.tasks)], dict(self.groups)])

    @classmethod
    def decoded(cls, text: bytes) -> "Claim":
        """Read a claim; one that cannot be read claims nothing."""
        try:
            generation, tasks, groups = orjson.loads(text)
            held = frozenset(TaskId(str(group), int(partition)) for group, partition in tasks)
            return cls(int(generation), held, {str(name): tuple(topics) for name, topics in groups.items()})
        except (ValueError, TypeError, AttributeError):
            return cls(0, frozenset(), {})


Plan = dict[str, list[TaskId]]


def plan_tasks(tasks: Iterable[TaskId], claims: Mapping[str, Claim]) -> Plan:
    """Spread tasks over the members that can run them; equal input gives an equal plan, whatever its order."""
    plan: Plan = {member: [] for member in sorted(claims)}
    able: dict[TaskId, list[str]] = {}
    for task in sorted(tasks):
        able[task] = [member for member in plan if task.group in claims[member].groups]
        holder = _newest_claimant(task, {member: claims[member] for member in able[task]})
        if holder is not None:
            plan[holder].append(task)
    held = {task for kept in plan.values() for task in kept}
    homeless = [task for task in able if task not in held and able[task]] + _shed(plan, able)
    for task in homeless:
        plan[min(able[task], key=lambda member: (len(plan[member]), member))].append(task)
    return {member: sorted(kept) for member, kept in plan.items()}


def _newest_claimant(task: TaskId, claims: Mapping[str, Claim]) -> str | None:
    """A worker that was stopped for a while still claims what has long been another's: the newest claim wins."""
    claimants = [(-claim.generation, member) for member, claim in claims.items() if task in claim.tasks]
    return min(claimants)[1] if claimants else None


def _shed(plan: Plan, able: Mapping[TaskId, list[str]]) -> list[TaskId]:
    """Take from each member what is above its share; those that hold most keep one more where shares do not come out
    even."""
    total, members = len([task for task in able if able[task]]), len(plan)
    share, more = divmod(total, members) if members else (0, 0)
    shed: list[TaskId] = []
    for member in sorted(plan, key=lambda each: (-len(plan[each]), each)):
        allowed = share + (1 if more > 0 else 0)
        movable = [task for task in plan[member] if len(able[task]) > 1]
        surplus = max(0, len(plan[member]) - allowed)
        leaving = set(_most_of_a_kind(movable, surplus))
        plan[member] = [task for task in plan[member] if task not in leaving]
        shed.extend(sorted(leaving))
        more -= 1 if len(plan[member]) > share else 0
    return shed


def _most_of_a_kind(tasks: list[TaskId], count: int) -> list[TaskId]:
    """Choose so many of a member's tasks, where there are as many, from the groups of which it has most."""
    rank: dict[TaskId, int] = {}
    held = Counter[str]()
    for task in tasks:
        rank[task] = held[task.group]
        held[task.group] += 1
    return sorted(tasks, key=lambda task: (rank[task], task), reverse=True)[:count]


class Cluster(Protocol):
    """What is needed of aiokafka's cluster metadata."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Name the partitions of a topic."""


class TaskAssignor:
    """The assignor that aiokafka calls; one instance per consumer, since it remembers what that one holds.

    It is named after its installation: the broker keeps two of them out of one group, where each would be given a part
    of the tasks and would miss the rest.
    """

    def __init__(self, groups: Iterable[SourceGroup], installation: str) -> None:
        self.name: Final = f"casewatch-tasks/{installation}"
        self._groups = {group.name: group.topics for group in groups}
        self._claim = Claim(0, frozenset(), self._groups)

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Say to the leader what this worker subscribes to and holds."""
        return ConsumerProtocolMemberMetadata(_VERSION, sorted(topics), self._claim.encoded())

    def assign(
        self, cluster: Cluster, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """As leader, spread all tasks over all members."""
        claims = {member: Claim.decoded(bytes(metadata.user_data or b"")) for member, metadata in members.items()}
        groups = _agreed_groups(claims)
        generation = 1 + max((claim.generation for claim in claims.values()), default=0)
        plan = plan_tasks(_tasks(cluster, groups), claims)
        return {member: _assignment(tasks, groups, generation) for member, tasks in plan.items()}

    def on_assignment(self, assignment: Any) -> None:
        """Remember what the leader gave this worker, to claim it next time."""
        claim = Claim.decoded(bytes(assignment.user_data or b""))
        self._claim = Claim(claim.generation, claim.tasks, self._groups)

    @property
    def tasks(self) -> frozenset[TaskId]:
        """The tasks that this worker was last given."""
        return self._claim.tasks


def _agreed_groups(claims: Mapping[str, Claim]) -> dict[str, tuple[str, ...]]:
    """Join the groups that members know. While definitions change from worker to worker, two groups may share a topic:
    then the one that more members know wins, and the other waits."""
    votes: dict[tuple[str, tuple[str, ...]], int] = {}
    for claim in claims.values():
        for group in claim.groups.items():
            votes[group] = votes.get(group, 0) + 1
    agreed: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for name, topics in sorted(votes, key=lambda group: (-votes[group], group)):
        if name not in agreed and not taken & set(topics):
            agreed[name] = topics
            taken |= set(topics)
    return agreed


def _tasks(cluster: Cluster, groups: Mapping[str, tuple[str, ...]]) -> list[TaskId]:
    return [
        TaskId(name, partition)
        for name, topics in groups.items()
        for partition in sorted(cluster.partitions_for_topic(topics[0]) or ())
    ]


def _assignment(
    tasks: list[TaskId], groups: Mapping[str, tuple[str, ...]], generation: int
) -> ConsumerProtocolMemberAssignment:
    by_topic: dict[str, list[int]] = {}
    for task in tasks:
        for topic in groups[task.group]:
            by_topic.setdefault(topic, []).append(task.partition)
    given = Claim(generation, frozenset(tasks), {})
    return ConsumerProtocolMemberAssignment(_VERSION, sorted(by_topic.items()), given.encoded())
