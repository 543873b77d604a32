"""One door to event logs of every kind: a file in, its records in order of time.

Invariant: records come by timestamp, ties in file order; a record without a time stays behind the one before it in its
trace or table. Which mapping reads a XES log is decided by what the log has: the definition's where its names occur,
else the standard names, the definition's attributes kept.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from agents.collector import collector_at_rest
from agents.logs.json_lines import read_json_lines
from agents.logs.log import Findings, Log, LogRecord, Row
from agents.logs.source import open_log
from agents.logs.table import Table
from agents.logs.xes import read_xes
from schemas.definition import Mapping, TimePath
from schemas.problem import Problem, Refused
from stream.inputs import Refusal
from stream.instants import BAD, LEAST, NAIVE, instant_parser
from stream.mapping import XES, path_reader

_REMEDIES: Final = {
    NAIVE: "write it with an offset, or give `timezone` in the mapping",
    BAD: "write it as ISO 8601, or give `format` in the mapping",
}
_KINDS: Final = {".xes": "xes", ".csv": "csv", ".jsonl": "json", ".ndjson": "json", ".json": "json"}


def read_log(path: Path | str, mapping: Mapping | None = None, strict: bool = False) -> Log:
    """Read an event log; `mapping` is a definition's, None for the standard names of XES.

    Raises `Refused` for what is no log at all, and under `strict` for the first problem; else bad lines are reported in
    the result and the rest is read.
    """
    place = Path(path)
    kind = _kind(place)
    findings = Findings(place, strict)
    with collector_at_rest(), open_log(place) as stream:
        if kind == "xes":
            rows = list(read_xes(stream, findings))
            mapping = _for_xes(mapping, rows)
        elif kind == "csv":
            table = Table(stream, findings)
            table.expect(mapping or XES)
            rows = list(table.rows())
        else:
            rows = list(read_json_lines(stream, findings))
        if not rows:
            findings.notes.append("there are no events in it")
        records = _in_order(rows, (mapping or XES).timestamp, findings)
    return Log(records, mapping, findings.problems, findings.count, findings.notes)


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    kind = _KINDS.get(suffixes[-1]) if suffixes else None
    if kind is None:
        right = "name a .xes, .csv, .jsonl, .ndjson or .json file, plain or .gz"
        raise Refused([Problem(str(path), 1, "file", "its name does not end like that of an event log", right)])
    return kind


def _in_order(rows: list[Row], path: TimePath, findings: Findings) -> list[LogRecord]:
    """Sort rows by their time; one without takes the time of the row before it in its thread, for sorting only."""
    read, parse = path_reader(path.path), instant_parser(path)
    records: list[LogRecord] = []
    keys: list[int] = []
    file, last, thread = str(findings.file), LEAST, 0
    for order, (line, value, within) in enumerate(rows):
        if within != thread:
            last, thread = LEAST, within
        written = read(value)
        at = None if written is None or written == "" else parse(written)
        if isinstance(at, Refusal):
            findings.add(line, path.path, at.message, _REMEDIES.get(at.reason, "mend it"))
            at = None
        last = last if at is None else at
        keys.append(last)
        records.append(LogRecord(order, at, value, line, file))
    return [records[order] for order in sorted(range(len(records)), key=keys.__getitem__)]


def _for_xes(mapping: Mapping | None, rows: Iterable[Row]) -> Mapping | None:
    """The mapping that fits a XES log: the one given if the log has its names, else the standard names with the
    attributes of the one given."""
    if mapping is None:
        return None
    names: set[str] = set()
    for _, value, _ in rows:
        names.update(value)
    if {mapping.case, mapping.activity, mapping.timestamp.path} <= names:
        return mapping
    attributes = {name: _attribute(name, path, names) for name, path in mapping.attributes.items()}
    return XES.model_copy(update={"attributes": attributes})


def _attribute(name: str, path: str | TimePath, names: set[str]) -> str | TimePath:
    """Where a XES log has an attribute: under its path, under its name, or as the trace's."""
    if (path.path if isinstance(path, TimePath) else path) in names:
        return path
    return name if name in names or f"case:{name}" not in names else f"case:{name}"
