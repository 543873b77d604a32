"""How many cases are open, at risk, breached and deviating: kept by differences, never counted anew.

A case that is at risk in one thing and breached in another counts in both. It deviates where it departs from its model,
or a constraint or a rule on people is broken. Invariant: the counts equal those of the cases' flags.
"""

OPEN, AT_RISK, BREACHED, DEVIATING = 1, 2, 4, 8
AGAIN = 16
"""Not counted: the case is to be looked at again once a silent source has recovered, or time runs live."""
UNCOUNTED = 32
"""Not counted: the clocks that the end of the case cancels are still to be counted, once its end has settled."""
STANDING = OPEN | AT_RISK | BREACHED | DEVIATING
NAMES = {OPEN: "open", AT_RISK: "at_risk", BREACHED: "breached", DEVIATING: "deviating"}
_FLAGS = tuple([flag for flag in NAMES if flags & flag] for flags in range(STANDING + 1))


class Census:
    """Counts of the cases of one process in one task."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts = dict.fromkeys(NAMES, 0)

    def move(self, before: int, after: int) -> None:
        """A case's flags have changed; 0 stands for a case that is not there, or has nothing to count."""
        changed = (before ^ after) & STANDING
        if changed:
            for flag in _FLAGS[changed]:
                self.counts[flag] += 1 if after & flag else -1

    def by_name(self) -> dict[str, int]:
        """The counts under their names."""
        return {NAMES[flag]: count for flag, count in self.counts.items()}
