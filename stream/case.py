"""A case: its settled state, and a short tail of events that may still change their order.

An event in order is folded on; one out of order, but within lateness, takes its place in the tail, which is then folded
again. What is older than that is settled. Invariant: `fold` is what `settled` becomes when the tail is applied to it.
"""

from bisect import insort
from typing import Any, Literal

from stream.event import Event
from stream.findings import END_OF_TIME, FOREVER, Moment, findings_of
from stream.fold import Fold
from stream.process import Process
from stream.said import Said

LONGEST_TAIL = 256
TAIL_TO_HALVE = 64
MOST_IDS = 1_024
"""Ids of events that a case remembers, to drop duplicates of them: the newest ones."""


Outcome = Literal["applied", "duplicate", "late", "late_dropped"]
"""What became of an event."""


class Case:
    """One case id: the instance that runs, what was said of it, and when it is to be looked at next (`wake`, ms)."""

    __slots__ = ("flags", "fold", "ids", "may_be_warm", "next_at", "process", "said", "seen", "settled", "tail", "wake")

    def __init__(self, process: Process, may_be_warm: bool) -> None:
        self.process, self.may_be_warm = process, may_be_warm
        self.fold = Fold(process, 1)
        self.settled: Fold | None = None
        self.tail: list[Event] = []
        self.said: dict[tuple[str, int, str], Said] = {}
        self.ids: dict[str, None] = {}
        self.wake: int | None = None
        self.flags = 0
        self.seen: tuple[Any, ...] | None = None
        self.next_at = 0

    def apply(self, event: Event, horizon: int) -> Outcome:
        """Take an event; `horizon` is the time (ms) before which its input has settled."""
        if event.event_id is not None and not self._remember(event.event_id):
            return "duplicate"
        if not self.tail or event >= self.tail[-1]:
            self._append(event, horizon)
        elif self.settled is None or event[:2] > (self.settled.last_at, self.settled.last_place):
            insort(self.tail, event)
            self.refold()
        else:
            return self._apply_late(event)
        return "late" if event.at < horizon else "applied"

    def _remember(self, event_id: str) -> bool:
        if event_id in self.ids:
            return False
        self.ids[event_id] = None
        if len(self.ids) > MOST_IDS:
            del self.ids[next(iter(self.ids))]
        return True

    def _append(self, event: Event, horizon: int) -> None:
        tail = self.tail
        if tail and tail[-1].at < horizon:
            self.settled = self.fold.copy()
            tail.clear()
        elif len(tail) >= TAIL_TO_HALVE and (tail[len(tail) // 2].at < horizon or len(tail) >= LONGEST_TAIL):
            self._settle_half()
        tail.append(event)
        self.fold = folded(self.fold, event, self.may_be_warm)

    def _settle_half(self) -> None:
        """Fold the older half of the tail into the settled state, on steps of its own."""
        half = len(self.tail) // 2
        settled = self._base()
        for event in self.tail[:half]:
            settled = folded(settled, event, self.may_be_warm)
        self.settled = settled
        del self.tail[:half]

    def _base(self) -> Fold:
        if self.settled is None:
            return Fold(self.process, 1)
        base = self.settled.copy()
        base.names, base.times = base.names[: base.length], base.times[: base.length]
        return base

    def refold(self) -> None:
        """Fold the tail again, from the settled state."""
        fold = self._base()
        for event in self.tail:
            fold = folded(fold, event, self.may_be_warm)
        self.fold = fold

    def _apply_late(self, event: Event) -> Outcome:
        if self.settled is None or not self.settled.answer_late(event):
            return "late_dropped"
        self.refold()
        return "late"

    def signature(self) -> tuple[Any, ...]:
        """All that findings are made of, but for the clock: while it stays the same, so do they until the next look."""
        fold = self.fold
        return fold.explain_to, fold.ended_at, fold.stopped, fold.past, fold.late, fold.instance, fold.clocks

    def unchanged(self, moment: Moment) -> bool:
        """Whether nothing can have become true, or untrue, since the last look."""
        return self.next_at >= moment.clock and self.seen == self.signature()

    def looked(self, moment: Moment) -> None:
        """Note what was looked at, and until when that stands."""
        *fields, clocks = self.signature()
        self.seen, self.next_at = (*fields, clocks.copy()), self.next_look(moment)

    def quiet(self, moment: Moment) -> bool:
        """Whether nothing can be said of this case, nor taken back: no mark passed, nothing deviates, no end."""
        fold = self.fold
        if self.said or fold.cost or fold.stopped or fold.past or fold.over_at(moment.clock) is not None:
            return False
        clock = moment.clock
        return not any(r is not None and r.marks and r.marks[0] < clock for r in fold.clocks)

    def forgotten_at(self, moment: Moment) -> int:
        """When a case that is over leaves the state: when it can no longer reopen, and retention has passed (ms)."""
        over_at = self.fold.over_at(moment.clock)
        return FOREVER if over_at is None else over_at + max(self.process.retention, self.process.reopen)

    def next_look(self, moment: Moment) -> int:
        """The next instant after which something may become true of this case, in the watch's clock (ms)."""
        fold, clock = self.fold, moment.clock
        over_at = fold.over_at(clock)
        if over_at is None:
            nearest = fold.next_mark(clock)
            look = fold.idle_until() if nearest is None else nearest
        else:
            look = self._look_after(over_at, moment)
        if self.said:
            behind = clock - moment.settled_to
            look = min(look, *(said.unsettled_at + behind for said in self.said.values() if said.pending), look)
        return look

    def _look_after(self, over_at: int, moment: Moment) -> int:
        """The next look at a case that is over: when that can no longer change, when it can no longer reopen."""
        behind = moment.clock - moment.settled_to
        if over_at >= moment.settled_to:
            return over_at + behind
        if over_at + self.process.reopen >= moment.settled_to:
            return over_at + self.process.reopen + behind
        return self.forgotten_at(moment)


def folded(fold: Fold, event: Event, may_be_warm: bool) -> Fold:
    """The state after an event: one that comes too long after the end starts the next instance of the case."""
    if fold.events:
        over_at = fold.over_at(event.at)
        if over_at is not None and event.at > over_at + fold.process.reopen:
            successor = Fold(fold.process, fold.instance + 1)
            successor.past = tuple(findings_of(fold, END_OF_TIME))
            fold, may_be_warm = successor, False
    fold.apply(event, may_be_warm and fold.instance == 1)
    return fold
