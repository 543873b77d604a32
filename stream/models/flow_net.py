"""The meaning of a flow graph as a net: tokens, as BPMN 2.0, chapter 13 has them, without data.

Each sequence flow is a place; flows into a node that does not wait for all of them share one. An activity shows when it
completes; an event that interrupts it does so before. Conditions are not evaluated: whatever they could choose may
happen. Invariant: the net can show exactly what the model allows; where no net can, the element is refused.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from schemas.problem import Refused
from stream.models.completion import cancelled, close, emits_one
from stream.models.graph import Flow, Kind, Loop, Node, Scope
from stream.models.inclusive import Pair, pair_of
from stream.models.net import Net
from stream.models.sketch import Sketch

MOST_CHOICES = 6  # ways out of an inclusive split without a join of its own

CAUGHT = ("error", "escalation")  # what an end event throws to the boundary of a sub-process around it


class Body(NamedTuple):
    """A scope as a part of the net: from `source` to `sink`, its steps from number `first` on; `thrown` are end events
    that leave it, each with the place where it waits for being caught."""

    source: int
    sink: int
    first: int
    thrown: list[tuple[Node, int]]


def net_of(file: str, scope: Scope, notes: tuple[str, ...]) -> Net:
    """The net of a process; raises `Refused` with every element that cannot be honoured."""
    sketch = Sketch(file)
    body = ScopeNet(sketch, scope, []).build()
    if sketch.problems:
        raise Refused(sketch.problems)
    final = {body.sink: 1} if body.sink >= 0 else {}
    return Net(tuple(sketch.places), tuple(sketch.steps), {body.source: 1}, final, notes + tuple(sketch.notes))


class ScopeNet:
    """Turns one process or sub-process into places and steps. `catchers`: the boundary events around it, innermost
    first, that catch errors and escalations."""

    def __init__(self, sketch: Sketch, scope: Scope, catchers: list[Node], *, inner: bool = False) -> None:
        self.sketch, self.scope, self.catchers, self.inner = sketch, scope, catchers, inner
        self.first = len(sketch.steps)
        self.entries: dict[str, int] = {}
        self.arrivals: dict[str, int] = {}  # flows into nodes that wait for all of them
        self.terminals: list[int] = []
        self.stops: list[int] = []  # where a terminate event waits
        self.thrown: list[tuple[Node, int]] = []
        self.pairs: dict[str, Pair] = {}  # by join
        self.spans: dict[str, tuple[int, int]] = {}  # node -> its steps

    def build(self) -> Body:
        """Add the scope to the sketch."""
        for node in self.scope.nodes.values():
            self._open(node)
        source = self._begin()
        for node in self.scope.nodes.values():
            start = len(self.sketch.steps)
            self._node(node)
            self.spans[node.id] = (start, len(self.sketch.steps))
        for pair in self.pairs.values():
            self._check(pair)
        return Body(source, self._end(source), self.first, self.thrown)

    def _open(self, node: Node) -> None:
        self.entries[node.id] = self.sketch.place(node.id)
        if len(node.incoming) > 1 and node.kind in (Kind.PARALLEL, Kind.INCLUSIVE):
            pair = pair_of(self.scope, node) if node.kind is Kind.INCLUSIVE else None
            if node.kind is Kind.INCLUSIVE and pair is None:
                self.sketch.refuse(node, "joins branches of no single split", "a join nested with its split")
            if pair is not None:
                self.pairs[node.id] = pair
            if pair is None or pair.split.kind is not Kind.EXCLUSIVE:
                for flow in node.incoming:
                    self.arrivals[flow.id] = self.sketch.place(flow.id)

    def _begin(self) -> int:
        """The place where the scope starts, and the steps from there."""
        free = [node for node in self.scope.nodes.values() if not node.incoming and node.kind is not Kind.BOUNDARY]
        free = [node for node in free if not (node.trigger == "link" and not node.throws)]
        starts = [node for node in free if node.kind is Kind.START or node.instantiates]
        if starts:
            for node in free:
                if node not in starts:
                    self.sketch.refuse(node, "nothing leads to it", "a sequence flow into it")
        if self.inner and len(starts) > 1:
            self.sketch.refuse(starts[1], "a second start of a sub-process", "one start event")
        if len(free) == 1:
            return self.entries[free[0].id]
        source = self.sketch.place(self.scope.id)
        if starts:
            for node in starts:
                self.sketch.step([source], [self.entries[node.id]])
        else:
            self.sketch.step([source], [self.entries[node.id] for node in free])
        return source

    def _end(self, source: int) -> int:
        """The place that says that the scope is over; -1 where only emptiness does."""
        sketch, sink = self.sketch, self.sketch.place(f"{self.scope.id} done")
        if self.stops:
            markings = cancelled(sketch.steps[self.first :], source, sink, self.stops)
            if markings is None:
                node = next(n for n in self.scope.nodes.values() if self.entries[n.id] in self.stops)
                sketch.refuse(node, "ends too much parallel work to be told exactly", "a plain end event")
            for tokens in markings or ():
                sketch.step(tokens, [sink])
        if sketch.problems or close(sketch, sketch.steps[self.first :], source, self.terminals, sink):
            return sink
        if self.inner:
            places = ", ".join(sketch.places[place] for place in self.terminals)
            node = next(iter(self.scope.nodes.values()))
            sketch.refuse(node, f"its sub-process may end with work left ({places})", "branches joined before the end")
            return sink
        for place in [*self.terminals, sink]:
            sketch.step([place], [])
        sketch.notes.append("the process is over when nothing is left to do, in whichever order its ends are reached")
        return -1

    def _into(self, flow: Flow) -> int:
        return self.arrivals.get(flow.id, self.entries[flow.target])

    def _out(self, node: Node) -> list[int]:
        """The places after a node that takes all its ways out; a place of its own where it has none."""
        if node.outgoing:
            return [self._into(flow) for flow in node.outgoing]
        end = self.sketch.place(f"after {node.id}")
        self.terminals.append(end)
        return [end]

    def _node(self, node: Node) -> None:
        entry, sketch = self.entries[node.id], self.sketch
        if node.kind in (Kind.TASK, Kind.SUB_PROCESS):
            self._activity(node)
        elif node.kind is Kind.END:
            self._finish(node)
        elif node.kind is Kind.BOUNDARY:
            sketch.step([entry], self._out(node), None, node.id)
        elif node.kind in (Kind.START, Kind.EVENT):
            self._event(node)
        elif node.kind is Kind.INCLUSIVE:
            self._inclusive(node)
        elif node.kind is Kind.PARALLEL:
            waits = [self.arrivals[flow.id] for flow in node.incoming if flow.id in self.arrivals]
            self._split(node, waits or [entry])
        else:
            self._choose(node, entry)

    def _choose(self, node: Node, entry: int) -> None:
        for place in [self._into(flow) for flow in node.outgoing] or self._out(node):
            self.sketch.step([entry], [place], None, node.id)

    def _split(self, node: Node, waits: Sequence[int], label: str | None = None) -> None:
        """All ways out at once, or some, where they have conditions (BPMN 2.0, 10.5.1: an implicit inclusive split)."""
        conditional = [flow for flow in node.outgoing if flow.conditional or flow.id == node.default]
        if node.kind is Kind.PARALLEL or not conditional:
            self.sketch.step(waits, self._out(node), label, node.id)
            return
        middle = self.sketch.place(f"after {node.id}")
        self.sketch.step(waits, [middle], label, node.id)
        always = [flow for flow in node.outgoing if flow not in conditional]
        self._subsets(node, middle, [flow for flow in conditional if flow.id != node.default], always)

    def _subsets(self, node: Node, place: int, optional: Sequence[Flow], always: Sequence[Flow]) -> None:
        """Every set of optional ways out; none of them only where there is another way."""
        if len(optional) > MOST_CHOICES:
            self.sketch.refuse(node, f"chooses among {len(optional)} ways out", f"at most {MOST_CHOICES}, or a join")
            return
        default = [flow for flow in node.outgoing if flow.id == node.default]
        for size in range(0 if always or default else 1, len(optional) + 1):
            for chosen in combinations(optional, size):
                taken = [*always, *(chosen or default)]
                self.sketch.step([place], [self._into(flow) for flow in taken], None, node.id)

    def _event(self, node: Node) -> None:
        entry = self.entries[node.id]
        if node.trigger == "link" and node.throws:
            catches = [n for n in self.scope.of(Kind.EVENT) if n.trigger == "link" and not n.throws]
            catches = [n for n in catches if n.reference == node.reference]
            if len(catches) != 1:
                self.sketch.refuse(node, f"{len(catches)} links catch {node.reference!r}", "one")
            self.sketch.step([entry], [self.entries[n.id] for n in catches], None, node.id)
            return
        if node.trigger == "escalation" and node.throws and self._caught(node):
            self.sketch.refuse(node, "escalates while work goes on", "an escalation end event")
        self._split(node, [entry])

    def _caught(self, node: Node) -> bool:
        return any(_catches(catcher, node) for catcher in self.catchers)

    def _finish(self, node: Node) -> None:
        entry = self.entries[node.id]
        if node.outgoing:
            self.sketch.refuse(node, "an end event with a way out", "an intermediate event")
        if node.trigger in CAUGHT and self._caught(node):
            self.thrown.append((node, entry))
        elif node.trigger == "error" and self.inner:
            self.sketch.refuse(node, "an error that nothing catches", "an error boundary event around it")
        elif node.trigger in ("terminate", "error"):
            self.stops.append(entry)
        else:
            self.terminals.append(entry)

    def _activity(self, node: Node) -> None:
        entry, sketch = self.entries[node.id], self.sketch
        boundaries = self.scope.boundaries(node)
        done = entry if node.loop is Loop.ONCE and node.kind is Kind.TASK else sketch.place(f"after {node.id}")
        if node.loop is Loop.WHILE:
            sketch.step([entry], [done], None, node.id)
        if node.loop is not Loop.ONCE:
            sketch.step([done], [entry], None, node.id)
        if node.body is not None:
            self._inside(node, node.body, boundaries, done)
            self._split(node, [done])
            return
        for boundary in boundaries:
            sketch.step([entry], [self.entries[boundary.id]], None, boundary.id)
        label = node.name or None
        if label is None:
            sketch.notes.append(f"{node.tag} {node.id} has no name and is taken as silent")
        if done == entry:
            self._split(node, [entry], label)
        else:
            sketch.step([entry], [done], label, node.id)
            self._split(node, [done])

    def _inside(self, node: Node, inner: Scope, boundaries: list[Node], done: int) -> None:
        sketch = self.sketch
        catchers = [boundary for boundary in boundaries if boundary.trigger in CAUGHT]
        body = ScopeNet(sketch, inner, catchers + self.catchers, inner=True).build()
        steps = sketch.steps[body.first :]
        sketch.step([self.entries[node.id]], [body.source], None, node.id)
        sketch.step([body.sink], [done], None, node.id)
        caught = set[str]()
        for boundary in boundaries:
            mine = [(end, place) for end, place in body.thrown if end.id not in caught and _catches(boundary, end)]
            caught |= {end.id for end, _ in mine}
            markings = cancelled(steps, body.source, body.sink, [place for _, place in mine])
            if markings is None:
                sketch.refuse(boundary, "interrupts too much parallel work to be told exactly", "a smaller sub-process")
            for tokens in markings or ():
                sketch.step(tokens, [self.entries[boundary.id]], None, boundary.id)
        self.thrown += [(end, place) for end, place in body.thrown if end.id not in caught]

    def _inclusive(self, node: Node) -> None:
        pair, place = self.pairs.get(node.id), self.entries[node.id]
        if pair is not None:
            waits = [self.arrivals[flow.id] for flow in node.incoming if flow.id in self.arrivals]
            if waits and len(node.outgoing) <= 1:
                self.sketch.step(waits, self._out(node), None, node.id)
                return
            if waits:
                self.sketch.step(waits, [place], None, node.id)
        pair = next((p for p in self.pairs.values() if p.split is node), None)
        if len(node.outgoing) <= 1:
            self._choose(node, place)
        elif pair is None:
            self._subsets(node, place, [flow for flow in node.outgoing if flow.id != node.default], [])
        else:
            self._nested(pair, place)

    def _nested(self, pair: Pair, place: int) -> None:
        """A split with its join: at least one branch is taken, and the join gets a token for each of the others."""
        split, sketch = pair.split, self.sketch
        ways = {b.out.id: (self._into(b.out), self.arrivals[b.back.id]) for b in pair.branches}
        maybe: dict[str, int] = {}
        for flow, (take, skip) in ways.items():
            maybe[flow] = take
            if take != skip and flow != split.default:
                maybe[flow] = sketch.place(f"{flow}?")
                sketch.step([maybe[flow]], [take], None, split.id)
                sketch.step([maybe[flow]], [skip], None, split.id)
        for chosen, (take, _) in ways.items():
            others = {
                flow: skip if split.default in (flow, chosen) else maybe[flow] for flow, (_, skip) in ways.items()
            }
            sketch.step([place], [take if flow == chosen else others[flow] for flow in ways], None, split.id)

    def _check(self, pair: Pair) -> None:
        """Each branch must bring exactly one token to the join."""
        for branch in pair.branches if pair.split.kind is not Kind.EXCLUSIVE else ():
            spans = [self.spans[node] for node in branch.nodes]
            steps = [step for start, end in spans for step in self.sketch.steps[start:end]]
            entry, leave = self._into(branch.out), self.arrivals[branch.back.id]
            if branch.nodes and not emits_one(steps, entry, leave):
                self.sketch.refuse(pair.join, "a branch may bring more than one token", "branches that end once")
                return


def _catches(boundary: Node, thrown: Node) -> bool:
    return boundary.trigger == thrown.trigger and boundary.reference in ("", thrown.reference)
