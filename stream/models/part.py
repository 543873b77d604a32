"""One process or sub-process while it is drawn: its places, and what is known of how it starts, ends and is stopped.

A process is over when no token is left in it (BPMN 2.0, 13.2). Where that can be said by steps to one sink it is; else
a token says that the process goes on, and what is to happen when all others are gone is told by states. Invariant:
nothing that belongs to a part stays behind when it is over or stopped.
"""

from dataclasses import dataclass
from typing import NamedTuple

from stream.models.completion import close
from stream.models.gateways import Spans
from stream.models.graph import Kind, Node, Scope
from stream.models.sketch import Move, Sketch
from stream.models.waiting import Waiting

NOTHING: frozenset[int] = frozenset()


class Catch(NamedTuple):
    """An event that catches what is thrown inside, and the place where a token says that it was."""

    event: Node
    place: int
    depth: int  # of the part whose work it leaves or goes on with


class Interrupt(NamedTuple):
    """An event sub-process that stops the work around it: where it begins, and where it is caught if something inside
    throws it; None where it may happen at any time."""

    event: Node
    caught: int | None
    entry: int


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a part: `catches`, from the inside out; `inner`: it is a part of another; `guarded`: something
    may stop it. A part that stands for any number of runs at once (`many`) begins at `first`, leaves a token on `hold`
    where one is thrown out of it, and on `stop` where it ends all. `undone`: whose work a compensation undoes."""

    catches: tuple[Catch, ...] = ()
    inner: bool = False
    guarded: bool = False
    draining: bool = False
    parent: "Part | None" = None
    many: bool = False
    first: Node | None = None
    hold: int | None = None
    stop: int | None = None
    undone: Scope | None = None


class Part:
    """One process or sub-process in a sketch; `apart`: inclusive joins that are not nested with a split."""

    def __init__(self, sketch: Sketch, scope: Scope, around: Around, apart: frozenset[str]) -> None:
        self.sketch, self.scope, self.around = sketch, scope, around
        self.mark = sketch.mark()
        self.waiting = Waiting(sketch, scope, apart)
        self.spans: Spans = {}
        self.stops: list[int] = []  # where a terminate event waits
        self.cancels: list[tuple[Node, int, int]] = []  # cancel events after which work is undone, from where to where
        self.memory = set[int]() if around.inner else set(sketch.did.values())  # what may happen; keeps nothing going
        self.opened: dict[int, int] = {}  # the part of it that is marked at the start
        self.depth: int = around.parent.depth + 1 if around.parent else 0
        self.interrupts: list[Interrupt] = []
        self._holds, self._last = dict[str, int](), list[Catch]()
        starts = [sub.body.of(Kind.START)[0] for sub in scope.of(Kind.EVENT_SUB_PROCESS) if sub.body]
        caught = [start for start in starts if start.trigger in ("error", "escalation")]
        self.own = tuple(Catch(start, sketch.place(f"{start.id} caught"), self.depth) for start in caught)

    @property
    def catches(self) -> tuple[Catch, ...]:
        """What catches something thrown in this part, from the inside out."""
        return self.own + self.around.catches

    def hold(self, catch: Catch) -> list[int]:
        """The places where a token stays so that no part on the way to what catches it goes on as if nothing was."""
        if self.depth <= catch.depth:
            return []
        parent = self.around.parent
        above = parent.hold(catch) if parent is not None else []
        if self.around.many:
            return above + ([self.around.hold] if above and self.around.hold is not None else [])
        if catch.event.id not in self._holds:
            place = self._holds[catch.event.id] = self.sketch.place(f"{self.scope.id} stopped")
            self.sketch.held[place] = catch.event.id
        return [*above, self._holds[catch.event.id]]

    def last_catch(self) -> Catch:
        """An error that nothing else catches ends a process."""
        if not self._last:
            place = self.sketch.place(f"{self.scope.id} failed")
            self.stops.append(place)
            self._last.append(Catch(Node("", Kind.EVENT, "", 1, "", trigger="error"), place, self.depth))
        return self._last[0]

    def used_stops(self) -> list[int]:
        """The places where a terminate event may in fact wait."""
        reached = {place for move in self.sketch.moves[self.mark.moves :] for place in move.post}
        return [place for place in self.stops if place in reached]

    @property
    def plain(self) -> bool:
        """Whether nothing but its own tokens bears on when it is over."""
        remembers = self.memory and not self.around.draining
        special = self.interrupts or self.cancels or remembers or self.around.guarded
        if special or self._holds:
            return False
        return all(move.plain for move in self.sketch.moves[self.mark.moves :])

    def begin(self) -> list[list[int]]:
        """The ways in which the scope can start, each with the places that get a token."""
        entries, free = self.waiting.entries, self._free()
        if self.around.first is not None:
            return [[entries[self.around.first.id]]]
        starts = [node for node in free if node.kind is Kind.START or node.instantiates]
        for node in free if starts else ():
            if node not in starts:
                self.sketch.refuse(node, "nothing leads to it", "a sequence flow into it")
        if self.scope.called and len(starts) > 1:
            starts = [node for node in starts if not node.trigger] or starts
        if self.around.inner and len(starts) > 1:
            self.sketch.refuse(starts[1], "a second start of a sub-process", "one start event")
        if not free:
            node = next(iter(self.scope.nodes.values()))
            self.sketch.refuse(node, "its process has no start: something leads to every node", "a start event")
        return [[entries[node.id]] for node in starts] or [[entries[node.id] for node in free]]

    def _free(self) -> list[Node]:
        """The nodes that nothing leads to, but for what begins by itself later."""
        later = (Kind.BOUNDARY, Kind.EVENT_SUB_PROCESS)
        free = [node for node in self.scope.nodes.values() if not node.incoming and node.kind not in later]
        return [node for node in free if node.throws or node.trigger != "link"]

    def end_plainly(self, start: int, sink: int, begins: list[list[int]]) -> bool:
        """End by steps to the sink, if no token can be left behind; else drain the ends where that will do."""
        sketch, before = self.sketch, len(self.sketch.moves)
        for entries in begins:
            sketch.step([start], [*entries, *self.opened])
        stops = self.used_stops()
        terminals = [*self.waiting.terminals, *stops, *sorted(self.memory)]
        by_rule = self.around.inner or bool(stops)
        if close(sketch, sketch.moves[self.mark.moves :], (start, sink), terminals, by_rule=by_rule):
            return True
        if not self.around.draining:
            del sketch.moves[before:]
            return False
        for place in terminals:
            sketch.step([place], [])
        return True

    def go_on(self, start: int, begins: list[list[int]]) -> list[int]:
        """A token that says that the part goes on, and another that it was interrupted; tokens at ends are gone."""
        lives = [self.sketch.place(f"{self.scope.id} {state}") for state in ("live", "interrupted")]
        for entries in begins:
            tokens = {lives[0]: 1} | self.opened
            for place in entries:
                tokens[place] = tokens.get(place, 0) + 1
            self.sketch.step({start: 1}, tokens)
        for place in self.waiting.terminals:
            self.sketch.step([place], [])
        return lives

    def end_when_empty(self, sink: int, lives: list[int]) -> list[int]:
        """End when nothing is left, or at once where that is said; returns where a token says that the part goes on."""
        sketch = self.sketch
        region = frozenset(sketch.since(self.mark))
        kept = region - set(sketch.did.values())
        unless = sketch.unless_thrown(region)
        for stop in self.stops:
            sketch.add(Move(None, {stop: 1}, {sink: 1}, sketch.places[stop], clears=region, waits=unless))
        for event, caught, entry in self.interrupts:
            pre, post = {lives[0] if caught is None else caught: 1}, {entry: 1, lives[1]: 1}
            waits = unless if caught is None else sketch.unless_thrown(region, event.id)
            sketch.add(Move(None, pre, post, event.id, clears=kept, waits=waits))
        waits = tuple((place, NOTHING) for place in sorted(region - self.memory - set(lives)))
        used = lives if self.interrupts else lives[:1]
        for live in used:
            sketch.add(Move(None, {live: 1}, {sink: 1}, None, clears=frozenset(self.memory), waits=waits))
        return used
