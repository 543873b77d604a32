"""What a `.decl` file was read as: its activities, each constraint in words, and those that contradict each other."""

from pathlib import Path

from agents.describing.description import Description, counted
from agents.drawing.diagram import Diagram
from agents.drawing.graphs import declare_diagram
from agents.model_files import Reading
from stream.declare import Declaration, Monitor, read_declare
from stream.declare.wording import phrase
from stream.models.reading import check_options


def declaration_described(path: Path, content: bytes, reading: Reading) -> Description:
    """Read a declaration and look for conflicts; raises `Refused` with every problem found."""
    check_options(str(path), "Declare", frozenset(), reading._asdict())
    declaration = read_declare(str(path), content)
    monitor = Monitor(declaration.constraints)
    conflicts = [conflict.constraints for conflict in monitor.conflicts()]
    undecided = [list(indices) for indices in monitor.undecided()]
    facts = {
        "file": str(path),
        "kind": "Declare",
        "activities": sorted(_names(declaration)),
        "constraints": [{"text": one.text, "words": phrase(one)} for one in declaration.constraints],
        "conflicts": [list(indices) for indices in conflicts],
        "undecided": undecided,
        "notes": list(declaration.notes),
    }
    lines = (*_lines(path, declaration), *_found(conflicts, undecided))
    return Description(facts, lines, lambda: _diagram(path, declaration, conflicts))


def _diagram(path: Path, declaration: Declaration, conflicts: list[tuple[int, ...]]) -> Diagram:
    bad = {index + 1 for indices in conflicts for index in indices}
    return declare_diagram(path.name, declaration.constraints, sorted(_names(declaration)), bad)


def _names(declaration: Declaration) -> set[str]:
    return {*declaration.activities, *(name for one in declaration.constraints for name in one.activities)}


def _lines(path: Path, declaration: Declaration) -> list[str]:
    names, constraints = sorted(_names(declaration)), declaration.constraints
    size = f"{counted(len(names), 'activity', 'activities')}, {counted(len(constraints), 'constraint', 'constraints')}"
    lines = [f"{path}: Declare, {size}", *(f"  {name}" for name in names), "constraints:"]
    lines += [f"  {number}. {phrase(one)}   [{one.text}]" for number, one in enumerate(constraints, 1)]
    return lines + [f"note: {note}" for note in declaration.notes]


def _found(conflicts: list[tuple[int, ...]], undecided: list[list[int]]) -> list[str]:
    """The conflicts, and whether there may be others."""
    lines = [f"conflict: no case can keep {_numbered(indices)} together" for indices in conflicts]
    if undecided:
        others = "further conflicts" if conflicts else "conflicts"
        count = counted(sum(map(len, undecided)), "constraint", "constraints")
        lines.append(f"{others} between {count}: not decided: too large to search through")
    elif not conflicts:
        lines.append("no conflict found between the constraints without conditions and times")
    return lines


def _numbered(indices: tuple[int, ...]) -> str:
    return " and ".join(f"{index + 1}." for index in indices)
