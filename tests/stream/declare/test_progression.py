"""The engine's verdicts against automata built by progression of formulas, for every template and for sets of them."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.declare import Happening, Monitor, Standing, Verdict, Why, read_constraint
from stream.event import Anchor
from tests.stream.declare.literature import FORMULAS
from tests.stream.declare.progression import Automaton, Conjunction, renamed

SECOND = 1_000
SHORT = [trace for length in range(6) for trace in product("ABC", repeat=length)]
NAMES = "ABCD"

long_traces = st.lists(st.sampled_from("ABC"), max_size=30)


def after(monitor: Monitor, trace: Iterable[str]) -> Standing:
    """Where a case stands that did these steps, one a second."""
    standing = monitor.start()
    for place, activity in enumerate(trace):
        anchor = Anchor(place * SECOND, activity, list(trace)[:place].count(activity), None, (0, place))
        standing = monitor.step(standing, Happening(anchor, {}))
    return standing


@cache
def automaton(name: str, activities: str = "AB", among: str = "AB") -> Automaton:
    """The oracle's automaton of a template over two of some activities."""
    return Automaton(renamed(FORMULAS[name], dict(zip("AB", activities, strict=False))), among)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_verdict_after_every_short_trace_is_what_progression_says(name: str) -> None:
    """After every trace of up to five events the engine gives the verdict of the formula's automaton."""
    monitor, oracle = Monitor([read_constraint(name)]), automaton(name)
    for trace in SHORT:
        standing, expected = after(monitor, trace), oracle.verdict(oracle.read(trace))
        assert (trace, monitor.verdict(standing, 0, len(trace) * SECOND, False)) == (trace, expected)


@pytest.mark.parametrize("name", FORMULAS)
@settings(max_examples=30)
@given(long_traces)
def test_the_verdict_after_a_long_trace_is_what_progression_says(name: str, trace: list[str]) -> None:
    """However long a case has been going on, the verdict is that of the formula's automaton."""
    monitor, oracle = Monitor([read_constraint(name)]), automaton(name)
    expected = oracle.verdict(oracle.read(trace))
    assert monitor.verdict(after(monitor, trace), 0, len(trace) * SECOND, False) == expected


@pytest.mark.parametrize("name", FORMULAS)
def test_an_ended_case_is_satisfied_or_violated_for_good_as_its_formula_is(name: str) -> None:
    """Once a case has ended nothing is temporary, and what is violated is exactly what is listed as such."""
    monitor, oracle = Monitor([read_constraint(name)]), automaton(name)
    for trace in SHORT[1:]:
        standing, end = after(monitor, trace), len(trace) * SECOND
        expected = Verdict(oracle.verdict(oracle.read(trace))).at_end()
        listed = bool(monitor.violations(standing, end, end))
        assert (trace, monitor.verdict(standing, 0, end, True)) == (trace, expected)
        assert (trace, listed) == (trace, expected == Verdict.PERMANENTLY_VIOLATED)


@pytest.mark.parametrize("name", FORMULAS)
def test_what_cannot_be_made_good_is_listed_from_the_event_on_that_made_it_so(name: str) -> None:
    """An open case lists a violation exactly from the event on at which no continuation satisfies the formula, with
    that event's instant."""
    monitor, oracle = Monitor([read_constraint(name)]), automaton(name)
    for trace in SHORT[1:]:
        hopeless = [place for place in range(len(trace)) if oracle.read(trace[: place + 1]) not in oracle.good]
        listed = monitor.violations(after(monitor, trace), len(trace) * SECOND, None)
        first = [violation.happened_at for violation in listed[:1]]
        assert (trace, first) == (trace, [place * SECOND for place in hopeless[:1]])


Named = tuple[str, str]
"""A template, and the activities it is about."""


@st.composite
def constraints(draw: st.DrawFn) -> Named:
    """Any template over any one or two of four activities."""
    return draw(st.sampled_from(list(FORMULAS))), "".join(draw(st.permutations(NAMES))[:2])


sets_of_constraints = st.lists(constraints(), min_size=2, max_size=5)


def written(named: Named) -> str:
    """The constraint in the notation."""
    template, inside = named[0].rstrip("]").split("[")
    return f"{template}[{', '.join(named[1][: len(inside.split(','))])}]"


def minimal_conflicts(named: Sequence[Named], trace: Sequence[str]) -> set[frozenset[int]]:
    """The least sets of constraints, each still open by itself, that no continuation satisfies together."""
    found: set[frozenset[int]] = set()
    for size in range(2, len(named) + 1):
        for chosen in map(frozenset, combinations(range(len(named)), size)):
            joined = Conjunction([automaton(*named[index], NAMES) for index in sorted(chosen)])
            if joined.in_conflict(trace) and not any(smaller < chosen for smaller in found):
                found.add(chosen)
    return found


def conflicts_said(monitor: Monitor, standing: Standing, clock: int) -> dict[frozenset[int], int]:
    """The sets of constraints that were said to be in conflict, and since when."""
    listed = (violation for violation in monitor.violations(standing, clock, None) if violation.why is Why.CONFLICT)
    return {frozenset((violation.constraint, *violation.others)): violation.happened_at for violation in listed}


def disjoint(sets: Iterable[frozenset[int]]) -> bool:
    """Whether no two of these share a constraint."""
    return all(not one & other for one, other in combinations(sets, 2))


@settings(max_examples=250)
@given(sets_of_constraints, st.lists(st.sampled_from([*NAMES, "Z"]), min_size=1, max_size=7))
def test_a_conflict_is_said_exactly_while_constraints_still_open_cannot_be_kept_together(
    named: list[Named], trace: list[str]
) -> None:
    """Whenever a set is said, no smaller one would do, and it shares no constraint with one that was said and is still
    unbroken; and after every event each set that cannot be kept any more shares one with such a set."""
    monitor = Monitor([read_constraint(written(each)) for each in named])
    alone = [automaton(*each, NAMES) for each in named]
    known = {frozenset(conflict.constraints): 0 for conflict in monitor.conflicts()}
    assert known.keys() <= minimal_conflicts(named, ())
    assert disjoint(known)
    assert all(any(least & told for told in known) for least in minimal_conflicts(named, ()))
    for place in range(len(trace)):
        now, clock = trace[: place + 1], place * SECOND
        said, exact = conflicts_said(monitor, after(monitor, now), clock), minimal_conflicts(named, now)
        assert {least for least, at in said.items() if at == clock} <= exact
        assert {least for least, at in said.items() if at < clock} <= known.keys()
        known |= said
        broken = {index for index, oracle in enumerate(alone) if oracle.read(now) not in oracle.good}
        lasting = [least for least in known if not least & broken]
        assert disjoint(lasting)
        assert bool(lasting) == bool(exact)
        assert all(any(least & told for told in lasting) for least in exact)


def test_a_case_that_must_end_in_a_step_it_may_not_repeat_can_do_nothing_else_before() -> None:
    """A may come once and is to be the last step: after it, a C that is still owed comes too late."""
    monitor = Monitor(list(map(read_constraint, ("Existence[C]", "Exactly1[A]", "End[A]"))))
    said = [conflicts_said(monitor, after(monitor, trace), SECOND) for trace in ("B", "A", "C")]
    assert said == [{}, {frozenset({0, 1, 2}): 0}, {}]
