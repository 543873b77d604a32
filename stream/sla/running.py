"""A clock of a service level: when it started, and the instants at which it says something.

A clock is a value that time cannot change: what stage it has reached is asked of it, with an instant. So a deadline
that passes changes no state, and a clock that was stopped still tells what it had reached. Invariant: `marks` ascend;
the last one is the due instant, those before it are at-risk instants.
"""

from typing import NamedTuple

from stream.event import Anchor, Place


class Running(NamedTuple):
    """A running clock; instants in milliseconds UTC. Without marks it is spent: it is silent, and not started again."""

    anchor: Anchor
    start: int
    marks: tuple[int, ...]

    @property
    def due(self) -> int:
        """The instant by which it has to be stopped; that instant itself is still in time."""
        return self.marks[-1]

    def reached(self, instant: int) -> int:
        """How many marks lie before `instant`: 0 says nothing, all of them is a breach."""
        count = 0
        for mark in self.marks:
            if mark >= instant:
                break
            count += 1
        return count

    def next_mark(self, instant: int) -> int | None:
        """The first mark at `instant` or later."""
        for mark in self.marks:
            if mark >= instant:
                return mark
        return None


class Stopped(NamedTuple):
    """A clock that was stopped after it had something to say: which rule's, when, and by the event at which place."""

    rule: int
    running: Running
    at: int
    place: Place


def spent(running: Running) -> Running:
    """The clock of a rule that runs once a case, after it ran."""
    return running._replace(marks=())
