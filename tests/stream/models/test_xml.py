"""What no XML file can do to its reader."""

import pytest

from schemas.problem import Refused
from stream.models import xml
from stream.models.xml import read_xml


def refusal(content: bytes) -> str:
    """The one problem that a document is refused for."""
    with pytest.raises(Refused) as refused:
        read_xml("m.bpmn", content)
    (problem,) = refused.value.problems
    return str(problem)


def test_elements_know_their_names_attributes_text_and_lines() -> None:
    """Prefixes are gone, own text is kept as it stands."""
    root = read_xml("m.bpmn", b'<a:r xmlns:a="n" a:x="1">\n<b> c </b><b>d</b></a:r>')
    assert (root.tag, root.namespace, root.get("x"), root.get("y", "none")) == ("r", "n", "1", "none")
    assert [(element.tag, element.text, element.line) for element in root.children] == [("b", " c ", 2), ("b", "d", 2)]
    assert [element.tag for element in root.walk()] == ["r", "b", "b"]


def test_other_encodings_are_read() -> None:
    """A declared encoding is honoured."""
    root = read_xml("m.bpmn", '<?xml version="1.0" encoding="ISO-8859-1"?><r>Prüfung</r>'.encode("latin-1"))
    assert root.text == "Prüfung"


def test_a_document_nested_200_000_deep_is_refused() -> None:
    """Depth is judged while reading, before a tree exists."""
    assert refusal(b"<a>" * 200_000) == "m.bpmn:1: file: elements nested deeper than 200; a model file"


def test_entities_and_document_types_are_refused() -> None:
    """Neither expanded nor fetched."""
    laughs = b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<r>&b;</r>'
    fetched = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>'
    remedy = "m.bpmn:1: file: a document type declaration; a file without DOCTYPE and entities"
    assert refusal(laughs) == refusal(fetched) == remedy


def test_a_file_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its size, before it is parsed, and by its number of elements."""
    monkeypatch.setattr(xml, "LARGEST", 10)
    assert refusal(b"not even XML") == "m.bpmn:1: file: 12 bytes; at most 10 bytes"
    monkeypatch.setattr(xml, "LARGEST", 1000)
    monkeypatch.setattr(xml, "MOST_ELEMENTS", 2)
    assert refusal(b"<a><b/><b/></a>") == "m.bpmn:1: file: more than 2 elements; a smaller file"


def test_a_document_of_very_many_elements_is_refused() -> None:
    """A hundred thousand is more than any model has; the tree of a million would take a gigabyte."""
    assert refusal(b"<a>" + b"<b/>" * 100_000 + b"</a>") == "m.bpmn:1: file: more than 100000 elements; a smaller file"


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"<a>\n<b></a>", b"<a/><b/>", b'<?xml version="1.0" encoding="x"?><a/>']
)
def test_what_is_not_xml_is_refused_with_its_line(content: bytes) -> None:
    """The parser's own words, and where."""
    assert ": file: not well-formed XML: " in refusal(content)
    assert refusal(b"<a>\n<b></a>").startswith("m.bpmn:2: ")


def test_text_in_very_many_pieces_is_joined_once() -> None:
    """Piece by piece it would take time by the square of their number."""
    assert len(read_xml("m.bpmn", b"<a>" + b"<b/>x" * 90_000 + b"</a>").text) == 90_000
