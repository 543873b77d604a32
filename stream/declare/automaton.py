"""Each template as a small deterministic automaton over three letters: its first activity, its second, anything else.

Invariant: a state's verdict is exact: permanently satisfied (violated) where every (no) state that can still be reached
accepts. A move may *arm* the constraint, by an event that is then owed an answer, or that a later one would clash with,
and disarm it. What RV-LTL says, for a case in which so far …

| template | permanently satisfied | temporarily satisfied | temporarily violated | permanently violated |
|---|---|---|---|---|
| Existence n | A n times | | A less often | |
| Absence n | | A less than n times | | A n times |
| Exactly n | | A n times | A less often | A more often |
| Init | A came first | | nothing happened | anything else came first |
| End | | A came last | anything else did | |
| Choice | A or B came | | neither | |
| Exclusive Choice | | one of them came | neither | both |
| Responded Existence | B came | neither came | only A | |
| Co-Existence | both came | neither | one of them | |
| Response | | no A without B after it | A without B after it | |
| Precedence | A came first | neither came | | B came first |
| Succession | | every A has its B | the last A has none | B came before any A |
| Alternate Response | | every A has its B | the last A has none | A came twice without B |
| Alternate Precedence | | every B has its A | | B without A since the last B |
| Alternate Succession | | A, B in turns | A is without its B | out of turn |
| Chain Response | | every A has its B | A came last | anything but B after A |
| Chain Precedence | | A just before every B | | B, and not A just before it |
| Chain Succession | | only pairs A, B | A came last | A or B alone |
| Not Responded Existence, Not Co-Existence | | not both came | | both |
| Not Response, Not Precedence, Not Succession | | no B after A | | B after A |
| Not Chain Response, Precedence, Succession | | no B just after A | | B just after A |
"""

import re
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from stream.declare.template import Template
from stream.declare.verdict import Verdict

OTHER, FIRST, SECOND = 0, 1, 2
"""The letters."""

Row: TypeAlias = tuple[int, int, int]

_SHAPES: Final[dict[Template, str]] = {
    Template.INIT: "a1 o2; * ; ",
    Template.END: "a1; * o0",
    Template.CHOICE: "a1 b1; *",
    Template.EXCLUSIVE_CHOICE: "a1 b2; * b3; * a3; ",
    Template.RESPONDED_EXISTENCE: "* a1+ b2; b2-; *",
    Template.CO_EXISTENCE: "* a1+ b2+; b3-; a3-; *",
    Template.RESPONSE: "* a1+; b0-",
    Template.PRECEDENCE: "* a1 b2; * ; ",
    Template.SUCCESSION: "* a1+ b3; b2-; * a1+; ",
    Template.ALTERNATE_RESPONSE: "* a1+; a2 b0-; ",
    Template.ALTERNATE_PRECEDENCE: "* a1 b2; * b0; ",
    Template.ALTERNATE_SUCCESSION: "* a1+ b2; a2 b0-; ",
    Template.CHAIN_RESPONSE: "* a1+; a2 b0- o2; ",
    Template.CHAIN_PRECEDENCE: "* a1 b2; * b0 o0; ",
    Template.CHAIN_SUCCESSION: "* a1+ b2; a2 b0- o2; ",
    Template.NOT_RESPONDED_EXISTENCE: "* a1+ b2+; * b3; * a3; ",
    Template.NOT_CO_EXISTENCE: "* a1+ b2+; * b3; * a3; ",
    Template.NOT_RESPONSE: "* a1+; * b2; ",
    Template.NOT_PRECEDENCE: "* a1+; * b2; ",
    Template.NOT_SUCCESSION: "* a1+; * b2; ",
    Template.NOT_CHAIN_RESPONSE: "* a1+; * a1+ b2 o0-; ",
    Template.NOT_CHAIN_PRECEDENCE: "* a1+; * a1+ b2 o0-; ",
    Template.NOT_CHAIN_SUCCESSION: "* a1+; * a1+ b2 o0-; ",
}
"""State by state: `*` accepts, then letter, target, `+` to arm and `-` to disarm; a letter left out stays."""


