"""Activities: tasks and sub-processes, their loops, and the events on their boundaries.

An activity shows when it completes; an event that interrupts it does so before. An event that does not interrupt is
honoured where it happens at most once, a timer without a cycle; how often others happen no net can say without letting
go of where the process ends. Invariant: whatever leaves an activity takes all its tokens along.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from stream.models.completion import cancelled
from stream.models.graph import Loop, Node
from stream.models.splits import split
from stream.models.waiting import Waiting

CAUGHT = ("error", "escalation")  # what an end event throws to the boundary of a sub-process around it
MOST_WATCHES = 3  # events on one activity that do not interrupt it


class Body(NamedTuple):
    """A scope as a part of the net: from `source` to `sink`, its steps from number `first` on; `thrown` are end events
    that leave it, each with the place where it waits for being caught."""

    source: int
    sink: int
    first: int
    thrown: list[tuple[Node, int]]


class Activity:
    """One activity in its scope. `start` is where it stands once it has begun, `watches` the places of the events that
    do not interrupt it: one place of each group holds a token while it is active."""

    def __init__(self, waiting: Waiting, node: Node) -> None:
        self.waiting, self.sketch, self.node = waiting, waiting.sketch, node
        self.boundaries = [event for event in waiting.scope.boundaries(node) if event.interrupting]
        self.start = waiting.entries[node.id]
        self.watches = [self._watch(event) for event in waiting.scope.boundaries(node) if not event.interrupting]
        if self.watches:
            self._begin()

    def _watch(self, event: Node) -> tuple[int, int]:
        if not event.once:
            self.sketch.refuse(event, "does not interrupt and may happen again", "one that interrupts, or a timer")
        armed, fired = (self.sketch.place(f"{event.id} {state}") for state in ("armed", "fired"))
        self.sketch.step([armed], [fired, self.waiting.entries[event.id]], None, event.id)
        return armed, fired

    def _begin(self) -> None:
        if self.node.loop is not Loop.ONCE or len(self.watches) > MOST_WATCHES:
            wrong = "a loop, or more than so many events, with events that do not interrupt"
            self.sketch.refuse(self.node, wrong, f"no loop and at most {MOST_WATCHES} of them")
        entry, self.start = self.start, self.sketch.place(f"{self.node.id} active")
        self.sketch.step([entry], [self.start, *[armed for armed, _ in self.watches]], None, self.node.id)

    def _leave(self, places: Iterable[dict[int, int]], after: int, label: str | None, element: str) -> None:
        """Steps that take the activity's tokens to a place, in whichever state its watches are."""
        for tokens in places:
            for states in product(*self.watches):
                self.sketch.step(tokens | dict.fromkeys(states, 1), [after], label, element)

    def task(self) -> None:
        """A task: one labelled step."""
        node, sketch, start = self.node, self.sketch, self.start
        label = node.name or None
        if label is None:
            sketch.notes.append(f"{node.tag} {node.id} has no name and is taken as silent")
        for event in self.boundaries:
            self._leave([{start: 1}], self.waiting.entries[event.id], None, event.id)
        if node.loop is Loop.ONCE and not self.watches:
            split(self.waiting, node, [start], label)
            return
        done = sketch.place(f"after {node.id}")
        self._leave([{start: 1}], done, label, node.id)
        self._go_on(done)

    def sub_process(self, body: Body) -> list[tuple[Node, int]]:
        """A sub-process around its body; returns the end events that nothing here catches."""
        node, sketch, caught = self.node, self.sketch, set[str]()
        steps = sketch.steps[body.first :]
        sketch.step([self.start], [body.source], None, node.id)
        for event in self.boundaries:
            mine = [(end, place) for end, place in body.thrown if end.id not in caught and catches(event, end)]
            caught |= {end.id for end, _ in mine}
            markings = cancelled(steps, body.source, body.sink, [place for _, place in mine])
            if markings is None:
                sketch.refuse(event, "interrupts too much parallel work to be told exactly", "a smaller sub-process")
            self._leave(markings or [], self.waiting.entries[event.id], None, event.id)
        done = sketch.place(f"after {node.id}")
        self._leave([{body.sink: 1}], done, None, node.id)
        self._go_on(done)
        return [(end, place) for end, place in body.thrown if end.id not in caught]

    def _go_on(self, done: int) -> None:
        if self.node.loop is not Loop.ONCE:
            self.sketch.step([done], [self.start], None, self.node.id)
        if self.node.loop is Loop.WHILE:
            self.sketch.step([self.start], [done], None, self.node.id)
        split(self.waiting, self.node, [done])


def catches(boundary: Node, thrown: Node) -> bool:
    """Whether a boundary event catches what an end event throws: the same, or anything where it names nothing."""
    return boundary.trigger == thrown.trigger and boundary.reference in ("", thrown.reference)


def catchers(boundaries: Sequence[Node]) -> list[Node]:
    """The boundary events that catch what is thrown inside."""
    return [event for event in boundaries if event.trigger in CAUGHT and event.interrupting]
