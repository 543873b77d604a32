"""An arranged diagram as SVG text: one file that needs no font, script or style from elsewhere.

Invariant: equal diagrams give equal text; whatever comes from the model is escaped. Colours follow the viewer's light
or dark setting where it has one.
"""

import textwrap
from xml.sax.saxutils import escape, quoteattr

from agents.drawing.arranged import CHARACTER, LINE, SMALL_CHARACTER, SMALL_LINE, Arranged, Box, Line, Point, arranged
from agents.drawing.diagram import Diagram, Shape

MARGIN, HEAD, FOOT = 28.0, 44.0, 34.0
REMARK = 18.0  # px from one line below the drawing to the next
TITLE_CHARACTER = 9.0
CORNER = 6.0  # the radius of an arrow's corners
STYLE = """
svg { --ink: #1f2933; --line: #52606d; --fill: #ffffff; --page: #f7f9fb; --bad: #b42318; }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e4e7eb; --line: #9aa5b1; --fill: #1f2933; --page: #12181f; --bad: #ff8f80; }
}
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2933; fill: var(--ink); }
text.title { font-size: 16px; font-weight: 600; }
text.small { font-size: 11px; fill: #52606d; fill: var(--line); }
.page, .patch { fill: #f7f9fb; fill: var(--page); }
.box { fill: #ffffff; fill: var(--fill); stroke: #52606d; stroke: var(--line); stroke-width: 1.4; }
.solid { fill: #52606d; fill: var(--line); }
.alarm { fill: #b42318; fill: var(--bad); }
.arrow { fill: none; stroke: #52606d; stroke: var(--line); stroke-width: 1.3; }
.ring { fill: none; stroke: #52606d; stroke: var(--line); stroke-width: 1.4; }
.bad { stroke: #b42318; stroke: var(--bad); stroke-width: 2.4; }
"""


def svg(diagram: Diagram) -> str:
    """The drawing of a diagram, as a whole SVG document."""
    plan = arranged(diagram)
    left, top, right, bottom = plan.bounds
    across = max(right - left, TITLE_CHARACTER * len(diagram.title), SMALL_CHARACTER * len(diagram.legend))
    below = [line for remark in diagram.remarks for line in _wrapped(remark, across)]
    width, foot = across + 2 * MARGIN, bottom - top + HEAD + FOOT + MARGIN
    height = foot + len(below) * REMARK + (MARGIN / 2 if below else 0)
    shift = (MARGIN - left, HEAD + MARGIN / 2 - top)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label={quoteattr(_clean(diagram.title))}>',
            f"<style>{STYLE}</style>",
            f"<defs>{_head('head', 'solid')}{_head('bad-head', 'alarm')}</defs>",
            '<rect class="page" width="100%" height="100%"/>',
            f'<text class="title" x="{MARGIN:.0f}" y="30">{_text(diagram.title)}</text>',
            f'<g transform="translate({shift[0]:.1f} {shift[1]:.1f})">',
            *_drawn(plan),
            "</g>",
            f'<text class="small" x="{MARGIN:.0f}" y="{foot - 14:.0f}">{_text(diagram.legend)}</text>',
            *(
                f'<text x="{MARGIN:.0f}" y="{foot + number * REMARK:.0f}">{_text(line)}</text>'
                for number, line in enumerate(below, 1)
            ),
            "</svg>\n",
        ]
    )


def _head(name: str, look: str) -> str:
    shape = f'<path d="M0 1 L10 5 L0 9 z" class="{look}"/>'
    size = 'markerUnits="userSpaceOnUse" markerWidth="10" markerHeight="10" orient="auto"'
    return f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" {size}>{shape}</marker>'


def _wrapped(remark: str, across: float) -> list[str]:
    return textwrap.wrap(remark, max(40, int(across / CHARACTER)), subsequent_indent="\u2003\u2003")


def _drawn(plan: Arranged) -> list[str]:
    """Arrows first, then boxes over their ends, then what stands beside arrows."""
    arrows = [_arrow(line) for line in plan.lines]
    boxes = [shape for box in plan.boxes for shape in _box(box)]
    texts = [_beside(line) for line in plan.lines if line.at]
    return arrows + boxes + texts


def _arrow(line: Line) -> str:
    look, head = ("arrow bad", "bad-head") if line.arrow.bad else ("arrow", "head")
    hint = f"<title>{_text(line.arrow.text)}</title>" if line.arrow.text else ""
    return f'<path class="{look}" d="{_path(line.points)}" marker-end="url(#{head})">{hint}</path>'


def _path(points: tuple[Point, ...]) -> str:
    """A line through points, its corners rounded as far as the pieces are long enough."""
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        come, leave = _towards(corner, before), _towards(corner, after)
        steps.append(f"L{come[0]:.1f} {come[1]:.1f} Q{corner[0]:.1f} {corner[1]:.1f} {leave[0]:.1f} {leave[1]:.1f}")
    steps.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
    return " ".join(steps)


def _towards(corner: Point, other: Point) -> Point:
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = (across**2 + down**2) ** 0.5
    share = min(CORNER, length / 2) / length if length else 0.0
    return corner[0] + across * share, corner[1] + down * share


def _box(box: Box) -> list[str]:
    part, (x, y) = box.part, box.middle
    look = "box bad" if part.bad else "box"
    hint = f"<title>{_text(f'{part.text} ({part.element})' if part.text else part.element)}</title>"
    if part.shape in (Shape.PLACE, Shape.START, Shape.END):
        return _circle(box, look, hint)
    corner = {Shape.SILENT: 1.5}.get(part.shape, 6)
    look = "solid" + " bad" * part.bad if part.shape is Shape.SILENT else look
    rectangle = (
        f'<rect class="{look}" x="{x - box.width / 2:.1f}" y="{y - box.height / 2:.1f}" width="{box.width:.1f}"'
        f' height="{box.height:.1f}" rx="{corner}">{hint}</rect>'
    )
    return [rectangle, *_lines(box)]


def _circle(box: Box, look: str, hint: str) -> list[str]:
    part, (x, y) = box.part, box.middle
    radius = box.width / 2
    shapes = [f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">{hint}</circle>']
    if part.shape is Shape.START:
        shapes.append(f'<circle class="solid" cx="{x:.1f}" cy="{y:.1f}" r="{radius / 2.6:.1f}"/>')
    if part.shape is Shape.END:
        shapes.append(f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="{radius - 4:.1f}"/>')
    if part.text:
        shapes.append(_centred("small", x, y + radius + 12, f"{part.text} tokens"))
    return shapes


def _lines(box: Box) -> list[str]:
    x, y = box.middle
    down = y - (len(box.lines) * LINE + len(box.details) * SMALL_LINE) / 2
    shown = []
    for line in box.lines:
        down += LINE
        shown.append(_centred("name", x, down - 4.5, line))
    for line in box.details:
        down += SMALL_LINE
        shown.append(_centred("small", x, down - 3.5, line))
    return shown


def _beside(line: Line) -> str:
    assert line.at is not None
    (x, y), width = line.at, SMALL_CHARACTER * len(line.text)
    patch = f'<rect class="patch" x="{x - width / 2:.1f}" y="{y - 8:.1f}" width="{width:.1f}" height="16"/>'
    return patch + _centred("small", x, y + 4, line.text)


def _centred(look: str, x: float, y: float, text: str) -> str:
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{_text(text)}</text>'


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(character for character in text if character.isprintable() or character in " \t\n")
