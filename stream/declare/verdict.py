"""The four verdicts of runtime verification: what is known of a constraint while its case is still going on.

Invariant: a permanent verdict never changes, whatever comes. Once a case has ended, every verdict is permanent.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """RV-LTL over finite traces (Bauer, Leucker, Schallhart 2010; De Giacomo et al. 2014)."""

    PERMANENTLY_SATISFIED = "permanently satisfied"
    TEMPORARILY_SATISFIED = "temporarily satisfied"
    TEMPORARILY_VIOLATED = "temporarily violated"
    PERMANENTLY_VIOLATED = "permanently violated"

    def at_end(self) -> "Verdict":
        """The verdict when the case ends like this."""
        return _AT_END[self]


_AT_END = {
    Verdict.PERMANENTLY_SATISFIED: Verdict.PERMANENTLY_SATISFIED,
    Verdict.TEMPORARILY_SATISFIED: Verdict.PERMANENTLY_SATISFIED,
    Verdict.TEMPORARILY_VIOLATED: Verdict.PERMANENTLY_VIOLATED,
    Verdict.PERMANENTLY_VIOLATED: Verdict.PERMANENTLY_VIOLATED,
}

_GRAVITY = {verdict: number for number, verdict in enumerate(Verdict)}


def gravest(one: Verdict, other: Verdict) -> Verdict:
    """The verdict of a conjunction. Exact where the halves are independent; otherwise it may say temporarily where
    permanently is already certain, never the other way round."""
    return one if _GRAVITY[one] >= _GRAVITY[other] else other
