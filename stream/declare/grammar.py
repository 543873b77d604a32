"""The grammar of conditions: text in, a condition out, or what is wrong with it at which place.

    condition = clause, {"or", clause}            clause = term, {"and", term}
    term      = "not", term | "(", condition, ")" | "same", name | "different", name
              | side.name, "is", ["not"], value | side.name, ["not"], "in", "(", value, {",", value}, ")"
              | side.name, ("<" | "<=" | ">" | ">=" | "=" | "!="), (number | side.name | value)

Words in any case; `side` is A or T; names and values with unusual characters stand in double quotes, doubled inside.
An unquoted value goes on up to the next `and`, `or` or unmatched parenthesis, blanks included. Invariant: every text is
either read as a whole or refused.
"""

import re
from collections.abc import Callable
from typing import Final

from schemas.problem import Fault
from stream.declare.condition import (
    ORDERINGS,
    Comparison,
    Condition,
    Correlation,
    Junction,
    Membership,
    Negation,
    Reference,
)
from stream.declare.value import Value, number_of

DEEPEST = 50
_QUOTED: Final = r'"(?:[^"]|"")*+"'  # possessive: doubled quotes could be taken apart in exponentially many ways
_OPERATOR: Final = r"<=|>=|!=|<>|==|<|>|="
_REFERENCE: Final = re.compile(
    rf"""(?P<side>[A-Za-z])\.(?P<name>{_QUOTED}|[^\s()<>=!"|,](?:[^()<>=!"|,]*?[^\s()<>=!"|,])??)"""
    rf"(?:\s*(?P<operator>{_OPERATOR})|\s+(?P<word>is\s+not\b|is\b|not\s+in\b|in\b))",
    re.IGNORECASE,
)
_RIGHT: Final = re.compile(rf"(?P<side>[AT])\.(?P<name>{_QUOTED}|[^\s()]+)", re.IGNORECASE)
_VALUE: Final = re.compile(
    rf"""(?P<quoted>{_QUOTED})|(?P<bare>(?!(?:and|or)\b)(?:[^()"|]|\([^()"|]*\))+?(?=\s+(?:and|or)\b|\s*\)|\s*$))""",
    re.IGNORECASE,
)
_CORRELATION: Final = re.compile(
    rf"""(?P<word>same|different)\s+(?P<name>{_QUOTED}|[^()"|,]+?(?=\s+(?:and|or)\b|\s*\)|\s*$))""", re.IGNORECASE
)
_LIST: Final = re.compile(rf"""\s*+\(\s*+(?P<values>(?:{_QUOTED}|[^()"])*+)\)""")
_ITEM: Final = re.compile(rf'\s*+({_QUOTED}\s*+|[^,"]*+)(?:,|$)')
_REMEDY: Final = "write it like A.x is y, A.x in (y, z), A.x > 3 or same x, joined by and, or, not and parentheses"


def read_condition(text: str, sides: str) -> Condition | None:
    """The condition that a text says, None for a blank one; `sides` are the ones that it may read (`A`, or `AT`);
    raises `Fault`."""
    if not text.strip():
        return None
    return _Reader(text.strip(), sides).whole()


def unquoted(text: str) -> str:
    """A name or value without its quotes."""
    text = text.strip()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


