"""What has to hold of a case, in the notation of Declare: one constraint written here, or all of a file.

Invariant: a constraint of a definition that was loaded is written out: a file has been replaced by what it holds, so
that a definition says by itself what is asked.
"""

from typing import Annotated, Self

from pydantic import TypeAdapter, WithJsonSchema, model_validator

from schemas.problem import Fault
from schemas.sla import Name, Severity, plain_name
from schemas.written import Text, Written

NameOrText = Annotated[Text, WithJsonSchema(TypeAdapter(Name).json_schema())]
"""A plain name in a definition; of a constraint that was read from a file, its own text."""


class Constraint(Written):
    """One line of Declare under an id of its own, or a `.decl` file beside the definition, each of whose constraints
    bears its own text as id."""

    id: NameOrText | None = None
    declare: Text | None = None
    file: Text | None = None
    severity: Severity = "warning"

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.declare is None) == (self.file is None):
            raise Fault("a constraint is either written here or in a file", "write one of `declare` and `file`")
        if self.declare is not None and self.id is None:
            raise Fault("`id` is missing", "add `id`, a name that is unique in this definition")
        if self.file is not None and self.id is not None:
            raise Fault("constraints of a file bear their own names", "remove `id`")
        if self.id is not None and self.id != self.declare:
            plain_name(self.id)
        return self
