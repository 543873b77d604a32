"""The monitor of a set of constraints, compiled once and shared by all cases; a case's standing is a value.

Invariant: what a monitor says of a case follows from the case's events, its end and the clock alone. Plain constraints
move together as one memoised vector; each other one has a book of its own, opened only for the events that matter to
it. A plain constraint is broken once, one with conditions or time by every activation by itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from stream.declare.book import FRESH, MOST_BROKEN
from stream.declare.constraint import Constraint
from stream.declare.journal import Journal
from stream.declare.pairing import Pairing
from stream.declare.plain import Plain
from stream.declare.standing import Standing
from stream.declare.tally import Tally
from stream.declare.template import HALVES
from stream.declare.vector import Move, Vectors
from stream.declare.verdict import Verdict, gravest
from stream.declare.violation import Happening, Violation, Why
from stream.event import Anchor

Part: TypeAlias = Pairing | Tally


class Conflict(NamedTuple):
    """Constraints, by index, that no case can keep together."""

    constraints: tuple[int, ...]


class Cut(NamedTuple):
    """What bounds hid of a constraint in a case: activations that were not followed, violations that are not listed."""

    constraint: int
    unfollowed: int
    unlisted: int


class Monitor:
    """Constraints compiled; `index` everywhere counts from 0 over `constraints`. `foresees`: whether conflicts that
    come up in a case are looked for: once for each new state of all constraints, at many times the cost of a step."""

    def __init__(self, constraints: Sequence[Constraint], *, foresees: bool = True) -> None:
        self.constraints = tuple(constraints)
        numbered = list(enumerate(self.constraints))
        names = sorted({name for constraint in self.constraints for name in constraint.activities})
        letters = {name: letter for letter, name in enumerate(names, start=1)}
        self._plains = tuple(Plain.of(index, constraint) for index, constraint in numbered if constraint.plain)
        self._number = {plain.place: number for number, plain in enumerate(self._plains)}
        self._parts = tuple(part for index, constraint in numbered for part in _parts(index, constraint))
        self._timed = tuple(number for number, part in enumerate(self._parts) if part.constraint.window is not None)
        self._heeding = tuple(_heeding(self._parts, name) for name in (None, *names))
        self._vectors = Vectors(self._plains, letters, foresees)
        # What the hot path looks up, bound once.
        self._letter, self._move, self._width = letters.get, self._vectors.moves.get, self._vectors.width
        self._names = frozenset(names)
        self._heeds_all = bool(self._heeding[0] or self._vectors.heeding[0])
        self._static, self._undecided = self._vectors.conflicts.beforehand(self._vectors.start.states)
        self._journal = Journal(self.constraints, self._plains, _by_constraint(self._parts))

    def start(self) -> Standing:
        """The standing of a case without events."""
        return Standing(None, self._vectors.start, (), (), (FRESH,) * len(self._parts))

    def step(self, standing: Standing, happening: Happening) -> Standing:
        """The standing after one more completed step; steps come in order of time."""
        anchor, vector = happening.anchor, standing.vector
        letter = self._letter(anchor.activity, 0)
        move = self._move(vector.serial * self._width + letter) or self._vectors.move(vector, letter)
        if standing.first_at is None:
            standing = Standing(anchor.at, *standing[1:])
        if not move.quiet:
            standing = self._moved(standing, move, anchor)
        heeding = self._heeding[letter]
        return self._noted(standing, heeding, happening) if heeding else standing

    def heeds(self, activity: str) -> bool:
        """Whether a step can change anything, but for the first of a case, which always does."""
        return self._heeds_all or activity in self._names

    def violations(self, standing: Standing, clock: int, ended_at: int | None) -> tuple[Violation, ...]:
        """All that is broken when all instants before `clock` (ms UTC) are over, in order of time; with `ended_at`,
        also what was still owed when the case ended then."""
        found = list(standing.broken)
        if self._parts:
            found += self._booked(standing, clock, ended_at)
        if ended_at is not None:
            found += self._owed(standing, ended_at)
        if not found:
            return ()
        return tuple(sorted(found, key=lambda violation: (violation.happened_at, violation.constraint)))

    def next_deadline(self, standing: Standing, instant: int) -> int | None:
        """The first open deadline at `instant` or later; it is missed once the clock is past it."""
        first_at, books, nearest = standing.first_at, standing.books, None
        if first_at is None:
            return None
        for number in self._timed:
            for due in self._parts[number].deadlines(books[number], first_at):
                if due >= instant and (nearest is None or due < nearest):
                    nearest = due
        return nearest

    def verdict(self, standing: Standing, index: int, clock: int, ended: bool) -> Verdict:
        """What is known of one constraint when all instants before `clock` are over."""
        return self.verdicts(standing, clock, ended)[index]

    def verdicts(self, standing: Standing, clock: int, ended: bool) -> tuple[Verdict, ...]:
        """What is known of each constraint when all instants before `clock` (ms UTC) are over."""
        found = [Verdict.PERMANENTLY_SATISFIED] * len(self.constraints)
        for plain, state in zip(self._plains, standing.vector.states, strict=True):
            found[plain.place] = plain.verdict(state)
        for part, book in zip(self._parts, standing.books, strict=True):
            found[part.index] = gravest(found[part.index], part.verdict(book, standing.first_at, clock))
        return tuple([one.at_end() for one in found] if ended else found)

    def counts(self, standing: Standing, ended_at: int) -> tuple[int, ...]:
        """How often each constraint by itself is broken if the case ended then, with what bounds keep out of lists."""
        violated = [int(one is Verdict.PERMANENTLY_VIOLATED) for one in self.verdicts(standing, ended_at, ended=True)]
        first_at = standing.first_at
        if first_at is None or not self._parts:
            return tuple(violated)
        listed = [0] * len(violated)
        for part, book in zip(self._parts, standing.books, strict=True):
            listed[part.index] += len(book.broken) + book.unlisted + len(part.owed(book, first_at, ended_at))
        return tuple(map(max, violated, listed))

    def conflicts(self) -> tuple[Conflict, ...]:
        """Sets of plain constraints that no case can keep; what conditions or time add is not searched."""
        return tuple(Conflict(self._indices(numbers)) for numbers in self._static)

    def undecided(self) -> tuple[tuple[int, ...], ...]:
        """Sets of constraints, by index, that are too large to search through: besides what `conflicts` tells, nobody
        knows whether a case can keep them."""
        return tuple(map(self._indices, self._undecided))

    def cuts(self, standing: Standing) -> tuple[Cut, ...]:
        """Where the bounds of the books hid something."""
        pairs = zip(self._parts, standing.books, strict=True)
        found = (Cut(part.index, book.unfollowed + book.forgotten, book.unlisted) for part, book in pairs)
        return tuple(cut for cut in found if cut.unfollowed or cut.unlisted)

    @property
    def remembered(self) -> int:
        """How many vectors and moves are remembered at the moment; bounded."""
        return len(self._vectors.vectors) + len(self._vectors.moves)

    def dump(self, standing: Standing) -> list[Any]:
        """Plain lists, strings and numbers, keyed by constraints, the same in every process."""
        return self._journal.dump(standing)

    def load(self, fields: Any) -> Standing:
        """The standing written down by `dump`, also by a monitor of other constraints: what both know is kept, what is
        new starts afresh; raises `ValueError` for anything else."""
        return self._journal.load(fields, self._vectors)

    def _moved(self, standing: Standing, move: Move, anchor: Anchor) -> Standing:
        first_at, _, armed, broken, books = standing
        if move.broken:
            by = [(number, standing.armed_by(number)) for number in move.broken]
            broken += tuple([self._plains[number].violation(armed_by, anchor.at, anchor) for number, armed_by in by])
        if move.gone:
            left = [pair for pair in armed if pair[0] not in move.gone]
            armed = tuple(sorted([*left, *[(number, anchor) for number in move.arms]]))
        if move.conflicts:
            broken += tuple(self._new_conflicts(move, broken, anchor))
        return Standing(first_at, move.target, armed, broken, books)

    def _new_conflicts(self, move: Move, broken: tuple[Violation, ...], anchor: Anchor) -> Iterator[Violation]:
        """Conflicts that share no constraint with one that lasts; one lasts until one of its members is broken."""
        conflicts, states = self._vectors.conflicts, move.target.states
        known = (*self._static, *(self._numbers(one) for one in broken if one.why is Why.CONFLICT))
        lasting = [one for one in known if not any(conflicts.violated(number, states) for number in one)]
        new = conflicts.among(states, frozenset().union(*lasting)) if lasting else move.conflicts
        for numbers in new:
            first, *others = self._indices(numbers)
            yield Violation(first, anchor, anchor.at, anchor, Why.CONFLICT, (), tuple(others))

    def _indices(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self._plains[number].place for number in numbers)

    def _numbers(self, conflict: Violation) -> tuple[int, ...]:
        return tuple(self._number[index] for index in (conflict.constraint, *conflict.others))

    def _noted(self, standing: Standing, heeding: tuple[int, ...], happening: Happening) -> Standing:
        first_at, books = standing.first_at, list(standing.books)
        assert first_at is not None
        for part in heeding:
            books[part] = self._parts[part].step(books[part], happening, first_at)
        if all(books[part] is standing.books[part] for part in heeding):
            return standing
        return Standing(first_at, standing.vector, standing.armed, standing.broken, tuple(books))

    def _booked(self, standing: Standing, clock: int, ended_at: int | None) -> list[Violation]:
        first_at, books = standing.first_at, standing.books
        if ended_at is None and not self._late(standing, clock):
            return [violation for book in books if book.broken for violation in book.broken[:MOST_BROKEN]]
        found: list[Violation] = []  # to call list[Violation] would take ten times as long
        for part, book in zip(self._parts, books, strict=True):
            broken = book.broken
            if first_at is not None:
                late = part.overdue(book, first_at, clock) if ended_at is None else part.owed(book, first_at, ended_at)
                broken += late
            found += broken[:MOST_BROKEN]
        return found

    def _late(self, standing: Standing, clock: int) -> bool:
        """Whether the clock has broken anything that no event has shown yet."""
        first_at, books = standing.first_at, standing.books
        if first_at is not None:
            for number in self._timed:
                if self._parts[number].overdue(books[number], first_at, clock):
                    return True
        return False

    def _owed(self, standing: Standing, ended_at: int) -> Iterator[Violation]:
        for number, (plain, state) in enumerate(zip(self._plains, standing.vector.states, strict=True)):
            if not plain.accepts(state) and plain.verdict(state) is not Verdict.PERMANENTLY_VIOLATED:
                yield plain.violation(standing.armed_by(number), ended_at, None)


def _parts(index: int, constraint: Constraint) -> tuple[Part, ...]:
    if constraint.plain:
        return ()
    if not constraint.template.has_target:
        return (Tally(index, constraint),)
    return tuple(Pairing(index, constraint, half) for half in HALVES[constraint.template])


def _heeding(parts: tuple[Part, ...], activity: str | None) -> tuple[int, ...]:
    """The parts to which an event of an activity matters; None: of one that no constraint names."""
    pairs = enumerate(parts)
    return tuple(number for number, part in pairs if part.heeds_all or activity in part.constraint.activities)


def _by_constraint(parts: tuple[Part, ...]) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    for number, part in enumerate(parts):
        found[part.index] = (*found.get(part.index, ()), number)
    return found
