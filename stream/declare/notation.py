"""One constraint as the `.decl` notation writes it: `Response[A, B] |A.x is y |T.z > 3 |0,30,m`.

After the brackets stand, each behind a `|`, the condition on the activation, the correlation with the target, and the
window of time; a template without targets has no correlation. What is empty may be left out at the end. Activities with
commas, brackets or bars in their names stand in double quotes, doubled inside. Invariant: what is read is all that was
written; anything else is refused.
"""

import re
from typing import Final, NamedTuple

from schemas.problem import Fault
from stream.declare.constraint import Constraint
from stream.declare.grammar import read_condition, unquoted
from stream.declare.template import Template, count_of, read_template
from stream.declare.window import Window, read_window

LONGEST = 5_000  # characters of one constraint
LONGEST_NAME = 1_000
_HEAD: Final = re.compile(r"(?P<template>[^\[\](|\"]+)(?P<bracket>[\[(])")
_SHAPE: Final = "write it like Response[A, B] |A.x is y |T.z > 3 |0,30,m"
_PIECE: Final = re.compile(r'"(?:[^"]|"")*+"|.', re.DOTALL)


class _Written(NamedTuple):
    """A constraint taken apart: the template and its number, what is in the brackets, the fields behind it."""

    template: Template
    number: int | None
    arguments: str
    fields: list[str]


def read_constraint(text: str, known: frozenset[str] = frozenset()) -> Constraint:
    """The constraint that a line says; raises `Fault`.

    `known` are declared activities: where names contain commas, they say how the brackets are to be divided.
    """
    if len(text) > LONGEST:
        raise Fault("this is too long for a constraint", f"at most {LONGEST} characters")
    written = _taken_apart(text)
    template, count = written.template, written.number
    activities, counted = _activities(template, written.arguments, known)
    if count is not None and counted is not None:
        raise Fault(f"`{template}{count}[{written.arguments}]` has two numbers", f"write {template}{counted}[…]")
    conditions = _fields(template, written.fields)
    activation = read_condition(conditions[0], "A")
    correlation = read_condition(conditions[1], "AT")
    window = _window(template, conditions[2]) if conditions[2].strip() else None
    return Constraint(template, activities, count or counted or 1, activation, correlation, window)


def _window(template: Template, written: str) -> Window:
    window = read_window(written)
    if template is Template.INIT and window.least:
        wrong = f"{template} with `{written.strip()}` can never be kept: time counts from the case's first step itself"
        raise Fault(wrong, "begin the window with 0, or leave it out")
    return window


def looks_like_constraint(line: str) -> bool:
    """Whether a line begins as a constraint does: a name, then a bracket, or a parenthesis right behind the name."""
    return bool(re.match(r"[^\[\]():|\"]+\[|!?\w+\(", line)) or _is_template(line)


def _is_template(line: str) -> bool:
    match = _HEAD.match(line)
    try:
        return match is not None and bool(read_template(match.group("template")))
    except Fault:
        return False


def _taken_apart(text: str) -> _Written:
    head = _HEAD.match(text)
    if head is None:
        raise Fault(f"`{text.strip()[:60]}` is not a constraint", _SHAPE)
    template, count = read_template(head.group("template"))
    pieces = [match.group() for match in _PIECE.finditer(text, head.end())]
    closing = _closing(pieces, head.group("bracket"))
    if closing is None:
        raise Fault(f"the bracket after {template} is not closed", _SHAPE)
    rest = "".join(pieces[closing + 1 :]).strip()
    if rest and not rest.startswith("|"):
        raise Fault(f"`{rest[:60]}` stands behind the bracket", "begin each condition with a |")
    fields, last = [], ""
    for piece in pieces[closing + 1 :]:
        if piece == "|":
            fields.append(last)
            last = ""
        else:
            last += piece
    return _Written(template, count, "".join(pieces[:closing]), [*fields, last][1:])


def _closing(pieces: list[str], opened: str) -> int | None:
    """Where the bracket closes; brackets of its kind inside are matched."""
    closes, depth = {"[": "]", "(": ")"}[opened], 1
    for place, piece in enumerate(pieces):
        depth += (piece == opened) - (piece == closes)
        if depth == 0:
            return place
    return None


def _activities(template: Template, arguments: str, known: frozenset[str]) -> tuple[tuple[str, ...], int | None]:
    """The activities in the brackets, and a number among them, as in `Existence[2, A]`."""
    parts = _divided(arguments)
    names = _matching(parts, template.arity, known) or [unquoted(part) for part in parts]
    counted = None
    if template.counts and len(parts) == 2:
        place = next((place for place in (0, 1) if parts[place].strip().isdigit()), None)
        if place is not None:
            counted, names = count_of(parts[place].strip()), [unquoted(parts[1 - place])]
    if len(names) != template.arity or any(not name.strip() for name in names):
        takes = "one activity" if template.arity == 1 else "two activities"
        example = f"{template}[A]" if template.arity == 1 else f"{template}[A, B]"
        wrong = f"{template} takes {takes}, not `{arguments.strip()[:60]}`"
        raise Fault(wrong, f"write {example}; names with commas in double quotes")
    if any(len(name) > LONGEST_NAME for name in names):
        raise Fault("the name of an activity is too long", f"at most {LONGEST_NAME} characters")
    return tuple(names), counted


def _divided(arguments: str) -> list[str]:
    """What commas outside of quotes separate."""
    parts = [""]
    for match in _PIECE.finditer(arguments):
        if match.group() == ",":
            parts.append("")
        else:
            parts[-1] += match.group()
    return parts


def _matching(parts: list[str], arity: int, known: frozenset[str]) -> list[str] | None:
    """The one way to put the parts together again to declared activities; None if there is none, or several."""
    if len(parts) <= arity:
        return None
    ways = [[parts]] if arity == 1 else [[parts[:cut], parts[cut:]] for cut in range(1, len(parts))]
    found = [names for way in ways if known.issuperset(names := [",".join(some).strip() for some in way])]
    return found[0] if len(found) == 1 else None


def _fields(template: Template, written: list[str]) -> tuple[str, str, str]:
    """Activation, correlation and time as written; a template without targets has two fields, and empty ones more."""
    fields = [*written, "", "", ""]
    if any(field.strip() for field in fields[3:]):
        raise Fault("there are more than three conditions", _SHAPE)
    activation, correlation, time = fields[:3]
    if template.has_target:
        return activation, correlation, time
    if time.strip() and correlation.strip():
        raise Fault(f"{template} has no target, so there is nothing to correlate", "only |condition |time behind it")
    return activation, "", correlation.strip() or time
