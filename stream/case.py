"""A case: its settled state, and a short tail of events that may still change their order.

An event in order is folded on; one out of order, but within lateness, takes its place in the tail, which is then folded
again. What is older than that is settled. Invariant: `fold` is what `settled` becomes when the tail is applied to it.
"""

from typing import Any, Final, Literal, NamedTuple

from stream.aside import NOTHING_ASIDE
from stream.census import AT_RISK, BREACHED, DEVIATING, OPEN, UNCOUNTED
from stream.clock import BEFORE_TIME, Moment
from stream.declare import Violation
from stream.event import Anchor, Event, Place
from stream.finding import FOREVER, Finding
from stream.fold import Fold
from stream.instances import folded
from stream.lives import Counts
from stream.occurrences import Counted, Key
from stream.people import Offence
from stream.process import Process
from stream.said import Said
from stream.sla.running import Running, Stopped
from stream.verdicts import violations_of

LONGEST_TAIL = 256
TAIL_TO_HALVE = 64
MOST_IDS = 1_024
"""Ids of events that a case remembers, to drop duplicates of them: the newest ones."""


class Stance(NamedTuple):
    """All that findings are made of, but for the steps: equal stances of a case give equal findings.

    `passed`: clocks with the marks that they have passed, None if none has passed any. `started`: as far as that can be
    told, beside deviations or at the end.
    """

    passed: list[tuple[Running, int]] | None
    stopped: tuple[Stopped, ...]
    past: tuple[Finding, ...]
    explain_to: int
    started: tuple[Anchor, ...]
    offences: tuple[Offence, ...]
    violations: tuple[Violation, ...]
    over_at: int | None
    over: bool
    for_good: bool
    bounded: bool
    late: bool
    live: bool

    @property
    def silent(self) -> bool:
        """Whether a case of which nothing was said has nothing to say."""
        spoken = self.passed or self.stopped or self.past or self.explain_to or self.offences or self.violations
        return not spoken and self.over_at is None


Happenings = dict[Place, tuple[Event, dict[str, Any]]]
"""Events by where they lie, each with the attributes that its case had by then."""

Outcome = Literal["applied", "duplicate", "late", "late_dropped"]
"""What became of an event."""


NOTHING_SAID: Final[dict[tuple[str, str], Said]] = {}
NO_IDS: Final[dict[str, None]] = {}
NOTHING_COUNTED: Final[dict[Key, Counted]] = {}
"""Of most cases nothing is said, and nothing counted: these are theirs, and are never written to."""


