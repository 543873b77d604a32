"""The garbage collector set aside for a while: reading and folding make millions of objects and no cycles, and each
search walks all of them.

Invariant: it collects again afterwards if it did before, whatever happens in between.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
