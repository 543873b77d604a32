"""What became of the clocks of a case that objectives count: each occurrence once, good or bad.

An occurrence counts at the earlier of its answer and its due instant, under the segment that its case had when its
clock started; one that was due before that became known counts when it did. One that is called off, or that ends with
its case before it is due, does not count; what ends so without an answer is `unanswered`. Invariant: occurrences are a
function of the case's events alone; those that time alone makes bad are asked for with an instant.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from schemas.sla import CaseDuration, Due, Idle
from stream.event import GIVEN_UP
from stream.lives import Life, Segment
from stream.process import Process
from stream.sla.rules import Rule, Stood
from stream.sla.running import Running
from stream.sla.special import Scene

Key = tuple[int, str]
"""The number of a clock, and the anchor that it started with."""


class Occurrence(NamedTuple):
    """A clock that was answered, or was due before that: by which event's time it stopped, when it was due, and when
    that became known if it was later (ms)."""

    clock: int
    name: str
    segment: Segment
    stopped_at: int
    due: int | None
    known_at: int | None = None

    @property
    def counts(self) -> "Counted":
        """How it counts."""
        good = self.due is None or self.stopped_at <= self.due
        return Counted(self.clock, self.segment, self.stopped_at if good else self.known_at or self.due or 0, good)


class Counted(NamedTuple):
    """What one occurrence counts as: for the objectives of which clock, where, when (ms), and whether it is good."""

    clock: int
    segment: Segment
    at: int
    good: bool


class Tracked(NamedTuple):
    """The clocks of a case that are counted: their segments at the start, and what became of those that stopped; and
    the case's earlier lives."""

    segments: Mapping[int, Segment]
    occurred: tuple[Occurrence, ...]
    lives: tuple[Life, ...] = ()

    def after(self, process: Process, ran: Stood, clocks: Stood, scene: Scene) -> "Tracked":
        """The same once the event of a scene has run the clocks, from what they were (`ran`) to what they are."""
        segments, occurred = dict(self.segments), self.occurred
        for number in process.counted:
            was, now = ran[number], clocks[number]
            if was is now:
                continue
            if was is not None and _ran(was) and not (_ran(now) and now is not None and now.anchor == was.anchor):
                at_start = segments.pop(number, ()), scene
                found = _occurrence(process.rulebook.rules[number], number, was, at_start)
                occurred = occurred if found is None else (*occurred, found)
            if _ran(now) and number not in segments:
                segments[number] = process.segment(scene.attributes)
        return Tracked(segments, occurred, self.lives)


UNTRACKED = Tracked({}, ())


def _ran(running: Running | None) -> bool:
    """Whether a clock is there and is not spent."""
    return running is not None and (bool(running.marks) or running.terms is not None)


def _occurrence(rule: Rule, number: int, was: Running, at_start: tuple[Segment, Scene]) -> Occurrence | None:
    """What became of a clock of a segment that the event of a scene has stopped."""
    segment, scene = at_start
    at, due = scene.event.at, was.due
    if _called_off(rule, scene) and (due is None or due >= at):
        return None
    if was.terms is not None and was.terms.choice < 0:
        return None
    return Occurrence(number, was.anchor.name, segment, at, due, _known_at(was))


def _known_at(running: Running) -> int | None:
    """When it became known that a clock had been due before: by the event that told its date, or to which it applies
    since."""
    known_at = running.start if running.terms is None else max(running.start, running.terms.chosen_at)
    return known_at if running.due is not None and running.due < known_at else None


def _called_off(rule: Rule, scene: Scene) -> bool:
    """Whether an event stops a clock without an answer to it."""
    event, special = scene.event, rule.special
    if special is not None and ((scene.completes and event.activity in special.cancels) or special.calls_off(scene)):
        return True
    if rule.due is not None and event.attributes is not None and event.attributes.get(rule.due) == "":
        return True
    return (rule.lanes > 1 and event.lifecycle in GIVEN_UP) or (rule.restarts and event.activity not in _ends(rule))


def _ends(rule: Rule) -> tuple[str, ...]:
    return tuple(getattr(rule.promise, "to", None) or ())


def _by_the_end(rule: Rule) -> bool:
    """Whether the end of its case is what a rule waits for."""
    return isinstance(rule.promise, CaseDuration) or (isinstance(rule.promise, Due) and rule.promise.until is None)


class Span(NamedTuple):
    """Every instant before `until` (ms) is over for a case; `met_at`: when it ended, if it did."""

    until: int
    met_at: int | None

    @classmethod
    def of(cls, clock: int, over_at: int | None, ended_at: int | None) -> Self:
        """The span of a case that ended, or was closed as idle at `over_at`: nobody stopped it at that instant."""
        return cls(clock if over_at is None else min(over_at + (ended_at is None), clock), ended_at)


def still_open(tracked: Tracked, clocks: Stood, process: Process, span: Span) -> Iterator[Occurrence]:
    """What counts of clocks that no event has stopped: they were due, or the end of the case is what they wait for."""
    for number in process.counted:
        running = clocks[number]
        if running is None or not _ran(running):
            continue
        name, segment, due = running.anchor.name, tracked.segments.get(number, ()), running.due
        if due is not None and due < span.until:
            yield Occurrence(number, name, segment, max(span.until, due + 1), due, _known_at(running))
        elif span.met_at is not None and _by_the_end(process.rulebook.rules[number]):
            yield Occurrence(number, name, segment, span.met_at, due)


def unanswered(clocks: Stood, process: Process, ended_at: int) -> Iterator[str]:
    """The service levels that waited for an answer when their case ended (ms), not yet overdue; once for each clock."""
    for rule, running in zip(process.rulebook.rules, clocks, strict=True):
        if running is None or not _ran(running) or isinstance(rule.promise, Idle) or _by_the_end(rule):
            continue
        applies = running.terms is None or running.terms.choice >= 0
        if applies and (running.due is None or running.due >= ended_at):
            yield rule.promise.id
