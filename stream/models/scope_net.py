"""A process or sub-process as a part of a net: its nodes one by one, and the parts within it.

Invariant: every node is drawn once in its part; what may run any number of times at once is told by the labels that it
shows (`letters`), or refused.
"""

from dataclasses import replace

from stream.models.activities import Activity, apart, tell
from stream.models.compensation import remember
from stream.models.completion import emits_one
from stream.models.gateways import gateway, join_late
from stream.models.graph import ONCE, Kind, Node, Scope
from stream.models.inclusive import Pair
from stream.models.letters import FEW, MANY, letters_of
from stream.models.part import Around, Catch, Interrupt, Part
from stream.models.sketch import Mark, Sketch
from stream.models.splits import split
from stream.models.throwing import cancel, throw
from stream.models.waiting import JOINS

MOST_PLACES = 20_000  # in a sketch; parts within parts that may all be many could otherwise multiply without end


class ScopeNet:
    """Turns one process or sub-process into places and moves."""

    part: Part

    def __init__(self, sketch: Sketch, scope: Scope, around: Around) -> None:
        self.sketch, self.scope, self.around = sketch, scope, around
        self.only_ends = False  # nothing but the way it ends keeps it from being plain

    def build(self, start: int, sink: int) -> list[int]:
        """Add the scope to the sketch, from one place to another; returns the places of which one is marked while it
        goes on, none where it is plain."""
        mark, not_nested = self.sketch.mark(), frozenset[str]()
        if mark.places > MOST_PLACES:
            self.sketch.refuse(next(iter(self.scope.nodes.values())), "its model has too many parts in parts", "fewer")
        while not self.sketch.problems:
            if not self.around.inner:
                remember(self.sketch, self.scope)
            self.part = Part(self.sketch, self.scope, self.around, not_nested)
            steps = self._nodes()
            wrong = [pair.join.id for pair in self.part.waiting.pairs.values() if not self._nested(pair, steps)]
            if not wrong or self.sketch.problems:
                return self._close(start, sink)
            not_nested |= {wrong[0]}
            self.sketch.back(mark)
        return []

    def _close(self, start: int, sink: int) -> list[int]:
        part = self.part
        join_late(part.waiting, part.spans)
        begins = part.begin()
        if self.sketch.problems:
            return []
        self._event_sub_processes()
        moves = self.sketch.moves[part.mark.moves :]
        special = part.interrupts or part.cancels or part.used_stops()
        self.only_ends = not special and all(move.plain for move in moves)
        if part.plain and part.end_plainly(start, sink, begins):
            return []
        lives = part.go_on(start, begins)
        cancel(part, self._undoing)
        return part.end_when_empty(sink, lives)

    def _nodes(self) -> dict[str, tuple[int, int]]:
        """Draw the nodes; returns which moves belong to each."""
        steps = dict[str, tuple[int, int]]()
        for node in self.scope.nodes.values():
            mark = self.sketch.mark()
            self._node(node)
            self.part.spans[node.id] = self.sketch.since(mark)
            steps[node.id] = (mark.moves, len(self.sketch.moves))
        return steps

    def _node(self, node: Node) -> None:
        waiting = self.part.waiting
        if node.kind is Kind.END and node.outgoing:
            self.sketch.refuse(node, "an end event with a way out", "an intermediate event")
        if node.throws:
            throw(self.part, node, self._undoing)
        elif node.kind in (Kind.START, Kind.EVENT, Kind.BOUNDARY):
            split(waiting, node, [waiting.entries[node.id]])
        elif node.kind is Kind.TASK:
            activity = Activity(waiting, node)
            activity.task()
            self._repeated(activity)
        elif node.kind is Kind.SUB_PROCESS:
            self._sub_process(node)
        elif node.kind is not Kind.EVENT_SUB_PROCESS:
            gateway(waiting, node)

    def _nested(self, pair: Pair, steps: dict[str, tuple[int, int]]) -> bool:
        """Whether each branch brings exactly one token to the join."""
        waiting = self.part.waiting
        for branch in pair.branches if pair.split.kind is not Kind.EXCLUSIVE else ():
            spans = [steps[node] for node in branch.nodes]
            moves = [move for start, end in spans for move in self.sketch.moves[start:end]]
            entry, leave = waiting.into(branch.out), waiting.arrivals[branch.back.id]
            if branch.nodes and not (all(move.plain for move in moves) and emits_one(moves, entry, leave)):
                return False
        return True

    def _sub_process(self, node: Node) -> None:
        assert node.body is not None  # the reader gives every sub-process its inside
        activity = Activity(self.part.waiting, node, self.part.depth)
        activity.open()
        catches, guarded = activity.catches + self.part.catches, bool(activity.boundaries)
        inside = Around(catches, inner=True, guarded=guarded, parent=self.part)
        if node.ad_hoc:
            self._ad_hoc(activity, node.body, inside)
        elif node.times.at_once and node.times.most is None:
            whole, body = self._any_number(inside, activity.hold()), self.sketch.mark()
            start, end = self.sketch.place(f"{node.id} begun"), self.sketch.place(f"{node.id} ended")
            ScopeNet(self.sketch, node.body, whole).build(start, end)
            activity.at_once(end, body, start)
        else:
            self._bodies(activity, node.body, inside)
        self._repeated(activity)

    def _bodies(self, activity: Activity, body: Scope, inside: Around) -> None:
        """The body of a sub-process, or so many at once as it has instances."""
        sketch, node, sinks, lives = self.sketch, activity.node, list[int](), list[int]()
        count = node.times.most or 1 if node.times.at_once else 1
        starts = [activity.run]
        if count > 1:
            starts = [sketch.place(f"{node.id} {number}") for number in range(1, count + 1)]
            sketch.step([activity.run], starts, None, node.id)
        for start in starts:
            sinks.append(sketch.place(f"{node.id} ended"))
            lives += ScopeNet(sketch, body, inside).build(start, sinks[-1])
        activity.sub_process(sinks, lives)

    def _any_number(self, around: Around, hold: int | None = None) -> Around:
        """What is around a part that stands for any number of runs at once."""
        stop = self.sketch.place(f"{self.scope.id} ended at once")
        self.part.stops.append(stop)
        return replace(around, guarded=True, many=True, hold=hold, stop=stop)

    def _ad_hoc(self, activity: Activity, body: Scope, inside: Around) -> None:
        """Any of the activities inside, in any order and number, until a condition ends it (BPMN 2.0, 13.3.5)."""
        if activity.node.times != ONCE or body.of(Kind.EVENT_SUB_PROCESS):
            wrong = "an ad-hoc sub-process that is repeated or has event sub-processes"
            self.sketch.refuse(activity.node, wrong, "a plain one")
        inside = replace(inside, hold=activity.hold())
        for first in body.of(*Kind):
            if not first.incoming and first.kind not in (Kind.BOUNDARY, Kind.EVENT_SUB_PROCESS):
                self._letters(first, self._run_of(body, first, inside), activity.run)
        activity.sub_process([activity.run], [activity.run])

    def _repeated(self, activity: Activity) -> None:
        """What the events that may happen again and again bring about, any number of times at once."""
        if activity.opened is not None:
            shut = self.part.waiting.shut[activity.opened]
            self.part.memory |= {activity.opened, shut}
            self.part.opened[shut] = 1
            around = self._within(self.part.catches, self.around.undone)
            for event in activity.repeating:
                self._letters(event, self._run_of(self.scope, event, around), activity.opened)

    def _within(self, catches: tuple[Catch, ...], undone: Scope | None) -> Around:
        """What is around a part of this one that an event begins."""
        last = () if self.around.inner else (self.part.last_catch(),)
        return Around(catches + last, inner=True, parent=self.part, undone=undone)

    def _run_of(self, scope: Scope, first: Node, around: Around) -> tuple[Mark, int]:
        """Moves of one token that begins at a node of a scope, apart from all others: since when, and from where."""
        nodes = {node.id: node for node in scope.reached(first)}
        joins = [node.id for node in nodes.values() if node.kind in JOINS and len(node.incoming) > 1]
        if joins:
            self.sketch.refuse(first, f"may happen again and again, and {joins[0]} joins it", "no join after it")
        if first.kind is Kind.BOUNDARY and first.attached in nodes:
            self.sketch.refuse(first, "may happen again and again, and leads back to its activity", "a way elsewhere")
        flows = {flow.id: flow for flow in scope.flows.values() if flow.source in nodes}
        whole, mark = replace(self._any_number(around, around.hold), first=first), self.sketch.mark()
        start, end = self.sketch.place(f"{first.id} happened"), self.sketch.place(f"{first.id} over")
        ScopeNet(self.sketch, Scope(scope.id, scope.line, nodes, flows), whole).build(start, end)
        self.sketch.step([end], [])
        return mark, start

    def _letters(self, event: Node, run: tuple[Mark, int], opened: int) -> None:
        """What any number of runs of a part can show while a place is marked."""
        graph = apart(self.sketch, *run)
        found = letters_of(graph) if graph else None
        if found is None and not self.sketch.problems:
            self.sketch.refuse(event, f"what it begins {MANY}", FEW)
        for letter in found[0] if found else ():
            self.sketch.add(letter.move(opened, opened, self.sketch.flags))

    def _event_sub_processes(self) -> None:
        """Draw the event sub-processes; those that interrupt do so once it is known what there is to stop."""
        caught = {catch.event.id: catch.place for catch in self.part.own}
        for sub in self.scope.of(Kind.EVENT_SUB_PROCESS):
            assert sub.body is not None  # the reader gives every sub-process its inside
            start, sketch = sub.body.of(Kind.START)[0], self.sketch
            thrown = caught[start.id] if start.id in sketch.thrown else None
            around = self._within(self.around.catches, self.scope)
            many = not start.interrupting and thrown is None and start.at_most is None
            around = self._any_number(around) if many else replace(around, guarded=not start.interrupting)
            mark = sketch.mark()
            entry, end = sketch.place(f"{sub.id} begun"), sketch.place(f"{sub.id} ended")
            ScopeNet(sketch, sub.body, around).build(entry, end)
            sketch.step([end], [])
            if start.interrupting:
                self.part.interrupts.append(Interrupt(start, thrown, entry))
            elif many:
                self._letters(start, (mark, entry), self._open(start, 1))
            else:
                tell(self.part.waiting, sub, mark, entry)
                armed = self._open(start, start.at_most or 0) if thrown is None else thrown
                sketch.step([armed], [entry], None, start.id)

    def _open(self, start: Node, times: int) -> int:
        """A place that says how often an event sub-process may still begin."""
        place = self.sketch.place(f"{start.id} open")
        self.part.opened[place] = times
        self.part.memory.add(place)
        return place

    def _undoing(self, body: Scope, undone: Scope, start: int, end: int) -> None:
        around = Around(self.around.catches, inner=True, guarded=True, parent=self.part, undone=undone)
        ScopeNet(self.sketch, body, around).build(start, end)
