"""The kinds of service levels: what starts their clocks, and what stops them.

Invariant: a rule holds no state; its clocks stand in the case's fold under the rule's numbers, of which it has several
where several of its clocks may run at once. *Within* means up to and including: a clock stopped exactly at its due
instant was met.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from schemas.calendar import Calendar
from schemas.sla import ActivityDuration, Between, CaseDuration, Due, Idle, Sla, Waiting
from stream.event import Anchor, Event
from stream.sla.running import Running, Stopped, made, spent
from stream.sla.special import Scene, Shared, Special, is_special
from stream.worktime import Worktime

Clocks = list[Running | None]
"""The clocks of a case while an event runs them, by number."""

Stood = tuple[Running | None, ...]
"""The same between events."""

MOST_AT_ONCE: Final = 16
"""Activities of one service level that are measured at once in a case; one that starts beyond is not."""


class Rule(NamedTuple):
    """A compiled service level: its first number, its promise, and its marks from a clock's start.

    `once`: its clock runs once a case at most; `restarts`: every start begins anew; `whole`: it counts from events that
    a case met in the middle may have had unseen; `due`: the attribute that carries its due instant; `lanes`: how many
    of its clocks may run at once; `special`: what it asks beyond elapsed time.
    """

    number: int
    promise: Sla
    offsets: tuple[int, ...] = ()
    once: bool = False
    restarts: bool = False
    whole: bool = False
    due: str | None = None
    lanes: int = 1
    special: Special | None = None

    def started(self, anchor: Anchor, scene: Scene | None = None) -> Running | None:
        """A clock that starts with the event of `anchor`; None where it is called off at once.

        A scene is needed where it `asks` for one.
        """
        special = self.special
        if special is None:
            return made(Running, (anchor, anchor.at, self.offsets, None))
        if special.only_counts:
            return special.counted(anchor)
        assert scene is not None  # there is one wherever a rule asks for it
        return special.begun(self.number, anchor, scene)

    def until(self, anchor: Anchor, known_at: int, due: int) -> Running:
        """A clock towards a due instant that became known at `known_at`; warnings count from then."""
        length = due - known_at
        shares = [int(length * share) for share in self.promise.at_risk] if length > 0 else ()
        return Running(anchor, known_at, (*shares, length))

    @property
    def numbers(self) -> range:
        """The numbers of its clocks."""
        return range(self.number, self.number + self.lanes)


def compiled(number: int, promise: Sla, special: Special | None = None) -> Rule:
    """The rule of a promise; `number` is that of its first clock."""
    if isinstance(promise, Due):
        return Rule(number, promise, once=True, due=promise.due, special=special)
    offsets = special.targets[0].offsets or () if special else _offsets(promise.target_ms, promise.at_risk)
    if isinstance(promise, Between):
        once, restarts = promise.occurrence == "first", promise.occurrence == "last"
        return Rule(number, promise, offsets, once=once, restarts=restarts, special=special)
    lanes = MOST_AT_ONCE if isinstance(promise, ActivityDuration) else 1
    whole = isinstance(promise, CaseDuration | Idle)
    return Rule(number, promise, offsets, whole=whole, lanes=lanes, special=special)


def _offsets(target: object, at_risk: tuple[float, ...]) -> tuple[int, ...]:
    assert isinstance(target, int)  # working days are refused without a calendar
    return (*(int(target * share) for share in at_risk), target)


def stop(clocks: Clocks, rule: int, event: Event, outcome: str = "answered") -> Stopped | None:
    """Stop a clock with an event; what it said until then, if anything."""
    running = clocks[rule]
    if running is None:
        return None
    clocks[rule] = None
    return Stopped(rule, running, event.at, event.place, outcome) if running.had_to_say(event.at) else None


def answer(rule: Rule, clocks: Clocks, event: Event) -> Stopped | None:
    """An event that a rule waits for."""
    running = clocks[rule.number]
    stopped = stop(clocks, rule.number, event)
    if running is not None and rule.once:
        clocks[rule.number] = spent(running)
    return stopped


def begin(rule: Rule, clocks: Clocks, anchor: Anchor, scene: Scene | None = None) -> None:
    """An event that a `between` or `waiting` rule counts from: a running clock goes on, with `last` it restarts."""
    if clocks[rule.number] is None or rule.restarts:
        clocks[rule.number] = rule.started(anchor, scene)


def promised(rule: Rule, clocks: Clocks, event: Event, first: Anchor, scene: Scene | None = None) -> None:
    """An event that may carry the due instant of a `due` rule; an empty one takes the promise back."""
    attributes, running = event.attributes, clocks[rule.number]
    if not attributes or rule.due not in attributes:
        return
    due = attributes[rule.due]
    over = running is not None and not running.offsets and running.terms is None
    if due == "":
        clocks[rule.number] = running if over else None
    elif over or (running is not None and running.due == due):
        return
    elif rule.special is not None and scene is not None:
        clocks[rule.number] = rule.special.promised(first, scene)
    else:
        clocks[rule.number] = rule.until(first, event.at, due)


class Start(NamedTuple):
    """How an event starts a rule's clock: its number, whether one that runs begins anew, its marks, its extras."""

    number: int
    anew: bool
    offsets: tuple[int, ...]
    special: Special | None


