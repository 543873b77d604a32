"""Judges the group of workers: who holds which task, how far each source partition was read, and whether it moves.

Positions are the group's committed offsets, which workers note every three seconds; that suffices to say what stands
still. Invariant: judges what was found, and asks nothing itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from agents.assignor import Claim
from agents.diagnosis import Diagnosis, attention, right, unknown, wrong
from agents.source_groups import SourceGroup, TaskId

TASKS: Final = "tasks"
LAG: Final = "lag"
GROUP: Final = "group"
START: Final = "start workers with `casewatch run DEFINITION…`"
AT_WORK: Final = ("PreparingRebalance", "CompletingRebalance")
LATE_EVENTS: Final = 100_000


class Member(NamedTuple):
    """A worker in the group: what it calls itself, where it runs, and the tasks it holds."""

    name: str
    host: str
    tasks: frozenset[TaskId]


class GroupView(NamedTuple):
    """The group as its coordinator describes it."""

    state: str
    members: tuple[Member, ...]


class Reach(NamedTuple):
    """How far one source partition goes and was read: its first record, its last stable offset, its end, the position
    that the group noted and the one noted some seconds later; None: nobody noted one."""

    first: int
    stable: int
    end: int
    read: int | None
    read_later: int | None

    @property
    def waiting(self) -> int:
        """How many records are to be read yet, counted as offsets."""
        return max(0, self.stable - (self.first if self.read_later is None else max(self.read_later, self.first)))


def read_group(answer: Mapping[str, Any]) -> GroupView:
    """Take apart what the coordinator says of one group; a member whose assignment cannot be read holds nothing."""
    members = (_member(each) for each in answer["members"])
    return GroupView(str(answer["state"]), tuple(sorted(members)))


def _member(answer: Mapping[str, Any]) -> Member:
    given = bytes(answer["member_assignment"] or b"")
    tasks: frozenset[TaskId] = frozenset()
    if given:
        tasks = Claim.decoded(bytes(ConsumerProtocolMemberAssignment.decode(given).user_data or b"")).tasks
    return Member(str(answer["client_id"]), str(answer["client_host"]).lstrip("/"), tasks)


def judge_group(
    name: str, view: GroupView, groups: Sequence[SourceGroup], counts: Mapping[str, int]
) -> list[Diagnosis]:
    """Say who works and which tasks nobody has; `counts` are the partitions of each source."""
    if view.state in AT_WORK:
        return [attention(GROUP, name, "the workers are sharing out the tasks", "look again in some seconds")]
    if not view.members:
        return [wrong(GROUP, name, "no worker is running", START)]
    found = [right(GROUP, name, _told(view.members))]
    tasks = {TaskId(g.name, p) for g in groups for p in range(counts.get(g.topics[0], 0))}
    holders = Counter(task for member in view.members for task in member.tasks)
    nobodys = sorted(tasks - holders.keys())
    if nobodys:
        remedy = "start a worker with the definitions of these sources; all workers should have the same"
        found.append(wrong(TASKS, _listed(nobodys), "no worker has them", remedy))
    elif tasks:
        found.append(right(TASKS, f"{len(tasks)}", "each has its worker"))
    return found


def _told(members: Iterable[Member]) -> str:
    return "; ".join(f"{each.name} on {each.host}: {_listed(sorted(each.tasks)) or 'no task'}" for each in members)


def _listed(tasks: Sequence[TaskId]) -> str:
    """Name tasks briefly: source group and partitions."""
    by_group: dict[str, list[str]] = {}
    for task in tasks:
        by_group.setdefault(task.group, []).append(str(task.partition))
    return ", ".join(f"{group}/{','.join(partitions)}" for group, partitions in by_group.items())


def judge_lag(reaches: Mapping[TopicPartition, Reach], watched_s: float) -> Iterator[Diagnosis]:
    """Say how much each source partition has waiting, and what does not move; `watched_s`: how long that was watched,
    0 for not at all."""
    for partition, reach in sorted(reaches.items()):
        subject = f"{partition.topic}/{partition.partition}"
        yield from _judge_reach(subject, reach, watched_s)


def _judge_reach(subject: str, reach: Reach, watched_s: float) -> Iterator[Diagnosis]:
    if reach.read_later is not None and reach.read_later > reach.end:
        found = f"it was read up to {reach.read_later}, and ends at {reach.end}: the topic was recreated"
        yield wrong(LAG, subject, found, "restore the topic, or begin anew under a new CASEWATCH_PREFIX")
        return
    if reach.read_later is not None and reach.read_later < reach.first:
        found = f"{reach.first - reach.read_later} records were deleted before they were read"
        yield attention(LAG, subject, found, "keep the source for longer")
    if reach.end > reach.stable:
        found = f"{reach.end - reach.stable} records wait for the end of a producer's transaction"
        yield attention(LAG, subject, found, "end or abort that producer if this stays so")
    yield _judge_waiting(subject, reach, watched_s)


def _judge_waiting(subject: str, reach: Reach, watched_s: float) -> Diagnosis:
    if reach.read_later is None:
        if not reach.waiting:
            return right(LAG, subject, "it is empty")
        return unknown(LAG, subject, f"{reach.waiting} records; no worker has noted a position yet")
    if not reach.waiting:
        return right(LAG, subject, "nothing waits")
    found = f"{reach.waiting} records wait"
    if watched_s and reach.read == reach.read_later:
        remedy = "look at the log and at /readyz of the worker that has the task"
        return wrong(LAG, subject, f"{found}, and none was read within {watched_s:g} s", remedy)
    if reach.waiting > LATE_EVENTS:
        return attention(LAG, subject, found, "give it time, or start more workers")
    return right(LAG, subject, found)
