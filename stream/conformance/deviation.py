"""What a deviation from the model is: the named reasons that a person reads.

Invariant: the weights of all deviations of one explanation add up to the alignment's cost.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeviationKind(StrEnum):
    """How a case departs from its model."""

    SKIPPED = "skipped"
    UNEXPECTED = "unexpected"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out_of_order"
    WRONG_BRANCH = "wrong_branch"
    UNKNOWN_ACTIVITY = "unknown_activity"
    NOT_FINISHED = "not_finished"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure: where it shows, what was seen or left out, and what the model asked for instead.

    `index` is the position in the case's activities at which it shows: of the event itself, for `skipped` of the event
    before which the step was missing, for `not_finished` the number of events. `activity` is what was seen, or what
    was skipped. `expected` are the labels that were expected there, sorted; `missing` the model's steps that are
    missing, in order. `element` is the id of the model element concerned, where there is one. `weight` is how many
    moves of the alignment it explains.
    """

    kind: DeviationKind
    index: int
    activity: str
    expected: tuple[str, ...]
    missing: tuple[str, ...] = ()
    element: str | None = None
    weight: int = 1
