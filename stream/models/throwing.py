"""Events that throw: errors, escalations, cancellations, compensations and links, and what they bring about.

What is thrown goes to the nearest event around it that catches it (BPMN 2.0, 10.5.6). Invariant: where what catches it
stops the work, no token goes on from the throwing event.
"""

from stream.models.compensation import Build, undo, undoings
from stream.models.graph import Kind, Node
from stream.models.part import Catch, Part
from stream.models.sketch import Move
from stream.models.splits import split

CAUGHT = ("error", "escalation", "cancel")  # what is thrown to the boundary of a sub-process around it


def catches(catcher: Node, thrown: Node) -> bool:
    """Whether an event catches what another throws: the same, or anything where it names nothing."""
    same = thrown.throws and catcher.trigger == thrown.trigger in CAUGHT
    return same and catcher.reference in ("", thrown.reference)


def throw(part: Part, node: Node, build: Build) -> None:
    """The moves of an event that throws; `build` draws what undoes work."""
    entry = part.waiting.entries[node.id]
    if node.trigger == "link":
        _link(part, node, entry)
    elif node.trigger == "compensate":
        _compensate(part, node, entry, build)
    elif node.trigger == "terminate":
        _terminate(part, node, entry)
    elif node.trigger in CAUGHT:
        catch = next((catch for catch in part.catches if catches(catch.event, node)), None)
        if catch is None:
            _uncaught(part, node, entry)
        else:
            _caught(part, node, entry, catch)
    else:
        _go_on(part, node, entry)


def _go_on(part: Part, node: Node, entry: int) -> None:
    if node.kind is Kind.END:
        part.waiting.terminals.append(entry)
    else:
        split(part.waiting, node, [entry])


def _link(part: Part, node: Node, entry: int) -> None:
    targets = part.scope.links(node)
    if len(targets) != 1:
        part.sketch.refuse(node, f"{len(targets)} links catch {node.reference!r}", "one")
    part.sketch.step([entry], [part.waiting.entries[event.id] for event in targets], None, node.id)


def _terminate(part: Part, node: Node, entry: int) -> None:
    if part.around.stop is None:
        part.stops.append(entry)
    else:
        part.sketch.flags |= {part.around.stop}
        part.sketch.step([entry], [part.around.stop], None, node.id)


def _caught(part: Part, node: Node, entry: int, catch: Catch) -> None:
    sketch = part.sketch
    sketch.thrown.add(catch.event.id)
    if not catch.event.interrupting:
        after = part.waiting.out(node) if node.kind is not Kind.END else []
        sketch.step([entry], [catch.place, *after], None, node.id)
    elif node.trigger == "cancel" and any(undoings(part.scope)):
        part.cancels.append((node, entry, catch.place))
    else:
        raised = [catch.place, *part.hold(catch)]
        sketch.flags |= set(raised)
        sketch.step([entry], raised, None, node.id)


def _uncaught(part: Part, node: Node, entry: int) -> None:
    if node.trigger == "cancel":
        part.sketch.refuse(node, "cancels a transaction that nothing leaves", "a cancel event on its boundary")
    elif node.trigger == "error" and part.around.inner:
        part.sketch.refuse(node, "an error that nothing catches", "an error boundary event around it")
    elif node.trigger == "error":
        part.stops.append(entry)
    else:
        _go_on(part, node, entry)


def _compensate(part: Part, node: Node, entry: int, build: Build) -> None:
    """Undo what was completed, and go on when that is done, or at once if it is not waited for."""
    undone, sketch = part.around.undone or part.scope, part.sketch
    chosen = undone.nodes.get(node.reference)
    if node.reference and chosen is None:
        sketch.refuse(node, f"compensates {node.reference!r}", "an activity of the same process or sub-process")
        return
    running = sketch.place(f"{node.id} running")
    empty = undo(sketch, undone, chosen, running, build)
    after = part.waiting.out(node)
    sketch.step([entry], [running] if node.waits else [running, *after], None, node.id)
    sketch.add(Move(None, {running: 1}, dict.fromkeys(after, 1) if node.waits else {}, node.id, waits=empty))


def cancel(part: Part, build: Build) -> None:
    """Cancel events: everything stops, what was completed is undone, and only then the transaction is left."""
    sketch = part.sketch
    stopped = frozenset(sketch.since(part.mark)) - set(sketch.did.values())
    for node, place, catch in part.cancels:
        running = sketch.place(f"{node.id} running")
        empty = undo(sketch, part.scope, None, running, build)
        unless = sketch.unless_thrown(stopped)
        sketch.add(Move(None, {place: 1}, {running: 1}, node.id, clears=stopped, waits=unless))
        sketch.add(Move(None, {running: 1}, {catch: 1}, node.id, waits=empty))
