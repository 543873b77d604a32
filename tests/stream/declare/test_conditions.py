"""What conditions ask: texts, numbers, truth values, and attributes that are not there."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream.declare.condition import names_of
from stream.declare.grammar import read_condition
from stream.declare.value import value_of

HOLDS: list[tuple[str, Mapping[str, Any], bool]] = [
    ("A.x is red", {"x": "red"}, True),
    ("A.x is Red", {"x": "red"}, False),
    ("A.x is 5", {"x": 5}, True),
    ("A.x is 5", {"x": 5.0}, True),
    ("A.x is 5", {"x": "5"}, True),
    ("A.x is 5", {"x": "05"}, False),
    ("A.x = 5", {"x": "05"}, True),
    ("A.x = 5", {"x": "five"}, False),
    ("A.x != 5", {"x": "five"}, True),
    ("A.x = red", {"x": "red"}, True),
    ("A.x is true", {"x": True}, True),
    ("A.x is true", {"x": "True"}, True),
    ("A.x is false", {"x": False}, True),
    ("A.x is not true", {"x": False}, True),
    ("A.x in (red, 5)", {"x": 5}, True),
    ("A.x not in (red, 5)", {"x": "blue"}, True),
    ("A.x not in (red, 5)", {"x": 5}, False),
    ("A.x > 3", {"x": 3}, False),
    ("A.x >= 3", {"x": "3.0"}, True),
    ("A.x < 3", {"x": "2.5e0"}, True),
    ("A.x <= 3", {"x": "many"}, False),
    ("A.x > 3", {"x": True}, False),
    ("A.x > 3", {"x": float("inf")}, False),
    ("A.x > 3", {"x": [4]}, False),
    ("A.x > A.y", {"x": 4, "y": "3"}, True),
    ("A.x = A.y", {"x": "4", "y": 4}, True),
    ("A.x is red or A.y is red and A.z is red", {"x": "red"}, True),
    ("(A.x is red or A.y is red) and A.z is red", {"x": "red"}, False),
    ("not A.x is red", {"x": "blue"}, True),
    ("not (A.x is red)", {}, True),
]
"""A condition, the attributes, whether it holds."""

OF_ABSENT = ["is 1", "is not 1", "in (1, 2)", "not in (1, 2)", "> 1", "<= 1", "= 1", "!= 1", "= A.y", "!= A.y", "< A.y"]


def holds(text: str, activation: Mapping[str, Any], target: Mapping[str, Any] | None = None) -> bool:
    """Whether a condition holds of an activation and a target with these attributes."""
    condition = read_condition(text, "AT")
    assert condition is not None
    names = {side: names_of([condition], side) for side in "AT"}
    sides = zip(names.values(), (activation, target or {}), strict=True)
    return condition.judge(names)(*(tuple(value_of(found.get(name)) for name in read) for read, found in sides))


@pytest.mark.parametrize(("text", "attributes", "expected"), HOLDS)
def test_a_condition_asks_of_values_what_it_says(text: str, attributes: Mapping[str, Any], expected: bool) -> None:
    """Texts are compared as texts, numbers as numbers, whichever way they came."""
    assert holds(text, attributes) is expected


@pytest.mark.parametrize("asked", OF_ABSENT)
@pytest.mark.parametrize("value", [None, "", [], {}, float("nan")])
def test_nothing_holds_of_an_attribute_that_is_absent(asked: str, value: Any) -> None:
    """Whatever is asked of an attribute without a plain value is false, its negation included."""
    assert not holds(f"A.x {asked}", {"x": value, "y": 1})
    assert not holds(f"A.x {asked}", {"y": 1})


def test_a_correlation_compares_the_two_sides() -> None:
    """`same` and `different` need the attribute on both sides."""
    assert holds("same x", {"x": "a"}, {"x": "a"})
    assert not holds("same x", {"x": "a"}, {"x": "b"})
    assert holds("different x", {"x": "a"}, {"x": "b"})
    assert not holds("different x", {"x": "a"}, {})
    assert not holds("same x", {}, {})
    assert holds("T.x > A.x and T.y is red", {"x": 1}, {"x": 2, "y": "red"})
