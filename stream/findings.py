"""What is true of a case at an instant: service levels at risk or broken, deviations, broken constraints and rules.

A finding is a function of the case's fold and the clock alone. What alerts say is the difference between the findings
before and after (see `stream.lifecycle`). Invariant: the same history gives the same findings with the same keys,
whatever order it arrived in.
"""

from stream.clock import Moment
from stream.departures import departures
from stream.finding import Finding
from stream.fold import Fold
from stream.levels import level
from stream.verdicts import verdicts


def findings_of(fold: Fold, moment: Moment) -> list[Finding]:
    """All findings of a case at a moment, those of its earlier instances first.

    An end stops the clocks as an answer does: its own instant is still in time. One that is closed as idle was stopped
    by nobody: a deadline at that instant has fired.
    """
    over_at = fold.over_at(moment.clock)
    ended = "case ended" if fold.ended_at is not None else "idle"
    found: list[Finding] = list(fold.past)
    for stopped in fold.stopped:
        said = level(fold, stopped.rule, stopped.running, stopped.at)
        found.append(said._replace(closed_at=stopped.at, outcome=stopped.outcome, places=(*said.places, stopped.place)))
    for index, running in fold.running():
        until = moment.clock if over_at is None else over_at + (fold.ended_at is None)
        if running.start + running.offsets[0] < until:
            said = level(fold, index, running, until)
            if over_at is not None:
                places = (*said.places, fold.last_place)
                said = said._replace(closed_at=over_at, outcome=ended, places=places)
            found.append(said)
    if fold.cost or over_at is not None:
        found.extend(departures(fold, over_at, moment))
    if fold.standing is not None or fold.conduct.offences:
        found.extend(verdicts(fold, over_at, moment))
    return found
