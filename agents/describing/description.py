"""A model described: plain facts, the lines that are printed of them, and a way to draw it.

Invariant: facts and lines are the same in every run.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from agents.drawing.diagram import Diagram


class Description(NamedTuple):
    """What a model file says; `facts` can be written as JSON, `diagram` is made only when it is asked for."""

    facts: dict[str, Any]
    lines: tuple[str, ...]
    diagram: Callable[[], Diagram]


def counted(number: int, one: str, several: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else several}"
