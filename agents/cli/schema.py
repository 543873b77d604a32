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
    SCORECARD = "scorecard"
    DEAD_LETTER = "dead-letter"


def schema(
    of: Annotated[Subject, typer.Option(help="Of definition files, or of records as subscribers read them.")] = (
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
    from pydantic import BaseModel

    from schemas.alert import Alert
    from schemas.dead_letter import DeadLetter
    from schemas.definition_schema import DIALECT
    from schemas.scorecard import Scorecard

    records: dict[Subject, type[BaseModel]] = {
        Subject.ALERT: Alert,
        Subject.SCORECARD: Scorecard,
        Subject.DEAD_LETTER: DeadLetter,
    }
    return {"$schema": DIALECT, **records[of].model_json_schema(mode="serialization")}
