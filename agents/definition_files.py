"""Definition files: from a path to a definition and its model's bytes, or to everything that is wrong with both.

Invariant: all problems are told at once, in the order of the file, the model's own after them; what comes out has been
judged whole, so that nothing about it can be refused later.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import ValidationError

from agents import definition_yaml
from agents.definition_conditions import misread
from agents.definition_constraints import SUFFIX as DECLARE
from agents.definition_constraints import Constraints
from agents.definition_wording import findings
from schemas.consistency import Inconsistency, inconsistencies
from schemas.consistency import Path as Steps
from schemas.definition import Constraint, Definition, Role
from schemas.problem import Problem, Refused
from stream.models import read_model

LARGEST: Final = 256 * 1024
"""Bytes of a definition file; a large one has ten thousand."""
LARGEST_MODEL: Final = 8 * 2**20
"""Bytes of a model file; the largest known one has a tenth of that. It is judged before anything is read."""
MODEL_SUFFIXES: Final = (".bpmn", ".pnml", ".csv", DECLARE)


class Files(Protocol):
    """The files beside a definition."""

    def name(self, file: str) -> str:
        """What a file is called where something is wrong with it."""

    def read(self, file: str) -> tuple[bytes | None, str]:
        """The content of a file that the definition names, or None and why it cannot be read."""


class Folder:
    """Files in the definition's own folder; `seen` keeps those that were read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen: dict[str, bytes] = {}

    def name(self, file: str) -> str:
        """Its path."""
        return str(self._folder / file)

    def read(self, file: str) -> tuple[bytes | None, str]:
        """Read a file from disk."""
        content, wrong = read_bytes(self._folder / file, LARGEST_MODEL)
        if content is not None:
            self.seen[file] = content
        return content, wrong


class Bundle:
    """Files that came with the definition, under the names that it gives them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def name(self, file: str) -> str:
        """Its name."""
        return file

    def read(self, file: str) -> tuple[bytes | None, str]:
        """What came under that name."""
        content = self._files.get(file)
        return content, "" if content is not None else "it did not come with the definition"


def load_definition(path: Path | str) -> tuple[Definition, bytes | None]:
    """Read a definition file and the bytes of the model it names, None without one; raises `Refused` with every
    problem."""
    return read_definition(str(path), read_text(Path(path)), Folder(Path(path).parent))


def read_definition(file: str, content: bytes, files: Files) -> tuple[Definition, bytes | None]:
    """Read the content of a definition and the bytes of the model it names, None without one; raises `Refused` with
    every problem, told of `file`.

    Constraints in files are written out in the definition; a Declare model is nothing but those, and has no bytes.
    """
    parsed = definition_yaml.parse_yaml(file, _decoded(file, content))
    written = parsed.root.plain()
    found = [*inconsistencies(written), *misread(written)]
    definition = None
    try:
        definition = Definition.model_validate(written, by_alias=True, by_name=False)
    except ValidationError as error:
        found += findings(error.errors(include_url=False))
    model, foreign = _read_model_of(files, written, found)
    constraints = Constraints(written, lambda name, at: _beside(files, name, at, found))
    found, foreign = found + constraints.found, foreign + constraints.foreign
    problems = parsed.problems + [_placed(file, parsed.root, written, one) for one in found]
    if problems or foreign or definition is None:
        raise Refused(sorted(problems, key=lambda problem: problem.line) + foreign)
    return _filled_in(definition, constraints.written_out()), model


def _filled_in(definition: Definition, constraints: tuple[Constraint, ...]) -> Definition:
    """The definition with its constraints written out, and with what roles ask for among its attributes: that is read
    under its own name where it is not mapped."""
    definition = definition.model_copy(update={"constraints": constraints})
    events, mapping = definition.events, definition.events.mapping
    asked = {rule.attribute: rule.attribute for rule in definition.rules if isinstance(rule, Role)}
    if mapping is None or asked.keys() <= mapping.attributes.keys():
        return definition
    mapping = mapping.model_copy(update={"attributes": asked | mapping.attributes})
    return definition.model_copy(update={"events": events.model_copy(update={"mapping": mapping})})


def _placed(file: str, root: definition_yaml.Node, written: dict[str, Any], found: Inconsistency) -> Problem:
    _, line = root.find(found.path)
    return Problem(file, line, element(found.path, written), found.wrong, found.right)


def element(path: Steps, written: dict[str, Any]) -> str:
    """Write a path as a person would: `sla[first-response].target`; list items by their id, or counted from 1."""
    shown, at = "", written
    for step in path:
        around, at = at, _inside(at, step)
        if isinstance(step, str):
            shown += f".{step}" if shown else step
        else:
            shown += f"[{_item_name(around, at) or step + 1}]"
    return shown or "file"


def _item_name(items: Any, item: Any) -> str | None:
    """The id of a list item, if it is the only one with it."""
    name = item.get("id") if isinstance(item, dict) else None
    alike = sum(isinstance(other, dict) and other.get("id") == name for other in items or ())
    return name if isinstance(name, str) and alike == 1 else None


def _inside(container: Any, step: str | int) -> Any:
    try:
        return container[step]
    except (KeyError, IndexError, TypeError):
        return None


def read_text(path: Path) -> bytes:
    """The content of a definition file; raises `Refused` where it cannot be read."""
    content, wrong = read_bytes(path, LARGEST)
    if content is None:
        raise Refused([Problem(str(path), 1, "file", wrong, "name a definition file in YAML")])
    return content


def _decoded(file: str, content: bytes) -> str:
    try:
        return content.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused([Problem(file, line, "file", "it is not UTF-8", "save it as UTF-8")]) from None


def read_bytes(path: Path, limit: int) -> tuple[bytes | None, str]:
    """The content of a file, or None and why it cannot be read."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(limit + 1) if size <= limit else None
    except FileNotFoundError:
        return None, "there is no such file"
    except IsADirectoryError:
        return None, "it is a directory"
    except (OSError, ValueError) as error:
        return None, f"it cannot be read ({error.strerror if isinstance(error, OSError) else error})"
    if content is None or len(content) > limit:  # what is no plain file tells no size
        return None, f"it is larger than {_size(limit)}"
    return content, ""


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >= 2**20 else f"{limit >> 10} KiB"


