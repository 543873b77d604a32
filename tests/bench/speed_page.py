"""Writes where the microseconds go into `docs/speed.md`, between two marks; what stands around them is written by hand.

Invariant: the rows of the page are those that the bench makes, told with the day and the revision they were measured
on; a revision with changes that are in no commit says so by a `+`.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agents.wall_clock import now_ms
from tests.bench.figures import Table
from tests.chaos.report import revision

PAGE: Final = Path(__file__).parents[2] / "docs" / "speed.md"
BENCH: Final = "parts"
BEGINS: Final = "<!-- parts: written by `python -m tests.bench parts --docs` -->"
ENDS: Final = "<!-- parts end -->"


class NoPlace(Exception):
    """A page has no place for the table."""


def write(table: Table) -> None:
    """Put the table into the page, in the place of the last one."""
    PAGE.write_text(filled(PAGE.read_text(), f"{origin()}\n\n{written(table)}"))


def origin() -> str:
    """When and on what the figures were measured."""
    day = datetime.fromtimestamp(now_ms() / 1000, UTC).strftime("%Y-%m-%d")
    return f"Measured on {day}, revision `{revision()}`."


def filled(page: str, content: str) -> str:
    """The page with that content between its marks; raises `NoPlace`."""
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not (begins and ends):
        raise NoPlace(f"the page needs two lines, {BEGINS} and {ENDS}")
    return f"{before}{BEGINS}\n{content}\n{ENDS}{after}"


def written(table: Table) -> str:
    """The table in Markdown, its notes below."""
    lines = [_line("stage", *table.columns), _line("---", *("---:" for _ in table.columns))]
    lines += [_line(row, *(_figure(of.get(column)) for column in table.columns)) for row, of in table.rows.items()]
    return "\n".join([*lines, "", *(f"- {note}" for note in table.notes)])


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.1f}"


def rows(page: str) -> list[str]:
    """The stages that the page's table tells of, in order."""
    content = page.partition(BEGINS)[2].partition(ENDS)[0]
    told = [line.split("|")[1].strip() for line in content.splitlines() if line.startswith("|")]
    return told[2:]
