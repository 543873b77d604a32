"""How a ticket departs from the process: the deviations that the demo has to find.

Invariant: a strayed journey keeps its times in order and differs from the given one in exactly one way, named by the
returned `Straying`; a journey too short for the chosen way is left as it is.
"""

from enum import StrEnum
from random import Random

from agents.simulator.journey import Step
from schemas.duration import MINUTE

OFF_MODEL = ("Forwarded by e-mail", "Handed to another team", "Put on the shelf")


class Straying(StrEnum):
    """What was done differently from the model."""

    NONE = "none"
    SKIPPED_ASSIGNMENT = "skipped assignment"
    REPEATED_ANSWER = "repeated answer"
    ANSWERED_BEFORE_ASSIGNED = "answered before assigned"
    OFF_MODEL = "step unknown to the model"


# Skipping is the commonest: a supplier short of people takes tickets without recording who does.
_WEIGHTS = {
    Straying.SKIPPED_ASSIGNMENT: 5,
    Straying.REPEATED_ANSWER: 2,
    Straying.ANSWERED_BEFORE_ASSIGNED: 2,
    Straying.OFF_MODEL: 1,
}


def stray(rng: Random, steps: list[Step]) -> tuple[list[Step], Straying]:
    """One random departure from `steps`, and its name."""
    way = rng.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
    answered = next((i for i, step in enumerate(steps) if step.activity == "First answer"), None)
    if answered is None:
        return steps, Straying.NONE
    if way is Straying.SKIPPED_ASSIGNMENT:
        return [step for step in steps if step.activity != "Assigned"], way
    if way is Straying.ANSWERED_BEFORE_ASSIGNED:
        return _swapped(steps, answered - 1), way
    activity = "First answer" if way is Straying.REPEATED_ANSWER else rng.choice(OFF_MODEL)
    return _with_extra(steps, answered, activity, rng.randint(1, 10) * MINUTE), way


def _swapped(steps: list[Step], first: int) -> list[Step]:
    """The steps at `first` and after it change places, each at the other's time."""
    one, two = steps[first], steps[first + 1]
    return [*steps[:first], two._replace(at=one.at), one._replace(at=two.at), *steps[first + 2 :]]


def _with_extra(steps: list[Step], after: int, activity: str, delay_ms: int) -> list[Step]:
    """One more step behind that at `after`, no later than the one that follows it."""
    at = min(steps[after].at + delay_ms, steps[after + 1].at)
    return [*steps[: after + 1], steps[after]._replace(at=at, activity=activity), *steps[after + 1 :]]
