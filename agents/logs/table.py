"""CSV logs in: a header line, then one event a row, as RFC 4180 has it; `;` separates where the header has no comma.

Invariant: a row is read whole or reported with its line; an empty cell is an absent field. Column names are taken
literally, dots included.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final, cast

from agents.logs.log import Findings, Row
from agents.logs.source import LONGEST_LINE, Lines
from schemas.definition import Mapping, TimePath

_REMEDY: Final = "give each row as many cells as the header has"


class Table:
    """The rows of one CSV file; `columns` are the names in its header, None for a column that is not read."""

    def __init__(self, stream: io.BufferedReader, findings: Findings) -> None:
        self.findings = findings
        self.lines = Lines(stream, findings)
        self._texts = iter(self.lines)
        first = next(self._texts, "")
        self.separator = ";" if ";" in first and "," not in first else ","
        self.columns = self._header(first)

    def _header(self, first: str) -> list[str | None]:
        try:
            names = next(csv.reader([first], delimiter=self.separator, strict=True), [])
        except csv.Error as error:
            raise self.findings.refusal(1, "header", str(error), "name the columns in the first line") from None
        if not first and self.lines.damage:
            raise self.findings.refusal(1, "file", f"it is damaged: {self.lines.damage}", "fetch the file again")
        if not any(name.strip() for name in names):
            raise self.findings.refusal(1, "header", "there is none", "name the columns in the first line")
        columns: list[str | None] = []
        for name in names:
            if name in columns:
                self.findings.add(1, f"column {name}", "another column has this name, and is read", "rename one")
            columns.append(name if name.strip() and name not in columns else None)
        return columns

    def expect(self, mapping: Mapping) -> None:
        """Compare a mapping with the header: raises `Refused` without case or activity, notes what else is missing."""
        for field, name in (("case", mapping.case), ("activity", mapping.activity)):
            if name not in self.columns:
                right = f"map `{field}` to one of {', '.join(filter(None, self.columns))}"
                raise self.findings.refusal(1, "header", f"there is no column `{name}` for the {field}", right)
        paths = [mapping.timestamp, mapping.lifecycle, mapping.resource, mapping.event_id, *mapping.attributes.values()]
        for path in paths:
            column = path.path if isinstance(path, TimePath) else path
            if column is not None and column not in self.columns:
                self.findings.notes.append(f"there is no column `{column}`")

    def rows(self) -> Iterator[Row]:
        """Yield the rows in file order, each with the line it begins in."""
        csv.field_size_limit(LONGEST_LINE)
        reader = csv.reader(self._texts, delimiter=self.separator, strict=True)
        width = len(self.columns)
        while True:
            line = self.lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.findings.add(line, "row", f"it cannot be read ({error})", "quote cells as RFC 4180 has it")
                continue
            if len(cells) == width:
                yield line, self._fields(cells), 0
            elif cells:
                self.findings.add(line, "row", f"it has {len(cells)} cells, the header {width}", _REMEDY)

    def _fields(self, cells: list[str]) -> dict[str, str]:
        if "" in cells or None in self.columns:
            return {name: cell for name, cell in zip(self.columns, cells, strict=True) if cell and name}
        return dict(zip(cast(list[str], self.columns), cells, strict=True))
