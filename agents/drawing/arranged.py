"""Where everything of a diagram stands: parts as boxes of the size that their text needs, arrows as lines with corners.

The layered layout (Sugiyama 1981) and the routing are graphlay's. Invariant: equal diagrams are arranged equally, and
no two parts overlap.
"""

import textwrap
from collections import Counter
from typing import NamedTuple

import graphlay

from agents.drawing.diagram import Arrow, Diagram, Part, Shape
from schemas.problem import Fault

Point = tuple[float, float]

MOST_WITH_CARE, MOST = 400, 1_200  # parts and arrows; the layout of a tangle of the latter size takes seconds

CHARACTER, LINE = 7.2, 17.0  # px that a character is wide at most (13 px type), and a line high
SMALL_CHARACTER, SMALL_LINE = 6.2, 14.0  # the same at 11 px
COLUMNS, LINES = 22, 4  # a label's size in characters; the rest is shortened
DETAILS, DETAIL = 5, 44  # lines on one activity besides its name, and the length of one, or of a text at an arrow
MOST_ROOM = 70.0
SIZES = {Shape.PLACE: (18.0, 18.0), Shape.START: (26.0, 26.0), Shape.END: (26.0, 26.0), Shape.SILENT: (9.0, 34.0)}


class Box(NamedTuple):
    """A part on the plane: its middle, its size, and the lines of its text and detail."""

    part: Part
    middle: Point
    width: float
    height: float
    lines: tuple[str, ...]
    details: tuple[str, ...]


class Line(NamedTuple):
    """An arrow on the plane: its corners from end to end, the text beside it, and where that stands."""

    points: tuple[Point, ...]
    text: str
    at: Point | None
    arrow: Arrow


class Arranged(NamedTuple):
    """Boxes and lines in the order of the diagram, and what they cover: left, top, right, bottom."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    bounds: tuple[float, float, float, float]


def arranged(diagram: Diagram) -> Arranged:
    """Give everything of a diagram its place, from left to right; lengths are px. Raises `Fault` if it is too large."""
    if len(diagram.parts) + len(diagram.arrows) > MOST:
        wrong = f"a drawing of {len(diagram.parts)} parts and {len(diagram.arrows)} arrows, which nobody could read"
        raise Fault(wrong, f"a model of at most {MOST} parts and arrows together")
    graph, texts = graphlay.Graph(), []
    ways = Counter(end for arrow in diagram.arrows for end in (arrow.source, arrow.target))
    for number, part in enumerate(diagram.parts):
        lines, details = wrapped(part.text), tuple(_shortened(line, DETAIL) for line in _few(part.detail))
        width, height = _size(part, lines, details, ways[number])
        texts.append((lines, details, width, height))
        shape, rank = "box" if part.shape in _BOXES else "ellipse", _RANKS.get(part.shape, "free")
        graph.node(width=width, height=height, shape=shape, rank=rank)
    for arrow in diagram.arrows:
        beside = _shortened(arrow.text, DETAIL)
        size = {"width": _small(beside), "height": SMALL_LINE} if beside else None
        graph.edge(arrow.source, arrow.target, label_size=size)
    effort = "balanced" if len(diagram.parts) + len(diagram.arrows) <= MOST_WITH_CARE else "fast"
    options = {"labels": {"reservation": "always"}, "effort": effort}
    drawn = graphlay.layout(graph, preset="layered", options=options)
    boxes = [
        Box(part, _point(node["center"]), width, height, lines, details)
        for part, node, (lines, details, width, height) in zip(diagram.parts, drawn.nodes, texts, strict=True)
    ]
    edges = [
        Line(
            tuple(map(_point, edge["points"])),
            _shortened(arrow.text, DETAIL),
            _point(edge["label_anchor"]) if arrow.text and edge.get("label_anchor") else None,
            arrow,
        )
        for arrow, edge in zip(diagram.arrows, drawn.edges, strict=True)
    ]
    return Arranged(tuple(boxes), tuple(edges), _bounds(boxes, edges))


_RANKS = {Shape.START: "first", Shape.END: "last"}  # the left and the right edge of the drawing
_BOXES = frozenset({Shape.ACTIVITY, Shape.SILENT})


def wrapped(text: str) -> tuple[str, ...]:
    """A label in a few lines; a long one ends in an ellipsis."""
    lines = textwrap.wrap(" ".join(text.split()), COLUMNS, break_on_hyphens=True)
    if len(lines) > LINES:
        lines[LINES - 1 :] = [_shortened(lines[LINES - 1] + "…", COLUMNS)]
    return tuple(lines)


def _few(details: tuple[str, ...]) -> tuple[str, ...]:
    return details if len(details) <= DETAILS else (*details[: DETAILS - 1], f"and {len(details) - DETAILS + 1} more")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _small(text: str) -> float:
    return len(text) * SMALL_CHARACTER + 4


def _size(part: Part, lines: tuple[str, ...], details: tuple[str, ...], ways: int) -> tuple[float, float]:
    if part.shape in SIZES:
        width, height = SIZES[part.shape]
        room = min(MOST_ROOM, ways * 4.0)  # many arrows need room to end in
        return (width, max(height, room)) if part.shape is Shape.SILENT else (max(width, room), max(height, room))
    widest = max([len(line) * CHARACTER for line in lines] + [_small(line) for line in details], default=0)
    return max(70.0, widest + 22), max(40.0, len(lines) * LINE + len(details) * SMALL_LINE + 16)


def _point(written: dict[str, float]) -> Point:
    return written["x"], written["y"]


def _bounds(boxes: list[Box], lines: list[Line]) -> tuple[float, float, float, float]:
    reach = [
        (box.middle[0] + across * box.width / 2, box.middle[1] + down * box.height / 2)
        for box in boxes
        for across, down in ((-1, -1), (1, 1))
    ]
    for line in lines:
        reach += line.points
        if line.at:
            half = _small(line.text) / 2
            reach += [(line.at[0] - half, line.at[1] - SMALL_LINE), (line.at[0] + half, line.at[1] + SMALL_LINE)]
    if not reach:
        return 0.0, 0.0, 0.0, 0.0
    across, down = zip(*reach, strict=True)
    return min(across), min(down), max(across), max(down)