class Automaton(NamedTuple):
    """States are numbers from 0, where a case begins; rows are read by state and letter.

    `effects`: 1 arms, -1 disarms. `doomed`: states from which no accepting one is reached by other events alone;
    `settled`: those from which none but accepting ones are.
    """

    moves: tuple[Row, ...]
    effects: tuple[Row, ...]
    accepting: tuple[bool, ...]
    verdicts: tuple[Verdict, ...]
    doomed: tuple[bool, ...]
    settled: tuple[bool, ...]

    @property
    def heeds_all(self) -> bool:
        """Whether events of other activities matter to it."""
        return any(row[OTHER] != state for state, row in enumerate(self.moves))


@cache
def automaton(template: Template, count: int) -> Automaton:
    """The automaton of a template; `count` is for those that count."""
    if template.counts:
        return _compiled(*_counting(template, count))
    return _compiled(*_shape(_SHAPES[template]))


def _shape(text: str) -> tuple[list[Row], list[Row], list[bool]]:
    moves: list[Row] = []
    effects: list[Row] = []
    accepting = []
    for state, written in enumerate(text.split(";")):
        found = {letter: (int(to), effect) for letter, to, effect in re.findall(r"([abo])(\d)([+-]?)", written)}
        steps = [found.get(letter, (state, "")) for letter in "oab"]
        moves.append((steps[0][0], steps[1][0], steps[2][0]))
        signs = [{"+": 1, "-": -1, "": 0}[effect] for _, effect in steps]
        effects.append((signs[0], signs[1], signs[2]))
        accepting.append("*" in written)
    return moves, effects, accepting


def _counting(template: Template, count: int) -> tuple[list[Row], list[Row], list[bool]]:
    """States say how often A came, up to the number from which on nothing changes."""
    last = count + 1 if template is Template.EXACTLY else count
    moves = [(state, min(state + 1, last), state) for state in range(last + 1)]
    accepts = {Template.EXISTENCE: count.__le__, Template.ABSENCE: count.__gt__, Template.EXACTLY: count.__eq__}
    return moves, [(0, 0, 0)] * len(moves), [bool(accepts[template](state)) for state in range(last + 1)]


def _compiled(moves: list[Row], effects: list[Row], accepting: list[bool]) -> Automaton:
    fulfils, fails = _reaching(moves, accepting), _reaching(moves, [not accepts for accepts in accepting])
    quiet = [(row[OTHER],) * 3 for row in moves]
    verdicts = tuple(map(_verdict, accepting, fulfils, fails))
    doomed = tuple(not reached for reached in _reaching(quiet, accepting))
    settled = tuple(not reached for reached in _reaching(quiet, [not accepts for accepts in accepting]))
    return Automaton(tuple(moves), tuple(effects), tuple(accepting), verdicts, doomed, settled)


def _verdict(accepts: bool, fulfils: bool, fails: bool) -> Verdict:
    if accepts:
        return Verdict.TEMPORARILY_SATISFIED if fails else Verdict.PERMANENTLY_SATISFIED
    return Verdict.TEMPORARILY_VIOLATED if fulfils else Verdict.PERMANENTLY_VIOLATED


def _reaching(moves: list[Row], wanted: list[bool]) -> list[bool]:
    """From which states a wanted one can be reached, in any number of steps."""
    reaching = list(wanted)
    sources: dict[int, list[int]] = {}
    for state, row in enumerate(moves):
        for to in set(row):
            sources.setdefault(to, []).append(state)
    todo = [state for state, is_wanted in enumerate(wanted) if is_wanted]
    while todo:
        for source in sources.get(todo.pop(), ()):
            if not reaching[source]:
                reaching[source] = True
                todo.append(source)
    return reaching
