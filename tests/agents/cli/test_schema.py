"""`casewatch schema`: schemas for editors and for subscribers."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agents.cli import main

PUBLISHED = Path(__file__).parents[3] / "deploy" / "schema" / "definition.schema.json"


def _schema(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["casewatch", "schema", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    schema: dict[str, Any] = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(schema)
    return schema


def test_a_definitions_schema_is_the_published_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed can be saved as it is."""
    assert _schema(monkeypatch, capsys) == json.loads(PUBLISHED.read_text())


def test_a_definitions_schema_uses_the_words_of_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`from` and `target` as people write them, never the names of the code."""
    between = _schema(monkeypatch, capsys)["$defs"]["Between"]

    own = {"id", "severity", "at_risk", "kind", "from", "to", "target", "occurrence"}
    special = {"calendar", "where", "targets", "pause", "cancel", "overdue_every"}
    assert set(between["properties"]) == own | special
    assert set(between["required"]) == {"id", "kind", "from", "to", "target"}


@pytest.mark.parametrize(
    ("subject", "fields"),
    [
        ("scorecard", {"schema", "process", "labels", "present", "window", "before", "objectives"}),
        ("dead-letter", {"schema", "topic", "partition", "offset", "reason", "message", "value"}),
    ],
)
def test_every_record_that_is_published_has_a_schema(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], subject: str, fields: set[str]
) -> None:
    """Under the names that stand in the records."""
    assert fields <= set(_schema(monkeypatch, capsys, "--of", subject)["properties"])


def test_an_alerts_schema_has_the_fields_that_subscribers_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the names that stand in the records."""
    alert = _schema(monkeypatch, capsys, "--of", "alert")

    assert {"schema", "id", "process", "case", "rule", "stage", "state", "grade", "due_at"} <= set(alert["properties"])
