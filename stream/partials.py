"""What one task tells of the windows that span tasks: how many occurrences were good and bad, when events happened that
rates count, what scorecards count, how far time has come, and when its sources last spoke.

Values are absolute: a bucket's sums go up and down as cases are folded again, and each change raises its revision.
Invariant: the sums are those of all cases of the task, each occurrence once, wherever a run was cut into restores; they
do not grow with the number of cases. What is to be said of an instant is said before a clock that has passed it.
"""

from bisect import insort
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

import orjson

from schemas.objective import Objective, Rate
from schemas.partial import PartialKey, PartialKind
from stream.cards import Cards
from stream.case import NOTHING_COUNTED, Case, Happenings
from stream.clock import BEFORE_TIME, InputClock, Moment
from stream.event import Event
from stream.inputs import Input
from stream.layout import LAYOUT
from stream.ledger.goals import Goal, goals, spans_tasks
from stream.lives import Segment
from stream.occurrences import Counted, Span, still_open
from stream.pace import Pace, Told
from stream.process import Process

MOST_INSTANTS: Final = 1_000
"""Instants of a rate in one bucket that are told one by one; of those beyond, how many there were."""

Record = tuple[bytes, bytes | None]


class Asked:
    """What one version of a process asks of windows: its objectives by the clocks that they count, and its rates."""

    __slots__ = ("by_segment", "goals", "objectives", "places", "rates")

    def __init__(self, process: Process) -> None:
        self.goals = goals(process.definition)
        self.objectives: dict[int, list[Goal]] = {}
        for number in process.counted:
            counted = process.rulebook.rules[number].promise.id
            self.objectives[number] = [g for g in self.goals if isinstance(g.asks, Objective) and g.asks.of == counted]
        self.rates = [goal for goal in self.goals if isinstance(goal.asks, Rate)]
        self.by_segment = any(goal.asks.by for goal in self.rates)
        self.places = {g.name: [process.segments.index(name) for name in g.asks.by] for g in self.goals}


