"""Lets a rebuilt core go on from what subscribers were told before: the next revision of an alert follows its last.

Invariant: nothing but revisions changes, and how far control has been heard: a rebuilt task hears all that stands anew.
"""

from collections.abc import Mapping

from stream.ledger.feed import silence_id
from stream.rekeyed import RekeyedShard
from stream.scorekeeper import Scorekeeper
from stream.shard import Shard

Revisions = Mapping[tuple[str, str | None], Mapping[str, int]]
"""The last revision of each alert by id, by process and case (None: of many cases)."""


def renumber(core: object, revisions: Revisions) -> None:
    """Have the alerts of a core go on from these revisions; what it changed is drained as ever."""
    if isinstance(core, RekeyedShard):
        _renumber_cases(core.shard, revisions)
    elif isinstance(core, Shard):
        _renumber_cases(core, revisions)
    elif isinstance(core, Scorekeeper):
        of_many = [by_id for (_, case), by_id in revisions.items() if case is None]
        _renumber_windows(core, {id: last for by_id in of_many for id, last in by_id.items()})


def _renumber_cases(shard: Shard, revisions: Revisions) -> None:
    shard.control_position, shard.moved = 0, True
    for (process, case_id), by_id in revisions.items():
        watch = shard.watches.get(process)
        case = watch.kept.opened(case_id) if watch is not None and case_id is not None else None
        if watch is None or case is None or case_id is None:
            continue
        for said in case.said.values():
            said.revision = by_id.get(said.id, said.revision)
        watch.changed[case_id] = None


def _renumber_windows(core: Scorekeeper, last: Mapping[str, int]) -> None:
    for followed in core.ledger.followed.values():
        if followed.speaker.id in last:
            followed.speaker.revision, followed.changed = last[followed.speaker.id], True
    for (process, topic), feed in core.ledger.feeds.feeds.items():
        revision = last.get(silence_id(process, topic))
        if feed.said is not None and revision is not None:
            feed.revision, feed.changed = revision, True
