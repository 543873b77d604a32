"""YAML as definitions use it: text to a tree that knows the line of each key and value, with everything wrong in it.

Invariant: no text can make it recurse, expand without bound or guess a type. A plain scalar is text as it stands, but
for `true`, `false` and `null`: `version: 3.10` is the text 3.10 and the activity `No` is no truth value. The parser is
YAML 1.2 (ruamel.yaml); tags are refused and duplicate keys are problems.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from schemas.problem import Problem, Refused

DEEPEST: Final = 30
MOST_NODES: Final = 20_000
_CONSTANTS: Final = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: truth for truth, words in ((True, "true True TRUE"), (False, "false False FALSE")) for word in words.split()
}

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Node:
    """A value and its line: a scalar, or a container of nodes; of a mapping also the line of each key. `weight` counts
    the values in it, aliases written out."""

    line: int
    scalar: str | bool | None = None
    items: "dict[str, Node] | list[Node] | None" = None
    key_lines: dict[str, int] = field(default_factory=dict)
    weight: int = 1

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.items, dict):
            return {key: node.plain() for key, node in self.items.items()}
        return self.scalar if self.items is None else [node.plain() for node in self.items]

    def find(self, path: Path) -> tuple["Node", int]:
        """The node at a path, or the nearest one above it; with the line at which a person should look."""
        node, line = self, self.line
        for step in path:
            if isinstance(node.items, dict) and step in node.items:
                line = node.key_lines[str(step)]
                node = node.items[str(step)]
            elif isinstance(node.items, list) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                line = node.line
            else:
                break
        return node, line


class Parsed(NamedTuple):
    """The tree of a file and what is wrong with its YAML without making it unreadable."""

    root: Node
    problems: list[Problem]


def parse_yaml(file: str, text: str) -> Parsed:
    """Read one YAML document that is a mapping; raises `Refused` where nothing further can be said about the file."""
    try:
        return _Builder(file).build(YAML(typ="safe", pure=True).parse(text))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        wrong = f"it contains the control character U+{error.character:04X}"
        raise Refused([Problem(file, line, "file", wrong, "write plain text")]) from None
    except MarkedYAMLError as error:
        raise Refused([_syntax_problem(file, error)]) from None


def _syntax_problem(file: str, error: MarkedYAMLError) -> Problem:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    said = str(error.problem)
    if "'\\t'" in said:
        return Problem(file, line, "file", "a tab stands where YAML wants spaces", "indent with spaces")
    if "mapping values are not allowed" in said:
        return Problem(
            file, line, "file", "a `:` stands where YAML wants none", "quote text with `: `, or mend the indentation"
        )
    return Problem(file, line, "file", f"this is not YAML ({said})", "mend indentation, brackets or quotes here")


@dataclass(slots=True)
class _Open:
    """A container under construction; `key` is the mapping's key that waits for its value."""

    node: Node
    anchor: str | None
    key: ScalarEvent | None = None


class _Builder:
    """Builds the tree from parser events, with a stack of its own instead of recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.root = Node(1)

    def build(self, events: Iterator[Event]) -> Parsed:
        documents = 0
        for event in events:
            documents += isinstance(event, DocumentStartEvent)
            if documents > 1:
                raise self.refusal(event, "a second document begins", "keep one definition per file")
            self.take(event)
        if isinstance(self.root.items, dict):
            return Parsed(self.root, self.problems)
        wrong = "it is empty" if self.root.items is None and self.root.scalar is None else "it holds no keys"
        raise Refused([Problem(self.file, self.root.line, "file", wrong, "begin with `process: NAME`")])

    def take(self, event: Event) -> None:
        """Handle one event; whatever it is not named for (starts and ends of stream and document) holds no value."""
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = self.stack.pop()
            self.add(done.node, done.anchor)
        elif isinstance(event, AliasEvent):
            if event.anchor not in self.anchors or self.at_key():
                raise self.refusal(event, f"`*{event.anchor}` refers to no value before it", "define its anchor first")
            self.add(self.anchors[event.anchor], None)
        elif isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
            self.take_value(event)

    def take_value(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        if event.tag is not None:
            raise self.refusal(event, f"the tag `{event.tag}` stands before a value", "write values without tags")
        if isinstance(event, ScalarEvent):
            if self.at_key():
                self.stack[-1].key = event
            else:
                self.add(Node(_line(event), _scalar(event)), event.anchor)
            return
        if self.at_key():
            raise self.refusal(event, "a key is no plain text", "write `key: value`")
        if len(self.stack) >= DEEPEST:
            raise self.refusal(event, f"it is nested more than {DEEPEST} levels deep", "write it flatter")
        items: dict[str, Node] | list[Node] = {} if isinstance(event, MappingStartEvent) else []
        self.stack.append(_Open(Node(_line(event), items=items), event.anchor))

    def at_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].node.items, dict) and self.stack[-1].key is None

    def add(self, node: Node, anchor: str | None) -> None:
        """Put a finished node into the container around it."""
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.node.weight += node.weight
        if parent.node.weight > MOST_NODES:
            wrong = f"it holds more than {MOST_NODES} values, aliases written out"
            raise Refused([Problem(self.file, parent.node.line, "file", wrong, "write a smaller definition")])
        if isinstance(parent.node.items, list):
            parent.node.items.append(node)
        elif parent.node.items is not None and parent.key is not None:
            self.add_pair(parent.node, parent.node.items, parent.key, node)
            parent.key = None

    def add_pair(self, parent: Node, items: dict[str, Node], key: ScalarEvent, node: Node) -> None:
        name, line = str(key.value), _line(key)
        if name in items:
            wrong = f"the key `{name}` stands here twice, first in line {parent.key_lines[name]}"
            self.problems.append(Problem(self.file, line, name, wrong, "keep one of the two"))
            return
        items[name] = node
        parent.key_lines[name] = line

    def refusal(self, event: Event, wrong: str, right: str) -> Refused:
        return Refused([Problem(self.file, _line(event), "file", wrong, right)])


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: ScalarEvent) -> str | bool | None:
    text = str(event.value)
    return _CONSTANTS.get(text, text) if not event.style else text
