"""The JSON Schema of definition files, for editors: what a file may say, in the words of the file.

Invariant: made from the models and nothing else, so that the two cannot part. A schema cannot say that an id is unique
or that an attribute is mapped; `schemas.consistency` does.
"""

from typing import Any, Final

from schemas.definition import Definition

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def definition_schema() -> dict[str, Any]:
    """Build the JSON Schema (draft 2020-12) of a definition file."""
    schema = Definition.model_json_schema(by_alias=True, mode="validation")
    parts = schema.pop("$defs")
    for part in (schema, *parts.values()):
        _plain(part)
    _need_kind(parts)
    return {"$schema": DIALECT, **schema, "title": "A Casewatch definition", "$defs": parts}


def _plain(part: dict[str, Any]) -> None:
    """Leave out titles and line breaks, and the defaults of whole sections, which are those of their parts."""
    part.pop("title", None)
    if "description" in part:
        part["description"] = " ".join(part["description"].split())
    for field in part.get("properties", {}).values():
        field.pop("title", None)
        if "$ref" in field:
            field.pop("default", None)


def _need_kind(parts: dict[str, Any]) -> None:
    """A model knows its own kind; a file has to say it."""
    for part in parts.values():
        if "kind" in part["properties"]:
            part["properties"]["kind"].pop("default")
            part["required"] = ["kind", *part["required"]]
