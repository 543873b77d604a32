"""Conditions in CEL, judged by attributes that may be absent, empty or of another kind than expected."""

from typing import Any

import pytest

from schemas.problem import Fault
from stream.condition import MOST_REMEMBERED, Condition


@pytest.mark.parametrize(
    ("source", "attributes", "judgement"),
    [
        ("priority in ['1', '2']", {"priority": "2"}, "holds"),
        ("priority in ['1', '2']", {"priority": "3"}, "does not"),
        ("priority in ['1', '2']", {}, "does not"),
        ("amount > 1000.0 && supplier == 'northwind'", {"amount": 1200.5, "supplier": "northwind"}, "holds"),
        ("amount > 1000.0", {}, "does not"),
        ("amount > 1000.0", {"amount": "many"}, "failed"),
        ("attributes['org:group'] == 'A'", {"org:group": "A"}, "holds"),
        ('attributes["org:group"] == "A"', {}, "does not"),
        ("tags.exists(tag, tag == 'vip')", {"tags": ["new", "vip"]}, "holds"),
        ("size(name) > 3", {"name": "Anna"}, "holds"),
        ("amount / count > 2", {"amount": 4, "count": 0}, "failed"),
        ("amount", {"amount": 4}, "failed"),
        ("amount", {}, "does not"),
    ],
)
def test_a_condition_is_judged_by_what_is_known(source: str, attributes: dict[str, Any], judgement: str) -> None:
    """What is absent makes nothing true; what comes to neither true nor false is a failure."""
    assert Condition(source).judge(attributes, {}) == judgement


def test_a_condition_may_ask_for_the_event() -> None:
    """Activity, life cycle and resource are those of the event."""
    condition = Condition("activity == 'Approve' && resource != null")
    assert condition.judge({}, {"activity": "Approve", "resource": "anna"}) == "holds"
    assert condition.judge({}, {"activity": "Approve"}) == "does not"


def test_a_condition_says_which_attributes_it_reads() -> None:
    """Names inside texts and names bound by a macro are no attributes."""
    condition = Condition("status == 'priority' && tags.exists(t, t == attributes['org:group'])")
    assert condition.reads == {"status", "tags", "org:group"}


@pytest.mark.parametrize(
    ("source", "wrong"),
    [("priority in", "is not a condition in CEL"), ("", "is not a condition in CEL"), ("x == 1 " * 900, "longer than")],
)
def test_what_is_no_condition_is_refused(source: str, wrong: str) -> None:
    """A condition that does not compile says so when it is written, not when it is judged."""
    with pytest.raises(Fault, match=wrong):
        Condition(source)


@pytest.mark.parametrize("source", ["startswith(name, 'A')", "name.startswith('A')", "size(name) > length(name)"])
def test_a_function_that_there_is_not_is_refused(source: str) -> None:
    """A misspelt one would fail on every event."""
    with pytest.raises(Fault, match=r"unknown function `(startswith|length)`.*one of contains, .*startsWith"):
        Condition(source)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("name.contains('nn') && name.startsWith('A') && name.endsWith('a') && name.matches('^A.*a$')", "Anna"),
        ("size(name) == 2 && int(name) + 1 == 43 && double(name) > 41.5 && uint(name) == 42u", "42"),
        ("string(size(bytes(name))) == '2' && type(name) == type('a') && dyn(name) == 'ab'", "ab"),
        ("timestamp(name).getFullYear() == 2026 && timestamp(name).getDayOfWeek() == 1", "2026-11-02T09:30:15.250Z"),
        ("timestamp(name).getMonth() == 10 && timestamp(name).getDate() == 2", "2026-11-02T09:30:15.250Z"),
        ("timestamp(name).getDayOfMonth() == 1 && timestamp(name).getDayOfYear() == 305", "2026-11-02T09:30:15.250Z"),
        ("timestamp(name).getHours() == 9 && timestamp(name).getMinutes() == 30", "2026-11-02T09:30:15.250Z"),
        ("timestamp(name).getSeconds() == 15 && timestamp(name).getMilliseconds() == 250", "2026-11-02T09:30:15.250Z"),
        ("timestamp(name) - timestamp('2026-11-02T09:00:00Z') > duration('30m')", "2026-11-02T09:30:15.250Z"),
    ],
)
def test_every_function_that_there_is_works(source: str, name: str) -> None:
    """As the specification of CEL has them."""
    assert Condition(source).judge({"name": name}, {}) == "holds"


def test_an_attribute_that_nobody_maps_is_refused() -> None:
    """A misspelt name would never be true; it is refused with those that exist."""
    with pytest.raises(Fault, match=r"unknown attribute `prority`.*mapped are priority"):
        Condition("prority == '1'").check({"priority"})


def test_attributes_are_read_by_name_only() -> None:
    """An attribute computed at run time could not be checked."""
    with pytest.raises(Fault, match="without the name of one"):
        Condition("size(attributes) > 1")


def test_a_judgement_is_remembered_for_equal_values_of_one_kind_only() -> None:
    """What Python takes for equal need not be the same in CEL: whole numbers, fractions, truth, the sign of zero."""
    is_true, is_one, below = Condition("flag == true"), Condition("n / 2 == 0"), Condition("1.0 / n < 0.0")
    assert [is_true.judge({"flag": flag}, {}) for flag in (True, 1, True, 1.0, "true")] == [
        "holds", "does not", "holds", "does not", "does not",
    ]  # fmt: skip
    assert [is_one.judge({"n": n}, {}) for n in (1, 1.0, True, 1)] == ["holds", "failed", "failed", "holds"]
    assert [below.judge({"n": n}, {}) for n in (0.0, -0.0, 0.0)] == ["does not", "holds", "does not"]


def test_a_condition_remembers_no_more_than_its_share() -> None:
    """As many judgements as it may keep, whatever comes; long texts and lists are judged anew each time."""
    condition = Condition("name == 'n-5000' || size(name) > 300")
    judged = [condition.judge({"name": f"n-{number}"}, {}) for number in range(3 * MOST_REMEMBERED)]
    assert set(judged) == {"does not"}
    assert len(condition.remembered) <= MOST_REMEMBERED
    kept = len(condition.remembered)
    assert condition.judge({"name": "n" * 400}, {}) == "holds"
    assert condition.judge({"name": ["n"] * 400}, {}) == "holds"
    assert len(condition.remembered) == kept
