"""The task that keeps score over all other tasks: partials in; objectives, rates, silences and scorecards out.

It is a task like any other, of a source group whose one topic is Casewatch's own, so that it is assigned, fenced,
restored and committed like one. Invariant: there is one Ledger for an installation, and its state is a task's.
"""

from collections.abc import Iterable, Mapping

from agents.source_groups import SourceGroup
from agents.topics import TopicNames
from stream.control import InForce
from stream.inputs import Input
from stream.ledger.goals import spans_tasks
from stream.scorekeeper import Scorekeeper


def with_scorekeeper(groups: Iterable[SourceGroup], names: TopicNames) -> tuple[SourceGroup, ...]:
    """The groups, and that of the partials if any of their processes publishes some."""
    groups = tuple(groups)
    asked = any(spans_tasks(process.definition) for group in groups for process in group.processes)
    return (*groups, SourceGroup(names.partials, (names.partials,), (), ("earliest",))) if asked else groups


def open_scorekeeper(
    groups: Iterable[SourceGroup],
    names: TopicNames,
    partitions: Mapping[str, int],
    partition: int,
    under: InForce | None = None,
) -> Scorekeeper:
    """The Ledger of all processes that publish partials; `partitions`: how many each topic has; `under`: which versions
    are in force."""
    told = [
        (each, group)
        for group in groups
        for each in group.processes
        if spans_tasks(each.definition) and not group.rekeyed_to  # an intake passes on, and tells nothing itself
    ]
    tasks = {process.name: range(partitions[group.topics[0]]) for process, group in told}
    return Scorekeeper([process.definition for process, _ in told], tasks, Input(names.partials, partition), under)
