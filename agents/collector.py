"""The garbage collector kept from walking through all that there is: reading and folding make millions of objects and
no cycles, and a search through those of a hundred thousand cases stops a worker for half a second.

A backtest sets it aside for a while; a worker has it search what is new, a little at a time. Invariant: set aside, it
collects again afterwards if it did before, whatever happens in between.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG: Final = 5_000
"""So many new objects are searched at once: at the interpreter's own 700, searches take a tenth of a worker's time."""
MIDDLE: Final = 2
"""So many searches later, what they left is searched again."""

MOST_YOUNG: Final = 3
"""So many searches of what was just made, each of some 15,000 objects, before what is left of them is searched."""

MOST_SEARCHED: Final = 20
"""If there were more, something is being restored, which lasts: to search it would take too long."""

NEVER: Final = 1_000_000_000


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Collect no cycles for a while."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def collect_only_what_is_new() -> None:
    """Have no search of everything begin by itself: `settle` is called between two pieces of work."""
    gc.set_threshold(YOUNG, MIDDLE, NEVER)


def settle() -> None:
    """Search what has become of new objects for cycles, once they are some, and count what is left as lasting: it is
    freed when nobody holds it, and not searched any more."""
    found = gc.get_count()[2]
    if found < MOST_YOUNG:
        return
    if found <= MOST_SEARCHED:
        gc.collect()
    gc.freeze()
