"""A clock of a service level: when it started, and the instants at which it says something.

A clock is a value that time cannot change: what stage it has reached is asked of it, with an instant. So a deadline
that passes changes no state, and a clock that was stopped still tells what it had reached. Invariant: `marks` ascend;
those before the due instant are at-risk instants, those behind it say that the breach still stands.
"""

from typing import Final, NamedTuple

from stream.event import Anchor, Place

made: Final = tuple.__new__
"""A named tuple from its class and all its fields, in half the time that the class itself takes."""

Origin = tuple[str, str | None, str | None]
"""Activity, life cycle and resource of the event that started a clock."""


class Terms(NamedTuple):
    """Under which terms a clock runs, where they can change; instants in milliseconds UTC.

    `whole`: how many marks it has up to its due instant; a paused clock knows fewer of them. `choice`: the number of
    its target, 0 for the plain one, `NONE` while it does not apply; `chosen_at` when that changed last. `pauses` are
    over, that since `paused_at` is not.
    """

    whole: int
    chosen_at: int
    choice: int = 0
    pauses: tuple[tuple[int, int], ...] = ()
    paused_at: int | None = None
    origin: Origin | None = None


NONE = -1
"""The choice of a clock that does not apply."""


class Running(NamedTuple):
    """A running clock; instants in milliseconds UTC. `offsets` are its marks as seen from its start, one tuple for all
    clocks of a plain target. Without marks it is silent: spent, and not started again, or, where its terms say so,
    waiting for the end of a pause or for its condition to hold."""

    anchor: Anchor
    start: int
    offsets: tuple[int, ...]
    terms: Terms | None = None

    @property
    def marks(self) -> tuple[int, ...]:
        """The instants at which it says something."""
        start = self.start
        return tuple([start + offset for offset in self.offsets])

    @property
    def whole(self) -> int:
        """How many marks there are up to the due instant."""
        return len(self.offsets) if self.terms is None else self.terms.whole

    @property
    def due(self) -> int | None:
        """The instant by which it has to be stopped, which is itself still in time; None while that is not known."""
        whole = self.whole
        return self.start + self.offsets[whole - 1] if 0 < whole <= len(self.offsets) else None

    def had_to_say(self, instant: int) -> bool:
        """Whether it passed a mark before `instant`."""
        return bool(self.offsets) and self.start + self.offsets[0] < instant

    def reached(self, instant: int) -> int:
        """How many marks lie before `instant`: 0 says nothing, `whole` of them is a breach."""
        count, length = 0, instant - self.start
        for offset in self.offsets:
            if offset >= length:
                break
            count += 1
        return count

    def next_mark(self, instant: int) -> int | None:
        """The first mark at `instant` or later."""
        length = instant - self.start
        for offset in self.offsets:
            if offset >= length:
                return self.start + offset
        return None


class Stopped(NamedTuple):
    """A clock that was stopped after it had something to say: which rule's, when, by the event at which place, and
    whether that was an answer or called it off."""

    rule: int
    running: Running
    at: int
    place: Place
    outcome: str = "answered"


def spent(running: Running) -> Running:
    """The clock of a rule that runs once a case, after it ran."""
    return Running(running.anchor, running.start, ())
