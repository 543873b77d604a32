"""One constraint: a template over activities, with conditions on attributes and a window of time.

Invariant: constraints that are written differently and say the same in the notation (spelling of the template, blanks,
units of time) are equal and have the same `text`, which the notation reads back as an equal constraint.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from stream.declare.condition import Condition, names_of
from stream.declare.template import Template
from stream.declare.window import Window

_SAFE_ACTIVITY: Final = re.compile(r'[^\s,|"\[\]()#][^,|"\[\]()]*(?<!\s)')


@dataclass(frozen=True)
class Constraint:
    """A constraint as a value; `count` is the number of a counting template (at least, fewer than, exactly).

    `activation` reads the activation alone (`A.`), `correlation` both sides; a template without targets has none.
    """

    template: Template
    activities: tuple[str, ...]
    count: int = 1
    activation: Condition | None = None
    correlation: Condition | None = None
    window: Window | None = None

    @property
    def window_ms(self) -> tuple[int, int] | None:
        """The least and the greatest time allowed, in ms, both inclusive."""
        return None if self.window is None else (self.window.least, self.window.most)

    @cached_property
    def text(self) -> str:
        """The constraint in the notation, in its one canonical form: `Response[A, B] |A.x is y | |0,30,m`."""
        names = ", ".join(quoted_activity(name) for name in self.activities)
        conditions = (self.activation, self.correlation) if self.template.has_target else (self.activation,)
        fields = [condition.text if condition else "" for condition in conditions]
        fields.append(self.window.text if self.window else "")
        while fields and not fields[-1]:
            fields.pop()
        return " |".join([f"{self.title}[{names}]", *fields])

    @property
    def title(self) -> str:
        """The template with its number, as the notation writes it: `Absence2`, `Existence`, `Response`."""
        number = str(self.count) if self.count > 1 or self.template is Template.EXACTLY else ""
        return self.template.value + number

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Names of the attributes that its conditions read."""
        conditions = (self.activation, self.correlation)
        return frozenset(names_of(conditions, "A")) | frozenset(names_of(conditions, "T"))

    @property
    def plain(self) -> bool:
        """Whether it is an automaton over activities: no conditions, no window, and not one activity twice."""
        unconditional = self.activation is None and self.correlation is None and self.window is None
        return unconditional and len(set(self.activities)) == len(self.activities)


def quoted_activity(name: str) -> str:
    """An activity as the notation writes it between brackets."""
    if _SAFE_ACTIVITY.fullmatch(name) and not name.isdigit():
        return name
    return '"' + name.replace('"', '""') + '"'
