"""Where one case stands with all constraints of a monitor: an immutable value, made of its events alone.

Invariant: two standings are equal where the same events made them, whatever memos knew, and whether or not they were
written down and read again in between.
"""

from typing import NamedTuple

from stream.declare.book import Book
from stream.declare.vector import Vector
from stream.declare.violation import Violation
from stream.event import Anchor


class Standing(NamedTuple):
    """`vector`: of the plain constraints. `armed`: by number of plain constraint, the event that armed it. `broken`:
    plain constraints broken by events, and conflicts. `books`: of the others, part by part."""

    first_at: int | None
    vector: Vector
    armed: tuple[tuple[int, Anchor], ...]
    broken: tuple[Violation, ...]
    books: tuple[Book, ...]

    def armed_by(self, number: int) -> Anchor | None:
        """The event that armed a plain constraint, while it is armed."""
        return next((anchor for armed, anchor in self.armed if armed == number), None)
