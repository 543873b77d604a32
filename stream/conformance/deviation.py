"""What a deviation from the model is: the named reasons that a person reads.

Invariant: the weights of all deviations of one explanation add up to the alignment's cost, and no two have one anchor.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class DeviationKind(StrEnum):
    """How a case departs from its model; `not_completed` is told of what was skipped though it had been started."""

    SKIPPED = "skipped"
    UNEXPECTED = "unexpected"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out_of_order"
    WRONG_BRANCH = "wrong_branch"
    UNKNOWN_ACTIVITY = "unknown_activity"
    NOT_FINISHED = "not_finished"
    NOT_COMPLETED = "not_completed"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure: where it shows, what was seen or left out, and what the model asked for instead.

    `index` is the position in the case's activities at which it shows: of the event itself, for `skipped` of the event
    before which the step was missing, for `not_finished` the number of events. `activity` is what was seen, or what
    was skipped. `expected` are the labels that were expected there, sorted: for `skipped` the steps any one of which
    would have done, for `out_of_order` those that lead to it, `ahead` steps at least before its own place where that
    was not reached. `missing` are the model's steps that are missing, in order. `element` is the id of the model
    element concerned, where there is one. `weight` is how many moves of the alignment it explains. `after` is the last
    step before it that the model took. `due` is the event before which a step out of order had its place, or that
    belongs to another branch than the wrong one. `slot` numbers the steps that are missing before one event. `shown_by`
    is the newest event that it is read from: had the case gone on otherwise up to there, it might be told otherwise.
    """

    kind: DeviationKind
    index: int
    activity: str
    expected: tuple[str, ...]
    missing: tuple[str, ...] = ()
    element: str | None = None
    weight: int = 1
    after: str | None = None
    due: int | None = None
    ahead: int = 0
    slot: int = 0
    shown_by: int = field(default=0, compare=False)  # of when it is known, not of what it is

    @property
    def anchor(self) -> tuple[int, int]:
        """The event that first showed it, and which of the steps missing there it is: the same for as long as the
        explanation tells it, whatever class it is given as the case goes on."""
        came_late = self.due is not None and self.due < self.index
        return (self.due if came_late and self.due is not None else self.index), self.slot
