"""The second door of the core: all that spans tasks, and its five calls.

`observe` takes partials, `advance` lets time pass, `next_deadline` says when it would next have something to do,
`drain` hands over what changed, `restore` rebuilds the same from what was journalled. Time is the least clock of all
tasks: what each has to say of an instant it says before its clock passes it, so that the order in which the partials
of several tasks come in cannot matter. No I/O, no clock, no randomness. Invariant: a partial that does not have a
higher revision than its key's last changes nothing, and cutting a run anywhere into `drain` and `restore` changes no
record, but that scorecards are written anew after it.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from schemas.definition import Definition
from schemas.partial import PartialKey, PartialKind, decoded_value
from stream.clock import BEFORE_TIME, Moment
from stream.effects import AlertRecord, Effects
from stream.layout import UnreadableState
from stream.ledger.cards import Cards, Name
from stream.ledger.feed import Feeds, Silence
from stream.ledger.followed import Followed
from stream.ledger.frontier import Frontier
from stream.ledger.goals import Goal, goals
from stream.ledger.window import Window

LAYOUT: Final = 1
MOST_SEGMENTS: Final = 10_000
"""Segments of one goal that are followed; those that come beyond are counted and passed over."""

Record = tuple[bytes, bytes | None]
_STATES: Final = (b'["passed"', b'["series"', b'["silence"')


class Ledger:
    """All state over the windows of these definitions; `tasks`: which tasks each process has."""

    def __init__(self, definitions: Sequence[Definition], tasks: Mapping[str, Iterable[int]]) -> None:
        self.goals: dict[tuple[str, str], Goal] = {}
        self.frontiers: dict[str, Frontier] = {}
        for d in sorted(definitions, key=lambda d: d.process):
            self.frontiers[d.process] = Frontier(tasks[d.process], d.events.lateness_ms, d.events.patience_ms)
        self.out: tuple[list[AlertRecord], Counter[tuple[str, ...]]] = ([], Counter())
        self.feeds = Feeds(definitions, self.out)
        self.cards = Cards(definitions)
        for definition in definitions:
            self.goals |= {(goal.process, goal.name): goal for goal in goals(definition)}
        self.fresh: set[tuple[str, str]] = set()
        self.followed: dict[Name, Followed] = {}
        self.order: list[Name] = []
        self.segments = Counter[tuple[str, str]]()
        self.revisions: dict[bytes, int] = {}
        self.pending: dict[bytes, bytes | None] = {}
        self.passed: dict[str, Moment] = {}
        self.moved: set[str] = set()

    def observe(self, records: Iterable[Record]) -> None:
        """Take partials, keys and values; what cannot be read is counted, tombstones are passed over."""
        for key, value in records:
            if value is None:
                continue
            try:
                outcome = self._take(PartialKey.decoded(key), key, value)
            except (ValueError, TypeError) as error:
                outcome = f"unreadable: {type(error).__name__}"
            self.out[1]["partials", outcome] += 1

    def _take(self, name: PartialKey, key: bytes, value: bytes) -> str:
        """Take one partial; what became of it."""
        revision, *told = decoded_value(name.kind, value)
        if name.process not in self.frontiers:
            return "unknown"
        if revision <= self.revisions.get(key, -1):
            return "old"
        outcome = self._put(name, told)
        if outcome == "applied":
            self.revisions[key] = revision
            self.pending[key] = value
        return outcome

    def _put(self, name: PartialKey, told: list[Any]) -> str:
        if name.kind is PartialKind.CLOCK:
            self.frontiers[name.process].put(name.task, told)
            return "applied"
        if name.kind is PartialKind.FEED:
            return self.feeds.put(name.process, name.rule, name.task, told)
        if name.kind in (PartialKind.CARD, PartialKind.STOCK):
            return self.cards.put(name, told)
        followed = self._followed(name)
        if followed is None or name.kind is not followed.kind:
            return "unknown"
        if followed.gone(name.bucket):
            return "too_late"
        followed.put(name.task, name.bucket, told)
        self.cards.touch(followed.goal, followed.segment)
        return "applied"

    def _followed(self, name: PartialKey) -> Followed | None:
        """The segment that a partial is of, None if nobody asks for it or there are too many."""
        at = (name.process, name.rule, name.segment)
        followed = self.followed.get(at)
        if followed is not None:
            return followed
        goal = self.goals.get(at[:2])
        if goal is None or len(goal.asks.by) != len(name.segment) or self.segments[at[:2]] >= MOST_SEGMENTS:
            return None
        self.segments[at[:2]] += 1
        self.order = []
        followed = self.followed[at] = Followed(goal, name.segment, self.out)
        if at[:2] not in self.fresh:
            followed.begin(self.passed.get(name.process, BEFORE_TIME))
        return followed

    def advance(self, now: int, limit: int = 1_000) -> bool:
        """Let time pass to the least clock of each process, with at most `limit` changes said; whether more are due.

        `now` is the wall clock (ms), which is noted, and decides only for how long a task is believed to be idle.
        """
        for frontier in self.frontiers.values():
            frontier.move(now)
        self.order = self.order or sorted(self.followed)
        fired = self.feeds.advance({name: f.moment for name, f in self.frontiers.items()}, now)
        fired += self._issue(limit - fired)
        for number, at in enumerate(self.order):
            moment, followed = self.frontiers[at[0]].moment, self.followed[at]
            if fired >= limit:
                self._stop_short(self.order[:number])
                return True
            if moment is not None:
                fired += followed.advance(moment, now, limit - fired)
                self._forget(at, followed)
        if fired >= limit:
            self._stop_short(self.order)
        else:
            self._pass()
        return fired >= limit

    def _issue(self, limit: int) -> int:
        """Write the scorecards that are to be written, `limit` at the most; how many there were."""
        written = 0
        for process, frontier in self.frontiers.items():
            moment = frontier.moment
            if moment is not None and written < limit:
                still = not moment.live and moment == self.passed.get(process)
                written += self.cards.advance(process, moment, self._window, limit - written, still=still)
        for key in self.cards.gone:
            record = key.encoded()
            if self.revisions.pop(record, None) is not None:
                self.pending[record] = None
        self.cards.gone.clear()
        return written

    def _window(self, at: Name) -> Window | None:
        """What is known of an objective in a segment."""
        followed = self.followed.get(at)
        measure = None if followed is None else followed.series.measure
        return measure if isinstance(measure, Window) else None

    def scorecards(self) -> list[tuple[bytes, bytes]]:
        """Every scorecard, keys and values, as it is at the least clocks of the processes."""
        moments = {name: frontier.moment for name, frontier in self.frontiers.items() if frontier.moment is not None}
        return list(self.cards.all(moments, self._window))

    def _pass(self) -> None:
        """Note that every segment has been followed to where its process is."""
        self.fresh.clear()
        for process, frontier in self.frontiers.items():
            if frontier.moment is not None and frontier.moment != self.passed.get(process):
                self.passed[process] = frontier.moment
                self.moved.add(process)

    def _stop_short(self, ahead: Iterable[Name]) -> None:
        """Note how far those have been followed that are ahead of the others."""
        for at in ahead:
            self.followed[at].changed = True

    def _forget(self, at: Name, followed: Followed) -> None:
        for task, bucket in followed.forget():
            key = PartialKey(followed.kind, *at, task, bucket).encoded()
            if self.revisions.pop(key, None) is not None:
                self.pending[key] = None

    @property
    def clock(self) -> int | None:
        """The least clock of the processes (ms), None while one is not known."""
        moments = [frontier.moment for frontier in self.frontiers.values()]
        return None if None in moments else min((m.clock for m in moments if m is not None), default=None)

    def next_deadline(self) -> int | None:
        """The next instant (ms, in the least clock) after which something may change."""
        series = (followed.series for followed in self.followed.values())
        due = [at for one in series if (at := one.measure.next_change(one.reached)) is not None]
        return min([*due, *self.feeds.deadlines()], default=None)

    def silences(self) -> list[Silence]:
        """The feeds that are silent, or were last, as the shards get them back."""
        return self.feeds.silences()

    def drain(self) -> Effects:
        """What has changed since the last drain."""
        records, counts = self.out
        effects = Effects([*self.pending.items(), *self._journal()], records.copy(), [], Counter(counts))
        effects = effects._replace(scorecards=self.cards.drain())
        self.pending.clear()
        records.clear()
        counts.clear()
        return effects

    def _journal(self) -> list[Record]:
        journal: list[Record] = []
        for at in sorted(at for at, followed in self.followed.items() if followed.changed):
            record = orjson.dumps([LAYOUT, *self.followed[at].record()], default=tuple)
            journal.append((orjson.dumps(["series", *at], default=tuple), record))
        for process in sorted(self.moved):
            moment = orjson.dumps([LAYOUT, self.passed[process]], default=tuple)
            journal.append((orjson.dumps(["passed", process]), moment))
        self.moved.clear()
        for topic, state in self.feeds.journal():
            journal.append((orjson.dumps(["silence", *topic]), orjson.dumps([LAYOUT, state], default=tuple)))
        return journal

    @property
    def asked(self) -> set[tuple[str, str]]:
        """By process, the rules of which partials are taken: of others nothing is known."""
        return self.goals.keys() | self.cards.asked | self.feeds.feeds.keys() | {(name, "") for name in self.frontiers}

    def restore(self, records: Iterable[Record], known: Container[tuple[str, str]] | None = None) -> None:
        """Rebuild from journalled (key, value) pairs in order, later pairs of a key replacing earlier ones; raises
        `UnreadableState`. What nobody asks for any more is passed over.

        `known`: what was `asked` when they were journalled, where that was not the same. A goal beyond that, of which
        nothing was journalled, is followed from the first partial that there is of it.
        """
        latest = {key: value for key, value in dict(records).items() if value is not None}
        if known is not None:
            self.fresh = {goal for goal in self.goals if goal not in known} - set(map(_rule_of, latest))
        states = {key: value for key, value in latest.items() if key.startswith(_STATES)}
        for key, value in [*(pair for pair in latest.items() if pair[0] not in states), *sorted(states.items())]:
            try:
                if key in states:
                    self._take_up(orjson.loads(key), orjson.loads(value))
                else:
                    self._take(PartialKey.decoded(key), key, value)
            except (ValueError, TypeError, LookupError) as error:
                raise UnreadableState(f"the record under {key!r} cannot be read: {error!r}") from error
        self.pending.clear()
        self.out[1].clear()

    def _take_up(self, name: list[Any], fields: list[Any]) -> None:
        layout, *rest = fields
        if layout != LAYOUT:
            raise UnreadableState(f"{name} of layout {layout!r}; this version reads layout {LAYOUT}")
        kind, process, *of = name
        if process not in self.frontiers:
            return
        if kind == "passed":
            self.passed[process] = Moment(*rest[0])
            for at, begun in self.followed.items():
                if at[0] == process and at[:2] not in self.fresh:
                    begun.begin(self.passed[process])
        elif kind == "silence":
            self.feeds.restore(process, of[0], rest[0])
        else:
            followed = self._followed(PartialKey(PartialKind.WINDOW, process, of[0], tuple(of[1]), 0, 0))
            if followed is not None:
                followed.restore(*rest)


def _rule_of(key: bytes) -> tuple[Any, ...]:
    """The process and the rule that a journalled record is of, where it is of one."""
    try:
        return tuple(map(str, orjson.loads(key)[1:3]))
    except (ValueError, TypeError, LookupError):
        return ()
