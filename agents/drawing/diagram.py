"""What is to be drawn: parts and arrows between them, before anything has a place on the plane.

Invariant: a part's text is whole here; wrapping and shortening are a matter of drawing.
"""

from enum import StrEnum
from typing import NamedTuple


class Shape(StrEnum):
    """What a part looks like."""

    ACTIVITY = "activity"
    SILENT = "silent"  # splits and joins
    PLACE = "place"  # where ways part and meet
    START = "start"
    END = "end"


class Part(NamedTuple):
    """Something drawn: `text` stands inside, `detail` below it, `element` is its id in the file; `bad`: in trouble."""

    shape: Shape
    text: str = ""
    detail: tuple[str, ...] = ()
    element: str = ""
    bad: bool = False


class Arrow(NamedTuple):
    """From one part to another, by their numbers; `text` stands beside it, `bad`: something that must not be."""

    source: int
    target: int
    text: str = ""
    bad: bool = False


class Diagram(NamedTuple):
    """A title, what explains the drawing, parts and arrows, and what is written below."""

    title: str
    legend: str
    parts: tuple[Part, ...]
    arrows: tuple[Arrow, ...]
    remarks: tuple[str, ...] = ()
