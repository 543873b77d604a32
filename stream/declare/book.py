"""What a constraint with conditions or a window remembers of a case: its activations, targets and violations.

Invariant: a book is a value, made of the case's events alone, and bounded: what the bounds cut is counted in it.
"""

from typing import NamedTuple

from stream.declare.value import Values
from stream.declare.violation import Violation
from stream.event import Anchor

MOST_OPEN = 256  # activations followed at a time, and targets remembered, per constraint and case
MOST_BROKEN = 64  # violations listed per constraint and case


class Entry(NamedTuple):
    """An event in a book, with the values that conditions may still ask for."""

    anchor: Anchor
    values: Values


class Book(NamedTuple):
    """`state` of a counting constraint; `open` activations and `past` targets, in order of time; what is `broken`.

    Cut by the bounds: activations `unfollowed`, targets `forgotten`, violations `unlisted`.
    """

    state: int = 0
    open: tuple[Entry, ...] = ()
    past: tuple[Entry, ...] = ()
    broken: tuple[Violation, ...] = ()
    unfollowed: int = 0
    forgotten: int = 0
    unlisted: int = 0

    def opening(self, entry: Entry) -> "Book":
        """One more activation."""
        if len(self.open) >= MOST_OPEN:
            return self._replace(unfollowed=self.unfollowed + 1)
        return self._replace(open=(*self.open, entry))

    def remembering(self, entry: Entry) -> "Book":
        """One more target; the oldest leaves where there are too many."""
        past = (*self.past, entry)
        return self._replace(past=past[-MOST_OPEN:], forgotten=self.forgotten + (len(past) > MOST_OPEN))

    def breaking(self, *violations: Violation) -> "Book":
        """More violations, in order of time."""
        room = max(MOST_BROKEN - len(self.broken), 0)
        return self._replace(
            broken=self.broken + violations[:room], unlisted=self.unlisted + len(violations[room:])
        )


FRESH = Book()
