"""What a task runs: the calls that its shell makes, whether cases or windows are behind them.

Invariant: a core does nothing by itself; the same calls in the same order give the same records.
"""

from collections.abc import Iterable
from typing import Protocol

from stream.control import ControlRecord
from stream.effects import Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.snapshot import Snapshot


class Core(Protocol):
    """A shard, or a scorekeeper."""

    @property
    def clock(self) -> int | None:
        """How far time has come (ms), None while that is not known."""

    def position(self, source: Input) -> int | None:
        """The next offset to read of an input, None if it was never read."""

    def observe(self, batch: Batch) -> None:
        """Take a batch; raises `stream.shard.PositionGap` if it starts beyond the position."""

    def refuse(self, source: Input, received: Received, refusal: Refusal) -> None:
        """Set aside a record that the core could not take, and go on behind it."""

    def control(self, records: Iterable[ControlRecord], end: int | None = None) -> bool:
        """Take what is ordered from elsewhere, in order of offset; `end` is where its topic ends, if that is known.
        Whether the core has to be opened anew for it, since another version is in force than it was opened under."""

    def advance(self, now: int, limit: int = 1_000) -> bool:
        """Let time pass to wall clock `now` (ms), with at most `limit` firings; whether more are due."""

    def drain(self) -> Effects:
        """What has changed since the last drain."""

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild from journalled (key, value) pairs in order; raises `stream.layout.UnreadableState`."""

    def snapshot(self, now: int) -> Snapshot:
        """What gauges show at wall clock `now` (ms)."""
