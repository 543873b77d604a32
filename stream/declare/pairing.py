"""One half of a constraint over activations and targets, with conditions or a window: how events change its book.

Invariant: each activation is settled by itself: answered, broken by an event or by its deadline, or still open. An
event meets the activations before it as a target first, then it activates, then it is remembered as a target, so that
no event is its own target. A deadline that has passed is the same whether the clock or a later event shows it.
"""


from stream.declare.book import Book, Entry
from stream.declare.condition import Condition, Judge, names_of
from stream.declare.constraint import Constraint
from stream.declare.template import Half, Place, Reach
from stream.declare.value import Values, value_of
from stream.declare.verdict import Verdict
from stream.declare.violation import Happening, Violation, Why
from stream.event import Anchor


class Pairing:
    """A half, compiled; `index` is the constraint's."""

    def __init__(self, index: int, constraint: Constraint, half: Half) -> None:
        self.index, self.constraint, self.half = index, constraint, half
        self.activator = constraint.activities[half.activation]
        self.target = constraint.activities[1 - half.activation]
        self.names = frozenset(constraint.activities)
        self.negative = constraint.template.negative
        self.forward, self.backward = half.place is not Place.BEFORE, half.place is not Place.AFTER
        self.chain, self.alternate = half.reach is Reach.CHAIN, half.reach is Reach.ALTERNATE
        self.heeds_all = self.chain
        self.window = constraint.window
        conditions = (constraint.activation, constraint.correlation)
        self.asked = names_of(conditions, "A")
        self.wanted = names_of(conditions, "T")
        names = {"A": self.asked, "T": self.wanted}
        self.activates = _judge(constraint.activation, names)
        self.fits = _judge(constraint.correlation, names)
        self.sole = constraint.correlation is None or not names_of([constraint.correlation], "A")

    @property
    def timed(self) -> bool:
        """Whether deadlines follow from it."""
        return self.window is not None and self.forward and not self.negative

    def step(self, book: Book, happening: Happening, first_at: int) -> Book:
        """The book after one more event; `first_at` is for others."""
        anchor = happening.anchor
        if anchor.activity not in self.names and not book.open and not book.past:
            return book
        if book.open:
            book = self._expired(book, anchor.at)
        entry = self._as_target(happening) if anchor.activity == self.target else None
        if book.open:
            book = self._answered(book, anchor, entry)
        if anchor.activity == self.activator:
            values = _values(happening, self.asked)
            if self.activates(values, ()):
                book = self._activated(book, Entry(anchor, values))
        return self._remembered(book, entry, anchor.at) if self.backward else book

    def due(self, entry: Entry) -> int | None:
        """The last instant at which an open activation can be answered."""
        return entry.anchor.at + self.window.most if self.window is not None else None

    def overdue(self, book: Book, first_at: int | None, clock: int) -> tuple[Violation, ...]:
        """What the clock has broken: activations whose last instant is over."""
        if not self.timed:
            return ()
        return tuple(self._late(entry) for entry in book.open if self._is_over(entry, clock))

    def owed(self, book: Book, first_at: int, ended_at: int) -> tuple[Violation, ...]:
        """What the end of the case has broken, or a deadline before it."""
        if self.negative:
            return ()
        return tuple(
            self._late(entry) if self._is_over(entry, ended_at) else self._broken(entry, ended_at, None, Why.END)
            for entry in book.open
        )

    def deadlines(self, book: Book, first_at: int) -> tuple[int, ...]:
        """All instants at which something could be missed, in order of time."""
        if not self.timed:
            return ()
        return tuple(due for entry in book.open if (due := self.due(entry)) is not None)

    def verdict(self, book: Book, first_at: int | None, clock: int) -> Verdict:
        """What is known. Permanently satisfied is said where one target serves every activation to come."""
        if book.broken or book.unlisted or self.overdue(book, first_at, clock):
            return Verdict.PERMANENTLY_VIOLATED
        if book.open and not self.negative:
            return Verdict.TEMPORARILY_VIOLATED
        lasting = self.half.reach is Reach.ALL and self.window is None and self.sole and not self.negative
        return Verdict.PERMANENTLY_SATISFIED if lasting and book.past else Verdict.TEMPORARILY_SATISFIED

    def _as_target(self, happening: Happening) -> Entry | None:
        """An event as a target; None where it can be none of any activation."""
        entry = Entry(happening.anchor, _values(happening, self.wanted))
        return entry if not self.sole or self.fits((), entry.values) else None

    def _matches(self, activation: Entry, target: Entry) -> bool:
        distance = abs(target.anchor.at - activation.anchor.at)
        in_time = self.window is None or self.window.contains(distance)
        return in_time and self.fits(activation.values, target.values)

    def _is_over(self, entry: Entry, instant: int) -> bool:
        due = self.due(entry)
        return due is not None and due < instant

    def _expired(self, book: Book, at: int) -> Book:
        if self.window is None or not self._is_over(book.open[0], at):
            return book
        over = [entry for entry in book.open if self._is_over(entry, at)]
        book = book._replace(open=book.open[len(over) :])
        return book if self.negative else book.breaking(*map(self._late, over))

    def _answered(self, book: Book, anchor: Anchor, entry: Entry | None) -> Book:
        """The open activations after an event that is a target, or the next event where that is what counts."""
        if entry is None and not self.chain:
            return book
        met = [entry is not None and self._matches(activation, entry) for activation in book.open]
        hit = [activation for activation, meets in zip(book.open, met, strict=True) if meets]
        missed = [activation for activation, meets in zip(book.open, met, strict=True) if not meets]
        wrong = hit if self.negative else missed if self.chain else []
        left = () if self.chain else tuple(missed)
        if len(left) == len(book.open):
            return book
        broken = [self._broken(activation, anchor.at, anchor, Why.EVENT) for activation in wrong]
        return book._replace(open=left).breaking(*broken)

    def _activated(self, book: Book, entry: Entry) -> Book:
        if self.alternate and book.open:
            again = [self._broken(before, entry.anchor.at, entry.anchor, Why.EVENT) for before in book.open]
            book = book._replace(open=()).breaking(*again)
        witness = next((past for past in book.past if self._matches(entry, past)), None) if self.backward else None
        if self.alternate:
            book = book._replace(past=())
        if self.negative and witness is not None:
            broken = self._broken(entry, entry.anchor.at, entry.anchor, Why.EVENT)
            return book.breaking(broken._replace(witness=witness.anchor))
        if witness is None and book.forgotten and not self.negative:
            return book._replace(unfollowed=book.unfollowed + 1)  # its target may be one that was forgotten
        if self.forward and (witness is None or self.negative):
            return book.opening(entry)
        if witness is None and not self.negative:
            return book.breaking(self._broken(entry, entry.anchor.at, entry.anchor, Why.EVENT))
        return book

    def _remembered(self, book: Book, entry: Entry | None, at: int) -> Book:
        if self.chain:
            past = () if entry is None else (entry,)
            return book if past == book.past else book._replace(past=past)
        if entry is None:
            return book
        if self.window is None:
            known = any(past.values == entry.values for past in book.past)
            return book if known else book.remembering(entry)
        lasting = tuple(past for past in book.past if past.anchor.at + self.window.most >= at)
        return book._replace(past=lasting).remembering(entry)

    def _late(self, entry: Entry) -> Violation:
        due = self.due(entry)
        assert due is not None
        return self._broken(entry, due, None, Why.TIME)

    def _broken(self, entry: Entry, at: int, culprit: Anchor | None, why: Why) -> Violation:
        expected = () if self.negative else (self.target,)
        return Violation(self.index, entry.anchor, at, culprit, why, expected)


def _judge(condition: Condition | None, names: dict[str, tuple[str, ...]]) -> Judge:
    return condition.judge(names) if condition else _always


def _always(_activation: Values, _target: Values) -> bool:
    return True


def _values(happening: Happening, names: tuple[str, ...]) -> Values:
    attributes = happening.attributes
    return tuple([value_of(attributes.get(name)) for name in names])
