"""The cases of one process in one task: unpacked while they are looked at, as journal records before and after.

A case that was restored stays packed until it is touched, one that was left alone is packed again. Invariant: whether a
case is packed changes nothing but memory, and every change of one is in `changed` until it is journalled.
"""

from collections import Counter
from collections.abc import Container, Iterator
from typing import Any

from stream.awake import Awake
from stream.case import Case
from stream.deadlines import AT_ONCE
from stream.layout import FLAGS, UnreadableState
from stream.process import Process
from stream.versions import Versions, number_of


class Kept:
    """Cases by id; those whose version was not to be found are noted among the `counts`. `miscounted`: whether a case
    was restored that was counted on other scorecards."""

    __slots__ = ("awake", "cases", "changed", "counts", "miscounted", "name", "versions", "written")

    def __init__(self, process: Process, counts: Counter[tuple[str, ...]]) -> None:
        self.name, self.counts = process.name, counts
        self.cases: dict[str, Case | bytes] = {}
        self.changed: dict[str, None] = {}
        self.written: dict[str, bytes] = {}
        self.versions, self.awake, self.miscounted = Versions(process), Awake(), False

    def opened(self, case_id: str) -> Case | None:
        """A case, unpacked; None if it is not known."""
        case = self.cases.get(case_id)
        return self._unpacked(case_id, case) if isinstance(case, bytes) else case

    def _unpacked(self, case_id: str, record: bytes) -> Case:
        try:
            case, is_missing = self.versions.unpacked(self.awake.opened(record))
        except UnreadableState as error:
            raise UnreadableState(f"case {case_id} of {self.name}: {error}") from error
        if is_missing:
            self.counts["versions", self.name, "missing"] += 1
        self.cases[case_id] = case
        self.awake.use(case_id)
        return case

    def begin(self, case_id: str, case: Case) -> Case:
        """Keep a case that has just begun, on the active version."""
        self.cases[case_id] = case
        self.versions.active.count(None, 0)
        return case

    def leave(self, case_id: str, case: Case) -> None:
        """Keep a case no longer."""
        self.versions.version(case.process).count(case.flags, None)
        del self.cases[case_id]
        self.awake.leave(case_id)
        self.changed[case_id] = None

    def is_armed(self, wake: int, case_id: str) -> bool:
        """Whether a case may wait for an instant (ms): of a packed one that is taken for granted."""
        case = self.cases.get(case_id)
        return isinstance(case, bytes) or (case is not None and case.wake == wake)

    def rest(self, touched: Container[str]) -> None:
        """Pack the cases that have been left alone the longest, where too many are unpacked, but for those that are
        still to be looked at; to be called once all changes are journalled, with what was just `written`."""
        for case_id in self.awake.surplus():
            case = self.cases.get(case_id)
            if type(case) is Case and case_id not in touched:
                record = self.written.get(case_id) or self.versions.packed(case, None)
                self.cases[case_id] = self.awake.closed(record, case.flags)
        self.written = {}

    def journal(self, touched: Container[str]) -> Iterator[tuple[bytes, bytes | None]]:
        """The records of the cases that have changed since the last call, tombstones for those that left; those
        `touched` are still to be looked at."""
        prefix = f"case/{self.name}/"
        for case_id in self.changed:
            record = self._record(case_id, touched)
            if record is not None and case_id not in touched:
                self.written[case_id] = record
            yield (prefix + case_id).encode(), record
        if self.changed:
            yield from self.versions.records(self.name)
        self.changed.clear()

    def _record(self, case_id: str, touched: Container[str]) -> bytes | None:
        """What is journalled of a case, None for one that has left."""
        case = self.cases.get(case_id)
        if isinstance(case, Case):
            return self.versions.packed(case, AT_ONCE if case_id in touched else None)
        return None if case is None else self.awake.opened(case)

    def restore(self, case_id: str, record: bytes, fields: list[Any]) -> int:
        """Take up a journalled case, whose fields are given too; its flags. Raises `LookupError` where its version was
        not restored before."""
        flags = int(fields[FLAGS])
        self.cases[case_id] = record
        self.versions.taken_up(number_of(fields), flags)
        self.miscounted = self.miscounted or not self.versions.active.packer.counted(fields)
        return flags

    def count_anew(self, cards: str | None) -> Iterator[str]:
        """Have every case be counted on other scorecards, of that identity, or on none; those that are to be looked
        at."""
        self.versions.count_on(cards, self.versions.cards[1] + 1)
        self.miscounted = False
        for case_id, case in self.cases.items() if cards is not None else ():
            if isinstance(case, Case):
                case.card, case.wake = (), AT_ONCE
            yield case_id
