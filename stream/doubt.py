"""How cases are looked at while time cannot be trusted: what is sure of them is told, what time alone says waits.

A case that something waits for bears a flag, so that it is looked at again once the silent source has recovered, be it
by another process. Invariant: what is flagged is looked at again, as soon as another time counts.
"""

from collections.abc import Iterator, Mapping

from stream.announcer import Announcer
from stream.awake import packed_flags
from stream.case import Case, flags_of
from stream.census import AGAIN, OPEN, UNCOUNTED
from stream.clock import BEFORE_TIME, Moment
from stream.finding import FOREVER
from stream.headcount import Headcount
from stream.partials import Partials
from stream.timekeeper import Timekeeper

PASSED_PER_LOOK = 20
"""So many cases that a silence cannot have touched are passed over in the time of one that is looked at."""


class Doubt:
    """What a watch does in doubt; `time` says whether it is. `delay`: by how much (ms) later than time can be trusted
    cases were to be looked at, at the most, since a silence is known of."""

    def __init__(self, time: Timekeeper, announcer: Announcer, partials: Partials, headcount: Headcount) -> None:
        self.time, self.announcer, self.partials, self.headcount = time, announcer, partials, headcount
        self.delay = 0

    def settled_to(self, until: int, reached: Moment) -> int:
        """Up to where all that has settled was looked at (ms), where all deadlines before `until` were, and that was so
        of `reached` before. As long as a source is silent, and for a lateness after it, nobody looks at what trusted
        time makes true; then, later by the delay of its deadline."""
        if not self.time.outages.known:
            self.delay = 0
        elif self.time.outages.gate is None and reached.settled_to > BEFORE_TIME.settled_to:
            return reached.settled_to
        return until - self.delay

    def look(self, case_id: str, case: Case, moment: Moment, noticed_at: int) -> tuple[bool, int | None]:
        """Tell what is sure to be true of a case, and note whether more may be. Returns whether the case has changed,
        and when to look at it next, in the watch's clock (ms)."""
        sure = self.time.outages.sure_of(case.fold, moment)
        over_at = case.fold.over_at(sure.clock)
        changed = bool(case.process.counted) and self.partials.count(case, sure, over_at)
        changed |= self.announcer.announce(case_id, case, sure, noticed_at, moment)
        waits = self.announcer.in_doubt or case.settling < FOREVER or case.fold.over_at(moment.clock) is not None
        flags = flags_of(case, over_at) | (AGAIN if waits or case.flags & AGAIN else 0)
        changed |= self.headcount.flag(case, flags)
        case.seen = None
        changed |= self.headcount.card(case, sure, over_at)
        return changed, self._next_look(case, (sure, moment), over_at)

    def _next_look(self, case: Case, moments: tuple[Moment, Moment], over_at: int | None) -> int | None:
        """The next instant to look at a case; None where that is when the source has spoken again: then every case is
        looked at that waits for it."""
        sure, moment = moments
        if self.time.outages.gate is not None:
            look, delay = case.next_look(sure, over_at, self.time.kept_ms), moment.clock - sure.clock
            self.delay = max(self.delay, delay)
            return None if look < sure.clock else look + delay
        if over_at is not None:
            return None
        nearest = case.fold.next_mark(moment.clock)
        look = case.fold.idle_until() if nearest is None else nearest
        return look if look >= moment.clock else None


class Review:
    """A pass over the cases of a watch, in slices, for those whose alerts a silence may have touched."""

    __slots__ = ("cases", "due", "passing")

    def __init__(self, cases: Mapping[str, Case | bytes]) -> None:
        self.cases = cases
        self.due = False
        self.passing: Iterator[str] | None = None

    def begin(self) -> None:
        """Begin anew, with the first case."""
        self.due, self.passing = True, None

    def next(self, in_doubt: bool, limit: int) -> list[str]:
        """Up to `limit` cases to look at: in doubt all that were told of, else those that wait; no more are `due` once
        the pass is over."""
        self.passing = self.passing or iter(list(self.cases))
        wanted = ~(OPEN | UNCOUNTED) if in_doubt else AGAIN
        found: list[str] = []
        for passed, case_id in enumerate(self.passing, start=1):
            if self._flags(case_id) & wanted:
                found.append(case_id)
            if len(found) >= limit or passed >= limit * PASSED_PER_LOOK:
                return found
        self.due, self.passing = False, None
        return found

    def _flags(self, case_id: str) -> int:
        case = self.cases.get(case_id)
        if isinstance(case, bytes):
            return packed_flags(case)
        return 0 if case is None else case.flags
