"""A standing written down as plain lists, and read again by any monitor, also by one of other constraints.

Invariant: reading what was written gives an equal standing. Everything is keyed by a digest of its constraint's text:
what a monitor does not know is left out, and what was not written down begins afresh. Only what differs from the
beginning is written.
"""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from stream.declare.book import FRESH, Book, Entry
from stream.declare.constraint import Constraint
from stream.declare.plain import Plain
from stream.declare.standing import Standing
from stream.declare.vector import Vectors
from stream.declare.violation import Violation, Why
from stream.event import Anchor


def key_of(constraint: Constraint) -> str:
    """What a constraint is called in the journal: short, since every case writes it."""
    return b64encode(blake2b(constraint.text.encode(), digest_size=6).digest()).decode()


class Journal:
    """Writes and reads the standings of one monitor; `parts_of` says which books belong to a constraint."""

    def __init__(
        self, constraints: Iterable[Constraint], plains: tuple[Plain, ...], parts_of: dict[int, tuple[int, ...]]
    ) -> None:
        self.keys = tuple(map(key_of, constraints))
        self.plains, self.parts_of = plains, parts_of
        self.books = sum(map(len, parts_of.values()))

    def dump(self, standing: Standing) -> list[Any]:
        """[first event, plain constraints, books, conflicts]."""
        broken = {violation.constraint: violation for violation in standing.broken if violation.why is not Why.CONFLICT}
        plains = [
            _short(self.keys[plain.place], state, standing.armed_by(number), broken.get(plain.place))
            for number, (plain, state) in enumerate(zip(self.plains, standing.vector.states, strict=True))
            if state
        ]
        books = [
            [self.keys[index], [_book(standing.books[part]) for part in parts]]
            for index, parts in self.parts_of.items()
            if any(standing.books[part] != FRESH for part in parts)
        ]
        conflicts = [
            [[self.keys[index] for index in (found.constraint, *found.others)], _violation(found)]
            for found in standing.broken
            if found.why is Why.CONFLICT
        ]
        return [standing.first_at, plains, books, conflicts]

    def load(self, fields: Any, vectors: Vectors) -> Standing:
        """The standing that was written down; raises `ValueError` where no monitor can have written it."""
        try:
            return self._load(fields, vectors)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a standing of constraints: {error}") from error

    def _load(self, fields: Any, vectors: Vectors) -> Standing:
        first_at, plains, books, conflicts = fields
        known = {key: rest for key, *rest in plains}
        states, armed, broken = [0] * len(self.plains), [], []
        for number, plain in enumerate(self.plains):
            fields_of: list[Any] = [*known.get(self.keys[plain.place], [0]), None, None]
            states[number] = _state(fields_of[0], plain)
            if fields_of[1] is not None:
                armed.append((number, _read_anchor(fields_of[1])))
            if fields_of[2] is not None:
                broken.append(_read_violation(fields_of[2], plain.place))
        for keys, violation in conflicts:
            if set(keys) <= set(self.keys):
                first, *others = sorted(self.keys.index(key) for key in keys)
                broken.append(_read_violation(violation, first)._replace(others=tuple(others)))
        broken.sort(key=lambda violation: (violation.happened_at, violation.constraint))
        vector = vectors.vector(tuple(states))
        return Standing(_moment(first_at), vector, tuple(armed), tuple(broken), self._read_books(books))

    def _read_books(self, books: Any) -> tuple[Book, ...]:
        known, found = dict(books), [FRESH] * self.books
        for index, parts in self.parts_of.items():
            written = known.get(self.keys[index])
            if written is not None:
                for part, fields in zip(parts, written, strict=True):
                    found[part] = _read_book(fields, index)
        return tuple(found)


def _short(key: str, state: int, armed: Anchor | None, broken: Violation | None) -> list[Any]:
    """A plain constraint; most are neither armed nor broken."""
    fields = [key, state, _anchor(armed), _violation(broken)]
    while fields[-1] is None:
        fields.pop()
    return fields


def _anchor(anchor: Anchor | None) -> list[Any] | None:
    return None if anchor is None else [*anchor[:4], *anchor.place]


def _violation(violation: Violation | None) -> list[Any] | None:
    if violation is None:
        return None
    anchors = [_anchor(anchor) for anchor in (violation.anchor, violation.culprit, violation.witness)]
    return [violation.happened_at, violation.why.value, *anchors, list(violation.expected)]


def _book(book: Book) -> list[Any]:
    entries = [[[_anchor(entry.anchor), list(entry.values)] for entry in side] for side in (book.open, book.past)]
    cut = [book.unfollowed, book.forgotten, book.unlisted]
    return [book.state, *entries, list(map(_violation, book.broken)), *cut]


def _read_anchor(written: Any) -> Anchor:
    at, activity, nth, event_id, of_input, offset = written
    if not isinstance(activity, str) or not isinstance(event_id, str | None):
        raise ValueError("an activity or an event's id is not text")
    return Anchor(_whole(at), activity, _whole(nth), event_id, (_whole(of_input), _whole(offset)))


def _read_violation(written: Any, index: int) -> Violation:
    at, why, *anchors, expected = written
    anchor, culprit, witness = (None if one is None else _read_anchor(one) for one in anchors)
    names = tuple(str(name) for name in expected)
    return Violation(index, anchor, _whole(at), culprit, Why(why), names, witness=witness)


def _read_book(written: Any, index: int) -> Book:
    state, opened, past, broken, *cut = written
    unfollowed, forgotten, unlisted = map(_whole, cut)
    violations = tuple(_read_violation(one, index) for one in broken)
    return Book(_whole(state), _read_entries(opened), _read_entries(past), violations, unfollowed, forgotten, unlisted)


def _read_entries(written: Any) -> tuple[Entry, ...]:
    entries = tuple(Entry(_read_anchor(anchor), tuple(values)) for anchor, values in written)
    if any(not isinstance(value, str | int | float | None) for entry in entries for value in entry.values):
        raise ValueError("an attribute is neither text nor a number")
    return entries


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _state(value: Any, plain: Plain) -> int:
    if not 0 <= _whole(value) < len(plain.automaton.moves):
        raise ValueError(f"{value} is no state of {plain.constraint.text}")
    return _whole(value)


def _moment(value: Any) -> int | None:
    return None if value is None else _whole(value)
