"""What the cases of a process in one task count as: in the census, among those of their version, on scorecards.

Invariant: each case is counted once, as what it was when it was last looked at.
"""

from collections import Counter
from collections.abc import Iterable

from stream.case import Case
from stream.census import UNCOUNTED, Census
from stream.clock import Moment
from stream.finding import Finding
from stream.occurrences import unanswered
from stream.partials import Partials
from stream.versions import Versions


class Headcount:
    """The counts of one process (`name`) in one task; cases that scorecards leave out, and clocks that an end has
    cancelled, are noted among the `counts`."""

    __slots__ = ("census", "counts", "name", "partials", "versions")

    def __init__(self, name: str, versions: Versions, partials: Partials, counts: Counter[tuple[str, ...]]) -> None:
        self.name, self.versions, self.partials, self.counts = name, versions, partials, counts
        self.census = Census()

    def flag(self, case: Case, flags: int) -> bool:
        """Count a case as what its flags say now; whether they are others than before."""
        if flags == case.flags:
            return False
        self.census.move(case.flags, flags)
        self.versions.version(case.process).count(case.flags, flags)
        case.flags = flags
        return True

    def end(self, case: Case) -> bool:
        """Count the clocks that the end of a case has cancelled, once that has settled; whether there were any. What is
        closed as idle waits for no answer."""
        uncounted, ended_at = case.flags & UNCOUNTED, case.fold.ended_at
        if not uncounted or ended_at is None:
            return False
        case.flags &= ~UNCOUNTED
        found = list(unanswered(case.fold.clocks, case.process, ended_at))
        for rule in found:
            self.counts["unanswered", self.name, rule] += 1
        return bool(found)

    def card_alike(self, case: Case, moment: Moment) -> None:
        """`card` of an open case of which only the flags may have changed since it was counted."""
        cards = self.partials.cards
        if cards.kinds and not cards.count_like_the_last(case):
            cards.count_again(case, moment)
            self._note_left_out()

    def card(self, case: Case, moment: Moment, over_at: int | None, unsaid: Iterable[Finding] = ()) -> bool:
        """Bring the scorecards to what a case counts as; whether that is something else than before."""
        changed = self.partials.cards.count(case, moment, over_at, unsaid)
        self._note_left_out()
        return changed

    def _note_left_out(self) -> None:
        shares = self.partials.cards.shares
        if shares.left_out:
            self.counts["scorecards", self.name, "left_out"] += shares.left_out
            shares.left_out = 0
