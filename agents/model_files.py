"""Model files: from a path and what the command line says about it to a net.

Invariant: the size is judged before anything is read, and what is wrong is told with the file's name.
"""

from pathlib import Path
from typing import NamedTuple

from agents.definition_files import LARGEST_MODEL, read_bytes
from schemas.problem import Problem, Refused
from stream.models import read_model
from stream.models.net import Net


class Reading(NamedTuple):
    """What a model file does not say by itself, or is not to be asked; see `stream.models.read_model`."""

    final: tuple[str, ...] = ()
    ignore_guards: bool = False
    process: str | None = None


def load_model(path: Path, reading: Reading) -> Net:
    """Read a model file; raises `Refused` with every problem found."""
    content, wrong = read_bytes(path, LARGEST_MODEL)
    if content is None:
        raise Refused([Problem(str(path), 1, "file", wrong, "name a model file")])
    return read_model(str(path), content, **reading._asdict())
