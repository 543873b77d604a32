"""The cores that a bench can measure: the plain one, and the compiled one where it was made from the sources that
stand."""

import os
from pathlib import Path
from typing import Final

from deploy.compile_core import MADE, STAMP, identity

ROOT: Final = Path(__file__).parents[2]
PLAIN: Final = "plain"
COMPILED: Final = "compiled"
NOT_MADE: Final = "the compiled core was not measured: `make compiled` makes it"


def compiled_is_made() -> bool:
    """Whether the compiled core stands, and was made from the sources that stand."""
    stamp = MADE / STAMP
    return stamp.is_file() and stamp.read_text() == identity()


def cores() -> dict[str, dict[str, str]]:
    """The cores that there are, each with the variables of a process that runs it."""
    found: dict[str, dict[str, str]] = {PLAIN: {}}
    if compiled_is_made():
        found[COMPILED] = {"PYTHONPATH": os.pathsep.join((str(MADE), str(ROOT))), "PYTHONSAFEPATH": "1"}
    return found
