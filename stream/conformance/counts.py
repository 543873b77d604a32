"""How often each label must still come, and how often it can at most, on any way from a place in the model.

Compared with what did come, that bounds from below what a case must still cost: an event that no way asks for is a log
move, a step that every way asks for and that never came is a model move. It is what an alignment's marking equation
says (Adriansyah 2014, ch. 4), label by label. Invariant: no way has fewer of a label than its least, or more than its
most.

Both are kept as one row of numbers: the least of each label, then minus the most of each. So parts that are all gone
through add up, of alternatives each number is the least, and what a row asks for in vain is what it is above the row of
the events.
"""

from collections.abc import Iterable, Sequence

from stream.conformance.frontier import INF, Frontier, Home, Item, Mode
from stream.conformance.tabulated import TabulatedMachine

Row = tuple[int, ...]


def together(rows: Iterable[Row]) -> Row:
    """The row of parts that are all gone through."""
    return tuple(map(sum, zip(*rows, strict=True)))


def beyond(row: Row, events: Row) -> int:
    """The least cost where these are the events that are left."""
    return sum([asked - given for asked, given in zip(row, events, strict=True) if asked > given])


class Counts:
    """Rows of the items of a machine, and of all machines inside it: `closing` counts ways to the final state, else
    ways that may stop anywhere."""

    def __init__(self, machine: Home, *, closing: bool) -> None:
        self.labels = {label: number for number, label in enumerate(sorted(machine.labels))}
        self.closing = closing
        self.nothing: Row = (0,) * (2 * len(self.labels))
        self._tables: dict[Home, list[Row]] = {}

    def left(self, events: Sequence[str]) -> list[Row]:
        """The rows of the events that are left, before each event and after the last."""
        numbers = [0] * len(self.labels)
        found = [self.nothing]
        for event in reversed(events):
            if event in self.labels:
                numbers[self.labels[event]] += 1
            found.append((*numbers, *[-number for number in numbers]))
        return found[::-1]

    def of(self, frontier: Frontier) -> Row:
        """What holds for every item of a frontier."""
        rows = [self.of_item(frontier.machine, item) for item, _ in frontier.items]
        return rows[0] if len(rows) == 1 else tuple(map(min, zip(*rows, strict=True)))

    def of_item(self, machine: Home, item: Item) -> Row:
        """What holds for an item of a machine."""
        if type(item) is Mode:
            return together([*map(self.of, item.kids), self.of_item(machine, item.block.target)])
        if not isinstance(machine, TabulatedMachine):  # a part that is searched may ask for anything that it knows
            return self._row([0] * len(self.labels), [INF if label in machine.labels else 0 for label in self.labels])
        if machine not in self._tables:
            self._tables[machine] = self._table(machine)
        return self._tables[machine][item]

    def _row(self, least: Iterable[int], most: Iterable[int]) -> Row:
        return (*least, *[-number for number in most])

    def _table(self, machine: TabulatedMachine) -> list[Row]:
        """The rows of all states, found as shortest ways are: a row gets better until no step betters any."""
        steps = self._steps(machine)
        found: list[Row | None] = [None if self.closing else self.nothing] * machine.shape.size
        found[machine.final] = self.nothing
        changed = True
        while changed:
            changed = False
            for source, target, by in steps:
                after, before = found[target], found[source]
                if after is not None:
                    row = tuple([max(-INF, min(INF, a + b)) for a, b in zip(after, by, strict=True)])
                    row = row if before is None else tuple(map(min, before, row))
                    if row != before:
                        found[source], changed = row, True
        nowhere = self._row([INF] * len(self.labels), [INF] * len(self.labels))
        return [nowhere if row is None else row for row in found]

    def _steps(self, machine: TabulatedMachine) -> list[tuple[int, int, Row]]:
        """(source, target, what happens between), last states first; what can be done again has no most."""
        steps = [(b.source, b.target, together([self.of(kid.fresh) for kid in b.kids])) for b in machine.blocks]
        for edge in machine.shape.edges:
            once = [int(label == edge.label) for label in self.labels]
            steps.append((edge.source, edge.target, self._row(once, once)))
        row = machine.shape.distance
        return [
            (p, q, tuple([-INF if number < 0 else number for number in by]) if row[q][p] < INF else by)
            for p, q, by in sorted(steps, key=lambda step: row[machine.initial][step[0]], reverse=True)
        ]
