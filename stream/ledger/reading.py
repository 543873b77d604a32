"""What a measure reads at an instant, and the episodes that readings form.

Invariant: episodes are a fold over readings in order of time; nothing else is known of the past.
"""

from typing import Any, NamedTuple, Protocol


class Reading(NamedTuple):
    """How bad it is, 0 for well, and the figures that say so."""

    level: int
    figures: tuple[Any, ...]


class Episode(NamedTuple):
    """From when to when it was not well (ms): `since`, the instant `at` of its last change, `closed_at` or None.

    `level` is the last one before it closed.
    """

    since: int
    at: int
    closed_at: int | None
    level: int
    figures: tuple[Any, ...]


class Measure(Protocol):
    """What is judged of one segment: at which instants a reading may change, and what it is then."""

    def put(self, task: int, bucket: int, value: list[Any]) -> int | None:
        """Take what a task says of a bucket; the first instant (ms) whose reading it may change, if any."""

    def next_change(self, after: int) -> int | None:
        """The first instant (ms) behind `after` at which the reading may be another one."""

    def read(self, at: int) -> Reading:
        """The reading at an instant at which it may change."""

    def decided(self, clock: int) -> int:
        """The last instant of which all is known at a clock, before which everything is over."""

    def keep_from(self, instant: int) -> list[tuple[int, int]]:
        """Drop what no reading behind `instant` needs; the (task, bucket) pairs that were dropped."""

    @property
    def grade(self) -> str:
        """How sure a reading is."""

    def kept(self) -> int | None:
        """What a restore needs beyond the partials."""

    def take_up(self, kept: int | None) -> None:
        """Go on from what was kept."""


def after(last: Episode | None, at: int, reading: Reading) -> Episode | None:
    """The episode that there is, or was last, once a reading has been taken."""
    level, figures = reading
    if last is None or last.closed_at is not None:
        return Episode(at, at, None, level, figures) if level else last
    if not level:
        return last._replace(at=at, closed_at=at, figures=figures)
    return last if level == last.level else last._replace(at=at, level=level, figures=figures)
