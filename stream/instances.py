"""Which instance of a case an event belongs to: the one that there is, or the next.

An end can be taken back for a while, the process's `reopen`; an event after that begins the case anew. Invariant: what
is to be said of the instances before, and counted of them, goes on with the case.
"""

from stream.clock import END_OF_TIME
from stream.event import Event
from stream.findings import findings_of
from stream.fold import Fold
from stream.lives import Life
from stream.occurrences import Span, Tracked, still_open


def folded(fold: Fold, event: Event, may_be_warm: bool) -> Fold:
    """The state after an event: one that comes too long after the end starts the next instance of the case."""
    if fold.ended_at is not None or (event.at - fold.last_at > fold.process.idle_limit and fold.events):
        over_at = over_before(fold, event)
        if over_at is not None:
            fold, may_be_warm = successor_of(fold, over_at), False
    fold.apply(event, may_be_warm and fold.instance == 1)
    return fold


def over_before(fold: Fold, event: Event) -> int | None:
    """Since when an instance is over (ms), if too long for an event to reopen it; None where it goes on."""
    over_at = fold.over_at(event.at)
    return None if over_at is None or event.at <= over_at + fold.process.reopen else over_at


def successor_of(fold: Fold, over_at: int) -> Fold:
    """The next instance before its first event, with what is to be said of those before."""
    successor = Fold(fold.process, fold.instance + 1)
    successor.past, successor.late = tuple(findings_of(fold, END_OF_TIME)), fold.late
    span = Span.of(END_OF_TIME.clock, over_at, fold.ended_at)
    closed = still_open(fold.tracked, fold.clocks, fold.process, span)
    successor.tracked = Tracked({}, (*fold.tracked.occurred, *closed), _lives(fold, over_at))
    return successor


def _lives(fold: Fold, over_at: int) -> tuple[Life, ...]:
    """The lives of a case, with that of an instance that is over."""
    if fold.process.definition.scorecard is None or fold.first is None:
        return ()
    segment = fold.process.segment(fold.attributes)
    over = Life(fold.instance, fold.first.at, over_at, fold.ended_at is None, fold.warm, segment)
    return (*fold.tracked.lives, over)
