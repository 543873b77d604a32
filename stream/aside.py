"""What most cases have nothing of: broken promises, deviations, what people may not do. One value for all that have
none.

Invariant: it is replaced and never changed, so that the states of a case, and cases, may share it.
"""

from typing import Any, Final, NamedTuple

from stream.conformance.deviation import Deviation
from stream.people import BLAMELESS, Conduct
from stream.sla.running import Stopped

Explained = tuple[int, bool, tuple[Deviation, ...], tuple[Any, ...] | None]
"""The steps that were explained, by size, and whether as a whole; their deviations, and what is told of those."""

NONE_LATE: Final[frozenset[int]] = frozenset()


class Aside(NamedTuple):
    """What is beside the course of most cases; what its fields say is told where they are used, in `stream.course` and
    `stream.fold`."""

    stopped: tuple[Stopped, ...] = ()
    past: tuple[Any, ...] = ()
    conduct: Conduct = BLAMELESS
    asked_late: frozenset[int] = NONE_LATE
    explained: Explained = (0, False, (), None)
    strangers: tuple[str, ...] = ()
    instance: int = 1
    late: bool = False


NOTHING_ASIDE: Final = Aside()


class Sharing:
    """A state that holds what is `aside`, which it replaces where it has something of it."""

    __slots__ = ("aside",)

    aside: Aside

    @property
    def instance(self) -> int:
        """Which instance of its case it is of."""
        return self.aside.instance

    @property
    def late(self) -> bool:
        """Whether any event of it came later than lateness allows."""
        return self.aside.late

    @late.setter
    def late(self, late: bool) -> None:
        if late is not self.aside.late:
            self.aside = self.aside._replace(late=late)

    @property
    def stopped(self) -> tuple[Stopped, ...]:
        """Clocks that were stopped after they had something to say."""
        return self.aside.stopped

    @stopped.setter
    def stopped(self, stopped: tuple[Stopped, ...]) -> None:
        self.aside = self.aside._replace(stopped=stopped)

    @property
    def past(self) -> tuple[Any, ...]:
        """What is to be said of earlier instances."""
        return self.aside.past

    @past.setter
    def past(self, past: tuple[Any, ...]) -> None:
        self.aside = self.aside._replace(past=past)

    @property
    def conduct(self) -> Conduct:
        """What people have done."""
        return self.aside.conduct

    @property
    def asked_late(self) -> frozenset[int]:
        """The constraints that were not asked yet when it began."""
        return self.aside.asked_late

    @property
    def explained(self) -> Explained:
        """The deviations, and how they are told."""
        return self.aside.explained

    @explained.setter
    def explained(self, explained: Explained) -> None:
        self.aside = self.aside._replace(explained=explained)

    @property
    def strangers(self) -> tuple[str, ...]:
        """The names met that the model does not have."""
        return self.aside.strangers
