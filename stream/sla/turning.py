"""How an event turns clocks that run: it pauses them, lets them go on, changes their terms or calls them off; and how
the start and the completion of a step run those that measure it.

A pause holds for all clocks of its rule, and for those that start during it. Pauses do not nest: a second beginning
does nothing, nor does an end without a beginning. Suspensions by life cycle pause, for `activity_duration`, the clocks
of the suspended activity alone. Invariant: what an event does not touch is not looked at.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from schemas.sla import Waiting
from stream.event import GIVEN_UP, Anchor, Event
from stream.sla.rules import MOST_AT_ONCE, Clocks, Rule, Rulebook, Together, answer, begin, stop
from stream.sla.running import Running, Stopped, spent
from stream.sla.special import Scene, Special

Turn = Callable[[Running, Scene], Running]


def touches(book: Rulebook, event: Event, before: Mapping[str, Any], first: bool) -> bool:
    """Whether an event can turn clocks at all; `before`: the attributes of its case without those that it brings."""
    if (book.at_first if first else book.at_every_event) or event.activity in book.by_activity:
        return True
    read = book.by_attribute
    if not read or not event.attributes or first:
        return False
    for name, value in event.attributes.items():  # noqa: SIM110 -- a generator takes twice as long, at every event
        if name in read and before.get(name) != value:
            return True
    return False


def turn(book: Rulebook, clocks: Clocks, scene: Scene, first: bool) -> tuple[Mapping[int, int], list[Stopped]]:
    """Turn the clocks that an event touches, all where it is the `first` of its case; since when (ms) which rules are
    paused now, and what was called off."""
    at, activity, paused = scene.event.at, scene.event.activity, scene.paused
    turned: dict[int, int] | None = None
    stopped: list[Stopped] = []  # to call list[Stopped] would take ten times as long
    touched = _touched(book, scene, first)
    together = book.together.get(activity)
    if together is not None and touched is together.rules:
        if not paused:
            return _pause_together(together, clocks, scene), stopped
        if paused.keys() == together.numbers.keys():
            return _resume_together(together, clocks, scene), stopped
    for rule in touched:
        special = rule.special
        assert special is not None  # it is among the special ones
        if (scene.completes and activity in special.cancels) or special.calls_off(scene):
            stopped += called_off(rule, clocks, scene.event)
        still = rule.number in paused
        if special.step_by_step:
            _pause_steps(rule, special, clocks, scene)
        elif special.pauses and _is_turned(special, scene, still):
            _pause(rule, special, clocks, scene, still)
            paused = turned = dict(paused) if turned is None else turned
            if turned.pop(rule.number, None) is None:
                turned[rule.number] = at
        if special.chooses:
            _each(rule, clocks, scene, special.chosen)
    return paused, stopped


def _pause_together(together: Together, clocks: Clocks, scene: Scene) -> Mapping[int, int]:
    """Pause the clocks of rules that have one pause in common; since when (ms) which rules are paused now."""
    if not together.begins:
        return scene.paused
    at = scene.event.at
    for number, special in together.lanes:
        running = clocks[number]
        if running is not None and (not special.begins_anew or running.had_to_say(at)):
            clocks[number] = special.paused(running, scene)
    return dict.fromkeys(together.numbers, at)


def _resume_together(together: Together, clocks: Clocks, scene: Scene) -> Mapping[int, int]:
    """Let the clocks of rules go on that have one pause in common, where no other rule is paused."""
    if not together.ends:
        return scene.paused
    at = scene.event.at
    for number, special in together.lanes:
        running = clocks[number]
        if running is not None and (not special.begins_anew or running.had_to_say(at)):
            clocks[number] = special.resumed(running, scene)
    return {}


def _touched(book: Rulebook, scene: Scene, first: bool) -> Collection[Rule]:
    """The rules that an event may mean something to, each once; no clock runs before the first."""
    event, attributes = scene.event, scene.event.attributes
    always = book.at_first if first else book.at_every_event
    by_activity = book.by_activity.get(event.activity, ()) if scene.completes else ()
    changed: list[Rule] = []
    if attributes and book.by_attribute and not first:
        for name, value in attributes.items():
            if name in book.by_attribute and scene.before.get(name) != value:
                changed += book.by_attribute[name]
    if not changed and not always:
        return by_activity
    found = {rule.number: rule for rule in (*always, *by_activity, *changed)}
    return [found[number] for number in sorted(found)] if first else found.values()


def called_off(rule: Rule, clocks: Clocks, event: Event) -> Iterator[Stopped]:
    """Stop the clocks of a rule without an answer."""
    for number in rule.numbers:
        running = clocks[number]
        stopped = stop(clocks, number, event, "cancelled")
        if running is not None and rule.once:
            clocks[number] = spent(running)
        if stopped is not None:
            yield stopped


def _is_turned(special: Special, scene: Scene, still: bool) -> bool:
    """Whether an event pauses the clocks of a rule, or lets them go on if they stand still."""
    if not scene.completes and special.by_step:
        return False
    return special.stands_still(scene, still) is not still


def _pause(rule: Rule, special: Special, clocks: Clocks, scene: Scene, still: bool) -> None:
    """Pause the clocks of a rule, or let them go on if they stand still; not those that begin anew with the event and
    had nothing to say."""
    turned, at = special.resumed if still else special.paused, scene.event.at
    for number in rule.numbers if rule.lanes > 1 else (rule.number,):
        running = clocks[number]
        if running is None:
            continue
        if special.begins_anew and not running.had_to_say(at):
            continue
        clocks[number] = turned(running, scene)


def _pause_steps(rule: Rule, special: Special, clocks: Clocks, scene: Scene) -> None:
    turned = {"suspend": special.paused, "resume": special.resumed}.get(scene.event.lifecycle or "")
    if turned is None:
        return
    for number in rule.numbers:
        running = clocks[number]
        if running is not None and running.anchor.activity == scene.event.activity:
            clocks[number] = turned(running, scene)


def _each(rule: Rule, clocks: Clocks, scene: Scene, turned: Turn) -> None:
    for number in rule.numbers:
        running = clocks[number]
        if running is not None:
            clocks[number] = turned(running, scene)


def step(book: Rulebook, clocks: Clocks, anchor: Anchor, event: Event, scene: Scene | None) -> Iterator[Stopped | None]:
    """Run the clocks that measure steps by their life cycle, with an event and its anchor."""
    completes = event.lifecycle is None or event.completes
    for rule in book.waits:
        waits = rule.promise
        assert isinstance(waits, Waiting)  # these are the ones that do
        if event.lifecycle in ("start", None) and (waits.to is None or event.activity in waits.to):
            yield answer(rule, clocks, event)
        if completes and event.activity in waits.from_:
            begin(rule, clocks, anchor, scene)
    for rule in book.timed.get(event.activity, ()):
        if event.lifecycle == "start":
            _begin_step(book, rule, clocks, anchor, scene)
        elif completes or event.lifecycle in GIVEN_UP:
            number = _oldest(rule, clocks, event.activity)
            if number is not None:
                yield stop(clocks, number, event, "answered" if completes else "cancelled")


def _begin_step(book: Rulebook, rule: Rule, clocks: Clocks, anchor: Anchor, scene: Scene | None) -> None:
    for number in rule.numbers:
        if clocks[number] is None:
            clocks[number] = rule.started(anchor, scene)
            return
    assert rule.lanes == MOST_AT_ONCE  # none of its clocks was free
    book.troubles["too_many_at_once", rule.promise.id] += 1


def _oldest(rule: Rule, clocks: Clocks, activity: str) -> int | None:
    """The number of the clock that an activity started first."""
    running = [(clock.anchor, n) for n in rule.numbers if (clock := clocks[n]) is not None]
    of_activity = [(anchor.at, anchor.place, n) for anchor, n in running if anchor.activity == activity]
    return min(of_activity)[2] if of_activity else None
