"""Makes of a log's event the record that a source would have written: moved in time, and in the shape that a definition
reads.

Invariant: without a shift, and where the log already has the definition's shape, a record passes unchanged; an event
whose time cannot be read keeps it as written, so that the monitor refuses it with its reason.
"""

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.mapping import Mapping, TimePath
from stream.inputs import Refusal
from stream.instants import parse_instant
from stream.mapping import XES, path_reader

_FIELDS: Final = ("case", "activity", "lifecycle", "resource", "event_id")


def write_instant(instant_ms: int, path: TimePath) -> Any:
    """Write an instant (ms UTC) as a record of that path has it."""
    if path.format == "epoch_ms":
        return instant_ms
    if path.format == "epoch_s":
        return instant_ms / 1000
    instant = datetime.fromtimestamp(instant_ms / 1000, ZoneInfo(path.timezone) if path.timezone else UTC)
    return instant.isoformat(timespec="milliseconds") if path.format == "iso" else instant.strftime(path.format)


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Put a value where a dotted path reads it: at the literal key if the record has it, else step by step."""
    parts = path.split(".")
    if path in record or len(parts) == 1:
        record[path] = value
        return
    for part in parts[:-1]:
        inner = record.get(part)
        record[part] = record = dict(inner) if isinstance(inner, dict) else {}
    record[parts[-1]] = value


class Rewriter:
    """Rewrites records of a log that `written` reads (None: the standard names of XES) into what `wanted` reads."""

    def __init__(self, written: Mapping | None, wanted: Mapping | None, shift_ms: int = 0) -> None:
        self._written = written or XES
        self._wanted = wanted or self._written
        self._shift_ms = shift_ms
        self._reshapes = self._wanted != self._written
        self._case = path_reader(self._written.case)

    def case_of(self, value: dict[str, Any]) -> str | None:
        """The case id of a record, as text; None if it has none."""
        case = self._case(value)
        return None if case is None or case == "" else str(case)

    def rewrite(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the record as it is to be written; the one given stays as it is."""
        if self._reshapes:
            return self._reshaped(value)
        if not self._shift_ms:
            return value
        moved = dict(value)
        for path in self._times(self._written):
            self._copy_time(value, path, moved, path)
        return moved

    def _times(self, mapping: Mapping) -> list[TimePath]:
        return [mapping.timestamp] + [path for path in mapping.attributes.values() if isinstance(path, TimePath)]

    def _reshaped(self, value: dict[str, Any]) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for field in _FIELDS:
            source, target = getattr(self._written, field), getattr(self._wanted, field)
            if source and target and (found := path_reader(source)(value)) is not None:
                put(record, target, found)
        self._copy_time(value, self._written.timestamp, record, self._wanted.timestamp)
        for name, target in self._wanted.attributes.items():
            self._copy_attribute(value, self._written.attributes.get(name, name), record, target)
        return record

    def _copy_attribute(
        self, value: dict[str, Any], source: str | TimePath, record: dict[str, Any], target: str | TimePath
    ) -> None:
        if isinstance(target, TimePath):
            self._copy_time(value, _as_time(source), record, target)
            return
        found = path_reader(source.path if isinstance(source, TimePath) else source)(value)
        if found is not None:
            put(record, target, found)

    def _copy_time(self, value: dict[str, Any], source: TimePath, record: dict[str, Any], target: TimePath) -> None:
        found = path_reader(source.path)(value)
        if found is None or found == "":
            return
        instant = parse_instant(found, source)
        put(
            record,
            target.path,
            found if isinstance(instant, Refusal) else write_instant(instant + self._shift_ms, target),
        )


def _as_time(source: str | TimePath) -> TimePath:
    return source if isinstance(source, TimePath) else TimePath(path=source)