class _Reader:
    def __init__(self, text: str, sides: str) -> None:
        self.text, self.sides, self.at, self.depth = text, sides, 0, 0

    def whole(self) -> Condition:
        condition = self.alternatives()
        if self.at < len(self.text):
            raise self.fault("this does not belong to the condition")
        return condition

    def fault(self, wrong: str) -> Fault:
        rest = self.text[self.at : self.at + 40].strip()
        return Fault(f"{wrong}: `{rest}`" if rest else f"{wrong}, at its end", _REMEDY)

    def took(self, pattern: str) -> bool:
        match = re.compile(rf"\s*{pattern}\s*", re.IGNORECASE).match(self.text, self.at)
        if match is None:
            return False
        self.at = match.end()
        return True

    def alternatives(self) -> Condition:
        return self.joined("or", self.together)

    def together(self) -> Condition:
        return self.joined("and", self.term)

    def joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self.took(rf"{word}\b"):
            parts.append(part())
        flat = [one for each in parts for one in _parts(each, word)]
        return flat[0] if len(flat) == 1 else Junction(word, tuple(flat))

    def term(self) -> Condition:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Fault("the condition is nested too deeply", f"at most {DEEPEST} levels")
        try:
            return self.nested()
        finally:
            self.depth -= 1

    def nested(self) -> Condition:
        if self.took(r"not\b"):
            return Negation(self.term())
        if self.took(r"\("):
            inner = self.alternatives()
            if not self.took(r"\)"):
                raise self.fault("a parenthesis is not closed")
            return inner
        return self.correlation() or self.comparison()

    def correlation(self) -> Condition | None:
        match = _CORRELATION.match(self.text, self.at)
        if match is None:
            return None
        if "T" not in self.sides:
            raise Fault(f"`{match.group()}` compares with a target, and there is none here",
                        "compare in the second condition of a constraint that has a target")
        self.at = match.end()
        return Correlation(unquoted(match.group("name")), match.group("word").lower() == "different")

    def comparison(self) -> Condition:
        match = _REFERENCE.match(self.text, self.at)
        if match is None or re.search(r"\s(and|or|not)\s", match.group("name"), re.IGNORECASE):
            raise self.fault("this is not a condition")
        left = self.reference(match.group("side"), match.group("name"))
        self.at = match.end()
        if match.group("operator"):
            return self.compared(left, match.group("operator"))
        word = re.sub(r"\s+", " ", match.group("word").lower())
        values = (self.value(),) if word.startswith("is") else self.values()
        return Membership(left, values, "not" in word)

    def reference(self, side: str, name: str) -> Reference:
        if side.upper() not in self.sides:
            allowed = "A. (the activation)" if self.sides == "A" else "A. (the activation) or T. (the target)"
            raise Fault(f"`{side}.{name.strip()}`: there is no {side}. here", f"begin attributes with {allowed}")
        return Reference(side.upper(), unquoted(name))

    def compared(self, left: Reference, operator: str) -> Condition:
        operator = {"==": "=", "<>": "!="}.get(operator, operator)
        match = re.compile(r"\s*").match(self.text, self.at)
        self.at = match.end() if match else self.at
        other = _RIGHT.match(self.text, self.at)
        if other:
            self.at = other.end()
            return Comparison(left, operator, self.reference(other.group("side"), other.group("name")))
        written = self.value()
        number = number_of(written)
        if number is None and operator in ORDERINGS:
            raise Fault(f"`{written}` is not a number", f"a number, or another attribute, after {operator}")
        right: Value = written if number is None else _whole(number)
        return Comparison(left, operator, right)

    def value(self) -> str:
        self.took("")
        match = _VALUE.match(self.text, self.at)
        if match is None:
            raise self.fault("a value is missing here")
        self.at = match.end()
        return unquoted(match.group())

    def values(self) -> tuple[str, ...]:
        match = _LIST.match(self.text, self.at)
        if match is None:
            raise self.fault("a list in parentheses is missing here")
        self.at = match.end()
        items = [unquoted(item) for item in _items(match.group("values"))]
        if not items or "" in items:
            raise Fault(f"`{match.group().strip()}` has an empty value", "write values like (red, blue)")
        return tuple(dict.fromkeys(items))


def _items(written: str) -> list[str]:
    items, at = [], 0
    while at <= len(written):
        match = _ITEM.match(written, at)
        if match is None:
            raise Fault(f"`{written[at:at + 40]}` is not a list of values", "separate them by commas")
        items.append(match.group(1))
        if match.end() == at or not match.group().rstrip().endswith(","):
            break
        at = match.end()
    return items


def _parts(condition: Condition, word: str) -> tuple[Condition, ...]:
    """The parts of a condition that is joined by this word already, so that nesting does not matter."""
    return condition.parts if isinstance(condition, Junction) and condition.word == word else (condition,)


def _whole(number: int | float) -> int | float:
    return int(number) if number == int(number) and abs(number) < 1e15 else number
