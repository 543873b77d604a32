"""The page on BPMN in the docs says what the reader does."""

from pathlib import Path

from tests.stream.models.bpmn_table import constructs, page, reference_files

PAGE = Path(__file__).parents[3] / "docs" / "bpmn.md"


def test_the_page_tells_how_each_construct_is_honoured() -> None:
    """Written anew it is the same, up to the reference files."""
    written = PAGE.read_text(encoding="utf-8")
    assert written[: written.index("\n## The reference files")] == constructs()


def test_the_page_tells_what_became_of_the_reference_files(test_data: Path) -> None:
    """All 21, each read, or refused with the element that cannot be honoured."""
    assert PAGE.read_text(encoding="utf-8") == page(test_data)
    rows = reference_files(test_data).splitlines()
    assert len([row for row in rows if row.split(" | ")[1:2] in (["read"], ["refused"])]) == 21
