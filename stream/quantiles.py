"""Quantiles of lengths of time from counts in bins, which add up over tasks and windows and can be taken back.

A bin holds the whole numbers with the same highest seven bits: those below 128 each by itself, then 64 bins from one
power of two to the next. This is DDSketch with the linearly interpolated mapping (Masson, Rim, Lee: *DDSketch: a fast
and fully-mergeable quantile sketch with relative-error guarantees*, VLDB 2019, section 2), in integers alone, so that
it is the same on any machine. Invariant: what is told for a quantile lies within `ACCURACY` of the exact one, relative
to it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

BITS: Final = 6
ACCURACY: Final = 1 / 2 ** (BITS + 1)
"""Below 0.8 %."""


def bin_of(length: int) -> int:
    """The bin of a length of time (ms); one below zero counts as none at all."""
    shift = max(length.bit_length() - BITS - 1, 0) if length > 0 else 0
    return (shift << BITS) + (max(length, 0) >> shift)


def edges_of(number: int) -> tuple[int, int]:
    """The lengths (ms) of a bin: from the first up to, not including, the second."""
    shift = max((number >> BITS) - 1, 0)
    lowest = (number - (shift << BITS)) << shift
    return lowest, lowest + (1 << shift)


def middle_of(number: int) -> int:
    """The length (ms) that stands for all of a bin."""
    lowest, until = edges_of(number)
    return lowest + (until - lowest >> 1)


def roundest(length: int, steps: Iterable[int]) -> int:
    """The length (ms) to be shown to people for one that `quantile` told: of its bin the one that is a multiple of the
    first of these steps (ms, descending) that has one there, the nearest; what is told is not more exact than that."""
    lowest, until = edges_of(bin_of(length))
    for step in steps:
        nearest = (length + step // 2) // step * step
        if lowest <= nearest < until:
            return nearest
    return length


def quantile(bins: Mapping[int, int], percent: int) -> int | None:
    """The length (ms) that a share of those counted does not exceed, None where nothing is counted.

    Of n lengths in order it is the one at index floor(share * (n - 1)), as in the paper's definition 1.
    """
    rank = (sum(bins.values()) - 1) * percent // 100
    if rank < 0:
        return None
    for number in sorted(bins):
        rank -= bins[number]
        if rank < 0:
            return middle_of(number)
    raise AssertionError("a rank lies below the count of all bins")
