"""All that the view knows at one moment: the one value that the screen and the plain lines are drawn from.

Invariant: only the tasks of `watching` write to it, one at a time; whoever draws only reads.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

from agents.demo.alert_book import AlertBook, Told
from agents.demo.reading import Reading

LIVE = "live"
"""The last step: the history is read, and alerts are about now."""

SMOOTHED_OVER = 6
"""Readings that the shown rate is averaged over: three seconds of them, so that single events do not make it jump."""


@dataclass(slots=True)
class Picture:
    """The state of the demo. `step` says what it is doing, `started_at` (ms UTC) where history ends."""

    started_at: int
    metrics_url: str = ""
    alerts_topic: str = ""
    brokers: str = ""
    step: str = "starting"
    readings: deque[Reading] = field(default_factory=lambda: deque(maxlen=120))
    book: AlertBook = field(default_factory=AlertBook)

    @property
    def reading(self) -> Reading:
        """The newest figures."""
        return self.readings[-1] if self.readings else Reading()

    def rate(self) -> float:
        """Events a second, over the last few seconds."""
        if not self.readings:
            return 0.0
        return self.reading.rate_since(self.readings[max(len(self.readings) - 1 - SMOOTHED_OVER, 0)])

    def rates(self) -> list[float]:
        """Events a second between each reading and the one before, oldest first."""
        readings = list(self.readings)
        return [later.rate_since(earlier) for earlier, later in pairwise(readings)]

    def is_live(self, told: Told) -> bool:
        """Whether it happened while the demo was running, and not in the history before."""
        return told.happened_at >= self.started_at
