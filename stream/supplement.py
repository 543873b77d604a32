"""What the cases of an older version need of a record, beside what the newest mapping reads for all.

The newest mapping holds wherever it names a thing: for an attribute that only the older version's rules ask for, the
older version's own is used. So a due date that is no longer promised is still read for those to whom it was. Invariant:
where both versions read alike there is nothing to supplement, and nothing is done.
"""

from typing import Any, Self

from stream.event import Event
from stream.mapping import RecordReader
from stream.process import Process


class Supplement:
    """The attributes that are read again, or besides, and by what name it is known who did it."""

    def __init__(self, older: RecordReader, newest: RecordReader) -> None:
        newer = newest.names.attributes
        attributes = {name: newer.get(name, spec) for name, spec in older.names.attributes.items()}
        update = {"attributes": attributes, "resource": newest.names.resource or older.names.resource}
        names = newest.names.model_copy(update=update)
        self.reader = RecordReader(names, frozenset(), older.instants, older.naming)
        self.reader.attributes = [
            entry for entry in self.reader.attributes if self.reader.specs[entry[0]] != newest.specs.get(entry[0])
        ]
        self.again = frozenset(entry[0] for entry in self.reader.attributes)
        self.renames = older.naming is not None and (older.naming is not newest.naming or newest.resource is None)

    @classmethod
    def between(cls, older: RecordReader, newest: RecordReader) -> Self | None:
        """What is to be supplemented, None if nothing is."""
        supplement = cls(older, newest)
        return supplement if supplement.again or supplement.renames else None

    def added(self, record: dict[str, Any], event: Event) -> Event:
        """The event of a record as the older version reads it."""
        if self.renames:
            event = event._replace(resource=self.reader.read_resource(record))
        if not self.again:
            return event
        kept = {name: value for name, value in (event.attributes or {}).items() if name not in self.again}
        return event._replace(attributes=kept | (self.reader.read_attributes(record) or {}) or None)


class Supplements:
    """The supplements of the older versions in use, by what they compile to, beside the newest."""

    def __init__(self) -> None:
        self.of: dict[Process, Supplement | None] = {}

    def as_before(self, older: Process, newest: Process, record: Any, event: Event) -> Event:
        """An event as a case of an older version needs it."""
        if older not in self.of:
            self.of[older] = Supplement.between(older.reader, newest.reader)
        supplement = self.of[older]
        return event if supplement is None else supplement.added(record, event)

    def unreadable(self) -> int:
        """How many instants could not be read since this was last asked."""
        count = 0
        for supplement in self.of.values():
            if supplement is not None:
                count += supplement.reader.unreadable
                supplement.reader.unreadable = 0
        return count
