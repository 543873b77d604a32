"""The time of day, and nothing else: the only module that may read it.

Everything else is handed an instant, so that whoever reads the code can tell from a path alone whether a result depends
on when it was computed. Invariant: integer milliseconds UTC, as everywhere inside the house.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Something that says what time it is, in milliseconds UTC."""


def now_ms() -> int:
    """Say what time it is, in milliseconds UTC."""
    return time.time_ns() // 1_000_000


def as_text(instant_ms: int) -> str:
    """Write an instant in milliseconds as ISO 8601 in UTC, like `2026-11-22T17:30:00.123Z`."""
    return datetime.fromtimestamp(instant_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
