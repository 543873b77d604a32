"""Conflicts: constraints that can no longer be kept together, told as soon as that is so, and never otherwise."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.declare import Conflict, Monitor, Verdict, Violation, Why, conflict, read_constraint
from stream.declare import vector as vectors
from stream.declare.template import Template
from tests.stream.declare.cases import MINUTE, anchor, monitor, spelled, stand

CONTINUATIONS = ["".join(more) for length in range(5) for more in product("ABCD", repeat=length)]


def test_a_set_that_no_case_can_keep_is_told_before_any_case() -> None:
    """The smallest set is named; what has nothing to do with it is not."""
    watching = monitor("Response[A, B]", "Existence[A]", "Init[C]", "Absence[B]")
    assert watching.conflicts() == (Conflict((0, 1, 3)),)


def test_two_ends_or_two_beginnings_exclude_each_other() -> None:
    """Though they name different activities: both heed every event."""
    assert monitor("Init[A]", "Init[B]").conflicts() == (Conflict((0, 1)),)
    assert monitor("End[A]", "End[B]").conflicts() == (Conflict((0, 1)),)


def ring(count: int) -> list[str]:
    """Each of several activities must come, and each be followed by the next, the last one by the first."""
    follows = [f"Response[A{i}, A{(i + 1) % count}]" for i in range(count)]
    return follows + [f"Existence[A{i}]" for i in range(count)]


@pytest.mark.parametrize("count", [6, 10, 12, 16, 20, 30])
def test_a_small_conflict_is_found_in_a_large_set(count: int) -> None:
    """Two that must come and exclude each other, among many that owe much; the ring by itself cannot end, so that it
    conflicts with any activity in it that must come."""
    watching = monitor(*ring(count), "Not Co-Existence[A0, A5]")
    small, large = watching.conflicts()
    assert small == Conflict((count, count + 5, 2 * count))
    assert large.constraints[:-1] == tuple(range(count))
    assert large.constraints[-1] in set(range(count, 2 * count)) - set(small.constraints)
    assert watching.undecided() == ()


def test_a_conflict_along_a_long_chain_is_found() -> None:
    """The first activity must come, each asks for the next, and the last one must not come."""
    chain = [f"Response[A{i}, A{i + 1}]" for i in range(40)]
    others = [f"Existence[B{i}]" for i in range(20)] + [f"Response[A{i}, B{i}]" for i in range(20)]
    watching = monitor(*chain, *others, "Init[A0]", "Absence[A40]")
    assert watching.conflicts() == (Conflict((*range(40), 80, 81)),)


def test_a_large_set_that_can_be_kept_is_decided_to_be_so() -> None:
    """Without the step from the last to the first the ring is a line, which can be gone along."""
    watching = monitor(*(text for text in ring(30) if text != "Response[A29, A0]"), "Not Co-Existence[A0, B]")
    assert (watching.conflicts(), watching.undecided()) == ((), ())


def test_what_the_order_of_steps_makes_impossible_is_found_among_many() -> None:
    """A, then B, then C, and yet no C after A."""
    others = [f"Existence[D{i}]" for i in range(20)] + [f"Response[A, D{i}]" for i in range(20)]
    watching = monitor("Response[A, B]", "Response[B, C]", *others, "Not Response[A, C]", "Existence[A]")
    assert watching.conflicts() == (Conflict((0, 1, 42, 43)),)


def test_a_second_conflict_that_shares_no_constraint_is_told_too() -> None:
    """Before any case and in one, while the first one lasts."""
    assert monitor("Init[A]", "Init[B]", "End[A]", "End[B]").conflicts() == (Conflict((0, 1)), Conflict((2, 3)))
    watching = monitor("Not Co-Existence[B, A]", "Existence2[B]", "Not Response[C, A]", "Response[C, A]")
    found = watching.violations(stand(watching, spelled("AC")), 9 * MINUTE, None)
    assert [(one.constraint, one.others, one.happened_at // MINUTE) for one in found] == [(0, (1,), 0), (2, (3,), 1)]


def test_sets_that_can_be_kept_are_in_no_conflict() -> None:
    """Each has a case that keeps all of it."""
    assert monitor("Succession[A, B]", "Chain Response[B, C]", "End[C]", "Exactly2[A]").conflicts() == ()


def test_a_conflict_is_told_at_the_event_that_makes_it() -> None:
    """After A, B must come and must not: nobody is violated yet, and nothing can help any more."""
    watching = monitor("Existence[D]", "Response[A, B]", "Absence[B]")
    standing = stand(watching, spelled("CAC"))
    culprit = anchor(MINUTE, "A", 1)
    assert watching.violations(standing, 9 * MINUTE, None) == (
        Violation(1, culprit, MINUTE, culprit, Why.CONFLICT, (), (2,)),
    )
    assert watching.verdict(standing, 1, 9 * MINUTE, False) is Verdict.TEMPORARILY_VIOLATED


def test_a_conflict_that_a_violation_has_settled_may_be_followed_by_another() -> None:
    """Once a member is broken the rest goes on; what is impossible among the rest is told anew."""
    watching = monitor("Existence[B]", "Not Co-Existence[A, B]", "Response[B, D]", "Not Co-Existence[A, D]")
    found = watching.violations(stand(watching, spelled("AB")), 9 * MINUTE, None)
    assert [(one.constraint, one.others, one.why.value, one.happened_at // MINUTE) for one in found] == [
        (0, (1,), "conflict", 0),
        (1, (), "event", 1),
        (2, (3,), "conflict", 1),
    ]


def test_a_conflict_known_beforehand_is_not_told_of_every_case() -> None:
    """It is a mistake in the definition, and said there."""
    watching = monitor("Existence[A]", "Absence[A]")
    assert watching.violations(stand(watching, spelled("CC")), 9 * MINUTE, None) == ()


def test_constraints_with_conditions_or_time_take_no_part() -> None:
    """What they forbid depends on data and time."""
    assert monitor("Existence[A]", "Absence[A] |A.x is 1", "Absence[A] | |0,1,h").conflicts() == ()


@st.composite
def plain(draw: st.DrawFn) -> str:
    """A plain constraint over A, B and C."""
    template = draw(st.sampled_from(list(Template)))
    names = draw(st.permutations("ABC"))[: template.arity]
    return f"{template}{draw(st.integers(1, 2)) if template.counts else ''}[{', '.join(names)}]"


@settings(max_examples=100)
@given(st.lists(plain(), min_size=2, max_size=4), st.text("ABCD", max_size=3))
def test_no_continuation_keeps_what_is_said_to_be_in_conflict(texts: list[str], case: str) -> None:
    """All continuations up to a length are tried, and none keeps all members."""
    watching = monitor(*texts)
    standing = stand(watching, spelled(case))
    said = [one for one in watching.violations(standing, 9 * MINUTE, None) if one.why is Why.CONFLICT]
    sets = [("", one.constraints) for one in watching.conflicts()]
    sets += [(case, (one.constraint, *one.others)) for one in said]
    for begun, members in sets:
        assert not any(keep_all(watching, begun + more, members) for more in CONTINUATIONS)


def keep_all(watching: Monitor, case: str, members: tuple[int, ...]) -> bool:
    """Whether a case that ends like this keeps all of some constraints."""
    standing = stand(watching, spelled(case))
    verdicts = [watching.verdict(standing, index, 99 * MINUTE, True) for index in members]
    return set(verdicts) == {Verdict.PERMANENTLY_SATISFIED}


def test_what_is_too_large_to_search_is_not_in_conflict_as_far_as_anybody_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With too small a budget a true conflict is not told; with the usual one it is."""
    texts = ("Exactly900[A]", "Exactly901[A]")
    assert monitor(*texts).conflicts() == (Conflict((0, 1)),)
    assert monitor(*texts).undecided() == ()
    monkeypatch.setattr(conflict, "MOST_SEARCHED", 100)
    assert (monitor(*texts).conflicts(), monitor(*texts, "Existence[B]").undecided()) == ((), ((0, 1),))


def test_forgotten_vectors_are_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With memos of two entries everything is as with large ones."""
    texts = ["Response[A, B]", "Absence3[B]", "Alternate Succession[C, A]", "Existence[C]"]
    expected = {case: outcome(monitor(*texts), case) for case in map("".join, product("ABC", repeat=4))}
    monkeypatch.setattr(vectors, "MOST_VECTORS", 2)
    monkeypatch.setattr(vectors, "MOST_MOVES", 2)
    forgetful = Monitor([read_constraint(text) for text in texts])
    assert {case: outcome(forgetful, case) for case in expected} == expected
    assert forgetful.remembered <= 4


def outcome(watching: Monitor, case: str) -> object:
    """What is said of a case, and where it stands."""
    standing = stand(watching, spelled(case))
    return watching.violations(standing, 9 * MINUTE, 9 * MINUTE), watching.dump(standing)
