"""A naive reading of the Declare templates that have no target, with a condition on data and a window of time.

They count the events that meet the condition and lie within the window, which for want of an activation counts from
the case's first event. Invariant: a verdict is what trying all continuations says, and nothing here knows of the
code under test.
"""

from collections.abc import Iterator
from itertools import pairwise, product
from typing import NamedTuple, TypeAlias

Window: TypeAlias = tuple[int, int] | None


class Step(NamedTuple):
    """An event: its instant (ms), its activity, and whether it meets the condition."""

    at: int
    activity: str
    meets: bool


Case: TypeAlias = tuple[Step, ...]

TEMPLATES = (
    "Existence,Existence2,Absence,Absence2,Absence3,Exactly1,Exactly2,Init,End,Choice,Exclusive Choice".split(",")
)
"""The templates about A alone, with their numbers, and the two about A and B."""


def satisfied(template: str, window: Window, case: Case) -> bool:
    """Whether the case, being all there is, satisfies the template."""
    in_time = [window is None or window[0] <= step.at - case[0].at <= window[1] for step in case]
    counted = [step.activity if step.meets and inside else "" for step, inside in zip(case, in_time, strict=True)]
    number, name = counted.count("A"), template.rstrip("123")
    limit = int(template.removeprefix(name) or 1)
    match name:
        case "Init":
            return counted[:1] == ["A"]
        case "End":
            return counted[-1:] == ["A"]
        case "Choice":
            return "A" in counted or "B" in counted
        case "Exclusive Choice":
            return ("A" in counted) != ("B" in counted)
        case "Existence":
            return number >= limit
        case "Absence":
            return number < limit
        case "Exactly":
            return number == limit
    raise ValueError(template)


def _continuations(window: Window, case: Case, clock: int) -> Iterator[Case]:
    """Up to three more events, in all orders, at every instant that makes a difference."""
    first_at, (least, most) = case[0].at, window or (0, 0)
    instants = sorted({clock, max(clock, first_at + least), max(clock, first_at + most), clock + most + 1})
    steps = [Step(at, name, True) for at in instants for name in "ABC"]
    for length in range(1, 4):
        for more in product(steps, repeat=length):
            if all(one.at <= other.at for one, other in pairwise(more)):
                yield more


def verdict(template: str, window: Window, case: Case, clock: int) -> str:
    """One of the four verdicts in words, of a case that has begun, when all instants before `clock` are over."""
    now = satisfied(template, window, case)
    changes = any(satisfied(template, window, case + more) != now for more in _continuations(window, case, clock))
    return f"{'temporarily' if changes else 'permanently'} {'satisfied' if now else 'violated'}"


def broken_at(template: str, window: Window, case: Case, clock: int) -> int | None:
    """The instant at which the case became one that nothing can make good, None if it is not: that of an event, or the
    window's last one, once it is over."""
    closes = () if window is None else (case[0].at + window[1],)
    for at in sorted({step.at for step in case}.union(closes)):
        before = tuple(step for step in case if step.at <= at)
        for known_at in (at, at + 1):  # by an event of this instant; by its passing
            if known_at <= clock and verdict(template, window, before, known_at) == "permanently violated":
                return at
    return None
