"""Which part of a record is what: a definition's mapping, compiled, turns decoded objects into events or refusals.

Invariant: every record gives exactly one of the two, and a refusal says what is missing where. A path is tried as a
literal key first, so that CSV columns and XES attributes with dots in their names are read as they are.
"""

from collections.abc import Callable
from operator import methodcaller
from sys import intern
from typing import Any

import orjson

from schemas.mapping import Mapping, TimePath
from stream.event import Event, Place
from stream.inputs import Refusal
from stream.instants import Parser, instant_parser
from stream.pseudonym import Naming
from stream.shared import in_common
from stream.sla.running import made

XES = Mapping(
    case="case:concept:name",
    activity="concept:name",
    timestamp=TimePath(path="time:timestamp"),
    lifecycle="lifecycle:transition",
    resource="org:resource",
)
"""The standard names of XES (IEEE 1849), trace attributes with `case:` in front: for records without a mapping."""

LONGEST_NAME = 1_000
LONGEST_VALUE = 1_000
"""Characters of an attribute's value: a case is journalled as one record, with all events that may still change their
order, and a record that no broker takes would stop its partition for good."""

Reader = Callable[[dict[str, Any]], Any]


def path_reader(path: str) -> Reader:
    """A function that reads a dotted path: as a literal key if the record has it, else step by step; None if absent."""
    parts = path.split(".")
    if len(parts) == 1:
        return methodcaller("get", path)

    def read(record: dict[str, Any]) -> Any:
        if path in record:
            return record[path]
        found: Any = record
        for part in parts:
            if not isinstance(found, dict):
                return None
            found = found.get(part)
        return found

    return read


