"""Which cases are kept unpacked: those that were looked at last, so many at the most.

Of the others there is the journal record, compressed against one of its own kind: a fraction of the memory.
Invariant: a packed case behaves as it did before, since a restart packs every case.
"""

import zlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from stream.layout import FLAGS

MOST_AWAKE: Final = 25_000
"""Cases of one process in one task, unless it is told otherwise."""

_LEVEL: Final = 1
_MEMORY: Final = 5
"""How much memory zlib takes to compress: less than usual, since to clear it is most of the work on a short record."""
_PLAIN: Final = ord("[")
"""How a journal record begins; before what was compressed stand the flags of the case, which are less than that."""


class Awake:
    """Ids of unpacked cases, in the order in which they were last looked at, and how the others are kept."""

    __slots__ = ("most", "order", "sample")

    def __init__(self, most: int = MOST_AWAKE) -> None:
        self.most = most
        self.order: OrderedDict[str, None] = OrderedDict()
        self.sample: bytes | None = None

    def use(self, case_id: str) -> None:
        """A case is looked at."""
        self.order[case_id] = None
        self.order.move_to_end(case_id)

    def doze(self, case_id: str) -> None:
        """A case was unpacked for a moment only: it is to be packed again before any other."""
        self.order.move_to_end(case_id, last=False)

    def leave(self, case_id: str) -> None:
        """A case is no longer there."""
        self.order.pop(case_id, None)

    def surplus(self) -> Iterator[str]:
        """Those that have been left alone the longest, until no more than so many are left."""
        while len(self.order) > self.most:
            yield self.order.popitem(last=False)[0]

    def closed(self, record: bytes, flags: int) -> bytes:
        """A journal record as it is kept here: what is equal to the first one costs next to nothing."""
        if self.sample is None:
            self.sample = bytes(memoryview(record))
        packing = zlib.compressobj(_LEVEL, memLevel=_MEMORY, zdict=self.sample)
        return bytes((flags,)) + packing.compress(record) + packing.flush()

    def opened(self, kept: bytes) -> bytes:
        """The journal record of a case that is kept packed, whether it was compressed or comes from the journal."""
        if kept[0] == _PLAIN:
            return kept
        return zlib.decompressobj(zdict=self.sample or b"").decompress(kept[1:])


def packed_flags(kept: bytes) -> int:
    """The flags of a case that is kept packed: to read a whole record would take ten times as long."""
    return int(kept.split(b",", FLAGS + 1)[FLAGS]) if kept[0] == _PLAIN else kept[0]
