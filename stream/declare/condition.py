"""Conditions on attributes: what is asked of an activation, and of a target given its activation.

Invariant: a condition is a value with one canonical text, and judging it never raises. What it asks of an attribute
that is absent is false, also `is not`, `!=`, `not in` and `different`; only a `not` in front turns that around.

`is` and `in` compare text, and numbers with what is written: 5, 5.0 and "5" are all `is 5`, the text "05" is not.
`=` and `!=` with a number, and the orderings, compare numbers, and read texts that are numbers as such.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from stream.declare.value import Value, Values, number_of, same

Judge: TypeAlias = Callable[[Values, Values], bool]
Names: TypeAlias = Mapping[str, Sequence[str]]
"""Of each side, A and T, the attributes whose values a judge is given, in that order."""

_SAFE_NAME: Final = re.compile(r'[^\s()<>=!"|,]+')
_SAFE_VALUE: Final = re.compile(r"[\w.:;/?+*&%$#@'-]+( [\w.:;/?+*&%$#@'-]+)*")
_MISTAKABLE: Final = re.compile(r"\b(and|or|not)\b|^[at]\.", re.IGNORECASE)


def quoted(text: str, safe: "re.Pattern[str]") -> str:
    """A name or value as the notation writes it: bare where that is unmistakable, else in quotes."""
    if safe.fullmatch(text) and not _MISTAKABLE.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Reference:
    """An attribute of the activation (`A`) or the target (`T`)."""

    side: str
    name: str

    @property
    def text(self) -> str:
        """`A.name`."""
        return f"{self.side}.{quoted(self.name, _SAFE_NAME)}"


ORDERINGS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`A.x > 3`, `T.x = A.y`, `A.x = red`; the right side is a number, a text or another attribute."""

    left: Reference
    operator: str
    right: Reference | Value

    @property
    def references(self) -> frozenset[Reference]:
        """The attributes that it reads."""
        return frozenset({self.left, self.right} if isinstance(self.right, Reference) else {self.left})

    @property
    def text(self) -> str:
        """In the notation."""
        right = self.right
        written = right.text if isinstance(right, Reference) else quoted(str(right), _SAFE_VALUE)
        return f"{self.left.text} {self.operator} {written}"

    def judge(self, names: Names) -> Judge:
        """It, as a function of the values of both sides."""
        left = _getter(self.left, names)
        right = _getter(self.right, names) if isinstance(self.right, Reference) else _constant(self.right)
        if self.operator in ORDERINGS:
            return _ordered(left, right, ORDERINGS[self.operator])
        return _equal(left, right, self.operator == "=")


@dataclass(frozen=True, slots=True)
class Membership:
    """`A.x is red`, `A.x not in (red, blue)`."""

    left: Reference
    values: tuple[str, ...]
    negative: bool

    @property
    def references(self) -> frozenset[Reference]:
        """The attributes that it reads."""
        return frozenset({self.left})

    @property
    def text(self) -> str:
        """In the notation."""
        written = [quoted(value, _SAFE_VALUE) for value in self.values]
        if len(written) == 1:
            return f"{self.left.text} is {'not ' * self.negative}{written[0]}"
        return f"{self.left.text} {'not ' * self.negative}in ({', '.join(written)})"

    def judge(self, names: Names) -> Judge:
        """It, as a function of the values of both sides."""
        left, wanted, positive = _getter(self.left, names), self.values, not self.negative

        def judge(activation: Values, target: Values) -> bool:
            value = left(activation, target)
            return value is not None and any(same(value, one) for one in wanted) is positive

        return judge


@dataclass(frozen=True, slots=True)
class Correlation:
    """`same x`, `different x`: the attribute of the activation and of the target."""

    name: str
    differs: bool

    @property
    def references(self) -> frozenset[Reference]:
        """The attributes that it reads."""
        return frozenset({Reference("A", self.name), Reference("T", self.name)})

    @property
    def text(self) -> str:
        """In the notation."""
        return f"{'different' if self.differs else 'same'} {quoted(self.name, _SAFE_NAME)}"

    def judge(self, names: Names) -> Judge:
        """It, as a function of the values of both sides."""
        return _equal(_getter(Reference("A", self.name), names), _getter(Reference("T", self.name), names),
                      not self.differs)


@dataclass(frozen=True, slots=True)
class Negation:
    """`not …`."""

    part: "Condition"

    @property
    def references(self) -> frozenset[Reference]:
        """The attributes that it reads."""
        return self.part.references

    @property
    def text(self) -> str:
        """In the notation."""
        return f"not ({self.part.text})"

    def judge(self, names: Names) -> Judge:
        """It, as a function of the values of both sides."""
        part = self.part.judge(names)
        return lambda activation, target: not part(activation, target)


@dataclass(frozen=True, slots=True)
class Junction:
    """Parts joined by `and` or by `or`."""

    word: str
    parts: tuple["Condition", ...]

    @property
    def references(self) -> frozenset[Reference]:
        """The attributes that it reads."""
        return frozenset().union(*[part.references for part in self.parts])

    @property
    def text(self) -> str:
        """In the notation, with parentheses where they are needed."""
        texts = [f"({part.text})" if isinstance(part, Junction) else part.text for part in self.parts]
        return f" {self.word} ".join(texts)

    def judge(self, names: Names) -> Judge:
        """It, as a function of the values of both sides."""
        parts, together = [part.judge(names) for part in self.parts], all if self.word == "and" else any
        return lambda activation, target: together(part(activation, target) for part in parts)


Condition: TypeAlias = Comparison | Membership | Correlation | Negation | Junction
_Getter: TypeAlias = Callable[[Values, Values], Value]


def names_of(conditions: Iterable[Condition | None], side: str) -> tuple[str, ...]:
    """The attributes that conditions read of one side, sorted."""
    found = {ref.name for condition in conditions if condition for ref in condition.references if ref.side == side}
    return tuple(sorted(found))


def _getter(reference: Reference, names: Names) -> _Getter:
    place = names[reference.side].index(reference.name)
    if reference.side == "A":
        return lambda activation, _target: activation[place]
    return lambda _activation, target: target[place]


def _constant(value: Value) -> _Getter:
    return lambda _activation, _target: value


def _ordered(left: _Getter, right: _Getter, holds: Callable[[Any, Any], bool]) -> Judge:
    def judge(activation: Values, target: Values) -> bool:
        one, other = number_of(left(activation, target)), number_of(right(activation, target))
        return one is not None and other is not None and holds(one, other)

    return judge


def _equal(left: _Getter, right: _Getter, positive: bool) -> Judge:
    def judge(activation: Values, target: Values) -> bool:
        one, other = left(activation, target), right(activation, target)
        return one is not None and other is not None and same(one, other) is positive

    return judge
