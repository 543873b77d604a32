"""What a service level asks beyond elapsed time from its start: working time, conditions, targets by condition, pauses.

Whether it applies, and by which target, is judged by the attributes of the case as they stand when its clock starts,
and again when one that its conditions read has changed; `activity`, `lifecycle` and `resource` in those conditions are
always those of the event that started the clock, in `pause` and `cancel` those of the newest event. Invariant: marks
are a function of the clock's start and terms alone, so that a change of terms counts from the start, retroactively.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.sla import ActivityDuration, CancelWhen, Due, Idle, Pause, Sla
from stream.condition import NOTHING, Condition
from stream.event import Anchor, Event
from stream.sla.running import NONE, Origin, Running, Terms, made
from stream.sla.target import Target, delayed, repetitions, warnings
from stream.worktime import NoWorkingTime, Worktime

MOST_PAUSES: Final = 64
"""Pauses of one clock; after the last of them it runs through."""

Troubles = Counter[tuple[str, str]]
"""What went wrong while clocks ran: (reason, SLA) to how often."""


class Scene(NamedTuple):
    """What service levels see of an event: itself, the attributes of its case with those that it brings, as they were
    `before`, and since when (ms) which rules are paused."""

    event: Event
    attributes: Mapping[str, Any]
    before: Mapping[str, Any]
    paused: Mapping[int, int]
    completes: bool


class Shared:
    """What the service levels of one definition have in common: their conditions, once for each wording; the terms of
    clocks that start alike at the same instant; what goes wrong in them."""

    __slots__ = ("after", "before", "conditions", "newest", "troubles", "turned_at")

    def __init__(self) -> None:
        self.conditions: dict[str, Condition] = {}
        self.newest = self.before = self.after = Terms(0, 0)
        self.turned_at: int | None = None
        self.troubles: Troubles = Counter()

    def condition(self, source: str | None) -> Condition | None:
        """The condition of a wording; None without one."""
        if source is not None and source not in self.conditions:
            self.conditions[source] = Condition(source)
        return None if source is None else self.conditions[source]

    def plain(self, at: int, whole: int, paused_at: int | None = None) -> Terms:
        """The terms of a clock that starts at an instant (ms), by its plain target."""
        newest = self.newest
        if newest.chosen_at == at and newest.whole == whole and newest.paused_at == paused_at:
            return newest
        newest = self.newest = made(Terms, (whole, at, 0, (), paused_at, None))
        return newest

    def turned(self, terms: Terms, at: int) -> Terms:
        """The terms of a clock that stands still from an instant (ms), or goes on if it stands still."""
        if self.before is terms and self.turned_at == at:
            return self.after
        whole, chosen_at, choice, pauses, paused_at, origin = terms
        if paused_at is not None and at > paused_at:
            pauses = (*pauses, (paused_at, at))
        self.before, self.turned_at = terms, at
        self.after = made(Terms, (whole, chosen_at, choice, pauses, at if paused_at is None else None, origin))
        return self.after


class Special:
    """The compiled extras of one service level."""

    def __init__(self, promise: Sla, worktime: Worktime | None, shared: Shared) -> None:
        self.promise, self.worktime, self.shared, self.troubles = promise, worktime, shared, shared.troubles
        self.whole = len(promise.at_risk) + 1
        self.where = shared.condition(promise.where)
        self.targets: list[Target] = []
        self.choices: list[Condition] = []
        if not isinstance(promise, Due):
            lengths = [promise.target_ms, *(entry.target_ms for entry in promise.targets)]
            self.targets = [Target(worktime, each, promise.at_risk, promise.overdue_every_ms) for each in lengths]
            self.choices = [one for entry in promise.targets if (one := shared.condition(entry.where)) is not None]
        pause = None if isinstance(promise, Due) else promise.pause
        self.by_lifecycle = pause == "lifecycle"
        self.begins_pause = frozenset((pause.from_ or ()) if isinstance(pause, Pause) else ())
        self.ends_pause = frozenset((pause.to or ()) if isinstance(pause, Pause) else ())
        self.paused_while = shared.condition(pause.while_) if isinstance(pause, Pause) else None
        cancel = getattr(promise, "cancel", None)
        self.cancels = frozenset(cancel if isinstance(cancel, tuple) else ())
        self.cancelled_when = shared.condition(cancel.when) if isinstance(cancel, CancelWhen) else None
        self.pauses = pause is not None
        self._index()

    def _index(self) -> None:
        """By what an event may change a clock that runs."""
        of_clock = [one for one in (self.where, *self.choices) if one is not None]
        of_event = [one for one in (self.paused_while, self.cancelled_when) if one is not None]
        self.reads = frozenset[str]().union(*(one.reads for one in (*of_clock, *of_event)))
        self.by_origin = any(one.of_event for one in of_clock)
        self.by_newest = any(one.of_event for one in of_event)
        self.at_every_event = self.by_lifecycle or self.by_newest
        self.at_first = bool(of_event)
        self.activities = self.begins_pause | self.ends_pause | self.cancels
        asks_more = self.by_lifecycle or of_clock or of_event or self.activities
        self.only_counts = bool(self.targets) and not asks_more and self.promise.overdue_every_ms is None
        self.only_due = isinstance(self.promise, Due) and not asks_more
        self.chooses = bool(of_clock)
        self.begins_anew = isinstance(self.promise, Idle) and not of_clock
        self.by_step = not self.by_lifecycle and self.paused_while is None
        self.step_by_step = self.by_lifecycle and isinstance(self.promise, ActivityDuration)
        self.pauses_alone = self.pauses and self.by_step and not of_clock and not of_event and not self.cancels
        self.begins_alike = bool(self.targets) and not self.choices and not self.by_origin and not of_event
        self.elapsed = self.targets[0].offsets if self.begins_alike else None

    @property
    def names_resource(self) -> bool:
        """Whether a condition asks who did it."""
        conditions = (self.where, *self.choices, self.paused_while, self.cancelled_when)
        return any(one is not None and "resource" in one.of_event for one in conditions)

    def begun(self, rule: int, anchor: Anchor, scene: Scene) -> Running | None:
        """A clock that starts with the event of `anchor`; None where it is called off at once."""
        elapsed, where = self.elapsed, self.where
        if elapsed is not None and (where is None or where.judge_case(scene.attributes) == "holds"):
            at, whole, terms = anchor.at, self.whole, self.shared.newest
            if rule in scene.paused:
                return made(Running, (anchor, at, (), self.shared.plain(at, whole, at)))
            if terms.chosen_at != at or terms.whole != whole or terms.paused_at is not None:
                terms = self.shared.plain(at, whole)
            return made(Running, (anchor, at, elapsed, terms))
        if self.cancelled_when is not None and self.calls_off(scene):
            return None
        at, origin = anchor.at, _origin(scene.event) if self.by_origin else None
        choice = self._choose(scene, origin) if self.chooses else 0
        paused_at = at if rule in scene.paused else None
        terms = made(Terms, (self.whole, at, choice, (), paused_at, origin))
        plain = self.targets[choice].offsets if choice != NONE and paused_at is None else None
        offsets = self._offsets(at, terms) if plain is None else plain
        return made(Running, (anchor, at, offsets, terms))

    def counted(self, anchor: Anchor) -> Running:
        """A clock of which nothing but its calendar is special: its terms cannot change."""
        at, target = anchor.at, self.targets[0]
        newest = target.newest
        if newest.first <= at < newest.until:
            offsets = newest.answers if newest.moves else tuple([mark - at for mark in newest.answers])
            return made(Running, (anchor, at, offsets, None))
        try:
            return made(Running, (anchor, at, target.offsets_from(at), None))
        except NoWorkingTime:
            self.troubles["no_working_time", self.promise.id] += 1
            return Running(anchor, at, ())

    def promised(self, first: Anchor, scene: Scene) -> Running | None:
        """A clock towards a due instant that has just become known."""
        return None if self.calls_off(scene) else self._promised(first, scene)

    def _promised(self, first: Anchor, scene: Scene) -> Running:
        at, origin = scene.event.at, _origin(scene.event) if self.by_origin else None
        choice = self._choose(scene, origin) if self.chooses else 0
        offsets, whole = self._due_offsets(at, scene) if choice != NONE else ((), 1)
        return made(Running, (first, at, offsets, made(Terms, (whole or 1, at, choice, (), None, origin))))

    def chosen(self, running: Running, scene: Scene) -> Running:
        """The clock under the terms that hold after an event."""
        terms = running.terms
        choice = None if terms is None else self._choose(scene, terms.origin)
        if terms is None or choice is None or choice == terms.choice:
            return running
        return self._timed(running._replace(terms=terms._replace(choice=choice, chosen_at=scene.event.at)), scene)

    def paused(self, running: Running, scene: Scene) -> Running:
        """The clock, standing still from an event on."""
        anchor, start, offsets, terms = running
        if terms is None or terms.paused_at is not None:
            return running
        if len(terms.pauses) >= MOST_PAUSES:
            self.troubles["too_many_pauses", self.promise.id] += 1
            return running
        at = scene.event.at
        now = self.shared.turned(terms, at)
        if offsets and (self.elapsed is not None or self._target(terms).lengths is not None):  # what is known stays so
            known = () if offsets[0] >= at - start else offsets[: bisect_left(offsets, at - start)]
            return made(Running, (anchor, start, known, now))
        return made(Running, (anchor, start, self._offsets(start, now), now))

    def resumed(self, running: Running, scene: Scene) -> Running:
        """The clock, going on from an event."""
        anchor, start, _, terms = running
        if terms is None or terms.paused_at is None:
            return running
        now = self.shared.turned(terms, scene.event.at)
        elapsed = self.elapsed if terms.choice == 0 else None
        offsets = self._offsets(start, now) if elapsed is None else delayed(elapsed, start, now.pauses)
        return made(Running, (anchor, start, offsets, now))

    def stands_still(self, scene: Scene, paused: bool) -> bool:
        """Whether the rule is paused after an event, if it was or was not before it."""
        event = scene.event
        if self.paused_while is not None:
            return self._holds(self.paused_while, scene.attributes, _origin(event) if self.by_newest else None)
        if self.by_lifecycle:
            return event.lifecycle != "resume" if paused else event.lifecycle == "suspend"
        return event.activity not in self.ends_pause if paused else event.activity in self.begins_pause

    def calls_off(self, scene: Scene) -> bool:
        """Whether clocks are called off by an event, or as the case stands after it."""
        if self.cancelled_when is None:
            return False
        return self._holds(self.cancelled_when, scene.attributes, _origin(scene.event) if self.by_newest else None)

    def left(self, running: Running) -> int | None:
        """The time that a paused clock has left to its due instant (ms); None for any other."""
        terms = running.terms
        if terms is None or terms.paused_at is None or running.due is not None or not running.offsets:
            return None
        return self._target(terms).left(running.start, terms.pauses, terms.paused_at)

    def _target(self, terms: Terms) -> Target:
        return self.targets[min(terms.choice, len(self.targets) - 1)]

    def _timed(self, running: Running, scene: Scene) -> Running:
        """The clock with the marks that its terms give it."""
        terms = running.terms
        assert terms is not None  # whoever asks has given it some
        if not isinstance(self.promise, Due) or terms.choice == NONE:
            return running._replace(offsets=self._offsets(running.start, terms))
        offsets, whole = self._due_offsets(running.start, scene)
        return running._replace(offsets=offsets, terms=terms._replace(whole=whole or terms.whole))

    def _offsets(self, start: int, terms: Terms) -> tuple[int, ...]:
        """The marks that a start and its terms give, as seen from the start."""
        if terms.choice == NONE:
            return ()
        try:
            return self._target(terms).offsets_after(start, terms.pauses, terms.paused_at)
        except NoWorkingTime:
            self.troubles["no_working_time", self.promise.id] += 1
            return ()

    def _due_offsets(self, known_at: int, scene: Scene) -> tuple[tuple[int, ...], int]:
        """The marks of a due instant that became known at an instant (ms), as seen from there, and how many there are
        up to it; none of them, and 0, where a calendar has no time left."""
        assert isinstance(self.promise, Due)  # no other has a due instant
        due, worktime = scene.attributes.get(self.promise.due), self.worktime
        if type(due) is not int:
            return (), 1
        try:
            again = repetitions(worktime, due, self.promise.overdue_every_ms)
            warned = warnings(worktime, known_at, due, self.promise.at_risk) if due > known_at else ()
        except NoWorkingTime:
            self.troubles["no_working_time", self.promise.id] += 1
            return (), 0
        return tuple([mark - known_at for mark in (*warned, due, *again)]), len(warned) + 1

    def _choose(self, scene: Scene, origin: Origin | None) -> int:
        """The number of the target that counts, 0 for the plain one; `NONE` where the service level does not apply."""
        if origin is None and self.by_origin:
            origin = _origin(scene.event)
        if self.where is not None and not self._holds(self.where, scene.attributes, origin):
            return NONE
        for number, condition in enumerate(self.choices, 1):
            if self._holds(condition, scene.attributes, origin):
                return number
        return 0

    def _holds(self, condition: Condition, attributes: Mapping[str, Any], origin: Origin | None) -> bool:
        if not condition.of_event:
            judgement = condition.judge_case(attributes)
        else:
            event = NOTHING if origin is None else dict(zip(("activity", "lifecycle", "resource"), origin, strict=True))
            judgement = condition.judge(attributes, event)
        if judgement == "failed":
            self.troubles["condition_failed", self.promise.id] += 1
        return judgement == "holds"


def _origin(event: Event) -> Origin:
    return event.activity, event.lifecycle, event.resource


def is_special(promise: Sla) -> bool:
    """Whether a service level asks for more than elapsed time from its start."""
    asked = promise.calendar, promise.where, promise.overdue_every_ms, getattr(promise, "cancel", None)
    return any(one is not None for one in asked) or (
        not isinstance(promise, Due) and (promise.pause is not None or bool(promise.targets))
    )
