"""The token game of BPMN 2.0, chapter 13, played on a diagram itself: no net, no places, no code of the product.

A process holds tokens on its flows and activities that are going on, each sub-process with a state of its own. Kinds of
nodes by their first letter: start, end, f (terminate), g (error end), task, x, p and o (gateways), b (sub-process),
i (boundary event that interrupts), n (boundary timer that does not), r (error boundary).
"""

from collections.abc import Iterator
from typing import NamedTuple

Edge = tuple[str, str]
Item = tuple[object, ...]  # ("on", edge), ("at", node, state inside or None, armed timers), ("sub" or "arm", name, …)
State = tuple[tuple[Item, ...], bool]  # what goes on, sorted; whether an event sub-process has taken over


class Box(NamedTuple):
    """A process or sub-process: nodes, flows, what each boundary event is on, sub-processes by node, and event
    sub-processes by name; those whose name begins with v interrupt, those with w are timers that do not."""

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    hosts: dict[str, str]
    boxes: dict[str, "Box"]
    events: dict[str, "Box"]


class Played(NamedTuple):
    """One thing that can happen in a box: what is seen, the state after it, and "over" or "error" if it ends there."""

    label: str | None
    state: State
    ends: str = ""


def begun(box: Box) -> State:
    """The state of a box that has just begun."""
    items: list[Item] = [("on", edge) for edge in box.edges if edge[0][0] == "s"]
    return _state([*items, *[("arm", name) for name in box.events if name[0] == "w"]], taken=False)


def over(state: State) -> bool:
    """Whether nothing is left."""
    return all(item[0] == "arm" for item in state[0])


def plays(box: Box, state: State) -> Iterator[Played]:
    """Everything that can happen next."""
    items, taken = list(state[0]), state[1]
    for node in box.nodes:
        yield from _node(box, items, node, taken)
    for index, item in enumerate(items):
        rest = items[:index] + items[index + 1 :]
        if item[0] == "at":
            yield from _activity(box, item, rest, taken)
        elif item[0] == "sub":
            yield from _event_sub_process(box, item, rest, taken)
        elif item[0] == "arm":
            name = str(item[1])
            yield Played(None, _state([*rest, ("sub", name, begun(box.events[name]))], taken))
    for name, inner in box.events.items():
        if name[0] == "v" and not taken and not over(state):
            yield Played(None, _state([("sub", name, begun(inner))], taken=True))


def _state(items: list[Item], taken: bool) -> State:
    return tuple(sorted(items, key=repr)), taken


def _out(box: Box, node: str) -> list[Item]:
    return [("on", edge) for edge in box.edges if edge[0] == node]


def _node(box: Box, items: list[Item], node: str, taken: bool) -> Iterator[Played]:
    entering: list[Item] = [("on", edge) for edge in box.edges if edge[1] == node]
    held = [item for item in entering if item in items]
    leaving = _out(box, node)
    if node[0] in "po":
        if held and (len(held) == len(entering) if node[0] == "p" else _may_join(box, items, node, held)):
            for put in [leaving] if node[0] == "p" else _subsets(leaving):
                yield Played(None, _moved(items, held, put, taken))
        return
    for one in held:
        rest = _moved(items, [one], [], taken)
        if node[0] == "x":
            yield from [Played(None, _moved(items, [one], [put], taken)) for put in leaving or [()] if put]
            if not leaving:
                yield Played(None, rest)
        elif node[0] in "tb":
            armed = tuple(sorted(n for n, host in box.hosts.items() if host == node and n[0] == "n"))
            inner = begun(box.boxes[node]) if node[0] == "b" else None
            yield Played(None, _state([*rest[0], ("at", node, inner, armed)], taken))
        elif node[0] in "fg":
            yield Played(None, rest, "over" if node[0] == "f" else "error")
        elif node[0] == "e":
            yield Played(None, rest)


def _subsets(leaving: list[Item]) -> list[list[Item]]:
    if not leaving:
        return [[]]
    return [[e for i, e in enumerate(leaving) if mask >> i & 1] for mask in range(1, 2 ** len(leaving))]