class Case:
    """One case id: its state, what was said of it, and when it is to be looked at next (`wake`, ms).

    `seen` is the stance of which all was said, `settling` the earliest instant that something still waits to settle at,
    `cause_at` the time of the newest event to arrive, `late` whether any came later than lateness allows. `counted` is
    what objectives count of it that may still change, `counted_to` up to where that cannot (ms); `card` what scorecards
    count of its lives, the present one last.
    """

    __slots__ = (
        "card",
        "cause_at",
        "counted",
        "counted_to",
        "flags",
        "fold",
        "ids",
        "late",
        "may_be_warm",
        "process",
        "said",
        "seen",
        "settled",
        "settling",
        "tail",
        "wake",
    )

    def __init__(self, process: Process, may_be_warm: bool) -> None:
        self.process, self.may_be_warm = process, may_be_warm
        self.fold = Fold(process, 1)
        self.settled: Fold | None = None
        self.tail: tuple[Event, ...] = ()
        self.said: dict[tuple[str, str], Said] = NOTHING_SAID
        self.ids: dict[str, None] = NO_IDS
        self.wake: int | None = None
        self.flags = UNCOUNTED
        self.seen: Stance | None = None
        self.settling = FOREVER
        self.cause_at: int | None = None
        self.late = False
        self.counted: dict[Key, Counted] = NOTHING_COUNTED
        self.counted_to = BEFORE_TIME.clock
        self.card: tuple[Counts, ...] = ()

    def apply(self, event: Event, horizon: int) -> Outcome:
        """Take an event; `horizon` is the time (ms) before which its input has settled."""
        if event.event_id is not None and not self._remember(event.event_id):
            return "duplicate"
        self.cause_at = event.at
        if not self.tail or event >= self.tail[-1]:
            self._append(event, horizon)
        elif self.settled is None or event[:2] > (self.settled.last_at, self.settled.last_place):
            self.tail = tuple(sorted((*self.tail, event)))
            self.refold()
        else:
            return self._apply_late(event)
        if event.at >= horizon:
            return "applied"
        self.late = self.fold.late = True
        return "late"

    def _remember(self, event_id: str) -> bool:
        if event_id in self.ids:
            return False
        if not self.ids:
            self.ids = {event_id: None}
            return True
        self.ids[event_id] = None
        if len(self.ids) > MOST_IDS:
            del self.ids[next(iter(self.ids))]
        return True

    def say(self, key: tuple[str, str], said: Said) -> Said:
        """Keep what is said under a key from now on."""
        if self.said:
            self.said[key] = said
        else:
            self.said = {key: said}
        return said

    def _append(self, event: Event, horizon: int) -> None:
        tail = self.tail
        if tail and tail[-1].at < horizon:
            self.settled = self.fold.copy()
            self.tail = tail = ()
        if len(tail) >= TAIL_TO_HALVE and (tail[len(tail) // 2].at < horizon or len(tail) >= LONGEST_TAIL):
            self._settle_half()
        self.tail = (*self.tail, event)
        self.fold = folded(self.fold, event, self.may_be_warm)
        self._share_code()

    def _settle_half(self) -> None:
        """Fold the older half of the tail into the settled state, on steps of its own."""
        half = len(self.tail) // 2
        settled = self._base()
        for event in self.tail[:half]:
            settled = folded(settled, event, self.may_be_warm)
        self.settled = settled
        self.tail = self.tail[half:]
        self._share_code()

    def _base(self) -> Fold:
        if self.settled is None:
            return Fold(self.process, 1)
        base = self.settled.copy()
        base.own_code()
        return base

    def refold(self) -> None:
        """Fold the tail again, from the settled state."""
        fold = self._base()
        for event in self.tail:
            fold = folded(fold, event, self.may_be_warm)
        fold.late = self.late
        self.fold, self.seen = fold, None
        self._share_code()

    def disturbed_by(self, event: Event) -> bool:
        """Whether an event does not come in order, so that those behind it are to be seen in its light."""
        return bool(self.tail) and event < self.tail[-1]

    def happenings(self) -> Happenings:
        """The events of the tail, each with the attributes that its case has by then."""
        found: Happenings = {}
        fold = self._base()
        for event in self.tail:
            fold = folded(fold, event, self.may_be_warm)
            found[event.place] = event, fold.attributes
        return found

    def _share_code(self) -> None:
        """Keep the steps once, where both states are of one instance: the fold's begin with the settled ones."""
        settled, code = self.settled, self.fold.code
        if code is None or settled is None:
            return
        if settled.aside is self.fold.aside or settled.instance == self.fold.instance:
            settled.code = code

    def _apply_late(self, event: Event) -> Outcome:
        if self.settled is None:
            return "late_dropped"
        applied = self.settled.answer_late(event)
        self.late = True
        self.refold()
        return "late" if applied else "late_dropped"

    def stance(self, moment: Moment, over_at: int | None) -> "Stance":
        """All that findings are made of: while it is the same as when they were last asked for, so are they."""
        fold, clock = self.fold, moment.clock
        passed: list[tuple[Running, int]] | None = None
        for running in fold.clocks:
            if running is not None and running.offsets and running.start + running.offsets[0] < clock:
                passed = passed or []
                passed.append((running, running.reached(clock)))
        if over_at is None:
            over = for_good = False
        else:
            over, for_good = over_at < moment.settled_to, over_at + self.process.reopen < moment.settled_to
        return Stance(
            passed,
            fold.stopped,
            fold.past,
            fold.explain_to,
            fold.started if fold.explain_to or over else (),
            fold.conduct.offences,
            () if fold.standing is None else violations_of(fold, over_at, moment),
            over_at,
            over,
            for_good,
            fold.cost > fold.floor,
            fold.late,
            moment.live,
        )

    def silent(self, clock: int) -> bool:
        """Whether, at a glance, an open case has nothing to say at `clock` (ms) and nothing to take back."""
        fold = self.fold
        if self.said or fold.explain_to or self.settling < FOREVER:
            return False
        if fold.aside is not NOTHING_ASIDE and (fold.stopped or fold.past or fold.conduct.offences):
            return False
        if fold.standing is not None and fold.violations(clock, None):
            return False
        for running in fold.clocks:
            if running is not None and running.offsets and running.start + running.offsets[0] < clock:
                return False
        return True

    def unsaid(self, stance: "Stance", moment: Moment) -> bool:
        """Whether something may have to be said: a new stance, or something that has settled since."""
        if stance == self.seen or (stance.silent and not self.said):
            return self.settling < moment.settled_to
        return True

    def forgotten_at(self, over_at: int, kept_ms: int) -> int:
        """When a case that is over leaves the state (ms): when it can no longer reopen, and it was kept as long as such
        cases are kept now."""
        return over_at + max(kept_ms, self.process.reopen)

    def next_look(self, moment: Moment, over_at: int | None, kept_ms: int) -> int:
        """The next instant after which something may become true of this case, in the watch's clock (ms)."""
        if over_at is None:
            nearest = self.fold.next_mark(moment.clock)
            look = self.fold.idle_until() if nearest is None else nearest
        else:
            look = self._look_after(over_at, moment, kept_ms)
        if self.settling < FOREVER:
            look = min(look, self.settling + moment.clock - moment.settled_to)
        return look

    def _look_after(self, over_at: int, moment: Moment, kept_ms: int) -> int:
        """The next look at a case that is over: when that can no longer change, when it can no longer reopen."""
        behind = moment.clock - moment.settled_to
        if over_at >= moment.settled_to:
            return over_at + behind
        if over_at + self.process.reopen >= moment.settled_to:
            return over_at + self.process.reopen + behind
        return self.forgotten_at(over_at, kept_ms)


def flags_of(case: Case, over_at: int | None) -> int:
    """What a case counts as that was over at `over_at` (ms), if it was."""
    flags = OPEN | UNCOUNTED if over_at is None else case.flags & UNCOUNTED
    for said in case.said.values():
        if said.open:
            breached = said.finding.stage in ("breach", "overdue")
            flags |= DEVIATING if said.finding.kind != "sla" else BREACHED if breached else AT_RISK
    return flags
