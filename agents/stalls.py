"""For how long this worker's event loop stood still: the most by which it woke late from short sleeps, over a minute;
and for how much of that it was at work itself, rather than without a processor.

While the loop is held, no record is read, nothing is committed and no heartbeat is sent. Invariant: what is told is
never more than the loop was late, and less by one sleep at most; nothing but the loop and its thread is asked.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

SLEEP_S: Final = 0.02
WINDOW_S: Final = 60.0
"""No scrape is as rare as that, so that none misses a stall."""

Seconds = Callable[[], float]


class Stall(NamedTuple):
    """At `at` (s, of the loop's clock) the loop had been late by `seconds`."""

    at: float
    seconds: float


class Longest:
    """The longest stall of the last minute."""

    def __init__(self) -> None:
        self._found: deque[Stall] = deque()

    def note(self, stall: Stall) -> None:
        """Keep what may still become the longest: each that is followed by no longer one."""
        while self._found and self._found[-1].seconds <= stall.seconds:
            self._found.pop()
        self._found.append(stall)
        while self._found[0].at < stall.at - WINDOW_S:
            self._found.popleft()

    def seconds(self) -> float:
        """How long it was; 0 before anything was noted."""
        return self._found[0].seconds if self._found else 0.0


class Stalls:
    """The longest stalls: by how much the loop was `late`, and for how much of that its own work `held` it.

    `clock` is the loop's (s), `sleep` its sleep, `worked` how long its thread has had a processor (s).
    """

    def __init__(
        self,
        clock: Seconds | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        worked: Seconds = time.thread_time,
    ) -> None:
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._sleep, self._worked = sleep, worked
        self.late, self.held = Longest(), Longest()

    async def run(self) -> None:
        """Sleep and note how late that ended, until cancelled."""
        while True:
            due, worked = self._clock() + SLEEP_S, self._worked()
            await self._sleep(SLEEP_S)
            woken = self._clock()
            late = max(0.0, woken - due)
            self.late.note(Stall(woken, late))
            self.held.note(Stall(woken, min(late, self._worked() - worked)))