class Partials:
    """The partials of one process in one task; `values` by key, without their revisions.

    A case counts for the objectives of its own version, and goals of equal names share their buckets; rates count the
    events of all cases, as the newest version (`process`) asks.
    """

    def __init__(self, process: Process, task: int) -> None:
        self.process, self.task = process, task
        self.asked: dict[Process, Asked] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self.tells, self.cards = False, Cards(process, task)
        self.pace = Pace()
        self.lead(process)
        self.revisions: dict[PartialKey, int] = {}
        self.values: dict[PartialKey, list[Any]] = {}
        self.changed: dict[PartialKey, None] = {}
        self.forgotten_to = BEFORE_TIME.clock
        self.told: Told | None = None
        self.behind, self.clock_revision = False, 0
        self.wall = 0
        self.heard: dict[Input, int] = {}

    def lead(self, process: Process) -> bool:
        """Ask what the newest version asks; whether its scorecards are others, for which every case is to be counted
        anew."""
        asked = self.follow(process)
        self.process, self.rates, self.by_segment = process, asked.rates, asked.by_segment
        self.tells = bool(self.spans) or spans_tasks(process.definition)
        self.silence = process.definition.events.silence_ms
        cards = Cards(process, self.task)
        if (cards.kinds, cards.names) == (self.cards.kinds, self.cards.names):
            return False
        self.count_anew()
        return True

    def count_anew(self) -> None:
        """Have scorecards begin with nothing, as the newest version asks for them."""
        self.cards = Cards(self.process, self.task).follow(self.cards)

    def follow(self, process: Process) -> Asked:
        """What a version asks, which is told of from now on."""
        asked = self.asked.get(process)
        if asked is None:
            asked = self.asked[process] = Asked(process)
            self.spans |= {g.name: (g.asks.bucket_ms, g.asks.window_ms) for g in asked.goals}
            self.tells = self.tells or bool(asked.goals)
            self.pace.learn(asked.goals)
        return asked

    def leave(self, process: Process) -> None:
        """Let go of a version that has no case any more; what was counted for it stays until its window is over."""
        self.asked.pop(process, None)

    def count(self, case: Case, moment: Moment, over_at: int | None) -> bool:
        """Bring the sums to what is true of a case now; whether the case has changed by that."""
        fold, asked = case.fold, self.follow(case.process)
        nothing = over_at is None and not case.counted and not fold.tracked.occurred
        if nothing and not _broken(asked, case, moment.clock):
            return False
        span = Span.of(moment.clock, over_at, fold.ended_at)
        open_ones = still_open(fold.tracked, fold.clocks, case.process, span)
        counted_to, counted = case.counted_to, case.counted
        known = (o for o in fold.tracked.occurred if o.stopped_at >= counted_to or (o.clock, o.name) in counted)
        found = {(one.clock, one.name): one.counts for one in chain(known, open_ones)}
        over = {(one.clock, one.name) for one in fold.tracked.occurred if one.stopped_at < moment.settled_to}
        for key in dict.fromkeys((*case.counted, *found)):
            before, now = case.counted.get(key), found.get(key)
            if before != now:
                self._add(asked, before, -1)
                self._add(asked, now, 1)
        kept = {key: counts for key, counts in found.items() if key not in over}
        changed = bool(over) or kept != case.counted
        case.counted, case.counted_to = kept or NOTHING_COUNTED, max(case.counted_to, moment.settled_to)
        if over:
            occurred = tuple(one for one in fold.tracked.occurred if one.stopped_at >= moment.settled_to)
            fold.tracked = fold.tracked._replace(occurred=occurred)
        return changed

    def _add(self, asked: Asked, counted: Counted | None, sign: int) -> None:
        if counted is None:
            return
        for goal in asked.objectives[counted.clock]:
            key = self._key(PartialKind.WINDOW, goal, _part(asked, goal, counted.segment), counted.at)
            if key is not None:
                sums = self.values.setdefault(key, [0, 0])
                sums[not counted.good] += sign
                self.changed[key] = None

    def _key(self, kind: PartialKind, goal: Goal, segment: Segment, at: int) -> PartialKey | None:
        """The key of a bucket, None for one that has left its window for good."""
        width, window = self.spans[goal.name]
        if (at // width + 1) * width + window <= self.forgotten_to:
            return None
        return PartialKey(kind, self.process.name, goal.name, segment, self.task, at // width)

    def happened(self, event: Event, attributes: dict[str, Any], *, taken_back: bool = False) -> None:
        """Take an event that rates may count, or take it back; `attributes` are those of its case by then."""
        asked = self.asked[self.process]
        for goal in self.rates:
            if event.completes and event.activity in goal.asks.of:
                part = _part(asked, goal, self.process.segment(attributes))
                key = self._key(PartialKind.INSTANTS, goal, part, event.at)
                if key is None:
                    continue
                value = self.values.setdefault(key, [0, []])
                if not taken_back:
                    insort(value[1], event.at)
                    if len(value[1]) > MOST_INSTANTS:
                        value[1].pop()
                        value[0] += 1
                elif event.at in value[1]:
                    value[1].remove(event.at)
                else:
                    value[0] -= 1
                self.changed[key] = None

    def rearranged(self, before: Happenings, now: Happenings) -> None:
        """Take the events of a case, with its attributes by then, that are in another order now, with one more."""
        for place, (event, attributes) in now.items():
            known = before.get(place)
            if known is None or self.process.segment(known[1]) != self.process.segment(attributes):
                if known is not None:
                    self.happened(event, known[1], taken_back=True)
                self.happened(event, attributes)

    def drain(
        self, moment: Moment | None, clocks: dict[Input, InputClock], *, behind: bool = False
    ) -> tuple[list[Record], list[Record]]:
        """The partials that have changed, the clock last, and what is to be journalled of them; `moment`: up to where
        all is counted, as of the wall clock `self.wall` (ms), `behind` where time has come further."""
        if not self.tells:
            return [], []
        told: list[Record] = []
        journal: list[Record] = []
        for key in [*self.changed, *self._forgotten(moment)]:
            value = self._revised(key)
            told.append((key.encoded(), None if value is None else orjson.dumps(value)))
            journal.append((self._journal_key(key), None if value is None else orjson.dumps([LAYOUT, *value])))
        for key, card in self.cards.drain(moment, self.wall):
            told.append((key.encoded(), None if card is None else orjson.dumps(card)))
            journal.append((self._journal_key(key), None if card is None else orjson.dumps([LAYOUT, *card])))
        self.changed.clear()
        told += self._newest(clocks)
        others, self.behind = bool(told) or (self.behind and not behind), behind
        told += self._clock(moment, clocks, others=others)
        return told, journal

    def _revised(self, key: PartialKey) -> list[Any] | None:
        value = self.values.get(key)
        if value is None:
            self.revisions.pop(key, None)
            return None
        # What an owner before told of a commit that was taken back bears a revision that this one may not know of.
        self.revisions[key] = max(self.revisions.get(key, 0) + 1, self.wall)
        return [self.revisions[key], *value]

    def _forgotten(self, moment: Moment | None) -> list[PartialKey]:
        """Drop the buckets that have left their windows and were told before; looked for a hundred times a window."""
        if moment is None or not self.spans:
            return []
        if moment.settled_to < self.forgotten_to + min(window for _, window in self.spans.values()) // 100:
            return []
        self.forgotten_to = moment.settled_to
        gone = [key for key in self.values if self._left(key) and key not in self.changed]
        for key in gone:
            del self.values[key]
        return gone

    def _left(self, key: PartialKey) -> bool:
        width, window = self.spans[key.rule]
        return (key.bucket + 1) * width + window <= self.forgotten_to

    def _journal_key(self, key: PartialKey) -> bytes:
        return f"partial/{self.process.name}/".encode() + key.encoded()

    def _newest(self, clocks: dict[Input, InputClock]) -> Iterator[Record]:
        """When each source last spoke, where its silence matters; a record's own time is its revision."""
        if self.silence is None:
            return
        for source, clock in clocks.items():
            if clock.newest_stamp > self.heard.get(source, 0):
                self.heard[source] = clock.newest_stamp
                key = PartialKey(PartialKind.FEED, self.process.name, source.topic, (), self.task, 0)
                yield key.encoded(), orjson.dumps([clock.newest_stamp, clock.newest_stamp])

    def _clock(self, moment: Moment | None, clocks: dict[Input, InputClock], *, others: bool) -> Sequence[Record]:
        """The clock, where it has to be told: with anything else, once it is no longer behind, and as it goes. Its
        revision rises with it, and with the wall clock."""
        idle = not self.behind and all(clock.out_of_work(self.wall) for clock in clocks.values())
        idle_at = self.wall if idle else None
        if not self.wall or (moment is None and idle_at is None):
            return []  # restored, and time has not passed yet: there is no news, and it would go below what was told
        told = Told(BEFORE_TIME if moment is None else moment, idle_at)
        if told == self.told or (self.told is not None and not others and not self._due(told, self.told, clocks)):
            return []
        self.told = told
        instants = (None, None) if moment is None else moment[:2]
        self.clock_revision = max(self.clock_revision + 1, self.wall + sum(instant or 0 for instant in instants))
        key = PartialKey(PartialKind.CLOCK, self.process.name, "", (), self.task, 0)
        return [(key.encoded(), orjson.dumps([self.clock_revision, *instants, told.moment.live, idle_at]))]

    def _due(self, told: Told, last: Told, clocks: dict[Input, InputClock]) -> bool:
        return self.pace.due(told, last, self.silence, quiet=all(clock.idle(self.wall) for clock in clocks.values()))

    def restore(self, key: str, fields: list[Any]) -> None:
        """Take up a journalled partial, if it is still asked for."""
        name = PartialKey.decoded(key.encode())
        if name.kind in (PartialKind.CARD, PartialKind.STOCK):
            self.cards.restore(name, fields)
        elif name.rule in self.spans:
            _, self.revisions[name], *self.values[name] = fields


def _broken(asked: Asked, case: Case, clock: int) -> bool:
    """Whether a clock that is counted was due before an instant, at a glance."""
    clocks = case.fold.clocks
    running = (clocks[number] for number in asked.objectives)
    return any(one is not None and one.due is not None and one.due < clock for one in running)


def _part(asked: Asked, goal: Goal, segment: Segment) -> Segment:
    """What a goal tells apart of a case's segment."""
    return tuple(segment[place] for place in asked.places[goal.name]) if segment else ("",) * len(goal.asks.by)
