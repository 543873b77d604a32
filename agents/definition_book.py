"""The versions of definitions that this worker knows: those of its own files, and those that are published.

A published version is compiled when a task first needs it: since it has cases of that version, or since cases are to
begin on it. Invariant: a version that cannot be read or compiled here is as one that is not there, and is said once.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson
import structlog

from agents.definition_files import Bundle, read_definition
from agents.definition_record import Written, decoded, definition_key, encoded, read_key
from agents.source_groups import Watched
from schemas.problem import Refused
from stream.control import ACTIVE, control_key
from stream.process import Process, compile_process

_log = structlog.get_logger("casewatch.definitions")

Record = tuple[bytes, bytes]
SHOWN: Final = 3
"""So many problems of a published version are logged."""


class Published(Mapping[str, Process]):
    """The published versions of one process by identity, compiled when they are asked for."""

    def __init__(self, process: str, key: bytes) -> None:
        self._process, self._key = process, key
        self._records: dict[str, bytes] = {}
        self._compiled: dict[str, Process | None] = {}

    def put(self, identity: str, record: bytes) -> None:
        """Take up a record; what was compiled stays, since the same identity is the same content."""
        self._records.setdefault(identity, record)

    def __getitem__(self, identity: str) -> Process:
        if identity not in self._compiled and identity in self._records:
            self._compiled[identity] = self._compile(identity)
        process = self._compiled.get(identity)
        if process is None:
            raise KeyError(identity)
        return process

    def __contains__(self, identity: object) -> bool:
        return identity in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def _compile(self, identity: str) -> Process | None:
        """Compile a version under the name that it was published under, whatever it would be named today."""
        try:
            definition, model = read_definition(f"{self._process} {identity}", *opened(self._records[identity]))
            process = compile_process(definition, model, self._key)
        except Refused as refused:
            reasons = [str(problem) for problem in refused.problems[:SHOWN]]
        except ValueError as error:
            reasons = [str(error)]
        else:
            process.identity = identity
            return process
        told = {"process": self._process, "identity": identity, "reasons": reasons}
        _log.error("a published version cannot be used here; its cases go on under the active one", **told)
        return None


def opened(record: bytes) -> tuple[bytes, Bundle]:
    """The text of a published definition, and the files beside it; raises `ValueError`."""
    written = decoded(record)
    return written.text, Bundle(written.files)


class Own:
    """A version of one of this worker's files, to be published."""

    def __init__(self, watched: Watched, written: Written) -> None:
        self.process, self.file = watched.process, watched.file
        self.key = definition_key(self.process.name, self.process.identity)
        self.record = encoded(self.process.version, written)


    def named(self) -> dict[str, str]:
        """What a line of the log says of it."""
        process = self.process
        return {"process": process.name, "version": process.version, "identity": process.identity, "file": self.file}


class DefinitionBook:
    """All versions by process; `own` are those of this worker's files, which are to be put in force if it `activates`;
    `key` is that of pseudonyms."""

    def __init__(self, watched: Iterable[Watched] = (), key: bytes = b"", activates: bool = True) -> None:
        self.activates = activates
        self.own = [Own(each, each.written) for each in watched if each.written is not None]
        self.older: dict[str, Published] = {own.process.name: Published(own.process.name, key) for own in self.own}

    def put(self, key: bytes | None, record: bytes | None) -> None:
        """Take up a record of the topic; those of processes that are not watched here are passed over."""
        try:
            process, identity = read_key(key)
        except ValueError as error:
            _log.error("a record of the definitions topic is none", reason=str(error))
            return
        if process in self.older and record is not None:
            self.older[process].put(identity, record)

    def unpublished(self) -> list[Own]:
        """What is still to be published of this worker's own versions."""
        return [own for own in self.own if own.process.identity not in self.older[own.process.name]]

    def knows(self, process: str, identity: str) -> bool:
        """Whether a version has been seen; of processes that are not watched here, none is missed."""
        return process not in self.older or identity in self.older[process]

    def orders(self, active: Mapping[str, str], at: int) -> list[Record]:
        """What is to be ordered so that this worker's versions are in force, as of `at` (ms); `active`: which are."""
        orders: list[Record] = []
        for own in self.own:
            before, process = active.get(own.process.name), own.process
            if before == process.identity:
                continue
            if before is not None and not self.activates:
                _log.warning("another version is in force than in this file", active=before, **own.named())
                continue
            told = {"identity": process.identity, "version": process.version, "at": at}
            orders.append((control_key(ACTIVE, process.name), orjson.dumps(told)))
            _log.info("definition activated: cases that begin from now on are of it", before=before, **own.named())
        return orders

    def in_force(self, process: Process, active: Mapping[str, str]) -> Process:
        """What a process is by the version that is active, as far as that is known here."""
        identity = active.get(process.name, process.identity)
        if identity == process.identity or process.name not in self.older:
            return process
        return self.older[process.name].get(identity) or process
