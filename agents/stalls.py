"""For how long this worker's event loop stood still: the most by which it woke late from short sleeps, over a minute.

While the loop is held, by a long piece of work, a search for garbage, or a machine that gave the process no time, no
record is read, nothing is committed and no heartbeat is sent. Invariant: what is told is never more than the loop was
late, and less by one sleep at most; nothing but the loop is asked.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

SLEEP_S: Final = 0.02
WINDOW_S: Final = 60.0
"""No scrape is as rare as that, so that none misses a stall."""


class Stall(NamedTuple):
    """At `at` (s, of the loop's clock) the loop had been late by `seconds`."""

    at: float
    seconds: float


class Stalls:
    """The longest stall of late; `clock` is the loop's (s), `sleep` its sleep."""

    def __init__(
        self, clock: Callable[[], float] | None = None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._sleep = sleep
        self._found: deque[Stall] = deque()

    async def run(self) -> None:
        """Sleep and note how late that ended, until cancelled."""
        while True:
            due = self._clock() + SLEEP_S
            await self._sleep(SLEEP_S)
            woken = self._clock()
            self._note(Stall(woken, max(0.0, woken - due)))

    def _note(self, stall: Stall) -> None:
        """Keep what may still become the longest: each that is followed by no longer one."""
        while self._found and self._found[-1].seconds <= stall.seconds:
            self._found.pop()
        self._found.append(stall)
        while self._found[0].at < stall.at - WINDOW_S:
            self._found.popleft()

    def longest(self) -> float:
        """Seconds of the longest stall within the last minute."""
        return self._found[0].seconds if self._found else 0.0
