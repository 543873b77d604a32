"""The next instance of a case that began on an older version begins on the newest.

Invariant: what was true of the instances before stays as the version found it that they were of, and what was counted
of them stays counted. So a case goes over only where the last instance has settled; else the next one is of its version
once more.
"""

from collections.abc import Iterable

from stream.case import NOTHING_COUNTED, Case
from stream.event import Event
from stream.fold import Fold
from stream.instances import over_before, successor_of
from stream.occurrences import UNTRACKED, Occurrence, Tracked
from stream.process import Process


def over_for_renewal(case: Case, event: Event, horizon: int) -> int | None:
    """Since when a case is over (ms), if the event begins its next instance and all before it has settled, so that it
    can go over to another version; else None.

    `horizon` is the time (ms) before which the case's input has settled.
    """
    tail = case.tail
    if not tail or tail[-1].at >= horizon or event < tail[-1]:
        return None
    return over_before(case.fold, event)


def renew(case: Case, process: Process, over_at: int) -> None:
    """Let a case that is over since an instant (ms) go over to a version, with the next event."""
    fold = case.fold
    successor = successor_of(fold, over_at)
    uncounted = [one for one in successor.tracked.occurred if _is_uncounted(case, one)]
    base = Fold(process, successor.instance)
    base.past, base.late = successor.past, successor.late
    base.tracked = _renumbered(uncounted, fold.process, process)
    base.last_at, base.last_place = fold.last_at, fold.last_place
    case.settled, case.counted, case.card, case.tail, case.process = base, NOTHING_COUNTED, (), (), process
    case.refold()


def _is_uncounted(case: Case, one: Occurrence) -> bool:
    """Whether an occurrence has still to be counted: one that was stays so, since it has settled."""
    return one.stopped_at >= case.counted_to and (one.clock, one.name) not in case.counted


def _renumbered(occurred: Iterable[Occurrence], before: Process, after: Process) -> Tracked:
    """Occurrences under the numbers of another version, where it has the same service levels and segments."""
    if before.segments != after.segments:
        return UNTRACKED
    numbers = {key: number for number, key in enumerate(after.rulebook.keys)}
    keyed = [(numbers.get(before.rulebook.keys[one.clock]), one) for one in occurred]
    kept = [one._replace(clock=number) for number, one in keyed if number is not None and number in after.counted]
    return Tracked({}, tuple(kept))
