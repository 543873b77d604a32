"""The meaning of a flow graph as a net: tokens, as BPMN 2.0, chapter 13 has them, without data.

Invariant: the net can show exactly what the model allows; where no net can, the element is refused.
"""

from collections.abc import Sequence

from schemas.problem import Refused
from stream.models.completion import MOST_MARKINGS
from stream.models.firing import FiringGraph
from stream.models.graph import Scope
from stream.models.net import Net, Transition
from stream.models.part import Around
from stream.models.scope_net import ScopeNet
from stream.models.sketch import Sketch
from stream.models.unfolding import MOST_STATES, TooWide, Unbounded, unfold

SMALL = 120  # states up to which a process is told by them where steps with several tokens would do as well


def net_of(file: str, scopes: Sequence[Scope], notes: Sequence[str]) -> Net:
    """The net of a process, or of several that run side by side; raises `Refused` with every element that cannot be
    honoured."""
    sketch = Sketch(file)
    sketch.notes += notes
    ends = [_process(sketch, scope) for scope in scopes]
    if sketch.problems:
        raise Refused(sorted(sketch.problems, key=lambda problem: problem.line))
    initial = {source: 1 for source, _ in ends}
    final = {sink: 1 for _, sink in ends if sink is not None}
    net = _compact(sketch, initial, final)
    _see_that_they_begin(sketch, net)
    return net


def _see_that_they_begin(sketch: Sketch, net: Net) -> None:
    """Refuse activities that wait for more tokens than ever come to them."""
    hungry = {node.id for node in sketch.nodes.values() if node.takes > 1}
    graph = FiringGraph(net.transitions, [net.initial, net.final])
    reach = graph.reach(graph.marking(net.initial), MOST_MARKINGS) if hungry else None
    fired = {net.transitions[edge[1]].element for edge in reach.edges} if reach else hungry
    for name in sorted(hungry - fired):
        node = sketch.nodes[name]
        wrong = f"needs {node.takes} tokens to begin (startQuantity) and never gets them"
        sketch.refuse(node, wrong, "startQuantity 1")
    if sketch.problems:
        raise Refused(sketch.problems)


def _process(sketch: Sketch, scope: Scope) -> tuple[int, int | None]:
    """The places where a process starts and where it is over; no such place where only emptiness says so."""
    sink = sketch.place(f"{scope.id} done")
    mark = sketch.mark()
    start = sketch.place(scope.id)
    net = ScopeNet(sketch, scope, Around())
    net.build(start, sink)
    if sketch.problems or all(move.plain for move in sketch.moves[mark.moves :]):
        return start, sink
    try:
        if unfold(sketch, mark, start, SMALL if net.only_ends else MOST_STATES):
            return start, sink
        raise AssertionError("a process depends on nothing outside it")
    except Unbounded as endless:
        place = str(endless)
    except TooWide as wide:
        if not net.only_ends:
            elements = [move.element for move in sketch.moves[mark.moves :] if not move.plain]
            named = [sketch.nodes[element] for element in elements if element in sketch.nodes]
            node = (named or list(scope.nodes.values()))[0]
            wrong = f"looks at the whole process, which has {wide}"
            sketch.refuse(node, wrong, "a sub-process around what it concerns")
            return start, sink
        place = ""
    if place:
        node = sketch.nodes.get(place.split(" ")[-1]) or next(iter(scope.nodes.values()))
        sketch.refuse(node, "tokens pile up here without end", "as many joined as were split")
        return start, sink
    sketch.back(mark)
    start = sketch.place(scope.id)
    ScopeNet(sketch, scope, Around(draining=True)).build(start, sink)
    if any(sink in move.post for move in sketch.moves[mark.moves :]):
        return start, sink
    sketch.note(f"the process {scope.id} is over when nothing is left to do, in whichever order its ends are reached")
    return start, None


def _compact(sketch: Sketch, initial: dict[int, int], final: dict[int, int]) -> Net:
    """The net of what is used, places that only hand on a token left out."""
    steps = _joined([move.transition() for move in sketch.moves], initial, final)
    used = sorted({*initial, *final}.union(*[{*step.pre, *step.post} for step in steps]))
    at = {place: index for index, place in enumerate(used)}
    moved = [
        step._replace(pre={at[p]: n for p, n in step.pre.items()}, post={at[p]: n for p, n in step.post.items()})
        for step in steps
    ]
    first, last = ({at[place]: n for place, n in tokens.items()} for tokens in (initial, final))
    return Net(tuple(sketch.places[p] for p in used), tuple(moved), first, last, tuple(sketch.notes))


def _joined(steps: list[Transition], initial: dict[int, int], final: dict[int, int]) -> list[Transition]:
    """The steps without those that only hand a token on: where nothing else takes it, it may as well be there at once.

    `initial` is moved along; a place that ends a case stays.
    """
    takers = dict[int, list[int]]()
    for number, step in enumerate(steps):
        for place in step.pre:
            takers.setdefault(place, []).append(number)
    onwards = dict[int, int]()
    for numbers in takers.values():
        step = steps[numbers[0]]
        if len(numbers) == 1 and step.label is None and [*step.pre.values()] == [*step.post.values()] == [1]:
            ((source, target),) = zip(step.pre, step.post, strict=True)
            if source not in final and _end(onwards, target) != source:
                onwards[source] = target
    for tokens in (initial, *[step.post for step in steps]):
        moved = [(_end(onwards, place), number) for place, number in tokens.items()]
        assert isinstance(tokens, dict)
        tokens.clear()
        for place, number in moved:
            tokens[place] = tokens.get(place, 0) + number
    return [step for step in steps if not any(place in onwards for place in step.pre)]


def _end(onwards: dict[int, int], place: int) -> int:
    while place in onwards:
        place = onwards[place]
    return place
