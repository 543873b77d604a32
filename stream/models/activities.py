"""Activities: tasks and sub-processes, how often they are done, and the events on their boundaries.

An activity shows when it completes; an event that interrupts it does so before. Invariant: whatever leaves an activity
takes all its tokens along, and only its own.
"""

from stream.models.compensation import done_inside
from stream.models.graph import ONCE, Node
from stream.models.letters import FEW, MANY, letters_of
from stream.models.part import Catch
from stream.models.quotient import Graph, quotient
from stream.models.sketch import Mark, Move, Sketch, Waits
from stream.models.splits import split
from stream.models.throwing import CAUGHT, catches
from stream.models.unfolding import TooWide, Unbounded, played, unfold
from stream.models.waiting import Waiting

MOST_TIMES = 50  # of an activity that is done a given number of times
NOTHING: frozenset[int] = frozenset()


class Activity:
    """One activity in its scope: it begins at `start`; `done` is where it has been done."""

    def __init__(self, waiting: Waiting, node: Node, depth: int = 0) -> None:
        self.depth = depth  # of the part that it belongs to
        self.waiting, self.sketch, self.node = waiting, waiting.sketch, node
        self.boundaries = [event for event in waiting.scope.boundaries(node) if event.trigger != "compensate"]
        self.repeating = [event for event in self.boundaries if self._may_repeat(event)]
        self.opened: int | None = None  # marked from the first begin on, where events may happen again and again
        self.done = self.sketch.place(f"after {node.id}")
        self.catches: tuple[Catch, ...] = ()

    def open(self) -> None:
        """Begin a part of its own: what is added from here on is the activity's inside."""
        if self.repeating:
            self.opened = self.sketch.place(f"{self.node.id} opened")
        mark = self.sketch.mark()
        self.start = self.sketch.place(f"{self.node.id} active")
        self._begin({self.waiting.entries[self.node.id]: self.node.takes})
        self.mark: Mark = self.sketch.mark()._replace(places=mark.places)
        self.armed = {
            event.id: self.sketch.place(f"{event.id} armed")
            for event in self.boundaries
            if not event.interrupting and event.at_most and not self._thrown_inside(event)
        }
        for event in self.boundaries:
            if event.trigger in CAUGHT:
                place = self.waiting.entries[event.id]
                if event.interrupting:
                    place = self.sketch.place(f"{event.id} caught")
                self.catches += (Catch(event, place, self.depth),)
        self.run, self.left = self.sketch.place(f"{self.node.id} live"), self.sketch.place(f"{self.node.id} left")
        begun = {self.armed[event.id]: event.at_most or 0 for event in self.boundaries if event.id in self.armed}
        most = self.node.times.most or 1
        if most > 1 and self.node.body and not self.node.times.at_once:
            begun[self.left] = most - 1
        self.sketch.step([self.start], {self.run: 1} | begun, None, self.node.id)

    def _begin(self, pre: dict[int, int]) -> None:
        """Steps to the start, each of which opens what is not opened yet."""
        if self.opened is None:
            self.sketch.step(pre, [self.start], None, self.node.id)
            return
        shut = self.waiting.shut[self.opened] = self.sketch.place(f"{self.node.id} not opened")
        for state in (shut, self.opened):
            self.sketch.step(pre | {state: 1}, [self.start, self.opened], None, self.node.id)

    def _may_repeat(self, event: Node) -> bool:
        return not event.interrupting and event.at_most is None and not self._thrown_inside(event)

    def hold(self) -> int:
        """A place that says that something was thrown out of one of many runs, so that the activity is not done."""
        place = self.sketch.place(f"{self.node.id} stopped")
        self.sketch.held[place] = "any"
        return place

    def _undisturbed(self) -> Waits:
        """The waits of being done, where what was thrown inside may not have been caught yet."""
        thrown = [catch.place for catch in self.catches if catch.place in self.sketch.flags]
        inside = self.sketch.unless_thrown(self.sketch.since(self.mark))
        return inside + tuple((place, NOTHING) for place in thrown)

    def _thrown_inside(self, event: Node) -> bool:
        """Whether some event inside throws just what this one catches, so that it happens then and only then."""
        body = self.node.body
        return body is not None and any(catches(event, node) for node in body.walk() if node.throws)

    def task(self) -> None:
        """A task: a labelled step, or several."""
        node, sketch = self.node, self.sketch
        if not node.name:
            sketch.note(f"{node.tag} {node.id} has no name and is taken as silent")
        if node.times == ONCE and not [event for event in self.boundaries if not event.interrupting]:
            entry = self.waiting.entries[node.id]
            self._interrupt([entry], NOTHING)
            split(self.waiting, node, [entry] * node.takes, node.name or None)
            return
        self.open()
        self._interrupt(self._repeat(node.name or None), frozenset(self.armed.values()))
        self.close()

    def _repeat(self, label: str | None) -> list[int]:
        """Steps that show the label as often as the activity is done; returns the places between them."""
        sketch, node, times, armed = self.sketch, self.node, self.node.times, frozenset(self.armed.values())
        places, last = [self.run], times.most or times.least
        for count in range(last + 1):
            if count >= times.least and (count < last or times.most is None or not count):
                sketch.add(Move(None, {places[count]: 1}, {self.done: 1}, node.id, clears=armed))
            if count + 1 == last and times.most is not None:
                sketch.add(Move(label, {places[count]: 1}, {self.done: 1}, node.id, clears=armed))
            elif count < last:
                places.append(sketch.place(f"{node.id} {count + 1}"))
                sketch.step([places[count]], [places[-1]], label, node.id)
        if times.most is None:
            sketch.step([places[-1]], [places[-1]], label, node.id)
        return places

    def sub_process(self, sinks: list[int], lives: list[int]) -> None:
        """A sub-process around its body, which goes from `run` to its sink with one of `lives` marked meanwhile; none
        where the body is plain. Several sinks: so many bodies at once."""
        times, sketch = self.node.times, self.sketch
        inside = frozenset(sketch.since(self.mark))
        if not times.at_once and times.most is None:
            sketch.step([sinks[0]], [self.run], None, self.node.id)
        elif not times.at_once and (times.most or 0) > 1:
            sketch.step([sinks[0], self.left], [self.run], None, self.node.id)
        if times.least == 0:
            sketch.add(Move(None, {self.run: 1}, {self.done: 1}, self.node.id, clears=self._rest(inside)))
        if times.at_once and times.early:
            for sink in sinks:
                sketch.add(Move(None, {sink: 1}, {self.done: 1}, self.node.id, (), inside, self._undisturbed()))
        else:
            exactly = times.least > 1 and not times.at_once
            waits = self._undisturbed() + (((self.left, NOTHING),) if exactly else ())
            move = Move(None, dict.fromkeys(sinks, 1), {self.done: 1}, self.node.id, (), self._rest(inside), waits)
            sketch.add(move)
        self._interrupt(lives, inside)
        self.close()

    def _rest(self, inside: frozenset[int]) -> frozenset[int]:
        """What is left of an activity when it is done."""
        counted = [self.left] if self.node.times.most not in (None, 1) and not self.node.times.at_once else []
        return inside & {*self.armed.values(), *counted}

    def at_once(self, sink: int, body: Mark, start: int) -> None:
        """A sub-process whose body goes from `run` to `sink`, any number of times at once."""
        sketch, node = self.sketch, self.node
        sketch.step([sink], [])
        graph = apart(sketch, body, start)
        found = letters_of(graph) if graph else None
        if found is None:
            sketch.refuse(node, f"a parallel multi-instance sub-process: {MANY}", f"a sequential one, or {FEW}")
            return
        letters, maybe_nothing = found
        again = sketch.place(f"{node.id} again")
        for letter in letters:
            for place in (self.run, again):
                sketch.add(letter.move(place, again, sketch.flags))
        if maybe_nothing or node.times.least == 0:
            sketch.step([self.run], [again], None, node.id)
        rest = frozenset(self.armed.values())
        sketch.add(Move(None, {again: 1}, {self.done: 1}, node.id, (), rest, self._undisturbed()))
        self._interrupt([self.run, again], frozenset(sketch.since(self.mark)))
        self.close()

    def _interrupt(self, lives: list[int], inside: frozenset[int]) -> None:
        """Steps from wherever the activity stands to the events on its boundary."""
        unless, mine = self.sketch.unless_thrown, inside
        inside |= done_inside(self.sketch, self.node.body)
        entries = self.waiting.entries
        for event in self.boundaries:
            caught = [catch.place for catch in self.catches if catch.event is event]
            if not event.interrupting:
                if event.id in self.armed:
                    self.sketch.step([self.armed[event.id]], [entries[event.id]], None, event.id)
            elif event.id in self.sketch.thrown:
                waits, after = unless(mine, event.id), {entries[event.id]: 1}
                self.sketch.add(Move(None, {caught[0]: 1}, after, event.id, clears=inside, waits=waits))
            else:
                for live in lives:
                    waits, after = unless(mine), {entries[event.id]: 1}
                    self.sketch.add(Move(None, {live: 1}, after, event.id, clears=inside, waits=waits))

    def close(self) -> None:
        """End the part, as states where steps cannot say it, and go on after it."""
        moves = self.sketch.moves[self.mark.moves :]
        if not all(move.plain for move in moves):
            tell(self.waiting, self.node, self.mark, self.start)
        split(self.waiting, self.node, [self.done])


def tell(waiting: Waiting, node: Node, mark: Mark, start: int) -> bool:
    """Unfold a part; where that is impossible, refuse it by its node. False where it depends on what is around it."""
    sketch = waiting.sketch
    if sketch.problems:
        return False
    try:
        return unfold(sketch, mark, start)
    except TooWide as wide:
        sketch.refuse(node, f"too much parallel work to be told exactly ({wide})", "less of it at once")
    except Unbounded as endless:
        sketch.refuse(node, f"tokens pile up without end at {endless}", "as many joined as were split")
    return False


def apart(sketch: Sketch, mark: Mark, start: int) -> Graph | None:
    """Take out the moves since a mark and tell the states of what they do by themselves; None where these have no end
    or depend on what is around."""
    inside, moves = sketch.since(mark), sketch.moves[mark.moves :]
    del sketch.moves[mark.moves :]
    if sketch.problems or any(place not in inside for move in moves for place in move.reads()):
        return None
    try:
        return quotient(played(sketch, moves, start, inside))
    except (TooWide, Unbounded):
        return None
