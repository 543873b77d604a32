"""The bytes of a log file: plain or gzip, told by its first bytes, in chunks or in lines.

Invariant: a damaged or oversized part ends or skips what cannot be read and is reported with its place; what was read
before it counts.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from agents.logs.log import Findings
from schemas.problem import Problem, Refused

LONGEST_LINE: Final = 16 * 2**20
"""Bytes; a longer line is skipped and reported."""

_CHUNK: Final = 1 << 18
DAMAGED: Final = (OSError, EOFError, zlib.error)
"""What a file fails with that cannot be read to its end."""
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def open_log(path: Path) -> Iterator[io.BufferedReader]:
    """Open a log for reading, unpacked if it is gzip; raises `Refused` where it cannot be opened."""
    try:
        plain = path.open("rb")
    except (OSError, ValueError) as error:
        wrong = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Refused([Problem(str(path), 1, "file", f"it cannot be read: {wrong}", "name an event log")]) from None
    with plain:
        if plain.peek(2)[:2] != b"\x1f\x8b":
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as packed:
            yield io.BufferedReader(cast(io.RawIOBase, packed), _CHUNK)


def as_told(error: Exception) -> str:
    """What ended the reading of a file, in words."""
    return "the gzip ends early" if isinstance(error, EOFError) else str(error) or "it ends too early"


class Chunks:
    """The content in pieces of some hundred thousand bytes, up to its end or to where it is damaged."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self.stream = stream
        self.damage: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces; `damage` says afterwards what ended them too early."""
        while True:
            try:
                chunk = self.stream.read(_CHUNK)
            except DAMAGED as error:
                self.damage = as_told(error)
                return
            if not chunk:
                return
            yield chunk


class Lines:
    """The lines of a UTF-8 text without its byte order mark; `number` is that of the line last given, from 1, and
    `damage` what ended them too early."""

    def __init__(self, stream: io.BufferedReader, findings: Findings) -> None:
        self.stream, self.findings = stream, findings
        self.number = 0
        self.damage: str | None = None

    def __iter__(self) -> Iterator[str]:
        """Yield line by line; a line that is not UTF-8 or too long is reported and left out.

        Raises `Refused` for a text that is UTF-16 throughout.
        """
        while raw := self._next():
            self.number += 1
            if self.number == 1 and (raw.startswith(_UTF_16) or b"\0" in raw[:2]):
                raise self.findings.refusal(1, "file", "it is UTF-16, not UTF-8", "save it as UTF-8")
            if len(raw) >= LONGEST_LINE:
                self._skip_rest(raw)
                continue
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                self.findings.add(self.number, "line", "it is not UTF-8", "save the log as UTF-8")
                continue
            yield text.removeprefix("\ufeff") if self.number == 1 else text

    def _next(self) -> bytes:
        try:
            return self.stream.readline(LONGEST_LINE)
        except DAMAGED as error:
            self.damage = as_told(error)
            wrong = f"it is damaged{' after this line' if self.number else ''}: {self.damage}"
            self.findings.add(max(self.number, 1), "file", wrong, "fetch the file again")
            return b""

    def _skip_rest(self, raw: bytes) -> None:
        self.findings.add(self.number, "line", f"it is longer than {LONGEST_LINE >> 20} MiB", "shorten it")
        while raw and not raw.endswith(b"\n"):
            raw = self._next()
