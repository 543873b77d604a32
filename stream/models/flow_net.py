"""The meaning of a flow graph as a net: tokens, as BPMN 2.0, chapter 13 has them, without data.

Invariant: the net can show exactly what the model allows; where no net can, the element is refused.
"""

from schemas.problem import Refused
from stream.models.activities import CAUGHT, Activity, Body, catchers, catches
from stream.models.completion import cancelled, close, emits_one
from stream.models.graph import Kind, Node, Scope
from stream.models.inclusive import Pair
from stream.models.net import Net
from stream.models.sketch import Sketch
from stream.models.splits import choose, inclusive, split
from stream.models.waiting import Waiting


def net_of(file: str, scope: Scope, notes: tuple[str, ...]) -> Net:
    """The net of a process; raises `Refused` with every element that cannot be honoured."""
    sketch = Sketch(file)
    body = ScopeNet(sketch, scope, []).build()
    if sketch.problems:
        raise Refused(sketch.problems)
    final = {body.sink: 1} if body.sink >= 0 else {}
    return Net(tuple(sketch.places), tuple(sketch.steps), {body.source: 1}, final, notes + tuple(sketch.notes))


class ScopeNet:
    """Turns one process or sub-process into places and steps. `around`: the boundary events of the sub-processes around
    it that catch errors and escalations."""

    def __init__(self, sketch: Sketch, scope: Scope, around: list[Node], *, inner: bool = False) -> None:
        self.sketch, self.scope, self.around, self.inner = sketch, scope, around, inner
        self.first = len(sketch.steps)
        self.waiting = Waiting(sketch, scope)
        self.stops: list[int] = []  # where a terminate event waits
        self.thrown: list[tuple[Node, int]] = []
        self.spans: dict[str, tuple[int, int]] = {}  # node -> its steps

    def build(self) -> Body:
        """Add the scope to the sketch."""
        source = self._begin()
        for node in self.scope.nodes.values():
            start = len(self.sketch.steps)
            self._node(node)
            self.spans[node.id] = (start, len(self.sketch.steps))
        for pair in self.waiting.pairs.values():
            self._check(pair)
        return Body(source, self._end(source), self.first, self.thrown)

    def _begin(self) -> int:
        """The place where the scope starts, and the steps from there."""
        entries, free = self.waiting.entries, self._free()
        starts = [node for node in free if node.kind is Kind.START or node.instantiates]
        if starts:
            for node in free:
                if node not in starts:
                    self.sketch.refuse(node, "nothing leads to it", "a sequence flow into it")
        if self.inner and len(starts) > 1:
            self.sketch.refuse(starts[1], "a second start of a sub-process", "one start event")
        if len(free) == 1:
            return entries[free[0].id]
        source = self.sketch.place(self.scope.id)
        if starts:
            for node in starts:
                self.sketch.step([source], [entries[node.id]])
        else:
            self.sketch.step([source], [entries[node.id] for node in free])
        return source

    def _free(self) -> list[Node]:
        """The nodes that nothing leads to, boundary events and catching links aside."""
        free = [node for node in self.scope.nodes.values() if not node.incoming and node.kind is not Kind.BOUNDARY]
        return [node for node in free if node.throws or node.trigger != "link"]

    def _end(self, source: int) -> int:
        """The place that says that the scope is over; -1 where only emptiness does."""
        sketch, terminals = self.sketch, self.waiting.terminals
        sink = sketch.place(f"{self.scope.id} done")
        if self.stops:
            self._terminate(source, sink)
        if sketch.problems or close(sketch, sketch.steps[self.first :], source, terminals, sink):
            return sink
        if self.inner:
            places = ", ".join(sketch.places[place] for place in terminals)
            node = next(iter(self.scope.nodes.values()))
            sketch.refuse(node, f"its sub-process may end with work left ({places})", "branches joined before the end")
            return sink
        for place in [*terminals, sink]:
            sketch.step([place], [])
        sketch.notes.append("the process is over when nothing is left to do, in whichever order its ends are reached")
        return -1

    def _terminate(self, source: int, sink: int) -> None:
        markings = cancelled(self.sketch.steps[self.first :], source, sink, self.stops)
        if markings is None:
            node = next(n for n in self.scope.nodes.values() if self.waiting.entries[n.id] in self.stops)
            self.sketch.refuse(node, "ends too much parallel work to be told exactly", "a plain end event")
        for tokens in markings or ():
            self.sketch.step(tokens, [sink])

    def _node(self, node: Node) -> None:
        waiting, entry = self.waiting, self.waiting.entries[node.id]
        if node.kind is Kind.TASK:
            Activity(waiting, node).task()
        elif node.kind is Kind.SUB_PROCESS:
            self._sub_process(node)
        elif node.kind is Kind.END:
            self._finish(node)
        elif node.kind in (Kind.START, Kind.EVENT, Kind.BOUNDARY):
            self._event(node)
        elif node.kind is Kind.INCLUSIVE:
            inclusive(waiting, node)
        elif node.kind is Kind.PARALLEL:
            split(waiting, node, waiting.joined(node) or [entry])
        else:
            choose(waiting, node, entry)

    def _sub_process(self, node: Node) -> None:
        assert node.body is not None  # the reader gives every sub-process its inside
        around = catchers(self.scope.boundaries(node)) + self.around
        activity = Activity(self.waiting, node)
        body = ScopeNet(self.sketch, node.body, around, inner=True).build()
        self.thrown += activity.sub_process(body)

    def _event(self, node: Node) -> None:
        entry = self.waiting.entries[node.id]
        if node.trigger == "link" and node.throws:
            links = [event for event in self.scope.of(Kind.EVENT) if event.trigger == "link" and not event.throws]
            targets = [event for event in links if event.reference == node.reference]
            if len(targets) != 1:
                self.sketch.refuse(node, f"{len(targets)} links catch {node.reference!r}", "one")
            self.sketch.step([entry], [self.waiting.entries[event.id] for event in targets], None, node.id)
            return
        if node.trigger == "escalation" and node.throws and self._caught(node):
            self.sketch.refuse(node, "escalates while work goes on", "an escalation end event")
        split(self.waiting, node, [entry])

    def _caught(self, node: Node) -> bool:
        return any(catches(catcher, node) for catcher in self.around)

    def _finish(self, node: Node) -> None:
        entry = self.waiting.entries[node.id]
        if node.outgoing:
            self.sketch.refuse(node, "an end event with a way out", "an intermediate event")
        if node.trigger in CAUGHT and self._caught(node):
            self.thrown.append((node, entry))
        elif node.trigger == "error" and self.inner:
            self.sketch.refuse(node, "an error that nothing catches", "an error boundary event around it")
        elif node.trigger in ("terminate", "error"):
            self.stops.append(entry)
        else:
            self.waiting.terminals.append(entry)

    def _check(self, pair: Pair) -> None:
        """Each branch must bring exactly one token to the join."""
        for branch in pair.branches if pair.split.kind is not Kind.EXCLUSIVE else ():
            spans = [self.spans[node] for node in branch.nodes]
            steps = [step for start, end in spans for step in self.sketch.steps[start:end]]
            entry, leave = self.waiting.into(branch.out), self.waiting.arrivals[branch.back.id]
            if branch.nodes and not emits_one(steps, entry, leave):
                self.sketch.refuse(pair.join, "a branch may bring more than one token", "branches that end once")
                return
