"""Directly-follows graphs and Declare constraints as diagrams: both are activities with arrows between them."""

from collections.abc import Collection, Iterable, Sequence

from agents.drawing.diagram import Arrow, Diagram, Part, Shape
from stream.declare import Constraint
from stream.declare.wording import phrase
from stream.models.dfg import FollowsGraph

FOLLOWS = "circle with a dot: start · double circle: end · arrow: may follow directly, and how often it did"
DECLARED = "arrow: constraints on two activities, first to second · below a name: on it alone · numbers: see below"


def follows_diagram(title: str, graph: FollowsGraph) -> Diagram:
    """The diagram of a directly-follows graph."""
    parts = [Part(Shape.START), *(Part(Shape.ACTIVITY, name, (), name) for name in graph.activities), Part(Shape.END)]
    at = {name: number for number, name in enumerate(graph.activities, 1)}
    arrows = [
        Arrow(at.get(source, 0), at.get(target, len(parts) - 1), "" if count is None else str(count))
        for (source, target), count in graph.edges.items()
    ]
    return Diagram(title, FOLLOWS, tuple(parts), tuple(arrows))


def declare_diagram(
    title: str, constraints: Sequence[Constraint], names: Iterable[str], bad: Collection[int]
) -> Diagram:
    """The diagram of constraints, one arrow for all on the same two activities; `bad`: numbers, from 1, of those that
    contradict each other. Each stands below in words, under its number."""
    every = dict.fromkeys([*names, *(name for constraint in constraints for name in constraint.activities)])
    at = {name: number for number, name in enumerate(every)}
    inside: dict[str, list[str]] = {name: [] for name in every}
    between: dict[tuple[str, str], list[int]] = {}
    for number, constraint in enumerate(constraints, 1):
        if len(constraint.activities) == 1:
            inside[constraint.activities[0]].append(f"{constraint.title} ({number})")
        else:
            between.setdefault((constraint.activities[0], constraint.activities[1]), []).append(number)
    parts = [Part(Shape.ACTIVITY, name, tuple(inside[name]), name) for name in every]
    arrows = [
        Arrow(at[one], at[other], _titles(constraints, numbers), not set(bad).isdisjoint(numbers))
        for (one, other), numbers in between.items()
    ]
    remarks = [f"({number}) {phrase(constraint)}" for number, constraint in enumerate(constraints, 1)]
    return Diagram(title, DECLARED, tuple(parts), tuple(arrows), tuple(remarks))


def _titles(constraints: Sequence[Constraint], numbers: Iterable[int]) -> str:
    """The templates of some constraints, each with the numbers that it stands for."""
    by_title: dict[str, list[str]] = {}
    for number in numbers:
        by_title.setdefault(constraints[number - 1].title, []).append(str(number))
    return ", ".join(f"{title} ({', '.join(them)})" for title, them in by_title.items())
