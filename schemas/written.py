"""The parts that every written definition is made of: frozen values without unknown keys, and text.

Invariant: what a file may say and what code may say are the same, except for names: a file uses the alias where a field
has one (`target` for `target_ms`), code the field's own name.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

from schemas.problem import Fault

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Written(BaseModel):
    """A frozen value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


def _printable(text: str) -> str:
    if not text.strip():
        raise Fault("it is empty", "write a name")
    if _CONTROL.search(text):
        raise Fault("it contains control characters", "write plain text")
    return text


Text = Annotated[str, AfterValidator(_printable), WithJsonSchema({"type": ["string", "number"], "minLength": 1})]
"""Text as written, not empty; a number in a file is taken as its text."""
