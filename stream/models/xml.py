"""A guarded XML reader: bytes to a tree of plain elements with line numbers, or a refusal.

Invariant: no document can make it recurse, expand entities or exceed its bounds. Size is judged before parsing, depth
and number of elements while the document streams by, before the tree exists; a document type is refused, and with it
every entity of its own (the attacks that defusedxml lists).
"""

import re
from collections.abc import Iterator
from xml.parsers import expat

from schemas.problem import Problem, Refused

LARGEST = 8 * 2**20  # bytes
DEEPEST = 200  # levels; the deepest known model has 20
MOST_ELEMENTS = 100_000
_BREAK = re.compile(r"[ \t]*[\r\n]+[ \t]*")


class Element:
    """One element: local name, namespace, attributes by local name, own text, children and line."""

    __slots__ = ("attributes", "children", "line", "namespace", "tag", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.namespace, _, self.tag = name.rpartition(" ")
        self.attributes = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        self.line, self.text, self.children = line, "", list[Element]()

    def get(self, attribute: str, default: str = "") -> str:
        """An attribute's value, by its local name."""
        return self.attributes.get(attribute, default)

    def on_one_line(self, attribute: str) -> str:
        """An attribute's value with a blank for each line break and the blanks around it; other blanks stay."""
        return _BREAK.sub(" ", self.get(attribute).strip("\r\n"))

    def walk(self) -> Iterator["Element"]:
        """This element and everything inside, in document order."""
        todo = [self]
        while todo:
            element = todo.pop()
            yield element
            todo.extend(reversed(element.children))

    def all(self, *tags: str) -> list["Element"]:
        """The children with one of these local names."""
        return [child for child in self.children if child.tag in tags]

    def first(self, tag: str) -> "Element | None":
        """The first child with this local name."""
        return next((child for child in self.children if child.tag == tag), None)

    def texts(self) -> str:
        """All text inside, as one string, stripped."""
        return "".join(element.text for element in self.walk()).strip()


class _Refusal(Exception):
    """Raised inside a callback to stop the parser: what is wrong, what would be right."""


class _Builder:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.open: list[Element] = []
        self.written: list[list[str]] = []  # the text of each open element in pieces: many pieces, one joining
        self.root: Element | None = None
        self.count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= DEEPEST:
            raise _Refusal(f"elements nested deeper than {DEEPEST}", "a model file")
        if self.count > MOST_ELEMENTS:
            raise _Refusal(f"more than {MOST_ELEMENTS} elements", "a smaller file")
        element = Element(name, attributes, self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self.written.append([])

    def end(self, _name: str) -> None:
        self.open.pop().text = "".join(self.written.pop())

    def data(self, text: str) -> None:
        self.written[-1].append(text)

    def doctype(self, *_declaration: object) -> None:
        raise _Refusal("a document type declaration", "a file without DOCTYPE and entities")


def read_xml(name: str, content: bytes) -> Element:
    """The root element of a document; raises `Refused` with the line where it cannot be taken."""
    if len(content) > LARGEST:
        raise Refused((Problem(name, 1, "file", f"{len(content)} bytes", f"at most {LARGEST} bytes"),))
    builder = _Builder()
    try:
        builder.parser.Parse(content, True)
    except _Refusal as refusal:
        wrong, right = refusal.args
        raise Refused((Problem(name, builder.parser.CurrentLineNumber, "file", wrong, right),)) from None
    except (expat.ExpatError, ValueError, LookupError) as error:
        line = error.lineno if isinstance(error, expat.ExpatError) else 1
        raise Refused((Problem(name, line, "file", f"not well-formed XML: {error}", "a whole XML document"),)) from None
    assert builder.root is not None  # expat refuses a document without a root element
    return builder.root