def _moved(items: list[Item], taken: list[Item], put: list[Item], interrupted: bool) -> State:
    left = list(items)
    for item in taken:
        left.remove(item)
    return _state(left + put, interrupted)


def _may_join(box: Box, items: list[Item], join: str, held: list[Item]) -> bool:
    """The rule of BPMN 2.0 for inclusive joins, path by path."""
    full = {item[1] for item in held}
    for item in items:
        if item[0] == "on":
            starts = [item[1]]
        elif item[0] == "at":
            starts = [e for e in box.edges if e[0] == item[1] or box.hosts.get(e[0]) == item[1]]
        else:
            continue
        ways = {edge for edge in _onwards(box, starts, join) if edge[1] == join}
        if ways - full and not ways & full:
            return False
    return True


def _onwards(box: Box, starts: list[object], join: str) -> set[Edge]:
    seen, todo = set[Edge](), [edge for edge in box.edges if edge in starts]
    while todo:
        edge = todo.pop()
        if edge not in seen:
            seen.add(edge)
            if edge[1] != join:
                todo += [e for e in box.edges if e[0] == edge[1] or box.hosts.get(e[0]) == edge[1]]
    return seen


def _activity(box: Box, item: Item, rest: list[Item], taken: bool) -> Iterator[Played]:
    _, node, inner, armed = item
    assert isinstance(armed, tuple)
    name, timers = str(node), armed
    if inner is None:
        yield Played(name, _state(rest + _out(box, name), taken))
    else:
        yield from _inside(box, name, inner, timers, (rest, taken))  # type: ignore[arg-type]  # a state, by its kind
    for event, host in box.hosts.items():
        if host == name and event[0] == "i":
            yield Played(None, _state(rest + _out(box, event), taken))
    for timer in timers:
        left = ("at", name, inner, tuple(t for t in timers if t != timer))
        yield Played(None, _state([*rest, left, *_out(box, timer)], taken))


def _inside(
    box: Box, name: str, inner: State, timers: tuple[str, ...], around: tuple[list[Item], bool]
) -> Iterator[Played]:
    rest, taken = around
    if over(inner):
        yield Played(None, _state(rest + _out(box, name), taken))
        return
    for label, after, ends in plays(box.boxes[name], inner):
        if ends == "over":
            yield Played(label, _state(rest + _out(box, name), taken))
        elif ends == "error":
            catchers = [event for event, host in box.hosts.items() if host == name and event[0] == "r"]
            put = _out(box, catchers[0]) if catchers else []
            yield Played(label, _state(rest + put, taken), "" if catchers else "error")
        else:
            yield Played(label, _state([*rest, ("at", name, after, timers)], taken))


def _event_sub_process(box: Box, item: Item, rest: list[Item], taken: bool) -> Iterator[Played]:
    _, name, inner = item
    if over(inner):  # type: ignore[arg-type]  # an item holds what its kind says
        yield Played(None, _state(rest, taken))
        return
    for label, after, ends in plays(box.events[str(name)], inner):  # type: ignore[arg-type]  # the same
        if ends == "over":
            yield Played(label, _state(rest, taken))
        else:
            yield Played(label, _state([*rest, ("sub", name, after)], taken), ends)


def runs(box: Box, longest: int, most_items: int = 6, most_states: int = 8_000) -> set[str] | None:
    """The complete runs of a diagram; None where it holds too many tokens or states to be played."""
    todo: list[tuple[State, tuple[str, ...]]] = [(begun(box), ())]
    seen, found = set(todo), set[str]()
    while todo:
        state, run = todo.pop()
        if over(state):
            found.add(" ".join(run))
        if len(state[0]) > most_items or len(seen) > most_states:
            return None
        for label, after, ends in plays(box, state):
            longer = run if label is None else (*run, label)
            if len(longer) > longest:
                continue
            if ends:
                found.add(" ".join(longer))
            elif (after, longer) not in seen:
                seen.add((after, longer))
                todo.append((after, longer))
    return found
