"""The scorecards of all processes: which are to be written, and what stands in them.

All cards of a process are written at each bucket boundary of its least clock; one of which tasks tell something else in
between, at the next ten seconds of that clock, or once it stands still at the end of a history. A card that counted
nothing over both windows, and has no case, is taken away. Invariant: what a card says but for `as_of` is a function of
the clock and of the last partials, whatever order they came in. Nothing is journalled but the partials: after a restore
all cards are written anew.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from schemas.definition import Definition
from schemas.objective import Objective
from schemas.partial import PartialKey, PartialKind
from schemas.scorecard import Budget, Scorecard
from stream.card_kinds import CardKind, card_kinds
from stream.clock import Moment
from stream.ledger.burn_rate import budget_left
from stream.ledger.card import Card, Judged, instant_of
from stream.ledger.goals import Goal, goals
from stream.ledger.window import Window

MOST_CARDS: Final = 10_000
"""Cards of one kind; what is told of those that come beyond is counted and passed over."""

PAUSE_MS: Final = 10_000
"""How far the clock goes between two records of a card within a bucket."""

Record = tuple[bytes, bytes | None]
Name = tuple[str, str, tuple[str, ...]]
WindowOf = Callable[[Name], Window | None]
"""The window of an objective in a segment, by process, name and segment."""


class Issuer(NamedTuple):
    """Whose cards: the definition's words, its kinds of cards by name, and its objectives by the names they are by."""

    definition: Definition
    kinds: Mapping[str, CardKind]
    objectives: Mapping[frozenset[str], Sequence[Goal]]

    @classmethod
    def of(cls, definition: Definition) -> "Issuer":
        """The issuer of a definition's cards."""
        objectives: dict[frozenset[str], list[Goal]] = {}
        for goal in goals(definition):
            if isinstance(goal.asks, Objective):
                objectives.setdefault(frozenset(goal.asks.by), []).append(goal)
        return cls(definition, {kind.name: kind for kind in card_kinds(definition)}, objectives)

    @property
    def judged(self) -> Judged:
        """What can be said of cases that are over."""
        d = self.definition
        return Judged(bool(d.promises), bool(d.model or d.constraints or d.rules))

    @property
    def bucket_ms(self) -> int | None:
        """The width of its buckets; None where it has no cards."""
        return next((kind.bucket_ms for kind in self.kinds.values()), None)


