"""Where commands write to, and how they end where nothing can be written: one line, and never a stack.

Invariant: a path that was given wrongly is told before any work is done, and a file that is read is never written; a
disk that is full, or a reader that has gone, ends the command without the interpreter complaining once more when it
leaves.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from agents.cli.exits import DONE, OUTSIDE_FAILED
from schemas.problem import Fault

OF_THIS_MACHINE: Final = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.EPIPE)
)
"""What a disk or a pipe fails with, and a network never."""
_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
STDOUT: Final = "standard output"


def check_writable(option: str, path: Path | None) -> None:
    """Raise `Fault` where the file that an option names cannot be written; what is there stays as it is."""
    if path is None or str(path) == "-":
        return
    try:
        there = path.exists()
        if there and not path.is_file() and not path.is_dir():
            return  # a pipe or a device: to open it is already to use it
        path.open("ab").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise Fault(
            f"{option}: `{path}` cannot be written: {error.strerror}", "name a file in a folder of yours"
        ) from None


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path | None]) -> None:
    """Raise `Fault` where the file of an option cannot be written, is an input, or is that of another option."""
    taken = [(path, "is read by this command") for path in inputs if path is not None]
    for option, path in outputs.items():
        check_writable(option, path)
        if path is None:
            continue
        for other, why in taken:
            if _same(path, other):
                raise Fault(f"{option}: `{path}` {why}", "name another file")
        taken.append((path, f"is already that of {option}"))


def _same(path: Path, other: Path) -> bool:
    """Whether two paths lead to one file, or both to standard output; a device may serve twice."""
    if "-" in (str(path), str(other)):
        return str(path) == str(other)
    if path.exists() and other.exists():
        return path.is_file() and path.samefile(other)
    return path.resolve() == other.resolve()


@contextmanager
def opened(path: Path | None) -> Iterator[BinaryIO | None]:
    """Open the file of an option for writing, `-`: standard output; what fails while it is open, and has no name of its
    own, names it."""
    try:
        if path is None:
            yield None
        elif str(path) == "-":
            yield sys.stdout.buffer
            sys.stdout.flush()
        else:
            with path.open("wb") as file:
                yield file
    except OSError as error:
        if path is None or error.filename is not None:
            raise
        raise _named(error, path) from None


def writer(out: BinaryIO | None, path: Path | None) -> Callable[[bytes], None] | None:
    """A function that writes to an open file and names it where that fails, for whoever has several open."""
    if out is None or path is None:
        return None

    def write(content: bytes) -> None:
        try:
            out.write(content)
        except OSError as error:
            raise _named(error, path) from None

    return write


def _named(error: OSError, path: Path) -> OSError:
    return OSError(error.errno, error.strerror, STDOUT if str(path) == "-" else str(path))


def end_of_writing(code: int | str | None) -> int | str | None:
    """Bring everything to standard output that waits for it; the exit code, which is another if that fails."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return end_by(OSError(error.errno, error.strerror, STDOUT))
    return code


def end_by(error: OSError) -> int:
    """Tell a failure of this machine on one line and return the exit code; a reader that has gone is none."""
    _give_up_output()
    if isinstance(error, BrokenPipeError):
        return DONE
    place = error.filename or (STDOUT if error.errno in _FULL else "casewatch")
    right = "make room there" if error.errno in _FULL else "see that it is there and may be used"
    print(f"{place}: {error.strerror or error}; {right}", file=sys.stderr)
    return OUTSIDE_FAILED


def _give_up_output() -> None:
    """Let what is left for standard output vanish, or the interpreter would fail on it when it leaves."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
