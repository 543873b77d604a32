"""What a case has come to: its events, folded in order into clocks, attributes and a place in the model.

The fold is a function of the events alone, in their order; no clock is read here. An end is a note (`ended_at`), not
a cut: clocks are kept as they ran, so that an event after the end takes the end back as if it had not been.
Invariant: two folds of the same events are equal, wherever the events were cut into restores.
"""

from collections.abc import Mapping
from typing import Any, Final

from stream.course import UNSEEN, Course
from stream.declare import Happening, Standing, Violation
from stream.event import GIVEN_UP, OTHER_TRANSITIONS, Anchor, Event, Place
from stream.occurrences import UNTRACKED
from stream.process import Process
from stream.shared import alone, followed, merged
from stream.sla.rules import Clocks, Stood, answer, begin_each, promised, stop
from stream.sla.running import Running, Stopped, made
from stream.sla.special import Scene
from stream.sla.turning import step, touches, turn

NOTHING: Final[Mapping[Any, Any]] = {}
NO_TIES: Final[dict[str, int]] = {}
NO_ATTRIBUTES: Final[dict[str, Any]] = {}
MOST_STARTED = 64
"""Activities of one case that have been started and not completed, of which it is known; the newest ones."""


class Fold(Course):
    """The state of one instance of a case; instants in milliseconds UTC.

    `started`: the starts of activities that are still to be completed, oldest first, in a process with a model.
    `paused`: since when (ms) which service levels are paused, by their numbers. `standing`: where the case stands with
    its constraints; `asked_late`: those of them that were not asked yet when it began; `conduct`: what people have done
    in it. `ties` count the activities at `last_at`. `attributes`, and `ties` of one activity, are shared
    with other folds: they are replaced and never written to.
    """

    __slots__ = (
        "attributes", "clocks", "ended_at", "events", "last_at", "last_place", "paused", "recent", "standing",
        "started", "ties", "tracked",
    )  # fmt: skip

    def __init__(self, process: Process, instance: int, *, bare: bool = False) -> None:
        """`bare`: without anything in it, for `copy` to fill; what is compiled has no other way to make one."""
        if bare:
            return
        super().__init__(process)
        if instance > 1:
            self.aside = self.aside._replace(instance=instance)
        self.last_at = 0
        self.last_place: Place = (0, 0)
        self.events = 0
        self.ties: dict[str, int] = NO_TIES
        self.recent: tuple[str, ...] = ()
        self.attributes: dict[str, Any] = NO_ATTRIBUTES
        self.clocks: Stood = (None,) * len(process.rulebook.rules)
        self.paused: Mapping[int, int] = NOTHING
        self.tracked = UNTRACKED
        self.ended_at: int | None = None
        self.started: tuple[Anchor, ...] = ()
        self.standing: Standing | None = process.monitor.start() if process.monitor else None

    def copy(self) -> "Fold":
        """The same state, to be folded on apart; the code of its steps is shared."""
        twin = Fold(self.process, self.instance, bare=True)
        twin.process = self.process
        twin.first = self.first
        twin.last_at = self.last_at
        twin.last_place = self.last_place
        twin.events = self.events
        twin.ties = self.ties if len(self.ties) < 2 else self.ties.copy()
        twin.recent = self.recent
        twin.attributes = self.attributes
        twin.paused = self.paused
        twin.tracked = self.tracked
        twin.ended_at = self.ended_at
        twin.flags = self.flags
        twin.frontier = self.frontier
        twin.cost = self.cost
        twin.floor = self.floor
        twin.code = self.code
        twin.size = self.size
        twin.stepped_at = self.stepped_at
        twin.aside = self.aside
        twin.places = self.places
        twin.explain_to = self.explain_to
        twin.started = self.started
        twin.standing = self.standing
        twin.clocks = self.clocks
        return twin

    def apply(self, event: Event, may_be_warm: bool = False) -> None:
        """Fold the next event, which is not before the last one."""
        process, completes, anchor = self.process, event.lifecycle not in OTHER_TRANSITIONS, self._tied(event)
        self.ended_at = None
        before, ran = self.attributes, self.clocks
        clocks = list(ran)
        if event.attributes:
            self.attributes = merged(before, event.attributes)
        if self.first is None:
            self._begin(anchor)
            self.flags = UNSEEN if may_be_warm else 0
        if completes:
            self.recent = followed(self.recent, event.activity)
        self._run_clocks(clocks, event, anchor, completes, before)
        now = tuple(clocks)
        if now != ran:
            self.clocks = now
            if process.counted:
                self._track(ran, Scene(event, self.attributes, before, self.paused, completes))
        if process.automaton is not None:
            if completes:
                name = process.rename.get(event.activity, event.activity)
                if may_be_warm and not self.size:
                    self.begin_in_the_middle(name)
                self.step(name, event.at)
            if self.started or event.lifecycle == "start":
                self._pair(event, anchor, completes)
        if completes and process.judges:
            self._judge(event, anchor)
        self.last_at, self.last_place = event.at, event.place
        self.events += 1
        if event.last_of_case or (completes and self._ends(event.activity)):
            self.ended_at = event.at

    def _tied(self, event: Event) -> Anchor:
        """What an alert that this event starts hangs on; the event is counted among those of its instant."""
        at, activity, nth = event.at, event.activity, 0
        if at != self.last_at:
            self.ties = alone(activity)
        else:
            nth = self.ties.get(activity, 0)
            if len(self.ties) < 2:  # it may be that of other cases as well
                self.ties = {**self.ties, activity: nth + 1}
            else:
                self.ties[activity] = nth + 1
        return made(Anchor, (at, activity, nth, event.event_id, event.place))

    def _begin(self, anchor: Anchor) -> None:
        self.first = anchor

    def _judge(self, event: Event, anchor: Anchor) -> None:
        """Hold a step against what is asked of the case, and of the people in it."""
        monitor, people, standing, activity = self.process.monitor, self.process.people, self.standing, event.activity
        if monitor is not None and standing is not None and (standing.first_at is None or monitor.heeds(activity)):
            self.standing = monitor.step(standing, Happening(anchor, self.attributes))
        if people is not None and activity in people.of:
            conduct = people.judged(self.conduct, event, anchor)
            if conduct is not self.conduct:
                self.aside = self.aside._replace(conduct=conduct)

    def violations(self, clock: int, ended_at: int | None) -> tuple[Violation, ...]:
        """The constraints that are broken when all before `clock` (ms) is over, or at an end as well."""
        monitor = self.process.monitor
        if monitor is None or self.standing is None:
            return ()
        return monitor.violations(self.standing, clock, ended_at)

    def next_deadline(self, instant: int) -> int | None:
        """The first instant, at or after this one, by which a constraint wants something."""
        monitor = self.process.monitor
        return None if monitor is None or self.standing is None else monitor.next_deadline(self.standing, instant)

    def _pair(self, event: Event, anchor: Anchor, completes: bool) -> None:
        """Note what is started; what completes an activity or gives it up does so for its oldest start."""
        if event.lifecycle == "start":
            self.started = (*self.started[1 - MOST_STARTED :], anchor)
        elif self.started and (completes or event.lifecycle in GIVEN_UP):
            for number, start in enumerate(self.started):
                if start.activity == event.activity:
                    self.started = self.started[:number] + self.started[number + 1 :]
                    return

    def _run_clocks(
        self, clocks: Clocks, event: Event, anchor: Anchor, completes: bool, before: Mapping[str, Any]
    ) -> None:
        book = self.process.rulebook
        scene = self._turn_clocks(clocks, event, completes, before) if book.asks else None
        if book.dues and event.attributes and not book.promised_in.isdisjoint(event.attributes):
            seen = scene or made(Scene, (event, self.attributes, before, self.paused, completes))
            self._take_promises(clocks, event, seen)
        if completes:
            for rule in book.answers.get(event.activity, ()):
                running = clocks[rule.number]
                if running is not None and (rule.once or running.had_to_say(event.at)):
                    self._note(answer(rule, clocks, event))
                else:
                    clocks[rule.number] = None
            if starts := book.starts.get(event.activity):
                begin_each(starts, clocks, anchor, scene)
        if book.by_step and (book.waits or event.activity in book.timed):
            for stopped in step(book, clocks, anchor, event, scene):
                self._note(stopped)
        for idle in book.idles:
            running = clocks[idle.number]
            if running is not None and running.had_to_say(event.at):
                self._note(stop(clocks, idle.number, event))
        if book.idles:
            begin_each(book.idles, clocks, anchor, scene)
        if book.durations and not self.events and self.first is not None:
            begin_each(book.durations, clocks, self.first, scene)

    def _take_promises(self, clocks: Clocks, event: Event, scene: Scene) -> None:
        """Take the due instants that an event carries."""
        assert event.attributes is not None  # it has been looked at
        assert self.first is not None  # a case that has an event has a first one
        for rule in self.process.rulebook.dues:
            if rule.due in event.attributes:
                promised(rule, clocks, event, self.first, scene)

    def _turn_clocks(self, clocks: Clocks, event: Event, completes: bool, before: Mapping[str, Any]) -> Scene:
        """Let the event pause, change or call off clocks that run; what those that start with it have to see of it."""
        book, first = self.process.rulebook, not self.events
        scene = made(Scene, (event, self.attributes, before, self.paused, completes))
        if not touches(book, event, before, first):
            return scene
        paused, called_off = turn(book, clocks, scene, first)
        if called_off:
            self.stopped = (*self.stopped, *called_off)
        if paused is self.paused:
            return scene
        self.paused = paused
        return made(Scene, (event, self.attributes, before, paused, completes))

    def _track(self, ran: Stood, scene: Scene) -> None:
        """Note what became of clocks that objectives count; `ran`: as they were before the event."""
        self.tracked = self.tracked.after(self.process, ran, self.clocks, scene)

    def _note(self, stopped: Stopped | None) -> None:
        if stopped is not None:
            self.stopped = (*self.stopped, stopped)

    def _ends(self, activity: str) -> bool:
        """Whether a completed step of that name ends the case."""
        if self.process.ends is not None:
            return activity in self.process.ends
        if not self.process.ends_with_model or self.frontier is None:
            return False
        return self.process.automaton.finished(self.frontier)  # type: ignore[union-attr]  # there is one

    def answer_late(self, event: Event) -> bool:
        """Apply what is sound of an event from before this state: it may stop a clock that was running at its time."""
        changed, ran = False, self.clocks
        clocks = list(ran)
        for rule in self.process.rulebook.answers.get(event.activity, ()):
            running = clocks[rule.number]
            if event.completes and running is not None and running.offsets and running.start <= event.at:
                self._note(answer(rule, clocks, event))
                changed = True
        self.clocks = tuple(clocks)
        if changed and self.process.counted:
            self._track(ran, Scene(event, self.attributes, self.attributes, self.paused, True))
        return changed

    def idle_until(self) -> int:
        """The instant at which a case without a further event is closed as idle: after its armed deadlines."""
        until = self.last_at + self.process.idle_limit
        for running in self.clocks:
            if running is not None and running.offsets and running.start + running.offsets[-1] > until:
                due = running.due
                until = until if due is None else max(until, due)
        if self.standing is not None:
            while (deadline := self.next_deadline(until + 1)) is not None:
                until = deadline
        return until

    def next_mark(self, instant: int) -> int | None:
        """The first mark of any clock, or deadline of a constraint, at `instant` or later."""
        nearest = None if self.standing is None else self.next_deadline(instant)
        for running in self.clocks:
            if running is not None and running.offsets:
                mark: int | None = running.start + running.offsets[0]
                if mark is not None and mark < instant:
                    mark = running.next_mark(instant)
                if mark is not None and (nearest is None or mark < nearest):
                    nearest = mark
        return nearest

    def over_at(self, instant: int) -> int | None:
        """When the case ended, or was closed as idle, before `instant`; None while it is open then."""
        if self.ended_at is not None:
            return self.ended_at
        if self.last_at + self.process.idle_limit >= instant:
            return None
        closed_at = self.idle_until()
        return closed_at if closed_at < instant else None

    def running(self) -> list[tuple[int, Running]]:
        """The clocks that still say something, each with its rule's number."""
        return [(i, r) for i, r in enumerate(self.clocks) if r is not None and r.offsets]