class Cards:
    """The cards of these definitions; `gone` are partials that are no longer needed, `left_out` counts cards that are
    too many."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.issuers = {definition.process: Issuer.of(definition) for definition in definitions}
        self.cards: dict[str, dict[Name, Card]] = {definition.process: {} for definition in definitions}
        self.segments = Counter[tuple[str, str]]()
        self.boundaries: dict[str, int] = {}
        self.ticks: dict[str, int] = {}
        self.changed: dict[str, dict[Name, None]] = {definition.process: {} for definition in definitions}
        self.due: dict[str, dict[Name, None]] = {definition.process: {} for definition in definitions}
        self.records: dict[bytes, bytes | None] = {}
        self.gone: list[PartialKey] = []

    @property
    def asked(self) -> set[tuple[str, str]]:
        """The processes and names of the kinds of cards that there are."""
        return {(process, kind) for process, issuer in self.issuers.items() for kind in issuer.kinds}

    def put(self, name: PartialKey, told: list[Any]) -> str:
        """Take what a task tells of a card; what became of it."""
        kind = self.issuers[name.process].kinds.get(name.rule)
        if kind is None or len(kind.by) != len(name.segment):
            return "unknown"
        boundary = self.boundaries.get(name.process)
        if name.kind is PartialKind.CARD and boundary is not None and name.bucket < boundary - 2 * kind.buckets:
            return "too_late"
        card = self._card(name, kind)
        if card is None:
            return "too_many_cards"
        if name.kind is PartialKind.STOCK:
            card.put_stock(name.task, told)
        else:
            card.put(name.task, name.bucket, told)
        if name.kind is PartialKind.STOCK or boundary is None or name.bucket < boundary:
            self.changed[name.process][name.process, name.rule, name.segment] = None
        return "applied"

    def _card(self, name: PartialKey, kind: CardKind) -> Card | None:
        cards, at = self.cards[name.process], (name.process, name.rule, name.segment)
        card = cards.get(at)
        if card is None and self.segments[at[:2]] < MOST_CARDS:
            self.segments[at[:2]] += 1
            card = cards[at] = Card(kind, name.segment)
        return card

    def touch(self, goal: Goal, segment: tuple[str, ...]) -> None:
        """Note that something was told of an objective in a segment."""
        if not isinstance(goal.asks, Objective):
            return
        values = dict(zip(goal.asks.by, segment, strict=True))
        for kind in self.issuers[goal.process].kinds.values():
            if values.keys() == set(kind.by):
                at = goal.process, kind.name, tuple(values[name] for name in kind.by)
                if at in self.cards[goal.process]:
                    self.changed[goal.process][at] = None

    def advance(self, process: str, moment: Moment, window_of: WindowOf, limit: int, *, still: bool) -> int:
        """Write the cards of a process that are to be written at a moment, `limit` at the most; how many there were.

        `still`: nothing has moved since the last time, in a history.
        """
        width = self.issuers[process].bucket_ms
        if width is None:
            return 0
        due, changed = self.due[process], self.changed[process]
        boundary, tick = moment.clock // width, moment.clock // PAUSE_MS
        if boundary > self.boundaries.get(process, boundary - 1):
            self.boundaries[process] = boundary
            due.update(dict.fromkeys(sorted(self.cards[process])))
        if changed and (still or tick > self.ticks.get(process, tick - 1)):
            due.update(dict.fromkeys(sorted(changed)))
            changed.clear()
        self.ticks[process] = tick
        written = 0
        while due and written < limit:
            at = next(iter(due))
            del due[at]
            self._write(at, moment, window_of)
            written += 1
        return written

    def _write(self, at: Name, moment: Moment, window_of: WindowOf) -> None:
        cards = self.cards[at[0]]
        card = cards.get(at)
        if card is None:
            return
        first = self.boundaries[at[0]] - 2 * card.kind.buckets
        self.gone += [PartialKey(PartialKind.CARD, *at, *place) for place in card.forget(first)]
        key = _key(at[0], card)
        if not card.empty(first):
            self.records[key] = self._body(at, card, moment, window_of)
            card.written = True
            return
        if card.written:
            self.records[key] = None
        del cards[at]
        self.segments[at[:2]] -= 1
        self.gone += [PartialKey(PartialKind.STOCK, *at, task, 0) for task in sorted(card.stocks)]
        self.gone += [PartialKey(PartialKind.CARD, *at, *place) for place in card.forget(1 << 62)]

    def _body(self, at: Name, card: Card, moment: Moment, window_of: WindowOf) -> bytes:
        definition, judged = self.issuers[at[0]].definition, self.issuers[at[0]].judged
        until = moment.clock // card.kind.bucket_ms
        told = Scorecard(
            process=definition.process,
            version=definition.version,
            labels=card.labels,
            as_of=instant_of(moment.clock),
            present=card.present(),
            window=card.period(until - card.kind.buckets, judged),
            before=card.period(until - 2 * card.kind.buckets, judged),
            objectives=tuple(self._budgets(at[0], card, moment, window_of)),
            owner=definition.roles.owner,
            manager=definition.roles.manager,
        )
        return told.model_dump_json(by_alias=True).encode()

    def _budgets(self, process: str, card: Card, moment: Moment, window_of: WindowOf) -> Iterator[Budget]:
        for goal in self.issuers[process].objectives.get(frozenset(card.kind.by), ()):
            assert isinstance(goal.asks, Objective)  # those are kept
            labels = card.labels
            window = window_of((process, goal.name, tuple(labels[name] for name in goal.asks.by)))
            good, bad, rate = (0, 0, 0.0) if window is None else window.burning(moment.clock)
            left = None if window is None or not good + bad else float(budget_left(good, bad, window.budget))
            yield Budget(
                objective=goal.asks.id,
                of=goal.asks.of,
                target=goal.asks.objective,
                window_ms=goal.asks.window_ms,
                good=good,
                bad=bad,
                sli=good / (good + bad) if good + bad else None,
                budget_left=left,
                burn_rate=None if left is None else rate,
            )

    def all(self, moments: Mapping[str, Moment], window_of: WindowOf) -> Iterator[tuple[bytes, bytes]]:
        """Every card as it is at the moments of the processes, by key."""
        for process, moment in sorted(moments.items()):
            width = self.issuers[process].bucket_ms
            for at, card in sorted(self.cards[process].items()) if width is not None else ():
                if not card.empty(moment.clock // card.kind.bucket_ms - 2 * card.kind.buckets):
                    yield _key(process, card), self._body(at, card, moment, window_of)

    def drain(self) -> list[Record]:
        """The records since the last call, by key."""
        records = sorted(self.records.items())
        self.records.clear()
        return records


def _key(process: str, card: Card) -> bytes:
    return orjson.dumps([process, list(card.labels.items())])
