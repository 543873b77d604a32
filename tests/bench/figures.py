"""What a bench found: a table for a person, and the same figures by name for a file.

Invariant: a figure is printed and written from one value; its name in the file is BENCH/ROW/COLUMN.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

from rich.console import Console
from rich.table import Table as Grid


@dataclass(slots=True)
class Table:
    """Figures in rows of equal columns; a column that a row has no figure for shows a dash. `notes` say what was
    compared with what."""

    title: str
    columns: tuple[str, ...]
    rows: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def named(self, bench: str) -> Iterator[tuple[str, float]]:
        """Every figure by its name."""
        for row, figures in self.rows.items():
            for column, value in figures.items():
                yield f"{bench}/{row}/{column}", round(value, 4)

    def show(self, console: Console) -> None:
        """Print it."""
        grid = Grid(title=self.title, title_justify="left")
        grid.add_column("")
        for column in self.columns:
            grid.add_column(column, justify="right")
        for row, figures in self.rows.items():
            grid.add_row(row, *(_written(figures.get(column)) for column in self.columns))
        console.print(grid)
        for note in self.notes:
            console.print(note, highlight=False)


def _written(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def busy(work: Callable[[], Any]) -> float:
    """How many seconds one core is busy with something."""
    began = process_time()
    work()
    return process_time() - began


def busy_seconds(pid: int) -> float:
    """How long a process has had a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
