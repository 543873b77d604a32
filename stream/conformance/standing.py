"""Where a case may stand if its events are read as they were so far, and where it may go on to from there.

A *standing* is a frontier whose items all cost nothing, in each branch of a mode again. Synchronising a label at no
cost leads from a standing to a standing, so missing steps and events are followed alike. Invariant: a standing holds
every place that agrees with the readings so far, but for those that another of them is never dearer than.
"""

from collections.abc import Iterable, Iterator

from stream.conformance.alignment import remarks_of, single, steps_before
from stream.conformance.automaton import Automaton
from stream.conformance.enabling import expected
from stream.conformance.frontier import Frontier, Item, Mode


def narrowed(frontier: Frontier) -> Frontier:
    """The standing of a frontier: its cheapest places."""
    found: Frontier | None = frontier.remarks.get(None) if frontier.remarks else None
    if found is None:
        items = dict.fromkeys([_narrowed(item) for item, cost in frontier.items if cost == 0], 0)
        found = remarks_of(frontier)[None] = frontier.machine.intern(tuple(items.items()))
    return found


def _narrowed(item: Item) -> Item:
    return item.block.mode(tuple([narrowed(kid) for kid in item.kids])) if type(item) is Mode else item


def followed(automaton: Automaton, standing: Frontier, labels: Iterable[str]) -> Frontier | None:
    """Where a standing goes on to with these steps and no others; None where it cannot."""
    for label in labels:
        if label not in automaton.labels:
            return None
        frontier, cost, _ = automaton.step(standing, label)
        if cost:
            return None
        standing = narrowed(frontier)
    return standing


def first_steps(standing: Frontier, label: str) -> frozenset[str]:
    """The steps that begin a shortest way from a standing to a label that lacks some, by name."""
    remarks, question = remarks_of(standing), (label, "first steps")
    if question not in remarks:
        remarks[question] = _first_steps(standing, label)
    known: frozenset[str] = remarks[question]
    return known


def _first_steps(standing: Frontier, label: str) -> frozenset[str]:
    found, count = frozenset[str](), steps_before(standing, label)
    for item, _ in standing.items:
        place = single(standing.machine, item)
        if steps_before(place, label) > count:
            continue
        if type(item) is not Mode:
            found |= {step for step, after in _ways(place) if steps_before(after, label) < count}
            continue
        nearest = [kid for kid in item.kids if label in kid.machine.labels and steps_before(kid, label) == count]
        found = found.union(*[first_steps(kid, label) for kid in nearest])
        then = single(standing.machine, item.block.target)
        if item.completion + steps_before(then, label) == count:
            found |= _closing_steps(item) if item.completion else first_steps(then, label)
    return found


def _closing_steps(mode: Mode) -> frozenset[str]:
    """The steps that bring a branch nearer to its end."""
    unfinished = [kid for kid in mode.kids if kid.completion]
    return frozenset(s for kid in unfinished for s, after in _ways(kid) if after.completion < kid.completion)


def _ways(place: Frontier) -> Iterator[tuple[str, Frontier]]:
    """The steps that can come next, and where they lead."""
    for step in sorted(expected(place)):
        frontier, cost, _ = place.step(step)
        if cost == 0:
            yield step, narrowed(frontier)
