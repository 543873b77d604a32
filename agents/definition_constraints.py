"""The constraints that a definition names, read out of its lines and of the `.decl` files beside it.

Invariant: what comes out is written out line by line, each constraint under an id of its own, so that a definition says
what is asked without its files; constraints that no case can keep together are refused by name.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from schemas.consistency import RESOURCE, Inconsistency, Path, in_clear, shows_people
from schemas.constraints import Constraint
from schemas.problem import Fault, Problem, Refused
from schemas.sla import Severity
from stream.declare import Constraint as Declared
from stream.declare import Monitor, read_constraint, read_declare

SUFFIX: Final = ".decl"

Reader = Callable[[str, Path], tuple[str, bytes] | None]
"""Reads a file beside the definition, named at a path in it: its name and content, None where that was refused."""


class Read(NamedTuple):
    """A constraint that was read: where it was named, under which id and severity, and what it is."""

    path: Path
    id: str
    severity: Severity
    declared: Declared

    def written_out(self) -> Constraint:
        """The constraint as a line of a definition."""
        return Constraint(id=self.id, declare=self.declared.text, severity=self.severity)


class Constraints:
    """All constraints of a definition, given as plain values of its file; `found` holds what is wrong with them, and
    `foreign` what is wrong in the files that it names."""

    def __init__(self, written: dict[str, Any], read: Reader) -> None:
        self.found: list[Inconsistency] = []
        self.foreign: list[Problem] = []
        self.read = read
        self.all = [*self._of_model(written.get("model")), *self._of_lines(written)]
        mapping = written.get("events", {}).get("mapping") if isinstance(written.get("events"), dict) else None
        if isinstance(mapping, dict):
            attributes = mapping.get("attributes")
            self.found += _unmapped(self.all, attributes if isinstance(attributes, dict) else {})
        elif not shows_people(written):
            self.found += [in_clear(one.path) for one in self.all if RESOURCE in one.declared.attributes]
        if not self.found and not self.foreign:
            self.found += _conflicts(self.all)

    def written_out(self) -> tuple[Constraint, ...]:
        """The constraints line by line; of those that say the same in files, the first."""
        return tuple({one.id: one.written_out() for one in reversed(self.all)}.values())[::-1]

    def _of_model(self, model: Any) -> Iterator[Read]:
        file = model.get("file") if isinstance(model, dict) else None
        if isinstance(file, str) and file.lower().endswith(SUFFIX):
            yield from self._of_file(file, ("model", "file"), model.get("severity", "warning"))

    def _of_lines(self, written: dict[str, Any]) -> Iterator[Read]:
        lines = written.get("constraints")
        for at, line in enumerate(lines if isinstance(lines, list) else ()):
            if not isinstance(line, dict):
                continue
            severity, text, file, name = (line.get(key) for key in ("severity", "declare", "file", "id"))
            if isinstance(file, str) and file.strip():
                yield from self._of_file(file, ("constraints", at, "file"), severity or "warning")
            elif isinstance(text, str) and isinstance(name, str):
                try:
                    yield Read(("constraints", at, "declare"), name, severity or "warning", read_constraint(text))
                except Fault as fault:
                    self.found.append(Inconsistency(("constraints", at, "declare"), fault.wrong, fault.right))

    def _of_file(self, file: str, path: Path, severity: Severity) -> Iterator[Read]:
        if not file.lower().endswith(SUFFIX):
            self.found.append(Inconsistency(path, f"`{file}` is no Declare file", f"name a {SUFFIX} file"))
            return
        content = self.read(file, path)
        if content is None:
            return
        try:
            declaration = read_declare(*content)
        except Refused as refused:
            self.foreign += refused.problems
            return
        for declared in declaration.constraints:
            yield Read(path, declared.text, severity, declared)


def _unmapped(constraints: list[Read], mapped: dict[str, Any]) -> Iterator[Inconsistency]:
    """Conditions read attributes; where records are mapped, so are these."""
    named = {(one.path, attribute): None for one in constraints for attribute in sorted(one.declared.attributes)}
    known = f" (mapped are {', '.join(map(str, mapped))})" if mapped else ""
    for path, attribute in named:
        if attribute not in mapped:
            right = f"add it under events.mapping.attributes, with its path{known}"
            yield Inconsistency(path, f"no attribute `{attribute}` is mapped", right)


def _conflicts(constraints: list[Read]) -> Iterator[Inconsistency]:
    """Sets of constraints that no case can keep, told at the last of each."""
    for conflict in Monitor([one.declared for one in constraints]).conflicts() if constraints else ():
        last = constraints[max(conflict.constraints)]
        others = " and ".join(f"`{constraints[i].id}`" for i in conflict.constraints if constraints[i] is not last)
        wrong = f"no case can keep `{last.id}` together with {others}" if others else f"no case can keep `{last.id}`"
        yield Inconsistency(last.path, wrong, "drop one of them" if others else "drop it")