def _read_model_of(
    files: Files, written: dict[str, Any], found: list[Inconsistency]
) -> tuple[bytes | None, list[Problem]]:
    """The bytes of the model that a definition names, and the model's own problems; `found` takes the definition's."""
    model = written.get("model")
    file = model.get("file") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(file, str) or not file.strip():
        return None, []
    suffix = Path(file).suffix.lower()
    if suffix == DECLARE:
        return None, []
    if suffix not in MODEL_SUFFIXES:
        wrong = f"`{file}` is no model that can be read"
        found.append(Inconsistency(("model", "file"), wrong, "name a .bpmn, .pnml, .csv or .decl file"))
        return None, []
    named = _beside(files, file, ("model", "file"), found)
    if named is None:
        return None, []
    try:
        labels = read_model(*named, **_reading_of(model)).labels
    except Refused as refused:
        return None, list(refused.problems)
    found += _unknown_to(model, labels)
    return named[1], []


def _reading_of(model: dict[str, Any]) -> dict[str, Any]:
    """What the definition says about how to read its model; wrong shapes are passed over, and told elsewhere."""
    final, process = model.get("final"), model.get("process")
    named = [final] if isinstance(final, str) else final if isinstance(final, list) else []
    return {
        "final": tuple(place for place in named if isinstance(place, str)),
        "ignore_guards": model.get("ignore_guards") is True,
        "process": process if isinstance(process, str) else None,
    }


def _beside(files: Files, file: str, path: Steps, found: list[Inconsistency]) -> tuple[str, bytes] | None:
    """The name and the content of a file beside the definition, None where that is refused."""
    content, wrong = files.read(file)
    if content is not None:
        return files.name(file), content
    found.append(Inconsistency(path, f"`{file}`: {wrong}", "name a file by its path from the definition's own folder"))
    return None


def _unknown_to(model: dict[str, Any], labels: frozenset[str]) -> list[Inconsistency]:
    """The names that the definition takes for the model's, and the model does not have."""
    activities, unobserved = model.get("activities"), model.get("unobserved")
    named: list[tuple[Steps, Any]] = []
    if isinstance(activities, dict):
        named += [(("model", "activities", event), name) for event, name in activities.items()]
    if isinstance(unobserved, list):
        named += [(("model", "unobserved", at), name) for at, name in enumerate(unobserved)]
    return [
        Inconsistency(path, f"the model has no step `{name}`", _nearest(name, labels))
        for path, name in named
        if isinstance(name, str) and name not in labels
    ]


def _nearest(name: str, labels: frozenset[str]) -> str:
    close = get_close_matches(name, sorted(labels), n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    shown = ", ".join(sorted(labels)[:10])
    return f"its steps are {shown}{', …' if len(labels) > 10 else ''}"
