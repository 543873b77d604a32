"""What the cases of one task count as on scorecards: each in the bucket of its start and in that of its end.

A case counts under the values that it has now: when they change, or the case is reopened, it is counted anew.
Invariant: the sums of `stream.shares` are those of what each case was last counted as (`Case.card`), wherever a run was
cut into restores; they do not grow with the number of cases.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from schemas.alert import State
from schemas.card_rules import VERSION
from schemas.partial import PartialKey
from stream.card_kinds import card_kinds
from stream.case import Case
from stream.census import BREACHED, DEVIATING, STANDING
from stream.clock import Moment
from stream.finding import Finding
from stream.lives import IDLE, WARM, Counts, Entry, Life, Segment
from stream.process import LONGEST_LABEL, Process
from stream.quantiles import bin_of
from stream.shares import ALL_KINDS, Shares
from stream.sla.running import made

MOST_SHARED: Final = 10_000
"""Counts that cases have in common and that are kept once."""


class Cards:
    """The scorecards of one process in one task."""

    def __init__(self, process: Process, task: int) -> None:
        self.kinds = card_kinds(process.definition)
        by = {name for kind in self.kinds for name in kind.by}
        self.names = tuple(name for name in process.segments if name in by)
        self.versioned = VERSION in by and VERSION not in self.names
        self.shares = Shares(self.kinds, self.names, (process.name, task))
        self.width = self.shares.width
        self.shared: dict[tuple[Counts, ...], tuple[Counts, ...]] = {}
        self.moves: dict[tuple[Counts, Counts], Move] = {}
        self.last: Last | None = None

    def moved(self, case: Case) -> bool:
        """Whether a case may count as something else than it did, but for what was said of it, at a glance."""
        if not case.card:
            return bool(self.kinds)
        fold, last = case.fold, case.card[-1]
        if fold.first is None or fold.first.at // self.width != last.started or fold.instance != last.instance:
            return True
        if bool(last.flags & WARM) is not fold.warm:  # its beginning may come late
            return True
        return bool(self.names) and self._segment(case) != last.segment

    def _segment(self, case: Case) -> Segment:
        """The values that cards are by, as they are now."""
        if not self.names:
            return (case.process.version,) if self.versioned else ()
        attributes, found = case.fold.attributes, []
        for name in self.names:
            value = attributes.get(name, "")
            if type(value) is not str or len(value) > LONGEST_LABEL:
                value = case.process.segment_labels(attributes).get(name, "")
            found.append(value)
        return (*found, case.process.version) if self.versioned else tuple(found)

    def count(self, case: Case, moment: Moment, over_at: int | None, unsaid: Iterable[Finding] = ()) -> bool:
        """Bring the sums to what a case counts as now; whether that is something else than before. `unsaid` is what is
        true of its last instance, whether it was said already or not."""
        if not self.kinds:
            return False
        before = case.card
        if over_at is None and not unsaid and before and not case.fold.tracked.lives and self._stands(case, before):
            return False
        now = self._present(case, over_at)
        if unsaid:
            now = now._replace(flags=now.flags | _flags(f for f in unsaid if f.instance == now.instance))
        if not case.fold.tracked.lives and len(before) < 2:  # most cases have one life
            if not before:
                case.card = self._once((self._counted(None, now),))
                return True
            if before[0].same(now):
                return False
            move = self.moves.get((before[0], now)) or self._move(before[0], now)
            move.cases += 1
            case.card = move.card
            return True
        known = {counts.instance: counts for counts in before}
        counted = [self._counted(known.pop(one.instance, None), one) for one in (*self._past(case), now)]
        for gone in known.values():
            self._add(gone, -1)
        over = self._prune(case, moment) if case.fold.tracked.lives else now.instance
        case.card = self._once(tuple(one for one in counted if one.instance >= over))
        return case.card != before

    def count_like_the_last(self, case: Case) -> bool:
        """Count an open case as the last one was counted, where both counted as the same before and have the same flags
        now; whether they did. Only its flags may have changed since."""
        last = self.last
        if last is None or last.flags != case.flags or last.process is not case.process or case.fold.tracked.lives:
            return False
        if last.before is not case.card and last.before != case.card:
            return False
        last.move.cases += 1
        case.card = last.move.card
        return True

    def count_again(self, case: Case, moment: Moment) -> None:
        """`count` of an open case of which only the flags have changed since; others may be counted like it."""
        before = case.card
        self.count(case, moment, None)
        move = self.moves.get((before[0], self._present(case, None))) if before else None
        self.last = None if move is None or move.card is not case.card else Last(before, case.flags, case.process, move)

    def _move(self, before: Counts, now: Counts) -> "Move":
        """A way from one count to another that many cases may take: what it comes to is added up when it is told."""
        if before.segment != now.segment:
            return Move(self._once((self._counted(before, now),)))
        move = self.moves[before, now] = Move(self._once((made(Counts, (*now[:6], before.taken)),)))
        return move

    def _settle(self) -> None:
        """Add up what cases have moved from and to since the last time."""
        for (before, now), move in self.moves.items():
            out, into = _difference(before, now)
            at = before.segment, before.taken
            self.shares.add(at, out, -move.cases)
            self.shares.add(at, into, move.cases)
        self.moves.clear()
        self.last = None

    def _stands(self, case: Case, card: tuple[Counts, ...]) -> bool:
        """Whether an open case of one life counts as what it did, told without making anything."""
        fold, counts = case.fold, card[-1]
        if len(card) > 1 or counts.closed is not None or counts.flags != case.flags & STANDING | WARM * fold.warm:
            return False
        return not self.moved(case) and (bool(self.names) or self._segment(case) == counts.segment)

    def _once(self, card: tuple[Counts, ...]) -> tuple[Counts, ...]:
        """The same counts in one piece of memory for all cases that have them."""
        if len(self.shared) >= MOST_SHARED:
            self.shared.clear()
        return self.shared.setdefault(card, card)

    def _counted(self, before: Counts | None, now: Counts) -> Counts:
        """Count something as what it is now, in place of what it was."""
        if before is None or before.segment != now.segment:
            if before is not None:
                self._add(before, -1)
            taken = self.shares.add((now.segment, ALL_KINDS), [*now.begun, *now.come_to], 1)
            return made(Counts, (*now[:6], taken))
        if before.same(now):
            return before
        out, into = _difference(before, now)
        at = before.segment, before.taken
        self.shares.add(at, out, -1)
        self.shares.add(at, into, 1)
        return made(Counts, (*now[:6], before.taken))

    def _add(self, counts: Counts, sign: int) -> None:
        self.shares.add((counts.segment, counts.taken), [*counts.begun, *counts.come_to], sign)

    def _past(self, case: Case) -> Iterator[Counts]:
        """What the earlier lives of a case count as, but for those that were settled before."""
        first = case.card[0].instance if case.card else 0
        for life in case.fold.tracked.lives:
            if life.instance >= first:
                yield self._over(case, life)

    def _over(self, case: Case, life: Life) -> Counts:
        values = dict(zip(case.process.segments, life.segment, strict=True))
        segment = tuple(values.get(name, "") for name in self.names)
        return Counts(
            life.instance,
            life.started_at // self.width,
            life.over_at // self.width,
            _ever(case, life.instance) | IDLE * life.idle | WARM * life.warm,
            None if life.idle or life.warm else bin_of(life.over_at - life.started_at),
            (*segment, case.process.version) if self.versioned else segment,
        )

    def _present(self, case: Case, over_at: int | None) -> Counts:
        fold = case.fold
        assert fold.first is not None  # a case has had an event
        started_at, warm = fold.first.at, fold.warm
        started, segment = started_at // self.width, self._segment(case)
        if over_at is None:
            return made(Counts, (fold.instance, started, None, case.flags & STANDING | WARM * warm, None, segment, 0))
        idle = fold.ended_at is None
        flags = _ever(case, fold.instance) | IDLE * idle | WARM * warm
        timed = None if idle or warm else bin_of(over_at - started_at)
        return made(Counts, (fold.instance, started, over_at // self.width, flags, timed, segment, 0))

    def _prune(self, case: Case, moment: Moment) -> int:
        """Drop the earlier lives that nothing can change any more; the first instance that is kept."""
        fold = case.fold
        lives = fold.tracked.lives
        assert fold.first is not None  # a case has had an event
        followed_at = [*(life.started_at for life in lives[1:]), fold.first.at]
        kept = tuple(life for life, at in zip(lives, followed_at, strict=True) if at >= moment.settled_to)
        fold.tracked = fold.tracked._replace(lives=kept)
        return kept[0].instance if kept else fold.instance

    def leave(self, case: Case) -> None:
        """Take a case that is to be forgotten while it is open out of what there is now; what it counted in windows
        stays counted."""
        for counts in case.card:
            if counts.closed is None:
                self.shares.add((counts.segment, counts.taken), counts.come_to, -1)
        case.card = ()

    def drain(self, moment: Moment | None, wall: int) -> Iterator[tuple[PartialKey, list[Any] | None]]:
        """What has changed by wall clock `wall` (ms): the keys of partials, their revisions and values, None for one
        that is over."""
        self._settle()
        return self.shares.drain(moment, wall)

    def restore(self, name: PartialKey, fields: list[Any]) -> None:
        """Take up a journalled partial, if it is still asked for."""
        self.shares.restore(name, fields)

    def follow(self, former: "Cards") -> "Cards":
        """Count anew what other cards have counted, whose partials go on where there are the same."""
        for name, revision in former.shares.told_of().items():
            self.shares.begin_anew(name, revision)
        return self


class Move:
    """How many cases count as something else since the last drain, in one and the same way; `card` is as what."""

    __slots__ = ("card", "cases")

    def __init__(self, card: tuple[Counts, ...]) -> None:
        self.card, self.cases = card, 0


class Last(NamedTuple):
    """How the last case moved of which only the flags had changed: what it counted as before, those flags,
    its version, and how."""

    before: tuple[Counts, ...]
    flags: int
    process: Process
    move: Move


def _difference(before: Counts, now: Counts) -> tuple[list[Entry], list[Entry]]:
    """What is to be taken away and added where a case counts as something else, in the same segment."""
    if before.started != now.started or (before.flags ^ now.flags) & WARM:
        return [*before.come_to, *before.begun], [*now.come_to, *now.begun]
    return before.come_to, now.come_to


def _ever(case: Case, instance: int) -> int:
    """Whether a service level was broken, and whether a case has deviated, in one of its instances."""
    told = (said.finding for said in case.said.values() if said.state not in (None, State.RETRACTED))
    return _flags(finding for finding in told if finding.instance == instance)


def _flags(findings: Iterable[Finding]) -> int:
    flags = 0
    for finding in findings:
        if finding.kind != "sla":
            flags |= DEVIATING
        elif finding.stage in ("breach", "overdue"):
            flags |= BREACHED
    return flags
