"""A task's shares of scorecards: sums by kind of card, segment and bucket, and how many cases there are now.

Invariant: a share is what was added to it less what was taken away; buckets that have left both windows are dropped,
and so is a share of nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from schemas.card_rules import VERSION
from schemas.partial import PartialKey, PartialKind
from stream.card_kinds import CardKind, Names
from stream.clock import BEFORE_TIME, Moment
from stream.lives import BINS, Entry, Segment

MOST_SHARES: Final = 10_000
"""Segments of one kind of card that a task counts; cases of those that come beyond are counted as left out."""

MOST_ROUTES: Final = 10_000
"""Segments of which it is kept where they are counted."""

ALL_KINDS: Final = -1
"""Every kind of card, as bits."""

At = tuple[str, Segment]
"""The name of a kind of card, and a segment."""


class Share:
    """A task's share of one card: `stock` is (open, at risk, breached, deviating), `buckets` (started, closed, idle,
    breached, deviating, durations by bin)."""

    __slots__ = ("at", "buckets", "changed", "revisions", "stock")

    def __init__(self, at: At) -> None:
        self.at = at
        self.stock = [0, 0, 0, 0]
        self.buckets: dict[int, list[Any]] = {}
        self.revisions: dict[int | None, int] = {}
        self.changed: set[int | None] = set()

    def add(self, entries: Iterable[Entry], sign: int, first: int) -> None:
        """Add to the buckets from `first` on and to what there is now, or take from them."""
        for bucket, column in entries:
            if bucket is None:
                self.stock[column] += sign
            elif bucket < first:
                continue
            else:
                sums = self.buckets.get(bucket)
                if sums is None:
                    sums = self.buckets[bucket] = [0, 0, 0, 0, 0, {}]
                if column < BINS:
                    sums[column] += sign
                else:
                    _add_bin(sums[BINS], column - BINS, sign)
            self.changed.add(bucket)

    def told(self, bucket: int | None) -> list[Any]:
        """What is told of a bucket, or of now."""
        if bucket is None:
            return self.stock
        *sums, bins = self.buckets[bucket]
        return [*sums, sorted(bins.items())]

    def forget(self, first: int) -> list[int]:
        """Drop the buckets before `first` of which all is told; those that were told at all."""
        gone = [bucket for bucket in self.buckets if bucket < first and bucket not in self.changed]
        for bucket in gone:
            del self.buckets[bucket]
        return [bucket for bucket in gone if self.revisions.pop(bucket, None) is not None]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing in it, and nothing of it to be told."""
        return not self.buckets and not any(self.stock) and not self.changed


def _add_bin(bins: dict[int, int], number: int, sign: int) -> None:
    count = bins.get(number, 0) + sign
    if count:
        bins[number] = count
    else:
        del bins[number]


