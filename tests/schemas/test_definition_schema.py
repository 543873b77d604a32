"""The published JSON Schema: it is the models', and an independent validator agrees with them on files."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from schemas.definition import Definition
from schemas.definition_schema import definition_schema

TESTDATA = Path(__file__).parent / "testdata"
PUBLISHED = Path(__file__).parents[2] / "deploy" / "schema" / "definition.schema.json"
GOOD = sorted(path.name for path in TESTDATA.glob("*.good.yaml"))
# Refused for their shape; what is wrong with the others a schema cannot say.
BAD = [
    *("at_risk.bad.shares", "durations.bad.months", "durations.bad.negative", "durations.bad.no_unit"),
    *("durations.bad.words", "keys.bad.missing", "keys.bad.unknown_key"),
    *("kinds.bad.misspelt", "kinds.bad.none", "names.bad.empty", "names.bad.process"),
    *("not_yet.bad.source", "goals.bad.bounds", "shapes.bad.wrong_types"),
    *("rules.bad.people", "calendars.bad.hours", "clocks.bad.pauses"),
    *("cards.bad.flat", "cards.bad.word"),
]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """The published schema in the hands of somebody else's validator."""
    schema = json.loads(PUBLISHED.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _read(name: str) -> Any:
    """A file as an editor reads it: YAML 1.2, dates and all; JSON has no dates, so they are text."""
    return json.loads(json.dumps(YAML(typ="safe").load(TESTDATA / name), default=str))


def test_what_is_published_is_what_the_models_say() -> None:
    """`casewatch schema > deploy/schema/definition.schema.json` after every change of the models."""
    assert json.loads(PUBLISHED.read_text()) == definition_schema()


@pytest.mark.parametrize("name", GOOD)
def test_good_files_are_valid(validator: Draft202012Validator, name: str) -> None:
    """An editor marks nothing in a file that is right."""
    assert [error.message for error in validator.iter_errors(_read(name))] == []


@pytest.mark.parametrize("name", BAD)
def test_bad_shapes_are_invalid(validator: Draft202012Validator, name: str) -> None:
    """An editor marks what the check would refuse."""
    assert not validator.is_valid(_read(f"{name}.yaml"))


def test_the_defaults_that_an_editor_shows_are_those_of_the_models() -> None:
    """Written out, every default of the schema gives the definition that leaving it out gives."""
    events = {"topics": ["t"], "mapping": {"case": "c", "activity": "a", "timestamp": "t"}}
    short = {"process": "p", "version": "1", "events": events}
    parts = definition_schema()["$defs"]
    long = short | {
        "events": _defaults(parts["EventSource"]) | events,
        "case": _defaults(parts["CaseRules"]),
        "scorecard": _defaults(parts["CardRules"]),
        "privacy": _defaults(parts["Privacy"]),
    }

    assert Definition.model_validate(long) == Definition.model_validate(short)


def _defaults(part: dict[str, Any]) -> dict[str, Any]:
    return {name: field["default"] for name, field in part["properties"].items() if field.get("default") is not None}
