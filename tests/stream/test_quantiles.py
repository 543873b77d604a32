"""Quantiles from bins, against the exact ones of the same lengths of time."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.quantiles import ACCURACY, bin_of, edges_of, middle_of, quantile, roundest
from tests.stream.cards_by_hand import lower_quantile

lengths = st.lists(st.integers(0, 10**14), min_size=1, max_size=60)


@given(length=st.integers(0, 10**15))
def test_what_stands_for_a_length_is_near_it(length: int) -> None:
    """Within the accuracy that is stated, relative to the length."""
    assert abs(middle_of(bin_of(length)) - length) <= ACCURACY * length


@given(length=st.integers(0, 10**15), longer=st.integers(0, 10**15))
def test_bins_keep_the_order(length: int, longer: int) -> None:
    """What is no shorter lies in no lower bin."""
    assert bin_of(length) <= bin_of(length + longer)


@given(length=st.integers(0, 10**15))
def test_a_length_lies_within_the_edges_of_its_bin(length: int) -> None:
    """And what lies at the second edge in the next bin."""
    lowest, until = edges_of(bin_of(length))
    assert lowest <= length < until
    assert (bin_of(lowest), bin_of(until)) == (bin_of(length), bin_of(length) + 1)


@given(exact=st.integers(0, 10**13), steps=st.lists(st.integers(1, 10**10), max_size=5))
def test_a_length_as_it_is_shown_is_as_near_as_what_is_told(exact: int, steps: list[int]) -> None:
    """It could have been the exact one: it lies in the same bin."""
    told = middle_of(bin_of(exact))
    shown = roundest(told, sorted(steps, reverse=True))
    assert bin_of(shown) == bin_of(exact)
    assert abs(shown - told) <= ACCURACY * told


@pytest.mark.parametrize(
    ("exact", "shown"), [(14_400_000, 14_400_000), (14_290_000, 14_400_000), (1_799_000, 1_800_000)]
)
def test_a_length_is_shown_as_round_as_it_may_be(exact: int, shown: int) -> None:
    """3 h 58 min and 4 h are of one bin, so are half an hour and a second less."""
    assert roundest(middle_of(bin_of(exact)), [3_600_000, 1_800_000, 60_000]) == shown


@pytest.mark.parametrize("length", [0, 1, 63, 64, 127])
def test_short_lengths_are_exact(length: int) -> None:
    """A bin each."""
    assert middle_of(bin_of(length)) == length


def test_less_than_nothing_counts_as_nothing() -> None:
    """Clocks of producers may disagree."""
    assert bin_of(-5) == 0


@given(found=lengths, percent=st.integers(0, 100))
def test_a_quantile_is_near_the_exact_one(found: list[int], percent: int) -> None:
    """That of the sorted lengths."""
    exact = lower_quantile(sorted(found), percent)
    told = quantile(Counter(map(bin_of, found)), percent)
    assert exact is not None
    assert told is not None
    assert abs(told - exact) <= ACCURACY * exact


@given(some=lengths, others=lengths, percent=st.integers(0, 100))
def test_bins_add_up_and_can_be_taken_back(some: list[int], others: list[int], percent: int) -> None:
    """Two tasks say what one would have said, and what is taken back was never there."""
    apart = Counter(map(bin_of, some)) + Counter(map(bin_of, others))
    together = Counter(map(bin_of, some + others))
    assert quantile(apart, percent) == quantile(together, percent)
    assert quantile(together - Counter(map(bin_of, others)), percent) == quantile(Counter(map(bin_of, some)), percent)


def test_of_nothing_there_is_no_quantile() -> None:
    """Not even zero."""
    assert quantile({}, 50) is None
