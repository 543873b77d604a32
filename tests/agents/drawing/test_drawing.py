"""What a drawing leaves out, what it never leaves out, and that nothing in it overlaps."""

from itertools import combinations
from random import Random
from xml.etree import ElementTree

import pytest

from agents.drawing.arranged import arranged, wrapped
from agents.drawing.diagram import Arrow, Diagram, Part, Shape
from agents.drawing.nets import net_diagram
from agents.drawing.svg import svg
from schemas.problem import Fault
from stream.models.net import Net, Transition
from tests.stream.conformance.random_nets import nested, tangled


def sequence(*labels: str | None) -> Net:
    """Steps one after the other."""
    steps = tuple(Transition(label, {at: 1}, {at + 1: 1}, f"t{at}") for at, label in enumerate(labels))
    return Net(tuple(f"p{at}" for at in range(len(labels) + 1)), steps, {0: 1}, {len(labels): 1})


def test_places_between_two_steps_are_arrows() -> None:
    """A reader of a process asks for its activities."""
    drawn = net_diagram("m", sequence("a", "b"))
    names = [part.text or part.shape for part in drawn.parts]
    assert {(names[arrow.source], names[arrow.target]) for arrow in drawn.arrows} == {
        (Shape.START, "a"),
        ("a", "b"),
        ("b", Shape.END),
    }


def test_silent_steps_between_two_places_are_left_out() -> None:
    """They only say that a choice has been made."""
    assert Shape.SILENT not in {part.shape for part in net_diagram("m", sequence("a", None, "b")).parts}
    skip = Net(("s", "e"), (Transition("a", {0: 1}, {1: 1}), Transition(None, {0: 1}, {1: 1})), {0: 1}, {1: 1})
    drawn = net_diagram("m", skip)
    shapes = [part.shape for part in drawn.parts]
    assert (Shape.START, Shape.END) in {(shapes[arrow.source], shapes[arrow.target]) for arrow in drawn.arrows}


def test_splits_and_joins_and_weights_are_drawn() -> None:
    """As bars, they say that several ways are gone at once; an activity that joins has one before it."""
    split = Net(
        ("s", "p", "q", "e"),
        (
            Transition(None, {0: 1}, {1: 1, 2: 2}, "split"),
            Transition("a", {1: 1, 2: 2}, {3: 1}, "a"),
            Transition("b", {1: 1}, {3: 1}, "b"),
        ),
        {0: 1},
        {3: 1},
    )
    drawn = net_diagram("m", split)
    assert [part.element for part in drawn.parts if part.shape is Shape.SILENT] == ["split", ""]
    assert [arrow.text for arrow in drawn.arrows if arrow.text] == ["× 2", "× 2"]


def test_a_step_with_several_ways_in_is_drawn_once() -> None:
    """A loop that a reader had to write as a first time and any further times."""
    first, again = Transition("a", {0: 1}, {1: 1}, "a"), Transition("a", {1: 1}, {1: 1}, "a")
    drawn = net_diagram("m", Net(("s", "e"), (first, again), {0: 1}, {1: 1}))
    assert [part.text for part in drawn.parts] == ["", "a", ""]


@pytest.mark.parametrize("make", [nested, tangled])
def test_every_activity_is_drawn_and_no_two_parts_overlap(make: object) -> None:
    """On random nets; all arrows lead from one part to another that is there."""
    random = Random(5)
    for _ in range(15):
        net = nested(random, "abcdefgh") if make is nested else tangled(random, "abcdefgh")
        drawn = net_diagram("m", net)
        shown = sorted(part.text for part in drawn.parts if part.shape is Shape.ACTIVITY)
        assert shown == sorted(step.label for step in net.transitions if step.label is not None)
        plan = arranged(drawn)
        for one, other in combinations(plan.boxes, 2):
            apart = [abs(a - b) for a, b in zip(one.middle, other.middle, strict=True)]
            assert apart[0] >= (one.width + other.width) / 2 or apart[1] >= (one.height + other.height) / 2
        assert all(len(line.points) > 1 for line in plan.lines)


def test_a_drawing_is_well_formed_whatever_the_model_says() -> None:
    """Quotes, angle brackets and characters that XML cannot hold; a net of nothing too."""
    odd = "<b>\"'&\x00\x1b]]>" + "very long " * 30
    drawn = svg(Diagram(odd, odd, (Part(Shape.ACTIVITY, odd, (odd,), odd),), (Arrow(0, 0, odd),), (odd,)))
    assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - our own text
    assert ElementTree.fromstring(svg(Diagram("", "", (), ()))).tag.endswith("svg")  # noqa: S314 - our own text


def test_a_model_too_large_to_be_read_is_not_drawn() -> None:
    """Nor is the layout left to run for minutes."""
    parts, arrows = (Part(Shape.PLACE),) * 700, tuple(Arrow(at, at + 1) for at in range(600))
    with pytest.raises(Fault, match="a drawing of 700 parts and 600 arrows, which nobody"):
        arranged(Diagram("m", "", parts, arrows))


def test_a_long_label_is_wrapped_and_then_shortened() -> None:
    """By words, and within one that is longer than a line."""
    assert wrapped("Check the invoice") == ("Check the invoice",)
    assert wrapped("Process or receive external advice from party 1") == (
        "Process or receive",
        "external advice from",
        "party 1",
    )
    assert len(wrapped("word " * 100)) == 4
    assert wrapped("word " * 100)[-1].endswith("…")
    assert all(len(line) <= 22 for line in wrapped("x" * 200))
