"""The Declare templates twice, from the literature: as formulas of temporal logic, and in plain words on a whole trace.

Formulas: Pesic, Schonenberg and van der Aalst 2007, with the readings for finite traces of De Giacomo, De Masellis and
Montali 2014 (a weak next after the last event; a chain or alternate precedence also binds the first event). Words: the
descriptions and regular expressions of Di Ciccio and Mecella 2015. Invariant: the two are written
independently of each other, and of the code under test.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from tests.stream.declare.progression import (
    TRUE,
    Atom,
    Formula,
    Next,
    Until,
    always,
    both,
    either,
    eventually,
    implies,
    opposite,
    unless,
)

Trace: TypeAlias = Sequence[str]
Words: TypeAlias = Callable[[Trace, str, str], bool]

A, B = "A", "B"
A_NOW, B_NOW = Atom(A), Atom(B)
NO_A, NO_B = opposite(A_NOW), opposite(B_NOW)


def at_least(count: int) -> Formula:
    """A occurs so many times or more."""
    return TRUE if count == 0 else eventually(both(A_NOW, Next(at_least(count - 1)) if count > 1 else TRUE))


def _exactly(count: int) -> Formula:
    return both(at_least(count), opposite(at_least(count + 1)))


RESPONDED = implies(eventually(A_NOW), eventually(B_NOW))
RESPONDED_BACK = implies(eventually(B_NOW), eventually(A_NOW))
RESPONSE = always(implies(A_NOW, eventually(B_NOW)))
PRECEDENCE = unless(NO_B, A_NOW)
ALTERNATE_RESPONSE = always(implies(A_NOW, Next(Until(NO_A, B_NOW))))
ALTERNATE_PRECEDENCE = both(PRECEDENCE, always(implies(B_NOW, Next(PRECEDENCE, weak=True))))
CHAIN_RESPONSE = always(implies(A_NOW, Next(B_NOW)))
CHAIN_PRECEDENCE = both(NO_B, always(implies(Next(B_NOW), A_NOW)))
NEVER_BOTH = opposite(both(eventually(A_NOW), eventually(B_NOW)))
NEVER_AFTER = always(implies(A_NOW, opposite(eventually(B_NOW))))
NEVER_NEXT = always(implies(A_NOW, opposite(Next(B_NOW))))

FORMULAS: dict[str, Formula] = {
    "Existence[A]": at_least(1),
    "Existence2[A]": at_least(2),
    "Existence3[A]": at_least(3),
    "Absence[A]": opposite(at_least(1)),
    "Absence2[A]": opposite(at_least(2)),
    "Absence3[A]": opposite(at_least(3)),
    "Exactly1[A]": _exactly(1),
    "Exactly2[A]": _exactly(2),
    "Exactly3[A]": _exactly(3),
    "Init[A]": A_NOW,
    "End[A]": eventually(both(A_NOW, opposite(Next(TRUE)))),
    "Choice[A, B]": either(eventually(A_NOW), eventually(B_NOW)),
    "Exclusive Choice[A, B]": both(either(eventually(A_NOW), eventually(B_NOW)), NEVER_BOTH),
    "Responded Existence[A, B]": RESPONDED,
    "Co-Existence[A, B]": both(RESPONDED, RESPONDED_BACK),
    "Response[A, B]": RESPONSE,
    "Precedence[A, B]": PRECEDENCE,
    "Succession[A, B]": both(RESPONSE, PRECEDENCE),
    "Alternate Response[A, B]": ALTERNATE_RESPONSE,
    "Alternate Precedence[A, B]": ALTERNATE_PRECEDENCE,
    "Alternate Succession[A, B]": both(ALTERNATE_RESPONSE, ALTERNATE_PRECEDENCE),
    "Chain Response[A, B]": CHAIN_RESPONSE,
    "Chain Precedence[A, B]": CHAIN_PRECEDENCE,
    "Chain Succession[A, B]": both(CHAIN_RESPONSE, CHAIN_PRECEDENCE),
    "Not Responded Existence[A, B]": NEVER_BOTH,
    "Not Co-Existence[A, B]": NEVER_BOTH,
    "Not Response[A, B]": NEVER_AFTER,
    "Not Precedence[A, B]": NEVER_AFTER,
    "Not Succession[A, B]": NEVER_AFTER,
    "Not Chain Response[A, B]": NEVER_NEXT,
    "Not Chain Precedence[A, B]": NEVER_NEXT,
    "Not Chain Succession[A, B]": NEVER_NEXT,
}


def _places(trace: Trace, activity: str) -> list[int]:
    return [place for place, name in enumerate(trace) if name == activity]


def _answered(trace: Trace, a: str, b: str) -> bool:
    return all(any(later > place for later in _places(trace, b)) for place in _places(trace, a))


def _prepared(trace: Trace, a: str, b: str) -> bool:
    return all(any(earlier < place for earlier in _places(trace, a)) for place in _places(trace, b))


def _answered_before_the_next(trace: Trace, a: str, b: str) -> bool:
    return all(
        any(later > place and a not in trace[place + 1 : later] for later in _places(trace, b))
        for place in _places(trace, a)
    )


def _prepared_since_the_last(trace: Trace, a: str, b: str) -> bool:
    return all(
        any(earlier < place and b not in trace[earlier + 1 : place] for earlier in _places(trace, a))
        for place in _places(trace, b)
    )


def _answered_at_once(trace: Trace, a: str, b: str) -> bool:
    return all(place + 1 < len(trace) and trace[place + 1] == b for place in _places(trace, a))


def _prepared_just_before(trace: Trace, a: str, b: str) -> bool:
    return all(place > 0 and trace[place - 1] == a for place in _places(trace, b))


def _never_both(trace: Trace, a: str, b: str) -> bool:
    return a not in trace or b not in trace


def _never_after(trace: Trace, a: str, b: str) -> bool:
    return all(later < place for place in _places(trace, a) for later in _places(trace, b))


def _never_next(trace: Trace, a: str, b: str) -> bool:
    return (a, b) not in pairwise(trace)


WORDS: dict[str, Words] = {
    "Existence[A]": lambda trace, a, _: trace.count(a) >= 1,
    "Existence2[A]": lambda trace, a, _: trace.count(a) >= 2,
    "Existence3[A]": lambda trace, a, _: trace.count(a) >= 3,
    "Absence[A]": lambda trace, a, _: trace.count(a) == 0,
    "Absence2[A]": lambda trace, a, _: trace.count(a) <= 1,
    "Absence3[A]": lambda trace, a, _: trace.count(a) <= 2,
    "Exactly1[A]": lambda trace, a, _: trace.count(a) == 1,
    "Exactly2[A]": lambda trace, a, _: trace.count(a) == 2,
    "Exactly3[A]": lambda trace, a, _: trace.count(a) == 3,
    "Init[A]": lambda trace, a, _: bool(trace) and trace[0] == a,
    "End[A]": lambda trace, a, _: bool(trace) and trace[-1] == a,
    "Choice[A, B]": lambda trace, a, b: a in trace or b in trace,
    "Exclusive Choice[A, B]": lambda trace, a, b: (a in trace) != (b in trace),
    "Responded Existence[A, B]": lambda trace, a, b: a not in trace or b in trace,
    "Co-Existence[A, B]": lambda trace, a, b: (a in trace) == (b in trace),
    "Response[A, B]": _answered,
    "Precedence[A, B]": _prepared,
    "Succession[A, B]": lambda *case: _answered(*case) and _prepared(*case),
    "Alternate Response[A, B]": _answered_before_the_next,
    "Alternate Precedence[A, B]": _prepared_since_the_last,
    "Alternate Succession[A, B]": lambda *case: _answered_before_the_next(*case) and _prepared_since_the_last(*case),
    "Chain Response[A, B]": _answered_at_once,
    "Chain Precedence[A, B]": _prepared_just_before,
    "Chain Succession[A, B]": lambda *case: _answered_at_once(*case) and _prepared_just_before(*case),
    "Not Responded Existence[A, B]": _never_both,
    "Not Co-Existence[A, B]": _never_both,
    "Not Response[A, B]": _never_after,
    "Not Precedence[A, B]": _never_after,
    "Not Succession[A, B]": _never_after,
    "Not Chain Response[A, B]": _never_next,
    "Not Chain Precedence[A, B]": _never_next,
    "Not Chain Succession[A, B]": _never_next,
}
