"""The versions of one process in one task: the active one, on which cases begin, and those that older cases began on.

A version is known by the content of its definition and model. Cases carry a small number; which version that is, and by
which numbering of labels their steps are kept, is a record of its own, written with the first case that needs it and
taken away with the last. Number 0 is that of the cases of layouts that knew no versions. A case whose version is not to
be found any more goes on under the one that was active when it was restored. Invariant: a number means one version for
as long as a case carries it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from stream.card_kinds import card_kinds, identity_of
from stream.case import Case
from stream.census import OPEN
from stream.layout import FILED, LAYOUT, Packer
from stream.process import Process
from stream.steps import Labels


class Count(NamedTuple):
    """What a gauge shows of a version: its text, its identity, whether it is active, and its open cases."""

    version: str
    identity: str
    active: bool
    open: int


class Version:
    """One version here: how its cases are packed, how many are kept and how many of them are open.

    `process` is what they go on under; `missing` where it is not what they began under. `number` is None until a case
    is journalled; `told` says whether the number's meaning was, since the task was opened.
    """

    __slots__ = ("identity", "kept", "missing", "number", "open", "packer", "process", "text", "told")

    def __init__(self, process: Process, missing: tuple[str, str] | None = None) -> None:
        self.process, self.missing = process, missing is not None
        self.identity, self.text = missing or (process.identity, process.version)
        self.packer = Packer(process)
        self.number: int | None = None
        self.told = False
        self.kept = self.open = 0

    def count(self, before: int | None, after: int | None) -> None:
        """The flags of one of its cases have changed; None stands for a case that is not kept here."""
        self.kept += (after is not None) - (before is not None)
        self.open += ((after or 0) & OPEN) - ((before or 0) & OPEN)


class Versions:
    """Versions by their number, and by what they compile to. `older` has by identity what is not `own`."""

    def __init__(self, own: Process) -> None:
        self.own = own
        self.older: Mapping[str, Process] = {}
        self.known: dict[str, Labels] = {}
        self.filed: dict[int, str] = {}
        self.by_number: dict[int, Version] = {}
        self.of: dict[Process, Version] = {}
        self.wanted: tuple[str, int] | None = None
        self.cards: tuple[str | None, int] = identity_of(card_kinds(own.definition)), 0
        self.active = self.version(own)

    def version(self, process: Process) -> Version:
        """The version that a process is, which is in use from now on."""
        version = self.of.get(process)
        if version is None:
            version = self.of[process] = self._sharing(Version(process))
        return version

    def _sharing(self, version: Version) -> Version:
        """Let a version read what any of them wrote."""
        self.known.update(version.packer.known)
        version.packer.known, version.packer.filed = self.known, self.filed
        version.packer.cards = self._cards_name()
        return version

    def _cards_name(self) -> str | None:
        """What names the scorecards that cases are counted on: those that came back are others."""
        identity, number = self.cards
        return f"{identity}#{number}" if identity is not None and number else identity

    def count_on(self, identity: str | None, number: int) -> None:
        """Have cases be of the scorecards of an identity, which are the `number`-th others: what was counted before
        counts no more."""
        self.cards = identity, number
        for version in self._all():
            version.packer.cards = self._cards_name()

    def _file(self, version: Version, number: int, labels: str) -> None:
        version.number = version.packer.number = number
        self.by_number[number], self.filed[number] = version, labels

    def _at(self, number: int) -> Version:
        """The version of a number; cases of before there were numbers are of the active one from now on."""
        if not self.by_number and number == 0:
            self._file(self.active, 0, self.active.process.labels.identity)
        return self.by_number[number]

    def _find(self, identity: str) -> Process | None:
        if identity == self.own.identity:
            return self.own
        used = (process for process in self.of if process.identity == identity)
        return next(used, None) or self.older.get(identity)

    def activate(self, identity: str, at: int) -> bool:
        """Let cases begin on a version from now on, as was decided at `at` (ms); whether it is to be found. One that is
        not is looked for again at the next restore."""
        self.wanted = identity, at
        process = self._find(identity)
        if process is not None:
            self.active = self.version(process)
        return process is not None

    def packed(self, case: Case, wake: int | None) -> bytes:
        """The record of a case, under its own version."""
        version = self.of[case.process]
        if version.number is None:
            self._file(version, max(self.by_number, default=-1) + 1, version.process.labels.identity)
        return version.packer.packed(case, wake)

    def unpacked(self, record: bytes) -> tuple[Case, bool]:
        """The case of a record, and whether the version that it began on is missing; raises `UnreadableState`."""
        fields = orjson.loads(record)
        version = self._at(number_of(fields))
        case = version.packer.unpacked(fields)
        now = self.version(case.process)
        if now is not version:
            version.count(case.flags, None)
            now.count(None, case.flags)
        return case, version.missing

    def records(self, name: str) -> Iterator[tuple[bytes, bytes]]:
        """What the journal has still to be told of the numbers in use, and of labels; `name`: the process."""
        for number, version in self.by_number.items():
            if not version.told and not version.missing:
                version.told = True
                for identity, record in version.packer.labels_records():
                    yield f"labels/{name}/{identity}".encode(), record
                fields = [LAYOUT, version.identity, version.text, self.filed[number]]
                yield f"version/{name}/{number}".encode(), orjson.dumps(fields)

    def retire(self) -> list[Version]:
        """Let go of the versions whose last case has left; their numbers mean nothing any more."""
        if len(self.of) == 1 and len(self.by_number) <= 1:
            return []
        gone = [one for one in self._all() if not one.kept and one is not self.active]
        for version in gone:
            if self.of.get(version.process) is version:
                del self.of[version.process]
            if version.number is not None:
                del self.by_number[version.number], self.filed[version.number]
        return gone

    def _all(self) -> list[Version]:
        return list(dict.fromkeys((*self.of.values(), *self.by_number.values())))

    def learn(self, identity: str, record: bytes) -> None:
        """Take up a numbering of labels met in the journal; raises `UnreadableState`."""
        self.active.packer.learn(identity, record)

    def restore(self, number: int, fields: list[Any]) -> Version:
        """Take up a number, before any case that carries it."""
        _, identity, text, labels = fields
        process = self._find(identity)
        if process is None:
            version = self._sharing(Version(self.active.process, missing=(identity, text)))
        else:
            version = self.version(process)
            if labels != process.labels.identity or version.number is not None:
                version = self._sharing(Version(process))
        self._file(version, number, labels)
        return version

    def taken_up(self, number: int, flags: int) -> None:
        """Count a case that was restored; raises `LookupError` where its version was not."""
        self._at(number).count(None, flags)

    def census(self) -> list[Count]:
        """The versions that have open cases, and the active one."""
        return [
            Count(one.text, one.identity, one is self.active, one.open)
            for one in self._all()
            if one.open or one is self.active
        ]


def number_of(fields: list[Any]) -> int:
    """The number that a case carries; 0 in layouts that knew none."""
    number = fields[FILED] if fields[0] > 2 else 0
    return int(number)


def version_told(told: Any) -> tuple[str, int]:
    """The version that is in force as the control topic tells it: its identity, and since when (ms); raises
    `LookupError`, `TypeError` or `ValueError` if it is none."""
    identity, at = told["identity"], told["at"]
    if not isinstance(identity, str) or type(at) is not int:
        raise ValueError("a version is told of by its identity, a text, and an instant in whole milliseconds")
    return identity, at
