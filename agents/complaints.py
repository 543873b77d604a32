"""Says in the log what goes wrong in service levels while they run: conditions that fail, calendars that run out.

Invariant: each reason is said once an hour for each service level, however many events it concerns; the counters have
the numbers.
"""

from collections import Counter
from typing import Final

import structlog

from agents.wall_clock import Clock

_log = structlog.get_logger("casewatch.sla")

HOUR_MS: Final = 3_600_000
COUNTED: Final = "sla_troubles"
_REMEDIES: Final = {
    "condition_failed": "a condition could not be computed and was taken for false",
    "no_working_time": "its calendar has no such working time left, so nothing is due",
    "too_many_pauses": "a clock was paused too often, and runs through",
    "too_many_at_once": "too many activities ran at once in a case, and some were not measured",
}


def meaning(reason: str) -> str:
    """What a reason comes to, as a sentence without its subject."""
    return _REMEDIES.get(reason, reason)


class Complaints:
    """What was said of late, and is not said again."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._said_at = clock, dict[tuple[str, ...], int]()

    def note(self, counts: Counter[tuple[str, ...]]) -> None:
        """Say what of these counts has not been said for an hour."""
        for (name, *labels), count in counts.items():
            if name != COUNTED:
                continue
            said_at, now = self._said_at.get(tuple(labels)), self._clock()
            if said_at is None or now - said_at >= HOUR_MS:
                self._said_at[tuple(labels)] = now
                process, rule, reason = labels
                _log.warning(meaning(reason), process=process, rule=rule, reason=reason, times=count)