def begin_each(starts: Iterable[Start], clocks: Clocks, anchor: Anchor, scene: Scene | None) -> None:
    """`Rule.started` for all rules that an event means a start to, written out for those that ask nothing more."""
    at = anchor.at
    for number, anew, offsets, special in starts:
        if not anew and clocks[number] is not None:
            continue
        if special is None:
            clocks[number] = made(Running, (anchor, at, offsets, None))
        elif special.only_counts:
            clocks[number] = special.counted(anchor)
        else:
            assert scene is not None  # there is one wherever a rule asks for it
            clocks[number] = special.begun(number, anchor, scene)


class Together(NamedTuple):
    """Rules to which an activity means nothing but that it begins, or ends, the one pause that they have in common; of
    each of their clocks its number and its rule's extras."""

    rules: tuple[Rule, ...]
    begins: bool
    ends: bool
    numbers: dict[int, None]
    lanes: tuple[tuple[int, Special], ...]


def together(activity: str, rules: tuple[Rule, ...]) -> Together | None:
    """All rules that an activity means something to, where it is the same pause to each of them."""
    specials = [rule.special for rule in rules if rule.special is not None and rule.special.pauses_alone]
    if len(specials) < len(rules) or len({(one.begins_pause, one.ends_pause) for one in specials}) > 1:
        return None
    begins, ends = activity in specials[0].begins_pause, activity in specials[0].ends_pause
    lanes = tuple((number, one) for rule, one in zip(rules, specials, strict=True) for number in rule.numbers)
    return Together(rules, begins, ends, {rule.number: None for rule in rules}, lanes)


class Rulebook:
    """The rules of one definition, found by what an event can mean to them; `rules` has one for each clock's number,
    `keys` names those, and `troubles` counts what went wrong in them."""

    def __init__(self, promises: tuple[Sla, ...], calendars: Mapping[str, Calendar] | None = None) -> None:
        shared = Shared()
        self.troubles = shared.troubles
        worktimes = {name: Worktime(calendar) for name, calendar in (calendars or {}).items()}
        every: list[Rule] = []
        for promise in promises:
            worktime = worktimes[promise.calendar] if promise.calendar is not None else None
            special = Special(promise, worktime, shared) if is_special(promise) else None
            every.append(compiled(every[-1].numbers.stop if every else 0, promise, special))
        self.rules = tuple(rule for rule in every for _ in range(rule.lanes))
        self.keys = tuple(_key(rule.promise.id, lane) for rule in every for lane in range(rule.lanes))
        self.durations = tuple(_start(r) for r in every if isinstance(r.promise, CaseDuration))
        self.idles = tuple(_start(r) for r in every if isinstance(r.promise, Idle))
        self.dues = tuple(r for r in every if r.due is not None)
        self.promised_in = frozenset(r.due for r in self.dues if r.due is not None)
        self.special = tuple(r for r in every if r.special is not None)
        self.waits = tuple(r for r in every if isinstance(r.promise, Waiting))
        self.timed = _by_activity((r, r.promise.activity) for r in every if isinstance(r.promise, ActivityDuration))
        self.by_step = bool(self.waits or self.timed)
        started = _by_activity((r, r.promise.from_) for r in every if isinstance(r.promise, Between))
        self.starts = {activity: tuple(map(_start, rules)) for activity, rules in started.items()}
        self.answers = _by_activity((r, _answers(r.promise)) for r in every)
        asked = [(r, r.special) for r in every if r.special is not None]
        self.asks = any(not special.only_counts and not special.only_due for _, special in asked)
        self.at_first = tuple(r for r, special in asked if special.at_first or special.by_lifecycle)
        self.at_every_event = tuple(r for r, special in asked if special.at_every_event)
        self.by_activity = _by_activity((r, sorted(special.activities)) for r, special in asked)
        self.by_attribute = _by_activity((r, sorted(special.reads)) for r, special in asked)
        found = {activity: together(activity, rules) for activity, rules in self.by_activity.items()}
        self.together = {activity: each for activity, each in found.items() if each is not None}

    def instants(self) -> frozenset[str]:
        """The attributes that carry due instants."""
        return self.promised_in

    def attributes(self) -> frozenset[str]:
        """The attributes that conditions read."""
        return frozenset(self.by_attribute)

    @property
    def names_resource(self) -> bool:
        """Whether a condition asks who did it."""
        return any(rule.special is not None and rule.special.names_resource for rule in self.special)


def _key(name: str, lane: int) -> str:
    """The name of one of a rule's clocks; an id has no slash."""
    return f"{name}/{lane}" if lane else name


def _start(rule: Rule) -> Start:
    return Start(rule.number, rule.restarts or rule.whole, rule.offsets, rule.special)


def _answers(promise: Sla) -> tuple[str, ...]:
    if isinstance(promise, Between):
        return promise.to
    return promise.until or () if isinstance(promise, Due) else ()


def _by_activity(named: Iterable[tuple[Rule, Iterable[str]]]) -> dict[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule, names in named:
        for name in names:
            found[name] = (*found.get(name, ()), rule)
    return found
