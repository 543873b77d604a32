"""An oracle for Declare: formulas of linear temporal logic on finite traces, read event by event by progression.

Every formula of the templates is rewritten by each event into what it demands of the rest of the trace (Bacchus and
Kabanza 1998, on finite traces: De Giacomo and Vardi 2013); written as a disjunction of conjunctions there are only
finitely many such rests, which makes an automaton. Invariant: nothing here knows of the code under test, and
the rest of a trace may always be empty: an atom is then false, a strong next false, a weak next true.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TypeAlias

OTHER = "something else"
"""Stands for all the activities that a constraint does not name."""


@dataclass(frozen=True, slots=True)
class Atom:
    """The next event is of this activity; `positive` false: it is not, or there is none."""

    activity: str
    positive: bool = True


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts hold; of no parts: true."""

    parts: frozenset["Formula"]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts holds; of no parts: false."""

    parts: frozenset["Formula"]


@dataclass(frozen=True, slots=True)
class Next:
    """Another event follows this one, and the body holds of the trace from there; if `weak`: or none follows."""

    body: "Formula"
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    """`goal` comes to hold at some event, and `before` holds at all events before that one."""

    before: "Formula"
    goal: "Formula"


@dataclass(frozen=True, slots=True)
class Release:
    """`kept` holds at every event, up to and including the first at which `release` holds, if that ever comes."""

    release: "Formula"
    kept: "Formula"


Formula: TypeAlias = Atom | Both | Either | Next | Until | Release

TRUE = Both(frozenset())
FALSE = Either(frozenset())
SOMETHING = Until(TRUE, TRUE)
NOTHING = Release(FALSE, FALSE)


def both(*parts: Formula) -> Formula:
    """The conjunction, in its simplest form."""
    flat = {inner for part in parts for inner in (part.parts if isinstance(part, Both) else (part,))}
    if FALSE in flat:
        return FALSE
    return flat.pop() if len(flat) == 1 else Both(frozenset(flat))


def either(*parts: Formula) -> Formula:
    """The disjunction, in its simplest form."""
    flat = {inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,))}
    if TRUE in flat:
        return TRUE
    return flat.pop() if len(flat) == 1 else Either(frozenset(flat))


def opposite(formula: Formula) -> Formula:
    """The negation, driven down to the atoms."""
    match formula:
        case Atom(activity, positive):
            return Atom(activity, not positive)
        case Both(parts):
            return either(*map(opposite, parts))
        case Either(parts):
            return both(*map(opposite, parts))
        case Next(body, weak):
            return Next(opposite(body), not weak)
        case Until(before, goal):
            return Release(opposite(before), opposite(goal))
        case Release(release, kept):
            return Until(opposite(release), opposite(kept))


def renamed(formula: Formula, names: Mapping[str, str]) -> Formula:
    """The same formula about other activities."""
    match formula:
        case Atom(activity, positive):
            return Atom(names[activity], positive)
        case Both(parts):
            return Both(frozenset(renamed(part, names) for part in parts))
        case Either(parts):
            return Either(frozenset(renamed(part, names) for part in parts))
        case Next(body, weak):
            return Next(renamed(body, names), weak)
        case Until(before, goal):
            return Until(renamed(before, names), renamed(goal, names))
        case Release(release, kept):
            return Release(renamed(release, names), renamed(kept, names))


def eventually(formula: Formula) -> Formula:
    """At some event from here on."""
    return Until(TRUE, formula)


def always(formula: Formula) -> Formula:
    """At every event from here on."""
    return Release(FALSE, formula)


def implies(premise: Formula, conclusion: Formula) -> Formula:
    """The conclusion holds, or the premise does not."""
    return either(opposite(premise), conclusion)


def unless(kept: Formula, goal: Formula) -> Formula:
    """Weak until: `kept` holds up to the event at which `goal` holds, or for good."""
    return either(Until(kept, goal), always(kept))


def progress(formula: Formula, activity: str) -> Formula:
    """What must hold of the rest of the trace for `formula` to hold of the trace that begins with this activity."""
    match formula:
        case Atom(wanted, positive):
            return TRUE if (wanted == activity) == positive else FALSE
        case Both(parts):
            return both(*(progress(part, activity) for part in parts))
        case Either(parts):
            return either(*(progress(part, activity) for part in parts))
        case Next(body, weak):
            return either(body, NOTHING) if weak else both(body, SOMETHING)
        case Until(before, goal):
            return either(progress(goal, activity), both(progress(before, activity), formula))
        case Release(release, kept):
            return both(progress(kept, activity), either(progress(release, activity), formula))


def holds_of_nothing(formula: Formula) -> bool:
    """Whether the empty trace satisfies the formula: what is decided when no event follows."""
    match formula:
        case Atom(_, positive):
            return not positive
        case Both(parts):
            return all(map(holds_of_nothing, parts))
        case Either(parts):
            return any(map(holds_of_nothing, parts))
        case Next(_, weak):
            return weak
        case Until():
            return False
        case Release():
            return True


def normal(formula: Formula) -> Formula:
    """The formula as a disjunction of conjunctions, none of which implies another by its parts alone.

    The parts are subformulas of the formula one began with, so that progression reaches finitely many of them.
    """
    clauses = _clauses(formula)
    return either(*(both(*clause) for clause in clauses if not any(other < clause for other in clauses)))


def _clauses(formula: Formula) -> set[frozenset[Formula]]:
    match formula:
        case Both(parts):
            choices = product(*map(_clauses, parts))
            return {frozenset(part for clause in choice for part in clause) for choice in choices}
        case Either(parts):
            return {clause for part in parts for clause in _clauses(part)}
        case _:
            return {frozenset({formula})}


class Automaton:
    """All that progression reaches from a formula, over the given activities; states are formulas."""

    def __init__(self, formula: Formula, activities: Iterable[str]) -> None:
        self.start, self.activities = normal(formula), (*activities, OTHER)
        self.after: dict[Formula, dict[str, Formula]] = {}
        waiting = [self.start]
        while waiting:
            state = waiting.pop()
            if state not in self.after:
                self.after[state] = {name: normal(progress(state, name)) for name in self.activities}
                waiting.extend(self.after[state].values())
        self.good = self._leading_to({state for state in self.after if holds_of_nothing(state)})
        self.bad = self._leading_to({state for state in self.after if not holds_of_nothing(state)})

    def _leading_to(self, found: set[Formula]) -> set[Formula]:
        """The states from which some continuation, the empty one included, ends in one of these."""
        before = None
        while before != len(found):
            before = len(found)
            found = found | {state for state, after in self.after.items() if found & set(after.values())}
        return found

    def read(self, trace: Iterable[str]) -> Formula:
        """The state after a trace."""
        state = self.start
        for activity in trace:
            state = self.after[state][activity if activity in self.activities else OTHER]
        return state

    def verdict(self, state: Formula) -> str:
        """One of the four verdicts of runtime verification (Bauer, Leucker and Schallhart 2010; Maggi and others 2011)
        in words; permanent is what no continuation changes, the empty one included."""
        kind = "satisfied" if holds_of_nothing(state) else "violated"
        return f"temporarily {kind}" if state in self.good and state in self.bad else f"permanently {kind}"


class Conjunction:
    """Several automata over the same activities, side by side."""

    def __init__(self, automata: Sequence[Automaton]) -> None:
        self.automata = tuple(automata)
        self.hopeful = cache(self._hopeful)

    def _hopeful(self, states: tuple[Formula, ...]) -> bool:
        """Whether some continuation, the empty one included, satisfies all of them, by looking at every one."""
        seen, waiting = {states}, [states]
        while waiting:
            here = waiting.pop()
            if all(map(holds_of_nothing, here)):
                return True
            for activity in self.automata[0].activities:
                there = tuple(one.after[state][activity] for one, state in zip(self.automata, here, strict=True))
                if there not in seen:
                    seen.add(there)
                    waiting.append(there)
        return False

    def in_conflict(self, trace: Sequence[str]) -> bool:
        """Whether no continuation satisfies all, though each could still be satisfied alone."""
        states = tuple(one.read(trace) for one in self.automata)
        alone = all(state in one.good for one, state in zip(self.automata, states, strict=True))
        return alone and not self.hopeful(states)
