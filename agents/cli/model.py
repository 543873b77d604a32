"""`casewatch model`: what a model file says, whether its cases can end properly, and a drawing of it.

Invariant: a file that cannot be used is refused, each problem on a line of standard error, with exit code 1; what is
found wrong with a model that can be used is told on standard output, with exit code 0.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agents.cli.writing import check_outputs, opened


class Format(StrEnum):
    """How to print what was read."""

    TEXT = "text"
    JSON = "json"


def model(  # noqa: PLR0913 - the options of a command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The model: .bpmn, .pnml, .csv or .decl.")],
    svg: Annotated[Path | None, typer.Option(help="Draw the model into this file; `-`: standard output.")] = None,
    process: Annotated[str | None, typer.Option(help="The id of the process, where the file has several.")] = None,
    final: Annotated[
        list[str] | None, typer.Option(metavar="PLACE", help="A place that holds a token at the end (PNML).")
    ] = None,
    ignore_guards: Annotated[
        bool, typer.Option("--ignore-guards", help="Read a data net for its control flow (PNML).")
    ] = False,
    format: Annotated[Format, typer.Option(help="How to print what was read.")] = Format.TEXT,
) -> None:
    """Print what was read from a model file, and what is wrong with the model."""
    from agents.describing.files import described
    from agents.drawing.svg import svg as drawn
    from agents.model_files import Reading

    check_outputs({"--svg": svg}, [file])
    description = described(file, Reading(tuple(final or ()), ignore_guards, process))
    drawing = drawn(description.diagram()).encode() if svg is not None else b""
    with opened(svg) as out:
        if out is not None:
            out.write(drawing)
    if str(svg) == "-":
        return
    if format is Format.JSON:
        print(json.dumps(description.facts, indent=2, ensure_ascii=False))
    else:
        print("\n".join(description.lines))