class RecordReader:
    """A compiled mapping; `read` is the only way from a record to an event; `unreadable` counts the attributes that
    were left out: instants that could not be read, and values longer than `LONGEST_VALUE`.

    Without a mapping the standard names of XES are read, and the attributes `named` by the definition under their own
    names. `instants` names the attributes to be read as instants (due dates); they become milliseconds UTC. `naming`
    makes of who did it what is known of them; without one nothing is.
    """

    def __init__(
        self, mapping: Mapping | None, named: frozenset[str], instants: frozenset[str], naming: Naming | None = None
    ) -> None:
        names = mapping or XES.model_copy(update={"attributes": {name: name for name in sorted(named)}})
        self.case, self.activity = path_reader(names.case), path_reader(names.activity)
        self.timestamp, self.instant = path_reader(names.timestamp.path), instant_parser(names.timestamp)
        self.lifecycle = path_reader(names.lifecycle) if names.lifecycle else None
        self.event_id = path_reader(names.event_id) if names.event_id else None
        self.resource = path_reader(names.resource) if names.resource and naming else None
        self.keys = names.case, names.activity, names.timestamp.path, names.lifecycle or ""
        self.naming, self.names, self.instants = naming, names, instants
        self.paths = {"case": names.case, "activity": names.activity, "timestamp": names.timestamp.path}
        self.unreadable = 0
        self.attributes: list[tuple[str, str, Reader | None, Parser | None]] = []
        self.specs: dict[str, str | TimePath] = {}
        for name, spec in names.attributes.items():
            path = spec.path if isinstance(spec, TimePath) else spec
            time_path = spec if isinstance(spec, TimePath) else TimePath(path=path) if name in instants else None
            self.specs[name] = time_path or path
            walk = path_reader(path) if "." in path else None
            self.attributes.append((name, path, walk, instant_parser(time_path) if time_path else None))

    def read(self, record: dict[str, Any], place: Place) -> tuple[str, Event] | Refusal:
        """The case id and the event in a record, or why there is none.

        What lies under the whole of its path is taken from there at once, a fifth of what it costs to walk the path.
        """
        case_key, activity_key, timestamp_key, lifecycle_key = self.keys
        case = record.get(case_key) or self.case(record)
        if type(case) is not str or not case.isprintable() or not 0 < len(case) <= LONGEST_NAME:
            case = name_of(case)
            if isinstance(case, Refusal):
                return self.refused("case", case)
        activity = record.get(activity_key) or self.activity(record)
        if type(activity) is not str or not activity.isprintable() or not 0 < len(activity) <= LONGEST_NAME:
            activity = name_of(activity)
            if isinstance(activity, Refusal):
                return self.refused("activity", activity)
        raw = record.get(timestamp_key) or self.timestamp(record)
        if raw is None or raw == "":
            return Refusal("missing_timestamp", f"no timestamp at `{self.paths['timestamp']}`")
        at = self.instant(raw)
        if isinstance(at, Refusal):
            return at
        lifecycle = None if self.lifecycle is None else record.get(lifecycle_key) or self.lifecycle(record)
        if lifecycle is not None:
            lifecycle = intern(lifecycle.lower()) or None if type(lifecycle) is str else _lower(lifecycle)
        resource = None if self.resource is None else self.read_resource(record)
        event_id = None if self.event_id is None else _word(self.event_id, record)
        if (event_id is not None and len(event_id) > LONGEST_NAME) or (lifecycle and len(lifecycle) > LONGEST_NAME):
            return Refusal("too_long", f"its id or its life cycle is longer than {LONGEST_NAME} characters")
        attributes = self.read_attributes(record) if self.attributes else None
        return case, made(Event, (at, place, intern(activity), lifecycle, resource, event_id, attributes, False))

    def read_resource(self, record: dict[str, Any]) -> str | None:
        """Who did it, by the name under which they are known here."""
        name = _word(self.resource, record) if self.resource else None
        if name is None or self.naming is None or len(name) > LONGEST_NAME:
            return None
        return self.naming(name)

    def refused(self, field: str, refusal: Refusal) -> Refusal:
        """A refusal of a name, with the field and the path that it was looked for at."""
        return Refusal(f"{refusal.reason}_{field}", f"{field} at `{self.paths[field]}`: {refusal.message}")

    def read_attributes(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The mapped attributes that the record carries; an instant that cannot be read, and what is too long to be
        kept, is left out."""
        found: dict[str, Any] = {}
        for name, path, walk, parse in self.attributes:
            value = record.get(path)
            if value is None and walk is not None:
                value = walk(record)
            if value is None:
                continue
            if parse is not None and value != "":
                value = parse(value)
                if type(value) is Refusal:
                    self.unreadable += 1
                    continue
            elif len(value) > LONGEST_VALUE if type(value) is str else _large(value):
                self.unreadable += 1
                continue
            found[name] = value
        return in_common(found) if found else None


def _word(reader: Reader, record: dict[str, Any]) -> str | None:
    """An optional text field; anything that is not there, or not a plain value, is None."""
    value = reader(record)
    if type(value) is str:
        return value or None
    return None if value is None or isinstance(value, dict | list) else str(value)


def _large(value: Any) -> bool:
    """Whether a value that is no text takes more room than the longest text."""
    return isinstance(value, dict | list) and len(orjson.dumps(value, default=str)) > LONGEST_VALUE


def _lower(value: Any) -> str | None:
    """A plain value that is no text, as text in lower case; None for anything else."""
    return None if isinstance(value, dict | list) else str(value).lower()


def name_of(value: Any) -> str | Refusal:
    """A case id or activity as text; numbers are taken as they are written, anything else is refused with a reason."""
    if type(value) is str:
        if not value:
            return Refusal("missing", "it is empty")
        if len(value) > LONGEST_NAME:
            return Refusal("invalid", f"it is longer than {LONGEST_NAME} characters")
        if any(ord(c) < 32 or ord(c) == 127 for c in value):
            return Refusal("invalid", "it contains control characters")
        return value
    if value is None:
        return Refusal("missing", "it is not there")
    if isinstance(value, bool | dict | list) or value != value:
        return Refusal("invalid", "it is neither text nor a number")
    return str(value)
