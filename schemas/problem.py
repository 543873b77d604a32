"""What is wrong in something that a person wrote, told so that it can be put right.

Invariant: a problem names its place, what is wrong there and what would be right, and prints as one line. Problems are
gathered and refused together, so that a person mends a file once and not once per mistake.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One mistake in a file: `line` counts from 1 (1 also for what concerns the whole file), `element` is the dotted
    path or the id of what is at fault."""

    file: str
    line: int
    element: str
    wrong: str
    right: str

    def __str__(self) -> str:
        """Print it as `FILE:LINE: ELEMENT: what is wrong; what would be right`."""
        return f"{self.file}:{self.line}: {self.element}: {self.wrong}; {self.right}"


class Refused(Exception):
    """Something given was refused; `problems` holds everything found wrong in it, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Fault(ValueError):
    """A value that cannot be taken as written: what is wrong with it and what would be right. Whoever knows the place
    makes a `Problem` of it."""

    def __init__(self, wrong: str, right: str) -> None:
        self.wrong = wrong
        self.right = right
        super().__init__(f"{wrong}; {right}")
