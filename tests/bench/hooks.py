"""What a function of the core takes while a whole is played, its timer's own cost taken off.

A clock is read before and after each call; what reading it costs is measured beside, in the same run, by calls of a
function that does nothing. Invariant: of two timed functions, one of which calls the other, each has its own time only.
"""

from collections.abc import Callable
from time import process_time
from typing import Any, Final

EMPTY_CALLS: Final = 20_000


class Timed:
    """Calls of one function: how many, and how long they took in all, as the clock has it."""

    def __init__(self) -> None:
        self.calls, self.seconds = 0, 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*given: Any, **named: Any) -> Any:
            began = process_time()
            found = function(*given, **named)
            self.seconds += process_time() - began
            self.calls += 1
            return found

        return timed


class TimersCost:
    """What a timer adds to a call: `inside` to what it measures itself, `outside` to what is measured around it."""

    def __init__(self) -> None:
        empty = Timed()
        call = empty.around(_nothing)
        began = process_time()
        for _ in range(EMPTY_CALLS):
            call()
        whole = process_time() - began
        self.inside = empty.seconds / EMPTY_CALLS
        self.outside = max(whole / EMPTY_CALLS, self.inside)

    def own(self, caller: Timed, called: Timed) -> tuple[float, float]:
        """Seconds of the caller by itself, and of what it calls."""
        below = called.seconds - called.calls * self.inside
        within = called.seconds + called.calls * (self.outside - self.inside)
        return caller.seconds - caller.calls * self.inside - within, below


def _nothing() -> None:
    """What an empty call does."""
