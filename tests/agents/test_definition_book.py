"""Published definitions: what is read back is what was written, and compiles to the same version."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from agents.cli.run import load_all
from agents.definition_book import DefinitionBook
from agents.definition_record import Written, decoded, definition_key, encoded, read_key
from agents.source_groups import Watched
from schemas.problem import Problem
from stream.control import ControlRecord, active_of, control_key
from tests.stream.nets import sequence

DEFINITION = """
process: desk
version: "{version}"
events: {{topics: [desk]}}
model: {{file: models/desk.pnml}}
constraints:
  - {{file: rules.decl}}
privacy: {{resource: drop}}
"""


def watched(folder: Path, version: str) -> Watched:
    """A definition with a model and a file of constraints, as `casewatch run` loads it."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "desk.pnml").write_bytes(sequence("Opened", "Closed"))
    (folder / "rules.decl").write_text("activity Opened\nactivity Closed\nResponse[Opened, Closed] | | |\n")
    (folder / "desk.yaml").write_text(DEFINITION.format(version=version))
    problems: list[Problem] = []
    (found,) = load_all([folder / "desk.yaml"], problems, b"")
    assert problems == []
    return found


def test_a_version_that_was_published_compiles_to_the_same_without_its_files(tmp_path: Path) -> None:
    """Another worker knows nothing but the record; the first version's file is gone by then."""
    first, second = watched(tmp_path, "1"), watched(tmp_path, "2")
    (published,) = DefinitionBook([first]).unpublished()
    book = DefinitionBook([second])
    book.put(published.key, published.record)
    again = book.older["desk"][first.process.identity]
    assert (again.version, again.identity) == ("1", first.process.identity)
    assert (again.labels.names, again.asked.names) == (("Closed", "Opened"), ("Response[Opened, Closed]",))
    assert book.older["desk"][first.process.identity] is again
    assert [own.process.version for own in book.unpublished()] == ["2"]


def test_a_version_keeps_the_name_that_it_was_published_under(tmp_path: Path) -> None:
    """A later program may name the same content otherwise."""
    (published,) = DefinitionBook([watched(tmp_path, "1")]).unpublished()
    book = DefinitionBook([watched(tmp_path, "2")])
    book.put(definition_key("desk", "0123456789abcdef"), published.record)
    assert book.older["desk"]["0123456789abcdef"].identity == "0123456789abcdef"


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{",
        b"[]",
        orjson.dumps({"layout": 2}),
        orjson.dumps({"layout": 1, "version": "1", "definition": "process: desk", "files": {}}),
        orjson.dumps({"layout": 1, "version": "1", "definition": "", "files": {"m.pnml": "AAAA"}}),
        orjson.dumps({"layout": 1, "version": "1", "definition": "", "files": []}),
    ],
)
def test_a_version_that_cannot_be_used_is_as_one_that_is_not_there(record: bytes, tmp_path: Path) -> None:
    """Its cases go on under another; nothing raises."""
    book = DefinitionBook([watched(tmp_path, "1")])
    book.put(definition_key("desk", "beef"), record)
    assert book.older["desk"].get("beef") is None
    assert book.knows("desk", "beef")


def test_what_a_record_holds_is_read_back_byte_for_byte() -> None:
    """Whatever the files are; the text of the definition stands there to be read."""
    written = Written("process: Schön\n".encode(), {"models/a.bpmn": bytes(range(256)) * 9, "b.decl": b""})
    record = encoded("1", written)
    assert decoded(record) == written
    assert orjson.loads(record)["definition"] == "process: Schön\n"


@pytest.mark.parametrize("key", [None, b"", b"{}", b'["desk"]', b'["desk", 7]'])
def test_a_key_that_is_none_is_passed_over(key: bytes | None, tmp_path: Path) -> None:
    """Whatever lies on the topic."""
    with pytest.raises(ValueError, match=r"."):
        read_key(key)
    DefinitionBook([watched(tmp_path, "1")]).put(key, b"{}")


def test_the_newest_order_says_which_version_is_in_force(tmp_path: Path) -> None:
    """What is no such order is passed over."""
    told: list[tuple[bytes, Any]] = [
        (control_key("active", "desk"), {"identity": "a", "version": "1", "at": 0}),
        (control_key("silence", "desk", "topic"), [1, 2, 3]),
        (control_key("active", "desk"), {"identity": "b", "version": "2", "at": 1}),
        (control_key("active", "other"), None),
        (control_key("active", "third"), [7]),
    ]
    records = [ControlRecord(offset, key, orjson.dumps(value)) for offset, (key, value) in enumerate(told)]
    assert active_of([*records, ControlRecord(9, b"{", b"")]) == {"desk": "b"}
    book = DefinitionBook([watched(tmp_path, "1")])
    (own,) = book.own
    assert book.in_force(own.process, {"desk": "b"}) is own.process


@pytest.mark.parametrize(
    ("activates", "active", "ordered"),
    [
        (True, {}, True), (True, {"desk": "other"}, True), (True, {"elsewhere": "other"}, True),
        (False, {}, True), (False, {"desk": "other"}, False),
    ],
)  # fmt: skip
def test_a_worker_puts_its_version_in_force_unless_it_is_told_not_to(
    activates: bool, active: dict[str, str], ordered: bool, tmp_path: Path
) -> None:
    """Where no version is in force, somebody has to begin; where its own is, nothing is ordered."""
    first = watched(tmp_path, "1")
    book = DefinitionBook([first], activates=activates)
    told = [(orjson.loads(key), orjson.loads(value)) for key, value in book.orders(active, 7)]
    order = {"identity": first.process.identity, "version": "1", "at": 7}
    assert told == ([(["active", "desk"], order)] if ordered else [])
    assert book.orders({"desk": first.process.identity}, 8) == []
