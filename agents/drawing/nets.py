"""A net as a diagram that a person who knows no nets can read: activities, and between them only what matters.

Invariant: left out is what says nothing: a place between two steps becomes the arrow between them, and a silent step
between two places becomes one place or the arrow between them. Every activity, choice, split and join stays; several
arrows into an activity mean any of them, since all of them at once end in a bar.
"""

from collections.abc import Collection

from agents.drawing.diagram import Arrow, Diagram, Part, Shape
from stream.models.net import Net, Transition

LEGEND = "circle with a dot: start · double circle: end · small circle: one way of several · bar: all ways at once"

BARS = ("join", "split")
Node = tuple[str, int]  # ("place", number), ("step", number), or a bar before or after a step


def net_diagram(title: str, net: Net, bad: Collection[str] = (), remarks: tuple[str, ...] = ()) -> Diagram:
    """The diagram of a net; elements named in `bad` are marked, and remarks stand below."""
    sketch = _Sketch(net)
    sketch.simplify()
    nodes = list(sketch.after)
    number = {node: at for at, node in enumerate(nodes)}
    parts = tuple(sketch.part(node, bad) for node in nodes)
    arrows = tuple(
        Arrow(
            number[node], number[other], f"× {weight}" if weight > 1 else "", sketch.through.get((node, other)) in bad
        )
        for node, others in sketch.after.items()
        for other, weight in others.items()
    )
    return Diagram(title, LEGEND, parts, arrows, remarks)


class _Sketch:
    """The nodes in order of the file, and what leads from each to which, with its weight."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.ends = {*net.initial, *net.final}
        self.through: dict[tuple[Node, Node], str] = {}  # the place that an arrow stands for
        self.after: dict[Node, dict[Node, int]] = {("place", place): {} for place in sorted(net.initial)}
        self.before: dict[Node, dict[Node, int]] = {node: {} for node in self.after}
        drawn: dict[object, int] = {}
        for number, step in enumerate(net.transitions):
            one_way_in = step.element is not None and sum(step.pre.values()) == 1
            same = (step.label, step.element, tuple(step.post.items())) if step.label and one_way_in else number
            self.step(drawn.setdefault(same, number), step)
        for place in net.final:
            self.node(("place", place))

    def step(self, number: int, step: Transition) -> None:
        """Draw a step once for all ways into it; an activity takes and gives several tokens through a bar."""
        entry = self.node(("join" if step.label and len(step.pre) > 1 else "step", number))
        leave = self.node(("split" if step.label and len(step.post) > 1 else "step", number))
        for place, weight in step.pre.items():
            self.lead(self.node(("place", place)), entry, weight)
        for place, weight in step.post.items():
            self.lead(leave, self.node(("place", place)), weight)
        for bar, other in ((entry, ("step", number)), (("step", number), leave)):
            if bar != other:
                self.lead(self.node(bar), self.node(other))

    def node(self, node: Node) -> Node:
        self.after.setdefault(node, {})
        self.before.setdefault(node, {})
        return node

    def lead(self, node: Node, other: Node, weight: int = 1) -> None:
        self.after[node][other] = weight
        self.before[other][node] = weight

    def part(self, node: Node, bad: Collection[str]) -> Part:
        kind, number = node
        if kind in BARS:
            return Part(Shape.SILENT)
        if kind == "step":
            label, _, _, element = self.net.transitions[number]
            shape = Shape.SILENT if label is None else Shape.ACTIVITY
            return Part(shape, label or "", (), element or "", element in bad)
        name = self.net.places[number]
        shape = Shape.END if number in self.net.final else Shape.START if number in self.net.initial else Shape.PLACE
        tokens = self.net.initial.get(number) or self.net.final.get(number) or 1
        return Part(shape, str(tokens) if tokens > 1 else "", (), name, name in bad)

    def simplify(self) -> None:
        for node in [node for node in self.after if node[0] == "step" and self.passes(node)]:
            self.pass_over(node)
        for node in [node for node in self.after if node[0] == "place" and node[1] not in self.ends]:
            if len(self.before[node]) == 1 and len(self.after[node]) == 1:
                self.become_an_arrow(node)

    def passes(self, node: Node) -> bool:
        """Whether a step is silent and only moves one token from a place to another."""
        if self.net.transitions[node[1]].label is not None:
            return False
        weights = [*self.before[node].values(), *self.after[node].values()]
        return weights == [1, 1] and self.before[node].keys() != self.after[node].keys()

    def pass_over(self, node: Node) -> None:
        (source,), (target,) = self.before[node], self.after[node]
        self.remove(node)
        if source == target:
            return
        if not self.after[source] and source[1] not in self.ends:
            self.merge(source, target)
        elif not self.before[target] and target[1] not in self.ends:
            self.merge(target, source)
        else:
            self.lead(source, target)

    def merge(self, gone: Node, kept: Node) -> None:
        """Let everything that leads to or from one place lead to or from the other."""
        sources, targets = self.before[gone], self.after[gone]
        self.remove(gone)
        for source, weight in sources.items():
            if source != kept:
                self.lead(source, kept, weight + self.after[source].get(kept, 0))
        for target, weight in targets.items():
            if target != kept:
                self.lead(kept, target, weight + self.after[kept].get(target, 0))

    def become_an_arrow(self, place: Node) -> None:
        (source, put), (target, taken) = *self.before[place].items(), *self.after[place].items()
        if put == taken == 1 and target not in self.after[source]:
            self.remove(place)
            self.lead(source, target)
            self.through[source, target] = self.net.places[place[1]]

    def remove(self, node: Node) -> None:
        for source in self.before.pop(node):
            self.after[source].pop(node, None)
        for target in self.after.pop(node):
            self.before[target].pop(node, None)
