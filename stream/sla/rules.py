"""The kinds of service levels that count elapsed time: what starts their clocks, and what stops them.

Invariant: a rule holds no state; its clock stands in the case's fold under the rule's number. *Within* means up to and
including: a clock stopped exactly at its due instant was met.
"""

from typing import NamedTuple

from schemas.sla import Between, CaseDuration, Due, Idle, Sla
from stream.event import Anchor, Event
from stream.sla.running import Running, Stopped, spent

Clocks = list[Running | None]


class Rule(NamedTuple):
    """A compiled service level: its number in the definition, its promise, and its marks from a clock's start.

    `once`: its clock runs once a case at most; `restarts`: every start begins anew; `whole`: it counts from events that
    a case met in the middle may have had unseen; `due`: the attribute that carries its due instant.
    """

    number: int
    promise: Sla
    offsets: tuple[int, ...] = ()
    once: bool = False
    restarts: bool = False
    whole: bool = False
    due: str | None = None

    def started(self, anchor: Anchor) -> Running:
        """A clock that starts with the event of `anchor`."""
        at = anchor.at
        return Running(anchor, at, tuple([at + offset for offset in self.offsets]))

    def until(self, anchor: Anchor, known_at: int, due: int) -> Running:
        """A clock towards a due instant that became known at `known_at`; warnings count from then."""
        if due <= known_at:
            return Running(anchor, known_at, (due,))
        shares = [known_at + int((due - known_at) * share) for share in self.promise.at_risk]
        return Running(anchor, known_at, (*shares, due))


def compiled(number: int, promise: Sla) -> Rule:
    """The rule of a promise; `number` is its place in the definition."""
    if isinstance(promise, Due):
        return Rule(number, promise, once=True, due=promise.due)
    offsets = (*(int(promise.target_ms * share) for share in promise.at_risk), promise.target_ms)
    if isinstance(promise, Between):
        once, restarts = promise.occurrence == "first", promise.occurrence == "last"
        return Rule(number, promise, offsets, once=once, restarts=restarts)
    return Rule(number, promise, offsets, whole=True)


def stop(clocks: Clocks, rule: int, event: Event) -> Stopped | None:
    """Stop a rule's clock with an event; what it said until then, if anything."""
    running = clocks[rule]
    if running is None:
        return None
    clocks[rule] = None
    return Stopped(rule, running, event.at, event.place) if running.reached(event.at) else None


def answer(rule: Rule, clocks: Clocks, event: Event) -> Stopped | None:
    """An event that a `between` or `due` rule waits for."""
    running = clocks[rule.number]
    stopped = stop(clocks, rule.number, event)
    if running is not None and rule.once:
        clocks[rule.number] = spent(running)
    return stopped


def begin(rule: Rule, clocks: Clocks, anchor: Anchor) -> None:
    """An event that a `between` rule counts from: a running clock goes on, with `last` it restarts."""
    if clocks[rule.number] is None or rule.restarts:
        clocks[rule.number] = rule.started(anchor)


def promised(rule: Rule, clocks: Clocks, event: Event, first: Anchor) -> None:
    """An event that may carry the due instant of a `due` rule; an empty one takes the promise back."""
    attributes, running = event.attributes, clocks[rule.number]
    if not attributes or rule.due not in attributes:
        return
    due = attributes[rule.due]
    if due == "":
        clocks[rule.number] = None if running is None or running.marks else running
    elif running is None or (running.marks and running.due != due):
        clocks[rule.number] = rule.until(first, event.at, due)


class Rulebook:
    """The rules of one definition, found by what an event can mean to them."""

    def __init__(self, promises: tuple[Sla, ...]) -> None:
        self.rules = tuple(compiled(i, promise) for i, promise in enumerate(promises))
        self.durations = tuple(r for r in self.rules if isinstance(r.promise, CaseDuration))
        self.idles = tuple(r for r in self.rules if isinstance(r.promise, Idle))
        self.dues = tuple(r for r in self.rules if r.due is not None)
        self.answers: dict[str, tuple[Rule, ...]] = {}
        self.starts: dict[str, tuple[Rule, ...]] = {}
        for rule in self.rules:
            self._index(rule)

    def _index(self, rule: Rule) -> None:
        promise = rule.promise
        if isinstance(promise, Between):
            for activity in promise.from_:
                self.starts[activity] = (*self.starts.get(activity, ()), rule)
        answers = promise.to if isinstance(promise, Between) else promise.until if isinstance(promise, Due) else None
        for activity in answers or ():
            self.answers[activity] = (*self.answers.get(activity, ()), rule)

    def instants(self) -> frozenset[str]:
        """The attributes that carry due instants."""
        return frozenset(rule.due for rule in self.dues if rule.due is not None)
