"""XES logs in (IEEE 1849-2016): traces and events as flat dictionaries, trace attributes under `case:NAME`.

Invariant: the file streams by; no document can make the reader recurse, expand entities or build a tree. Values are
typed as their elements say (dates stay text), what is nested in an attribute is left out, and whatever stands where XES
does not have it is reported with its line.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.parsers import expat

from agents.logs.log import Findings, Row
from agents.logs.source import Chunks
from schemas.problem import Refused

DEEPEST: Final = 200
_CASE: Final = "case:concept:name"
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_TYPES: Final[dict[str, Callable[[str], Any]]] = {
    "string": str,
    "date": str,
    "id": str,
    "int": int,
    "float": float,
    "boolean": lambda text: _TRUTHS[text.strip().lower()],
}
_TEXTS: Final = frozenset(("string", "date", "id"))
_NOT_READ: Final = frozenset(("list", "container", "extension", "global", "classifier"))
_STRUCTURE: Final = ("log", "trace", "event")
_TRACE, _EVENT = 2, 3


def read_xes(stream: io.BufferedReader, findings: Findings) -> Iterator[Row]:
    """Yield the events of a XES log trace by trace; raises `Refused` for a file that is no XES at all."""
    reader = _Reader(findings)
    chunks = Chunks(stream)
    for chunk in chunks:
        more = reader.feed(chunk)
        yield from reader.take()
        if not more:
            return
    reader.finish(chunks.damage)
    yield from reader.take()


class _Reader:
    """The state between two callbacks. `inside` is the depth at which the innermost log, trace or event that is open
    has its attributes; they go `into` a dictionary."""

    __slots__ = (
        *("findings", "parser", "depth", "inside", "into", "trace", "events", "rows"),
        *("traces", "unnamed", "doubles", "cases", "shared"),
    )

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.parser = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.depth = 0
        self.inside = 1
        self.into: dict[str, Any] = {}
        self.trace: dict[str, Any] = {}
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.rows: list[Row] = []
        self.traces = self.unnamed = self.doubles = 0
        self.cases: set[str] = set()
        self.shared: dict[str, str] = {}

    def feed(self, chunk: bytes) -> bool:
        """Parse a piece; False where the document breaks, which is reported."""
        try:
            self.parser.Parse(chunk)
        except expat.ExpatError as error:
            self.broken(f"it is not well-formed XML ({expat.ErrorString(error.code)})")
            return False
        return True

    def finish(self, damage: str | None) -> None:
        """Say what the end of the content means: nothing, or that something is missing."""
        if damage is not None:
            self.broken(f"it is damaged: {damage}", "fetch the file again")
            return
        try:
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            self.broken(f"it is not well-formed XML ({expat.ErrorString(error.code)})")
        if self.unnamed:
            self.findings.notes.append(f"{self.unnamed} traces have no name and are called trace-N")
        if self.doubles:
            self.findings.notes.append(
                f"{self.doubles} traces have the name of an earlier one and are one case with it"
            )

    def take(self) -> list[Row]:
        """Hand over the events of the traces that are complete."""
        rows, self.rows = self.rows, []
        return rows

    def broken(self, wrong: str, right: str = "name a XES log") -> None:
        """Keep what was read before the document breaks off; without anything read it is no log."""
        if self.inside == 1:
            raise self.refusal("file", wrong, right)
        self.report("file", f"{wrong}, and what stands after this is not read", "fetch the file again")
        self.end_trace()

    def start(self, tag: str, attributes: list[str]) -> None:
        depth = self.depth = self.depth + 1
        if depth != self.inside or tag not in _TYPES:
            self.start_structure(tag, attributes)
            return
        if tag in _TEXTS and len(attributes) == 4:
            key, name, part, value = attributes
            if key == "key" and part == "value":
                self.into[self.shared.setdefault(name, name)] = value
                return
        self.take_attribute(tag, attributes)

    def end(self, _: str) -> None:
        depth = self.depth
        self.depth = depth - 1
        if depth < self.inside:
            self.inside = depth
            if depth == _EVENT:
                self.into = self.trace
            elif depth == _TRACE:
                self.end_trace()
                self.into = {}

    def start_structure(self, tag: str, attributes: list[str]) -> None:
        """Take an element that is no plain attribute; what XES does not have here is reported and passed over."""
        tag = tag.rpartition(":")[2]
        if self.depth == 1 and tag != "log":
            raise self.refusal(tag, "this is no XES log", "name a XES log")
        if self.depth > DEEPEST:
            raise self.refusal(tag, f"it is nested more than {DEEPEST} deep", "write it flatter")
        if self.depth == self.inside <= _EVENT and tag == _STRUCTURE[self.depth - 1]:
            self.inside = self.depth + 1
            if tag == "event":
                self.into = {}
                self.events.append((self.parser.CurrentLineNumber, self.into))
            elif tag == "trace":
                self.trace = self.into = {}
        elif self.depth == self.inside and tag in _TYPES:
            self.take_attribute(tag, attributes)
        else:
            self.pass_over(tag)

    def pass_over(self, tag: str) -> None:
        """Leave an element out: what belongs to XES but not to a case in silence, everything else is reported."""
        if tag == "event" and self.depth == _TRACE:
            self.report(tag, "it stands outside of any trace and has no case", "put it into a trace")
        elif tag in _STRUCTURE:
            self.report(tag, f"a `{tag}` stands where XES has none", "put events into traces, and traces into the log")
        elif self.depth == self.inside and tag not in _NOT_READ:
            self.report(tag, "XES has no such element", f"use one of {', '.join(_TYPES)}")

    def take_attribute(self, tag: str, attributes: list[str]) -> None:
        """Take an attribute in any but the most common form: typed, or with its parts in another order."""
        parts = dict(zip(attributes[::2], attributes[1::2], strict=True))
        name, text = parts.get("key"), parts.get("value")
        if name is None or text is None:
            self.report(tag, f"it has no {'key' if name is None else 'value'}", 'write key="…" value="…"')
            return
        try:
            value = _TYPES[tag](text)
        except (ValueError, KeyError):
            self.report(name, f"`{text[:60]}` is no {tag}", "write a value of the type, or use <string>")
            value = text
        self.into[self.shared.setdefault(name, name)] = value

    def end_trace(self) -> None:
        """Make rows of the trace that has just ended: each event with the trace's attributes."""
        self.traces += 1
        if not self.events:
            return
        around = {f"case:{name}": value for name, value in self.trace.items()}
        case = around.get(_CASE)
        if case is None or case == "":
            case = around[_CASE] = f"trace-{self.traces}"
            self.unnamed += 1
        self.doubles += str(case) in self.cases
        self.cases.add(str(case))
        self.rows += [(line, event | around, self.traces) for line, event in self.events]
        self.events = []

    def report(self, element: str, wrong: str, right: str) -> None:
        self.findings.add(self.parser.CurrentLineNumber, element, wrong, right)

    def refuse_doctype(self, *_: object) -> None:
        raise self.refusal("DOCTYPE", "a document type may bring entities, and is refused", "remove it")

    def refusal(self, element: str, wrong: str, right: str) -> Refused:
        return self.findings.refusal(self.parser.CurrentLineNumber, element, wrong, right)
