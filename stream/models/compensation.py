"""Compensation: what undoes the work that was done, when a compensation is thrown or a transaction is cancelled.

An activity that has been completed leaves a token behind; a compensation takes these tokens and runs what belongs to
each, in the reverse order of the sequence flows between the activities (BPMN 2.0, 10.7 and 13.5.5). Invariant: what was
not completed is not undone, and nothing is undone twice.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from stream.models.graph import Node, Scope
from stream.models.sketch import Move, Sketch

NOTHING: frozenset[int] = frozenset()
Waits = tuple[tuple[int, frozenset[int]], ...]  # as in a move
Build = Callable[[Scope, Scope, int, int], None]  # what to build, whose work it undoes, from where, to where


class Undoing(NamedTuple):
    """An activity that can be undone. `path`: the activities around it in the scope that is compensated, itself last;
    `task` or `body`: what undoes it."""

    activity: Node
    path: tuple[Node, ...]
    task: Node | None
    body: Scope | None


def undoings(scope: Scope, path: tuple[Node, ...] = ()) -> Iterator[Undoing]:
    """What can be undone in a scope; a sub-process without a handler of its own is undone by undoing what is in it."""
    for node in scope.nodes.values():
        here = (*path, node)
        if node.handler is not None:
            whole = node.handler.body
            yield Undoing(node, here, None if whole else node.handler, whole)
        elif node.body is not None and node.body.undoing is not None:
            yield Undoing(node, here, None, node.body.undoing)
        elif node.body is not None:
            yield from undoings(node.body, here)


def throws(scope: Scope) -> bool:
    """Whether something in a process throws a compensation or cancels a transaction."""
    inside = [*scope.walk(), *[node for undo in everything(scope) if undo.body for node in undo.body.walk()]]
    return any(node.throws and node.trigger in ("compensate", "cancel") for node in inside)


def everything(scope: Scope) -> Iterator[Undoing]:
    """All that could be undone at any level."""
    yield from undoings(scope)
    for node in scope.nodes.values():
        if node.body is not None and (node.handler is not None or node.body.undoing is not None):
            yield from everything(node.body)


def remember(sketch: Sketch, scope: Scope) -> None:
    """Places that say what has been completed and not undone, for a whole process."""
    for undo in everything(scope) if throws(scope) else ():
        sketch.did.setdefault(id(undo.activity), sketch.place(f"{undo.activity.id} completed"))


def done_inside(sketch: Sketch, scope: Scope | None) -> frozenset[int]:
    """The places that say what has been completed inside a scope."""
    inside = scope.walk() if scope else []
    return frozenset(sketch.did[id(node)] for node in inside if id(node) in sketch.did)


def undo(sketch: Sketch, scope: Scope, chosen: Node | None, running: int, build: Build) -> Waits:
    """Moves that undo what was completed in a scope (or one activity of it) while a token is on `running`; returns what
    must be empty when all is undone."""
    found = [undo for undo in undoings(scope) if chosen is None or undo.path[0] is chosen]
    busy = {id(undo.activity): sketch.place(f"undoing {undo.activity.id}") for undo in found if undo.body}
    awaited = dict[int, list[int]]()
    for one in found:
        places = [sketch.did[id(one.activity)], *[busy[id(one.activity)] for _ in [0] if id(one.activity) in busy]]
        awaited[id(one.activity)] = places
    for one in found:
        later = [other for other in found if other is not one and _before(scope, one, other)]
        waits = tuple((place, NOTHING) for other in later for place in awaited[id(other.activity)])
        pre, post = {running: 1, awaited[id(one.activity)][0]: 1}, {running: 1}
        if one.task is not None:
            sketch.add(Move(one.task.name or None, pre, post, one.task.id, waits=waits))
            continue
        assert one.body is not None  # what has no task has a body
        flag = busy[id(one.activity)]
        start, end = (sketch.place(f"{one.body.id} {state}") for state in ("begun", "ended"))
        sketch.add(Move(None, pre, post | {flag: 1, start: 1}, one.activity.id, waits=waits))
        build(one.body, one.activity.body or one.body, start, end)
        sketch.step([end, flag], [], None, one.activity.id)
    return tuple((place, NOTHING) for places in awaited.values() for place in places)


def _before(scope: Scope, first: Undoing, second: Undoing) -> bool:
    """Whether sequence flows lead from one activity to another and not back, so that the second is undone before."""
    around = scope
    for one, other in zip(first.path, second.path, strict=False):
        if one is not other:
            return other in around.reached(one) and one not in around.reached(other)
        assert one.body is not None  # two activities in one sub-process
        around = one.body
    return False
