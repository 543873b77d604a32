"""Which description a model file gets, told by its name.

Invariant: the size is judged before anything is read.
"""

from pathlib import Path

from agents.definition_files import LARGEST_MODEL, read_bytes
from agents.describing.declarations import declaration_described
from agents.describing.description import Description
from agents.describing.nets import net_described
from agents.model_files import Reading
from schemas.problem import Problem, Refused
from stream.models.reading import KINDS

DECLARE = ".decl"


def described(path: Path, reading: Reading) -> Description:
    """Read a model file and judge it; raises `Refused` with every problem found."""
    known = [*KINDS, DECLARE]
    if path.suffix.lower() not in known:
        raise Refused([Problem(str(path), 1, "file", "not a known kind of model", f"one of {', '.join(known)}")])
    content, wrong = read_bytes(path, LARGEST_MODEL)
    if content is None:
        raise Refused([Problem(str(path), 1, "file", wrong, "name a model file")])
    if path.suffix.lower() == DECLARE:
        return declaration_described(path, content, reading)
    return net_described(path, content, reading)
