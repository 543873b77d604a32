"""What a case has come to: its events, folded in order into clocks, attributes and a place in the model.

The fold is a function of the events alone, in their order; no clock is read here. An end is a note (`ended_at`), not
a cut: clocks are kept as they ran, so that an event after the end takes the end back as if it had not been.
Invariant: two folds of the same events are equal, wherever the events were cut into restores.
"""

from typing import Any

from stream.conformance.deviation import Deviation
from stream.conformance.explain import explain
from stream.conformance.frontier import INF, Frontier
from stream.event import Anchor, Event, Place
from stream.process import Process
from stream.sla.rules import Clocks, answer, begin, promised, stop
from stream.sla.running import Running, Stopped

MOST_KEPT = 10_000
"""Steps of one case that are kept to explain its deviations; later ones are aligned, but no longer explained."""
MOST_RECENT = 8


class Fold:
    """The state of one instance of a case; instants in milliseconds UTC.

    `names` and `times` are the steps taken in the model, shared between a fold and its copies: only the first `length`
    count. `cost` is the prefix alignment's, proven exact while it is not above `floor`. `explain_to` is the number of
    steps at which the cost last rose. `ties` count the activities at `last_at`.
    """

    __slots__ = (
        "attributes", "clocks", "cost", "ended_at", "events", "explain_to", "explained", "first", "floor", "frontier",
        "instance", "last_at", "last_place", "late", "length", "names", "past", "process", "recent", "stopped", "ties",
        "times", "warm",
    )  # fmt: skip

    def __init__(self, process: Process, instance: int) -> None:
        self.process, self.instance = process, instance
        self.first: Anchor | None = None
        self.last_at = 0
        self.last_place: Place = (0, 0)
        self.events = 0
        self.ties: dict[str, int] = {}
        self.recent: tuple[str, ...] = ()
        self.attributes: dict[str, Any] = {}
        self.clocks: Clocks = [None] * len(process.rulebook.rules)
        self.stopped: tuple[Stopped, ...] = ()
        self.past: tuple[Any, ...] = ()
        self.ended_at: int | None = None
        self.warm = self.late = False
        self.frontier: Frontier | None = process.automaton.start() if process.automaton else None
        self.cost, self.floor = 0, INF
        self.names: list[str] = []
        self.times: list[int] = []
        self.length = self.explain_to = 0
        self.explained: tuple[int, bool, tuple[Deviation, ...]] = (0, False, ())

    def copy(self) -> "Fold":
        """The same state, to be folded on apart. The lists of steps are shared: only the first `length` count here."""
        twin = Fold.__new__(Fold)
        twin.process = self.process
        twin.instance = self.instance
        twin.first = self.first
        twin.last_at = self.last_at
        twin.last_place = self.last_place
        twin.events = self.events
        twin.ties = self.ties.copy()
        twin.recent = self.recent
        twin.attributes = self.attributes
        twin.stopped = self.stopped
        twin.past = self.past
        twin.ended_at = self.ended_at
        twin.warm = self.warm
        twin.late = self.late
        twin.frontier = self.frontier
        twin.cost = self.cost
        twin.floor = self.floor
        twin.names = self.names
        twin.times = self.times
        twin.length = self.length
        twin.explain_to = self.explain_to
        twin.explained = self.explained
        twin.clocks = self.clocks.copy()
        return twin

    def apply(self, event: Event, may_be_warm: bool = False) -> None:
        """Fold the next event, which is not before the last one."""
        self.ended_at = None
        if event.at != self.last_at:
            self.ties = {}
        self.ties[event.activity] = self.ties.get(event.activity, 0) + 1
        if event.attributes:
            self.attributes = {**self.attributes, **event.attributes}
        if self.first is None:
            self._begin(self.anchor(event))
        completes = event.completes
        if completes:
            self.recent = (*self.recent[1 - MOST_RECENT :], event.activity)
        self._run_clocks(event, completes)
        if completes and self.process.automaton is not None:
            name = self.process.rename.get(event.activity, event.activity)
            if may_be_warm and not self.length:
                self._begin_in_the_middle(name)
            self.step(name, event.at)
        self.last_at, self.last_place = event.at, event.place
        self.events += 1
        if event.last_of_case or (completes and self._ends(event.activity)):
            self.ended_at = event.at

    def anchor(self, event: Event) -> Anchor:
        """What an alert that this event starts hangs on; the event is among the ties already."""
        nth = self.ties[event.activity] - 1
        return Anchor(event.at, event.activity, nth, event.event_id, event.place)

    def _begin(self, anchor: Anchor) -> None:
        self.first = anchor
        for rule in self.process.rulebook.durations:
            self.clocks[rule.number] = rule.started(anchor)

    def _begin_in_the_middle(self, name: str) -> None:
        """Take a first step that cannot be the model's first for one of a case that began before it was seen."""
        automaton = self.process.automaton
        self.warm = automaton is not None and not automaton.enabled_at_start(name)
        if self.warm and automaton is not None:
            self.frontier = automaton.warm_start()

    def _run_clocks(self, event: Event, completes: bool) -> None:
        book, clocks = self.process.rulebook, self.clocks
        if book.dues and event.attributes and self.first is not None:
            for rule in book.dues:
                promised(rule, clocks, event, self.first)
        if completes:
            for rule in book.answers.get(event.activity, ()):
                self._note(answer(rule, clocks, event))
            for rule in book.starts.get(event.activity, ()):
                begin(rule, clocks, self.anchor(event))
        for rule in book.idles:
            self._note(stop(clocks, rule.number, event))
            clocks[rule.number] = rule.started(self.anchor(event))

    def _note(self, stopped: Stopped | None) -> None:
        if stopped is not None:
            self.stopped = (*self.stopped, stopped)

    def step(self, name: str, at: int) -> None:
        """Take a step of the model's name `name` at an instant: the cheapest alignment goes on from the frontier."""
        if self.frontier is None:
            return
        found = self.frontier.next.get(name) or self.process.automaton.step(self.frontier, name)  # type: ignore[union-attr]  # a frontier has its automaton
        self.frontier, cost, dropped = found
        self.floor = min(self.floor, self.cost + dropped)
        self.cost += cost
        if self.length < MOST_KEPT:
            self.names.append(name)
            self.times.append(at)
            self.length += 1
            if cost:
                self.explain_to = self.length

    def _ends(self, activity: str) -> bool:
        """Whether a completed step of that name ends the case."""
        if self.process.ends is not None:
            return activity in self.process.ends
        if not self.process.ends_with_model or self.frontier is None:
            return False
        return self.process.automaton.finished(self.frontier)  # type: ignore[union-attr]  # there is one

    def answer_late(self, event: Event) -> bool:
        """Apply what is sound of an event from before this state: it may stop a clock that was running at its time."""
        changed = False
        for rule in self.process.rulebook.answers.get(event.activity, ()):
            running = self.clocks[rule.number]
            if event.completes and running is not None and running.marks and running.start <= event.at:
                self._note(answer(rule, self.clocks, event))
                changed = True
        return changed

    def idle_until(self) -> int:
        """The instant at which a case without a further event is closed as idle: after its armed deadlines."""
        until = self.last_at + self.process.idle_limit
        for running in self.clocks:
            if running is not None and running.marks and running.marks[-1] > until:
                until = running.marks[-1]
        return until

    def next_mark(self, instant: int) -> int | None:
        """The first mark of any clock at `instant` or later."""
        nearest: int | None = None
        for running in self.clocks:
            if running is not None:
                for mark in running.marks:
                    if mark >= instant:
                        nearest = mark if nearest is None or mark < nearest else nearest
                        break
        return nearest

    def over_at(self, instant: int) -> int | None:
        """When the case ended, or was closed as idle, before `instant`; None while it is open then."""
        if self.ended_at is not None:
            return self.ended_at
        if self.last_at + self.process.idle_limit >= instant:
            return None
        closed_at = self.idle_until()
        return closed_at if closed_at < instant else None

    def deviations(self, over: bool) -> tuple[Deviation, ...]:
        """The deviations up to the step at which the cost last rose, and what is missing at the end if `over`."""
        automaton = self.process.automaton
        if automaton is None or self.frontier is None:
            return ()
        over = over and self.length < MOST_KEPT and automaton.completion(self.frontier) > 0
        steps = self.length if over else self.explain_to
        if not over and not steps:
            return ()
        if self.explained[:2] != (steps, over):
            found = explain(automaton, self.names[:steps], finished=over, warm=self.warm)
            self.explained = (steps, over, found)
        return self.explained[2]

    def certain(self, over: bool) -> bool:
        """Whether the alignment's cost is proven: that of the steps so far, or with `over` that of the whole case."""
        automaton = self.process.automaton
        if automaton is None or self.frontier is None or self.cost > self.floor:
            return False
        if not over:
            return True
        least = min(self.floor, self.cost + automaton.completion_cut(self.frontier))
        return self.cost + automaton.completion(self.frontier) <= least

    def running(self) -> list[tuple[int, Running]]:
        """The clocks that still say something, each with its rule's number."""
        return [(i, r) for i, r in enumerate(self.clocks) if r is not None and r.marks]
