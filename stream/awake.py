"""Which cases are kept unpacked: those that were looked at last, so many at the most in all tasks of a worker.

Of the others there is the journal record, compressed against one of its own kind: a fraction of the memory.
Invariant: a packed case behaves as it did before, since a restart packs every case.
"""

import sys
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final
from weakref import WeakSet

from stream.layout import FLAGS

MOST_AWAKE: Final = 100_000
"""Cases in all, unless it is told otherwise."""

_LEVEL: Final = 1
_MEMORY: Final = 5
"""How much memory zlib takes to compress: less than usual, since to clear it is most of the work on a short record."""
_PLAIN: Final = ord("[")
"""How a journal record begins; before what was compressed stand the flags of the case, which are less than that."""


class Room:
    """For how many unpacked cases there is room, for all who share it: who has no more than an equal share is left
    alone, and what one does not need the others may use. `cases`: how many each of them keeps at most, packed or not.
    """

    __slots__ = ("cases", "most", "sharers")

    def __init__(self, most: int = MOST_AWAKE, cases: int = sys.maxsize) -> None:
        self.most, self.cases = most, cases
        self.sharers: WeakSet[Awake] = WeakSet()

    def too_many(self, kept: int) -> int:
        """How many of those that one of the sharers keeps it has to pack."""
        over = sum(one.many for one in self.sharers) - self.most
        return 0 if over <= 0 else max(0, min(over, kept - self.most // len(self.sharers)))


class Awake:
    """Ids of unpacked cases, in the order in which they were last looked at (`order`), those apart that were unpacked
    for a moment only (`dozing`); and how the others are kept."""

    __slots__ = ("__weakref__", "dozing", "order", "room", "sample")

    def __init__(self) -> None:
        self.order: dict[str, str] = {}
        self.dozing: dict[str, None] = {}
        self.sample: bytes | None = None
        self.share(Room())

    def share(self, room: Room) -> None:
        """Share room with others."""
        self.room = room
        room.sharers.add(self)

    def use(self, case_id: str) -> None:
        """A case is looked at."""
        order = self.order
        known = order.pop(case_id, case_id)  # the text that there is: an event brings another one
        order[known] = known
        if self.dozing:
            self.dozing.pop(case_id, None)

    def doze(self, case_id: str) -> None:
        """A case was unpacked for a moment only: it is to be packed again before any other."""
        self.order.pop(case_id, None)
        self.dozing.pop(case_id, None)
        self.dozing[case_id] = None

    def leave(self, case_id: str) -> None:
        """A case is no longer there."""
        self.order.pop(case_id, None)
        self.dozing.pop(case_id, None)

    @property
    def many(self) -> int:
        """How many cases are unpacked."""
        return len(self.order) + len(self.dozing)

    def surplus(self) -> Iterator[str]:
        """Those that have been left alone the longest, until there is room for what is left."""
        many = self.room.too_many(self.many)
        woken = list(islice(reversed(self.dozing), many))
        for case_id in woken:
            del self.dozing[case_id]
        gone = list(islice(self.order, many - len(woken)))  # at once: to look for the first is slow after many others
        for case_id in gone:
            del self.order[case_id]
        yield from woken
        yield from gone

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
