"""What is known of a whole case: the verdict on each constraint after every event, and what the end of the case leaves.

The clock of a case is the time of its own events, and it ends at its last one. Each constraint is judged by itself:
what several can no longer keep together shows when one of them is broken. Invariant: equal cases get equal answers,
whatever was judged before them; at the end a constraint is violated exactly where it was broken at least once.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stream.conformance.memo import Memo
from stream.declare.constraint import Constraint
from stream.declare.monitor import Monitor
from stream.declare.standing import Standing
from stream.declare.vector import MOST_VECTORS
from stream.declare.verdict import Verdict
from stream.declare.violation import Happening

Verdicts = tuple[Verdict, ...]
"""One for each constraint, in their order."""


class Judged(NamedTuple):
    """A case: the verdicts `after` each event, where they were asked for, and at its `end`; how often each constraint
    was broken (`violations`); `cut`: constraints, by index, with more events than are followed, so that there may be
    more violations."""

    after: Sequence[Verdicts]
    end: Verdicts
    violations: tuple[int, ...]
    cut: tuple[int, ...] = ()


class Judge:
    """Judges cases by a set of constraints; `monitor` is theirs."""

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self.monitor = Monitor(constraints, foresees=False)
        # Where the vector of automata is all there is, verdicts follow from it and recur.
        self.known: Memo[int, Verdicts] | None = None
        if all(constraint.plain for constraint in self.monitor.constraints):
            self.known = Memo(MOST_VECTORS)

    def judge(self, steps: Iterable[Happening], *, each: bool) -> Judged:
        """Judge a case by its completed steps, in order of time; `each`: also after every one of them."""
        monitor, step = self.monitor, self.monitor.step
        standing, at = monitor.start(), 0
        after: list[Verdicts] = []
        for happening in steps:
            standing, at = step(standing, happening), happening.anchor.at
            if each:
                after.append(self._verdicts(standing, at))
        end = tuple([verdict.at_end() for verdict in self._verdicts(standing, at)])
        cut = tuple({cut.constraint: None for cut in monitor.cuts(standing) if cut.unfollowed})
        return Judged(after, end, monitor.counts(standing, at), cut)

    def _verdicts(self, standing: Standing, clock: int) -> Verdicts:
        if self.known is None:
            return self.monitor.verdicts(standing, clock, ended=False)
        serial = standing.vector.serial
        known = self.known.get(serial)
        return self.known.put(serial, self.monitor.verdicts(standing, clock, ended=False)) if known is None else known
