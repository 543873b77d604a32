"""A constraint without targets, with a condition or a window: its automaton, told only of the events that count.

Invariant: an event counts where it meets the condition and lies within the window, taken from the case's first event;
any other is to the automaton an event of another activity. Once the window is over nothing counts any more, so what is
doomed by then is broken at its last instant.
"""

from stream.declare.automaton import OTHER, automaton
from stream.declare.book import Book
from stream.declare.condition import names_of
from stream.declare.constraint import Constraint
from stream.declare.template import Template
from stream.declare.value import value_of
from stream.declare.verdict import Verdict
from stream.declare.violation import Happening, Violation, Why
from stream.event import Anchor


class Tally:
    """A constraint without targets, compiled; `index` is the constraint's."""

    def __init__(self, index: int, constraint: Constraint) -> None:
        self.index, self.constraint, self.window = index, constraint, constraint.window
        self.machine = automaton(constraint.template, constraint.count)
        self.heeds_all = self.machine.heeds_all
        self.asked = names_of([constraint.activation], "A")
        self.counts = constraint.activation.judge({"A": self.asked, "T": ()}) if constraint.activation else None

    def step(self, book: Book, happening: Happening, first_at: int) -> Book:
        """The book after one more event of a case that began at `first_at`."""
        at = happening.anchor.at
        late = self.overdue(book, first_at, at)
        if late:
            return book.breaking(*late)
        state = self.machine.moves[book.state][self._letter(happening, first_at)]
        if state == book.state:
            return book
        book = book._replace(state=state)
        return book if book.broken or not self._lost(state, first_at, at) else book.breaking(self._by(happening.anchor))

    def overdue(self, book: Book, first_at: int, clock: int) -> tuple[Violation, ...]:
        """What the clock has broken: a window that is over with too little in it."""
        due = self._due(first_at)
        if due is None or due >= clock or book.broken or not self.machine.doomed[book.state]:
            return ()
        return (Violation(self.index, None, due, None, Why.TIME, self.constraint.activities),)

    def owed(self, book: Book, first_at: int, ended_at: int) -> tuple[Violation, ...]:
        """What the end of the case has broken, or a deadline before it."""
        if book.broken or self.machine.accepting[book.state]:
            return ()
        late = self.overdue(book, first_at, ended_at)
        return late or (Violation(self.index, None, ended_at, None, Why.END, self.constraint.activities),)

    def deadlines(self, book: Book, first_at: int) -> tuple[int, ...]:
        """The last instant of the window, where something could be missed at it."""
        due = self._due(first_at)
        return () if due is None or book.broken or not self.machine.doomed[book.state] else (due,)

    def verdict(self, book: Book, first_at: int | None, clock: int) -> Verdict:
        """What is known when all instants before `clock` are over; `first_at` is None before the first event."""
        due = None if first_at is None else self._due(first_at)
        over = due is not None and due < clock
        if book.broken or (over and self.machine.doomed[book.state]):
            return Verdict.PERMANENTLY_VIOLATED
        if over and self.machine.settled[book.state]:
            return Verdict.PERMANENTLY_SATISFIED
        return self.machine.verdicts[book.state]

    def _due(self, first_at: int) -> int | None:
        return None if self.window is None else first_at + self.window.most

    def _letter(self, happening: Happening, first_at: int) -> int:
        anchor = happening.anchor
        if anchor.activity not in self.constraint.activities:
            return OTHER
        if self.window is not None and not self.window.contains(anchor.at - first_at):
            return OTHER
        if self.counts is not None:
            attributes = happening.attributes
            if not self.counts(tuple([value_of(attributes.get(name)) for name in self.asked]), ()):
                return OTHER
        return self.constraint.activities.index(anchor.activity) + 1

    def _lost(self, state: int, first_at: int, at: int) -> bool:
        due = self._due(first_at)
        over = due is not None and due < at
        return self.machine.verdicts[state] is Verdict.PERMANENTLY_VIOLATED or (over and self.machine.doomed[state])

    def _by(self, culprit: Anchor) -> Violation:
        missing = self.constraint.template in (Template.INIT, Template.END)
        expected = self.constraint.activities if missing else ()
        return Violation(self.index, culprit, culprit.at, culprit, Why.EVENT, expected)
