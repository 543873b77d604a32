"""`casewatch schema`: the JSON Schema of what people write and of what subscribers read.

Invariant: what is printed is made from the models themselves.
"""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer


class Subject(StrEnum):
    """What a schema can be printed of."""

    DEFINITION = "definition"
    ALERT = "alert"


def schema(
    of: Annotated[Subject, typer.Option(help="Of definition files, or of alerts as subscribers read them.")] = (
        Subject.DEFINITION
    ),
) -> None:
    """Print a JSON Schema to standard output."""
    print(rendered(of))


def rendered(of: Subject) -> str:
    """Render the schema as indented JSON without a final line break."""
    return json.dumps(_schema(of), indent=2, ensure_ascii=False)


def _schema(of: Subject) -> dict[str, Any]:
    if of is Subject.DEFINITION:
        from schemas.definition_schema import definition_schema

        return definition_schema()
    from schemas.alert import Alert
    from schemas.definition_schema import DIALECT

    return {"$schema": DIALECT, **Alert.model_json_schema(mode="serialization")}
