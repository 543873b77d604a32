"""A `.decl` file in, its constraints out, or everything that is wrong in it, line by line.

Invariant: each line is one of: blank, a comment (`#`), `activity NAME`, `bind ACTIVITY: ATTRIBUTES`, the values of
attributes (`x: integer between 0 and 9`, `float between …`, `red, green`), or a constraint; anything else is refused.
An activity that a constraint names is one, declared or not. Declarations, bindings and values are what the author says
of the process: they decide nothing, and what stands against them is remarked on.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.problem import Fault, Problem, Refused
from stream.declare.constraint import Constraint
from stream.declare.notation import looks_like_constraint, read_constraint

MOST_LINES = 100_000
_LONGEST = 100_000  # characters of a line
_ACTIVITY: Final = re.compile(r"activity(\s+(?P<name>.*))?", re.IGNORECASE)
_BIND: Final = re.compile(r"bind\s+(?P<rest>.*)", re.IGNORECASE)
_NUMERIC: Final = re.compile(r"(integer|float)\b(?P<range>.*)", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"\s+between\s+(\S+)\s+and\s+(\S+)", re.IGNORECASE)
_NAME: Final = re.compile(r"(?:[^()\[\]<>=!|]|\([^()\[\]<>=!|]*\))+")
_KINDS: Final = "activity A, bind A: x, x: integer between 0 and 9, x: red, green, or a constraint like Response[A, B]"


class Declaration(NamedTuple):
    """What a file declares: constraints in the order of the file, activities, and remarks for its author."""

    constraints: tuple[Constraint, ...]
    activities: tuple[str, ...]
    notes: tuple[str, ...]


def read_declare(name: str, content: bytes) -> Declaration:
    """The declaration of a `.decl` file; raises `Refused` with every problem found."""
    return _Reader(name).read(content)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.activities: dict[str, int] = {}
        self.attributes: dict[str, frozenset[str] | None] = {}
        self.constraints: dict[Constraint, int] = {}

    def read(self, content: bytes) -> Declaration:
        lines = self.lines(content)
        for number, line in lines:
            if match := _ACTIVITY.fullmatch(line):
                self.activity(number, (match.group("name") or "").strip())
        for number, line in lines:
            if not _ACTIVITY.fullmatch(line):
                self.line(number, line)
        if not self.problems and not self.constraints and not self.activities:
            self.refuse(1, "the file", "it says nothing", "at least one constraint, like Response[A, B]")
        if self.problems:
            raise Refused(sorted(self.problems, key=lambda problem: problem.line))
        if not self.constraints:
            self.notes.append("it has no constraint, so there is nothing to watch")
        for constraint, number in self.constraints.items():
            self.remark(number, constraint)
        return Declaration(tuple(self.constraints), tuple(self.activities), tuple(self.notes))

    def lines(self, content: bytes) -> list[tuple[int, str]]:
        """The lines that say something, with their numbers."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise Refused([Problem(self.name, line, "the file", "it is not UTF-8 text", "save it as UTF-8")]) from error
        written = re.split(r"\r\n|\n|\r", text)
        if len(written) > MOST_LINES:
            wrong = f"it has more than {MOST_LINES} lines"
            raise Refused([Problem(self.name, MOST_LINES + 1, "the file", wrong, "fewer lines")])
        found = [(number, line.strip()) for number, line in enumerate(written, start=1)]
        return [(number, line) for number, line in found if line and not line.startswith("#")]

    def refuse(self, line: int, element: str, wrong: str, right: str) -> None:
        self.problems.append(Problem(self.name, line, element, wrong, right))

    def activity(self, number: int, name: str) -> None:
        if not name:
            self.refuse(number, "activity", "it has no name", "write activity NAME")
        elif name in self.activities:
            self.notes.append(f"line {number}: activity {name} is declared twice")
        else:
            self.activities[name] = number

    def line(self, number: int, line: str) -> None:
        element = line[:60]
        try:
            if len(line) > _LONGEST:
                raise Fault("this line is too long", f"at most {_LONGEST} characters")
            if match := _BIND.fullmatch(line):
                element = "bind"
                self.bind(number, match.group("rest"))
            elif looks_like_constraint(line):
                element = line.partition("|")[0].strip()[:100]
                self.constraint(number, read_constraint(line, frozenset(self.activities)))
            elif ":" in line:
                self.values(number, line)
            else:
                raise Fault("this is nothing that a Declare file says", _KINDS)
        except Fault as fault:
            self.refuse(number, element, fault.wrong, fault.right)

    def bind(self, number: int, rest: str) -> None:
        """Bindings are checked for their activities only: attributes are the case's."""
        whole = next((name for name in self.activities if rest.startswith(f"{name}:")), None)
        written, attributes = _divided(rest) if whole is None else (whole, rest[len(whole) + 1 :])
        names = [written] if whole is not None else self.names(written)
        if not attributes.strip() or not all(names):
            raise Fault(f"`{rest[:60]}` binds nothing", "write bind ACTIVITY: ATTRIBUTE, ATTRIBUTE")
        self.declared(number, names)

    def names(self, written: str) -> list[str]:
        """Activities between commas; of declared ones with commas in them, the longest counts."""
        parts, found = [part.strip() for part in written.split(",")], []
        while parts:
            ends = range(len(parts), 0, -1)
            end = next((end for end in ends if ", ".join(parts[:end]) in self.activities), 1)
            found.append(", ".join(parts[:end]))
            parts = parts[end:]
        return found

    def declared(self, number: int, names: Iterable[str]) -> None:
        for name in names if self.activities else ():
            if name not in self.activities:
                self.notes.append(f"line {number}: {name} is taken as an activity, though it is not declared as one")

    def constraint(self, number: int, constraint: Constraint) -> None:
        self.declared(number, constraint.activities)
        if constraint in self.constraints:
            self.notes.append(f"line {number}: the same as line {self.constraints[constraint]}: {constraint.text}")
        else:
            self.constraints[constraint] = number

    def values(self, number: int, line: str) -> None:
        """`x, y: integer between 0 and 9`; a name may contain colons, so the first that a blank follows divides."""
        names, values = _divided(line)
        if not names or not values:
            raise Fault("this is nothing that a Declare file says", _KINDS)
        allowed = _allowed(values)
        for name in (name.strip() for name in names.split(",")):
            if not name or not _NAME.fullmatch(name):
                raise Fault(f"`{name[:60]}` is not the name of an attribute", _KINDS)
            if name in self.attributes:
                self.notes.append(f"line {number}: the values of {name} are declared twice")
            self.attributes[name] = allowed

    def remark(self, number: int, constraint: Constraint) -> None:
        for name in sorted(constraint.attributes - self.attributes.keys()) if self.attributes else ():
            self.notes.append(f"line {number}: {name} is not among the declared attributes")


def _divided(line: str) -> tuple[str, str]:
    """A line in two: at the first colon that a blank follows, else at the last one; names may contain colons."""
    before, _, after = line.partition(": ") if ": " in line else line.rpartition(":")
    return before.strip(), after.strip()


def _allowed(values: str) -> frozenset[str] | None:
    """The values that an attribute may have, None for numbers; raises `Fault`."""
    numeric = _NUMERIC.fullmatch(values)
    if numeric is None:
        return frozenset(value.strip() for value in values.split(","))
    between = _BETWEEN.fullmatch(numeric.group("range"))
    try:
        low, high = (float(limit) for limit in between.groups()) if between else (1.0, 0.0)
    except ValueError:
        low, high = 1.0, 0.0
    if not low <= high:
        raise Fault(f"`{values[:60]}` is no range", f"write {numeric.group(1).lower()} between LEAST and GREATEST")
    return None
