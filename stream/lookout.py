"""Which cases are looked at when, and what comes of it: those that an event touched, and those that are due.

Invariant: nothing is said of a case but at the moment that is told, and a case is looked at no later than the earliest
instant at which something may have become true of it.
"""

from stream.announcer import Announcer
from stream.case import Case, flags_of
from stream.census import AGAIN, UNCOUNTED
from stream.clock import BEFORE_TIME, Moment
from stream.deadlines import AT_ONCE, Deadlines
from stream.doubt import Doubt, Review
from stream.echo import Echo, Situation
from stream.finding import FOREVER
from stream.headcount import Headcount
from stream.kept import Kept
from stream.partials import Partials
from stream.timekeeper import Timekeeper


class Lookout:
    """Looks at the cases of one process in one task; `touched` are those that an event has changed since, `held` those
    of which something waits to be settled because time does not run live: they bear a flag, for a restore. `reached`:
    up to where nothing is left to be looked at."""

    def __init__(
        self, kept: Kept, time: Timekeeper, partials: Partials, announcer: Announcer, headcount: Headcount
    ) -> None:
        self.kept, self.cases, self.changed = kept, kept.cases, kept.changed
        self.time, self.partials, self.announcer, self.headcount = time, partials, announcer, headcount
        self.touched: dict[str, None] = {}
        self.held: dict[str, None] = {}
        self.reached = BEFORE_TIME
        self.deadlines, self.review, self.echo = Deadlines(), Review(kept.cases), Echo(announcer)
        self.doubt = Doubt(time, announcer, partials, headcount)

    def look(self, moment: Moment, limit: int, noticed_at: int) -> int:
        """Look at what was touched, then at up to `limit` due cases; how many were looked at because they were due.

        What is said of them was noticed at wall clock `noticed_at` (ms).
        """
        if self.held and moment.live:
            self._release()
        for case_id in self.touched:
            self._look(case_id, moment, noticed_at)
        self.touched.clear()
        fired = self._review(moment, noticed_at, limit) if self.review.due else 0
        while fired < limit:
            due = self.deadlines.due(moment.clock)
            if due is None:
                break
            fired += self._fire(due, moment, noticed_at)
        self._reach(moment)
        if self.deadlines.crowded(len(self.cases)):
            self.deadlines.keep(self.kept.is_armed)
        return fired

    def _reach(self, moment: Moment) -> None:
        """Note how far all was looked at: to the moment, or to the earliest deadline that is left; no further than it
        was while cases are to be reviewed, or to be looked at whatever the instant."""
        left = self.deadlines.next()
        if self.review.due or left == AT_ONCE:
            return
        until = moment.clock if left is None else min(left, moment.clock)
        settled_to = min(until, moment.settled_to, self.doubt.settled_to(until, self.reached))
        clock, settled_to = max(until, self.reached.clock), max(settled_to, self.reached.settled_to)
        self.reached = Moment(clock, settled_to, moment.live)

    def _release(self) -> None:
        """Have what was held be told now that time runs live: it is not to wait until it is settled."""
        for case_id in self.held:
            self.deadlines.arm(AT_ONCE, case_id)
        self.held.clear()

    def _review(self, moment: Moment, noticed_at: int, limit: int) -> int:
        """Look again at up to `limit` cases that a silence may have touched; `limit` where there may be more."""
        found = self.review.next(bool(self.time.outages.known), limit)
        for case_id in found:
            case = self.kept.opened(case_id)
            assert case is not None  # those of the cases that are known are reviewed
            case.seen = None
            case.flags &= ~AGAIN
            self.changed[case_id] = None
            self._look(case_id, moment, noticed_at)
        return limit if self.review.due else len(found)

    def _fire(self, due: tuple[int, str], moment: Moment, noticed_at: int) -> int:
        wake, case_id = due
        asleep = isinstance(self.cases.get(case_id), bytes)
        case = self.kept.opened(case_id)
        if case is None or wake not in (case.wake, AT_ONCE):
            return 0
        case.wake = None
        situation = None if self.time.doubtful else self.echo.situation(case, wake, moment, noticed_at)
        if situation is None:
            self._look(case_id, moment, noticed_at)
        elif not self._echo(case_id, case, moment, situation):
            said_before = len(self.announcer.records)
            self._look(case_id, moment, noticed_at)
            self.echo.learn(case_id, case, situation, said_before)
        if asleep and case_id in self.cases:
            self.kept.awake.doze(case_id)  # it is time that woke it, which says nothing of events to come
        return 1

    def _echo(self, case_id: str, case: Case, moment: Moment, situation: Situation) -> bool:
        """Say of a case what was said of another that is alike; whether there was one."""
        flags = self.echo.sounds(case_id, case, situation)
        if flags is None:
            return False
        self.kept.awake.use(case_id)
        if case.process.counted:
            self.partials.count(case, moment, None)
        self.changed[case_id] = None
        self.headcount.flag(case, flags)
        self.headcount.card_alike(case, moment)
        self._arm(case_id, case, case.next_look(moment, None, self.time.kept_ms))
        return True

    def _look(self, case_id: str, moment: Moment, noticed_at: int) -> None:
        """Ask what is true of a case, say what has changed, and arm it for the next time that something may."""
        case = self.cases[case_id]
        self.kept.awake.use(case_id)
        assert isinstance(case, Case)
        if self.time.doubtful:
            changed, look = self.doubt.look(case_id, case, moment, noticed_at)
            if changed:
                self.changed[case_id] = None
            self._arm(case_id, case, look)
            return
        over_at = case.fold.over_at(moment.clock)
        if case.process.counted and self.partials.count(case, moment, over_at):
            self.changed[case_id] = None
        silent = over_at is None and case.silent(moment.clock)
        stance = None if silent else case.stance(moment, over_at)
        unsaid = stance is not None and case.unsaid(stance, moment)
        if unsaid:
            fold = case.fold
            before = fold.stopped, fold.past
            if self.announcer.announce(case_id, case, moment, noticed_at):
                self.changed[case_id] = None
            case.seen = stance if before == (fold.stopped, fold.past) else case.stance(moment, over_at)
        if over_at is not None and over_at < moment.settled_to and self.headcount.end(case):
            self.changed[case_id] = None
        if unsaid or not case.flags & ~UNCOUNTED:
            self.headcount.flag(case, flags_of(case, over_at) | self._hold(case_id, case, moment))
            if self.headcount.card(case, moment, over_at):
                self.changed[case_id] = None
            if over_at is not None and case.forgotten_at(over_at, self.time.kept_ms) < moment.clock:
                self.forget(case_id, case)
                return
        elif self.partials.cards.moved(case) and self.headcount.card(case, moment, over_at):
            self.changed[case_id] = None
        self._arm(case_id, case, case.next_look(moment, over_at, self.time.kept_ms))

    def _hold(self, case_id: str, case: Case, moment: Moment) -> int:
        """Note whether something of a case waits to be settled because time does not run live; the flag of that."""
        if moment.live or case.settling == FOREVER:
            self.held.pop(case_id, None)
            return 0
        self.held[case_id] = None
        return AGAIN

    def _arm(self, case_id: str, case: Case, look: int | None) -> None:
        """Have a case looked at after an instant (ms), if that is sooner than it would be."""
        if look is not None and (case.wake is None or look < case.wake):
            case.wake = self.deadlines.arm(look, case_id)

    def forget(self, case_id: str, case: Case) -> None:
        """Let a case that has long been closed leave the state, and its alerts the alerts topic."""
        self.announcer.forget(case)
        self.held.pop(case_id, None)
        self.headcount.census.move(case.flags, 0)
        self.kept.leave(case_id, case)
