"""Whether a case keeps the declared constraints: Declare with data and time (MP-Declare), monitored as events come.

Theory of operation, top down: `declaration` reads `.decl` files and `notation` one constraint; a `constraint` is a
`template` over activities, with conditions and a time window. The `monitor` is compiled once from constraints and steps
an immutable standing per case. Untimed constraints without conditions are automata whose vector of states is memoised;
the others keep books of their own activations. `conflict` proves when no continuation satisfies all automata any more;
`wording` says what happened; `judging` runs the cases of a history through a monitor, one after the other.
"""

from stream.declare.constraint import Constraint
from stream.declare.declaration import Declaration, read_declare
from stream.declare.judging import Judge, Judged, Verdicts
from stream.declare.monitor import Conflict, Cut, Monitor
from stream.declare.notation import read_constraint
from stream.declare.standing import Standing
from stream.declare.verdict import Verdict
from stream.declare.violation import Happening, Violation, Why
from stream.declare.wording import phrase, sentence

__all__ = [
    "Conflict",
    "Constraint",
    "Cut",
    "Declaration",
    "Happening",
    "Judge",
    "Judged",
    "Monitor",
    "Standing",
    "Verdict",
    "Verdicts",
    "Violation",
    "Why",
    "phrase",
    "read_constraint",
    "read_declare",
    "sentence",
]
