"""What a task shows of itself while it runs: numbers for gauges, as they are at one instant.

Invariant: they are read, never counted anew, so that asking for them costs next to nothing.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from stream.clock import ClockMode
from stream.inputs import Input
from stream.ledger.standing import Figure
from stream.versions import Count

NO_DELAYS: Final[Mapping[Input, int]] = MappingProxyType({})


class Snapshot(NamedTuple):
    """What gauges show: cases by process and state, for each input its newest event time (ms), its clock mode and by
    how much (ms) it is a delayed feed, the figures of what spans tasks, and by process how many open cases are of which
    version."""

    cases: dict[str, dict[str, int]]
    newest_at: dict[Input, int]
    modes: dict[Input, ClockMode]
    figures: tuple[Figure, ...] = ()
    versions: Mapping[str, Sequence[Count]] = MappingProxyType({})
    delays: Mapping[Input, int] = NO_DELAYS
