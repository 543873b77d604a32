"""Whole cases judged by constraints: verdicts after each step and at the end, and how often each was broken."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.declare import Happening, Judge, Monitor, Verdict, Why, read_constraint
from tests.stream.declare.cases import MINUTE, Step, anchor, spelled, stand
from tests.stream.declare.literature import FORMULAS
from tests.stream.declare.progression import Automaton

TIMED = tuple(f"{name} | | |0,2,m" if "," in name and "Choice" not in name else name for name in FORMULAS)
CONDITIONAL = (
    *("Response[A, B] |A.x > 1", "Existence2[A] |A.x > 1"),
    "Alternate Succession[A, B] |A.x > 1 |same x |0,3,m",
)

steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("ABC"), st.fixed_dictionaries({"x": st.integers(0, 3)})), max_size=14
)


def happenings(told: list[Step]) -> list[Happening]:
    """Steps as they happen; instants in minutes."""
    return [
        Happening(anchor(minute * MINUTE, activity, place), rest[0] if rest else {})
        for place, (minute, activity, *rest) in enumerate(told)
    ]


def in_order(gaps: list[Step]) -> list[Step]:
    """Steps whose minutes are those since the one before."""
    found: list[Step] = []
    at = 0
    for gap, activity, *rest in gaps:
        at += gap
        found.append((at, activity, rest[0] if rest else {}))
    return found


def test_the_verdicts_on_all_templates_at_once_are_what_progression_says() -> None:
    """After every event of every trace of up to four events, each constraint by itself, at the end for good."""
    judge = Judge([read_constraint(name) for name in FORMULAS])
    oracles = [Automaton(formula, "AB") for formula in FORMULAS.values()]
    for trace in (trace for length in range(5) for trace in product("ABC", repeat=length)):
        judged = judge.judge(happenings(spelled("".join(trace))), each=True)
        prefixes = [trace[:length] for length in range(1, len(trace) + 1)]
        expected = [tuple(oracle.verdict(oracle.read(prefix)) for oracle in oracles) for prefix in prefixes]
        end = tuple(Verdict(oracle.verdict(oracle.read(trace))).at_end() for oracle in oracles)
        assert (trace, list(judged.after), judged.end) == (trace, expected, end)


@settings(max_examples=60)
@given(steps)
def test_a_case_is_judged_as_a_monitor_that_is_asked_one_by_one_judges_it(gaps: list[Step]) -> None:
    """Conditions and times included: verdicts at the time of each event, and as many violations as are listed."""
    texts = (*FORMULAS, *TIMED, *CONDITIONAL)
    told, constraints = in_order(gaps), [read_constraint(text) for text in texts]
    watching = Monitor(constraints, foresees=False)

    judged = Judge(constraints).judge(happenings(told), each=True)

    standings = [stand(watching, told[:length]) for length in range(len(told) + 1)]
    clocks = [0, *(minute * MINUTE for minute, *_ in told)]
    seen = list(zip(standings, clocks, strict=True))
    indices = range(len(texts))
    assert list(judged.after) == [
        tuple(watching.verdict(standing, index, clock, False) for index in indices) for standing, clock in seen[1:]
    ]
    standing, clock = seen[-1]
    assert judged.end == tuple(watching.verdict(standing, index, clock, True) for index in indices)
    if told:
        listed = Counter(found.constraint for found in watching.violations(standing, clock, clock))
        assert judged.violations == tuple(listed[index] for index in indices)
    assert [count > 0 for count in judged.violations] == [end is Verdict.PERMANENTLY_VIOLATED for end in judged.end]


def test_verdicts_after_each_step_are_there_only_where_they_are_asked_for() -> None:
    """The end is the same."""
    judge, told = Judge([read_constraint("Response[A, B]")]), happenings(spelled("AC"))

    brief, whole = judge.judge(told, each=False), judge.judge(told, each=True)

    assert (list(brief.after), len(whole.after)) == ([], 2)
    assert brief[1:] == whole[1:]


@pytest.mark.parametrize(("count", "cut"), [(200, ()), (300, (0,))])
def test_violations_beyond_what_lists_hold_are_counted_as_far_as_they_are_followed(count: int, cut: tuple[int]) -> None:
    """Two hundred and fifty-six activations are followed; where there are more, that is said."""
    judge = Judge([read_constraint("Response[A, B] |A.x > 1")])
    told: list[Step] = [(minute, "A", {"x": 2}) for minute in range(count)]

    judged = judge.judge(happenings(told), each=False)

    assert (judged.violations, judged.cut) == ((min(count, 256),), cut)


def test_a_monitor_that_does_not_foresee_finds_the_conflicts_of_the_set_alone() -> None:
    """Those that come up in a case are not looked for; each constraint is broken when it is."""
    constraints = [read_constraint(text) for text in ("Response[A, B]", "Not Response[A, B]", "Absence[C]", "Init[C]")]
    told = happenings(spelled("A"))
    blind, foreseeing = Monitor(constraints, foresees=False), Monitor(constraints)

    stands = [watching.step(watching.start(), told[0]) for watching in (blind, foreseeing)]

    assert blind.conflicts() == foreseeing.conflicts() != ()
    assert [one.why for one in blind.violations(stands[0], 0, None)] == [Why.EVENT]
    assert [one.why for one in foreseeing.violations(stands[1], 0, None)] == [Why.CONFLICT, Why.EVENT]
