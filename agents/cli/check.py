"""`casewatch check`: whether definitions are right, and if not, everything that is wrong in all of them.

Invariant: findings go to standard error one a line, or to standard output as one JSON document where that is asked for;
the exit code is 0 where every definition is right and 1 where one is not.
"""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agents.cli.exits import DONE, FOUND_WRONG
from schemas.problem import Problem, Refused


class Format(StrEnum):
    """How to print what was found."""

    TEXT = "text"
    JSON = "json"


def check(
    definitions: Annotated[list[Path], typer.Argument(metavar="DEFINITION", help="Definition files.")],
    format: Annotated[Format, typer.Option(help="How to print what was found.")] = Format.TEXT,
) -> None:
    """Judge every definition and its model, and print what each holds or what is wrong with it."""
    reports = [_report(path) for path in definitions]
    problems = [problem for _, found in reports for problem in found]
    if format is Format.JSON:
        print(json.dumps([held | {"problems": [one._asdict() for one in found]} for held, found in reports], indent=2))
    else:
        for held, found in reports:
            _print_text(held, found)
    raise typer.Exit(FOUND_WRONG if problems else DONE)


def _print_text(held: dict[str, Any], problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return
    print(f"{held['file']}: {held['process']} version {held['version']}, {_counted(held)}")
    if held["undecided"]:
        said = "conflicts between them: not decided: too large to search through"
        print(f"{held['file']}: {_number(held['undecided'], 'constraint')}: {said}", file=sys.stderr)
    for note in (held["model"] or {}).get("notes", ()):
        print(f"{held['file']}: model: {note}", file=sys.stderr)


def _counted(held: dict[str, Any]) -> str:
    model = held["model"]
    topics = f"topics {', '.join(held['topics'])}" if held["topics"] else "no topics"
    shown = "no model" if held["declared"] is None else f"Declare model {held['declared']}"
    if model is not None:
        shown = f"model {model['file']} ({model['activities']} activities, {model['places']} places)"
    parts = [_number(held["slas"], "SLA")]
    parts += [_number(held[f"{one}s"], one) for one in ("constraint", "rule") if held[f"{one}s"]]
    return f"{topics}, {', '.join(parts)}, {shown}"


def _number(count: int, of: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'}"


def _undecided(declared: list[str]) -> int:
    """How many constraints are in sets of which nobody knows whether a case can keep them."""
    from stream.declare import Monitor, read_constraint

    monitor = Monitor([read_constraint(text) for text in declared])
    return sum(map(len, monitor.undecided()))


def _report(path: Path) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """What a definition holds, or only its file's name, with what is wrong with it."""
    from agents.definition_files import load_definition
    from stream.process import read_reference

    try:
        definition, content = load_definition(path)
    except Refused as refused:
        return {"file": str(path)}, refused.problems
    held: dict[str, Any] = {
        "file": str(path),
        "process": definition.process,
        "version": definition.version,
        "topics": list(definition.events.topics),
        "slas": len(definition.sla),
        "constraints": len(definition.constraints),
        "rules": len(definition.rules),
        "undecided": _undecided([one.declare for one in definition.constraints if one.declare]),
        "declared": definition.model.file if definition.model is not None and content is None else None,
        "model": None,
    }
    if definition.model is not None and content is not None:
        net = read_reference(definition.model, content)
        held["model"] = {
            "file": definition.model.file,
            "activities": len(net.labels),
            "places": len(net.places),
            "transitions": len(net.transitions),
            "notes": list(net.notes),
        }
    return held, ()
