"""Figures and ages as people read them."""

import pytest

from agents.demo.wording import age, number, sparkline


@pytest.mark.parametrize(
    ("length_ms", "text"),
    [
        (-5_000, "now"),
        (1_999, "now"),
        (2_000, "2 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (3_599_999, "59 min"),
        (3_600_000, "1 h"),
        (86_400_000 * 21, "21 d"),
    ],
)
def test_an_age_is_given_in_its_largest_unit(length_ms: int, text: str) -> None:
    """Rounded down; an instant that lies just ahead is now."""
    assert age(length_ms) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (2.1, "2.1"), (9.0, "9"), (12.6, "13"), (98066, "98,066")])
def test_numbers_have_their_thousands_marked(value: float, text: str) -> None:
    """Fractions show only below ten."""
    assert number(value) == text


def test_a_sparkline_shows_the_newest_values_against_the_highest() -> None:
    """The width cuts off the oldest; all zeros lie flat."""
    assert sparkline([9, 0, 4, 8], 3) == "▁▅█"
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([], 5) == ""
