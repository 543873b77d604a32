"""What `casewatch conformance` holds a log against: a net, that gives cases costs, or rules, that they keep or break.

Invariant: what is named on the command line goes before a definition's; an option that says nothing about the kind of
model is refused, and constraints that are not judged because a net is meant are remarked on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from rich.console import Console

from agents import conformance, declare_conformance
from agents.cli import conformance_summary, declare_summary
from agents.cli.reading import tell
from agents.conformance import Progress, Tables
from agents.declare_conformance import Rules
from agents.definition_constraints import SUFFIX as DECLARE
from agents.definition_files import LARGEST_MODEL, read_bytes
from agents.logs.cases import Cases
from agents.model_files import Reading, load_model
from schemas.definition import Definition, ModelReference
from schemas.mapping import Mapping as Names
from schemas.problem import Fault, Problem, Refused
from stream.conformance.automaton import Automaton
from stream.declare import read_constraint, read_declare
from stream.models.reading import check_options


class Outcome(NamedTuple):
    """What was done with the events and how long one core was busy with it (s), and what prints the summary."""

    did: str
    seconds: float
    print_summary: Callable[[Console], None]


class Yardstick(Protocol):
    """Something to hold cases against."""

    @property
    def rename(self) -> Mapping[str, str]:
        """From the log's names to its own."""

    @property
    def records(self) -> bool:
        """Whether it needs more of events than their names."""

    def remarks(self, cases: Cases, names: Names | None, completed_only: bool) -> Iterator[str]:
        """What is to be said before anything is judged; `names` is the mapping of the log."""

    def judge(self, cases: Cases, names: Names | None, tables: Tables, progress: Progress) -> Outcome:
        """Judge every case and write its rows."""


@dataclass(frozen=True)
class OfNet:
    """A net: every prefix and every case has a cost."""

    automaton: Automaton
    rename: Mapping[str, str]
    records: bool = False

    def remarks(self, cases: Cases, _: Names | None, completed_only: bool) -> Iterator[str]:
        """Names that only one side knows."""
        return conformance_summary.remarks(self.automaton, cases, completed_only)

    def judge(self, cases: Cases, _: Names | None, tables: Tables, progress: Progress) -> Outcome:
        """Align every case."""
        report = conformance.run(self.automaton, cases, tables, progress)
        automaton, print_summary = self.automaton, conformance_summary.print_summary
        return Outcome("aligned", report.seconds, lambda to: print_summary(automaton, cases, report, to))


@dataclass(frozen=True)
class OfRules:
    """Constraints, which name activities as the log does: each has a verdict after every event."""

    rules: Rules
    rename: Mapping[str, str] = field(default_factory=dict)
    records: bool = True

    def remarks(self, cases: Cases, names: Names | None, completed_only: bool) -> Iterator[str]:
        """Conflicts, and names that only one side knows."""
        return declare_summary.remarks(self.rules, cases, names, completed_only)

    def judge(self, cases: Cases, names: Names | None, tables: Tables, progress: Progress) -> Outcome:
        """Judge every case by every constraint."""
        report = declare_conformance.run(self.rules, cases, names, tables, progress)
        rules, print_summary = self.rules, declare_summary.print_summary
        return Outcome("judged", report.seconds, lambda to: print_summary(rules, cases, report, to))


def yardstick(path: Path | None, definition: Path | None, defined: Definition | None, told: Reading) -> Yardstick:
    """The model at `path`, or else a definition's as that wants it read, or else its constraints; what was `told` goes
    first. Raises `Fault` where there is none, `Refused` for what is wrong with it."""
    reference = defined.model if defined else None
    if path is not None:
        return _of_file(path, told) if _is_declare(path) else _of_net(path, reference, told)
    if definition is None or defined is None or (reference is None and not defined.constraints):
        raise Fault("there is no model", "name one with --model, or a definition that has one")
    if reference is None or _is_declare(Path(reference.file)):
        return _of_definition(definition, defined, told)
    if defined.constraints:
        tell(["the definition's constraints are not judged beside its net; --model names a .decl file"], 0)
    guards = told.ignore_guards or reference.ignore_guards
    reading = Reading(told.final or reference.final or (), guards, told.process or reference.process)
    return _of_net(definition.parent / reference.file, reference, reading)


def _is_declare(path: Path) -> bool:
    return path.suffix.lower() == DECLARE


def _of_net(path: Path, reference: ModelReference | None, reading: Reading) -> Yardstick:
    net = load_model(path, reading)
    tell([f"{path}: {note}" for note in net.notes], 0)
    unobserved = frozenset(reference.unobserved if reference else ())
    return OfNet(Automaton(net, unobserved=unobserved), reference.activities if reference else {})


def _of_file(path: Path, told: Reading) -> Yardstick:
    check_options(str(path), "Declare", frozenset(), told._asdict())
    content, wrong = read_bytes(path, LARGEST_MODEL)
    if content is None:
        raise Refused([Problem(str(path), 1, "file", wrong, "name a model file")])
    declared = read_declare(str(path), content)
    tell([f"{path}: {note}" for note in declared.notes if declared.constraints], 0)
    names = tuple(constraint.text for constraint in declared.constraints)
    return _of_rules(path, Rules(declared.constraints, names, frozenset(declared.activities)))


def _of_definition(definition: Path, defined: Definition, told: Reading) -> Yardstick:
    """A definition's constraints, in which those of files are written out, under their ids."""
    path = definition if defined.model is None else definition.parent / defined.model.file
    check_options(str(path), "Declare", frozenset(), told._asdict())
    lines = [(line.id or line.declare, line.declare) for line in defined.constraints if line.declare is not None]
    constraints = tuple(read_constraint(text) for _, text in lines)
    return _of_rules(path, Rules(constraints, tuple(name for name, _ in lines), frozenset()))


def _of_rules(path: Path, rules: Rules) -> Yardstick:
    """The rules, with the activities that they name among those that are known."""
    if not rules.constraints:
        wrong, right = "it has no constraint to judge a case by", "at least one, like Response[A, B]"
        raise Refused([Problem(str(path), 1, "file", wrong, right)])
    named = (name for constraint in rules.constraints for name in constraint.activities)
    return OfRules(rules._replace(activities=rules.activities.union(named)))