class Shares:
    """The shares of one process in one task; `names` are those of the values in a segment, a version's last. `left_out`
    counts cases of segments that are too many; `former` are the revisions of what was told of kinds that there are no
    more."""

    def __init__(self, kinds: tuple[CardKind, ...], names: Names, owner: tuple[str, int]) -> None:
        order = (*names, VERSION)
        self.places = [(kind, [order.index(name) for name in kind.by]) for kind in kinds]
        self.process, self.task = owner
        self.width = kinds[0].bucket_ms if kinds else 1
        self.kept_buckets = 2 * kinds[0].buckets if kinds else 0
        self.shares: dict[At, Share] = {}
        self.segments = Counter[str]()
        self.changed: dict[At, Share] = {}
        self.routes: dict[Segment, list[tuple[int, Share]]] = {}
        self.first_kept = BEFORE_TIME.clock
        self.left_out = 0
        self.former: dict[PartialKey, int] = {}

    def add(self, at: tuple[Segment, int], entries: Iterable[Entry], sign: int) -> int:
        """Add entries to the cards of a segment, as far as they are among some kinds (bits), or take them away; the
        kinds of which it was done."""
        segment, wanted = at
        taken = 0
        for bit, share in self.routes.get(segment) or self._route(segment):
            if wanted & bit:
                taken |= bit
                share.add(entries, sign, self.first_kept)
                self.changed[share.at] = share
        if wanted == ALL_KINDS:
            self.left_out += len(self.places) - taken.bit_count()
        return taken

    def _route(self, segment: Segment) -> list[tuple[int, Share]]:
        """The shares of the cards of each kind that count a segment, with the kind's bit."""
        route = []
        for number, (kind, places) in enumerate(self.places):
            share = self._share(kind, tuple(segment[place] for place in places))
            if share is not None:
                route.append((1 << number, share))
        if len(self.routes) >= MOST_ROUTES:
            self.routes.clear()
        if len(route) == len(self.places):
            self.routes[segment] = route
        return route

    def _share(self, kind: CardKind, segment: Segment) -> Share | None:
        at = kind.name, segment
        share = self.shares.get(at)
        if share is None and self.segments[kind.name] < MOST_SHARES:
            self.segments[kind.name] += 1
            share = self.shares[at] = Share(at)
        return share

    def drain(self, moment: Moment | None, wall: int) -> Iterator[tuple[PartialKey, list[Any] | None]]:
        """What has changed by wall clock `wall` (ms): the keys of partials, their revisions and values, None for one
        that is over. Revisions go by that clock, beyond any that a commit which was taken back may have told."""
        for share, bucket in self._forgotten(moment):
            yield self._key(share, bucket), None
        now = 0 if moment is None else moment.clock
        for share in self.changed.values():
            for bucket in sorted(share.changed, key=lambda bucket: (bucket is None, bucket)):
                # A share may be dropped and come back: the revisions of its stock go on, since time has.
                revision = max(share.revisions.get(bucket, 0) + 1, now if bucket is None else 0, wall)
                share.revisions[bucket] = revision
                yield self._key(share, bucket), [revision, *share.told(bucket)]
            share.changed.clear()
        self.changed.clear()

    def _key(self, share: Share, bucket: int | None) -> PartialKey:
        kind = PartialKind.STOCK if bucket is None else PartialKind.CARD
        return PartialKey(kind, self.process, *share.at, self.task, bucket or 0)

    def _forgotten(self, moment: Moment | None) -> list[tuple[Share, int | None]]:
        """Drop the buckets that have left both windows, and shares of nothing; those that were told."""
        first = BEFORE_TIME.clock if moment is None else moment.settled_to // self.width - self.kept_buckets
        if first <= self.first_kept:
            return []
        self.first_kept = first
        gone: list[tuple[Share, int | None]] = []
        for at, share in list(self.shares.items()):
            gone += [(share, bucket) for bucket in share.forget(first)]
            if share.nothing:
                del self.shares[at]
                self.segments[at[0]] -= 1
                if None in share.revisions:
                    gone.append((share, None))
        self.routes.clear()
        return gone

    def told_of(self) -> dict[PartialKey, int]:
        """The revisions of all that was told, whether it is still asked for or not."""
        told = [(share, bucket, last) for share in self.shares.values() for bucket, last in share.revisions.items()]
        return self.former | {self._key(share, bucket): last for share, bucket, last in told}

    def begin_anew(self, name: PartialKey, revision: int) -> None:
        """Tell of a partial that there is nothing in it, if it is asked for again: all that counts in it is counted
        anew."""
        nothing = [0, 0, 0, 0] if name.kind is PartialKind.STOCK else [0, 0, 0, 0, 0, []]
        share = self.restore(name, [None, revision, *nothing])
        if share is not None:
            share.changed.add(None if name.kind is PartialKind.STOCK else name.bucket)
            self.changed[share.at] = share

    def restore(self, name: PartialKey, fields: list[Any]) -> Share | None:
        """Take up a journalled partial, if it is still asked for; the share that it is of."""
        _, revision, *told = fields
        kind = next((kind for kind, _ in self.places if kind.name == name.rule), None)
        if kind is None:
            self.former[name] = revision
        share = None if kind is None else self._share(kind, name.segment)
        if share is None:
            return None
        bucket = None if name.kind is PartialKind.STOCK else name.bucket
        share.revisions[bucket] = revision
        if bucket is None:
            share.stock = told
        else:
            *sums, bins = told
            share.buckets[bucket] = [*sums, dict(bins)]
        return share
