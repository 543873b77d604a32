"""Writes what benches found into `docs/speed.md`, each between two marks; what stands around is written by hand.

Invariant: the rows of the page are those that the bench made, told with the day, the machine and the revision they were
measured on; a revision with changes that are in no commit says so by a `+`.
"""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agents.wall_clock import now_ms
from tests.bench.figures import Table
from tests.chaos.report import revision

PAGE: Final = Path(__file__).parents[2] / "docs" / "speed.md"
BENCHES: Final = ("throughput", "parts")
"""Those whose tables stand on the page."""
MANY, FEW = 100, 1
"""From here on figures are told without a fraction, and below here with two places of it."""


class NoPlace(Exception):
    """A page has no place for the table."""


def marks(bench: str) -> tuple[str, str]:
    """The lines between which a bench's table stands."""
    return f"<!-- {bench}: written by `python -m tests.bench {bench} --docs` -->", f"<!-- {bench} ends -->"


def write(bench: str, table: Table) -> None:
    """Put a table into the page, in the place of the last one."""
    PAGE.write_text(filled(PAGE.read_text(), bench, f"{origin()}\n\n{written(table)}"))


def origin() -> str:
    """When and on what figures were measured."""
    day = datetime.fromtimestamp(now_ms() / 1000, UTC).strftime("%Y-%m-%d")
    cores = len(os.sched_getaffinity(0))
    return f"Measured on {day}, revision `{revision()}`, {cores} shared cores, Python {platform.python_version()}."


def filled(page: str, bench: str, content: str) -> str:
    """The page with that content between a bench's marks; raises `NoPlace`."""
    begins, ends = marks(bench)
    before, begun, rest = page.partition(begins)
    _, ended, after = rest.partition(ends)
    if not (begun and ended):
        raise NoPlace(f"the page needs two lines, {begins} and {ends}")
    return f"{before}{begins}\n{content}\n{ends}{after}"


def written(table: Table) -> str:
    """The table in Markdown, its notes below."""
    lines = [_line("", *table.columns), _line("---", *("---:" for _ in table.columns))]
    lines += [_line(row, *(_figure(of.get(column)) for column in table.columns)) for row, of in table.rows.items()]
    return "\n".join([*lines, "", *(f"- {note}" for note in table.notes)])


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:,.0f}" if abs(figure) >= MANY else f"{figure:.1f}" if abs(figure) >= FEW else f"{figure:.2f}"


def rows(page: str, bench: str) -> list[str]:
    """The rows of a bench's table on a page, in order."""
    begins, ends = marks(bench)
    content = page.partition(begins)[2].partition(ends)[0]
    told = [line.split("|")[1].strip() for line in content.splitlines() if line.startswith("|")]
    return told[2:]
