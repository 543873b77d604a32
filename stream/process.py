"""A definition made ready to run: its mapping, its rules and its model compiled once, shared by every case.

Invariant: a process is a value; nothing in it changes while cases are folded, but for the automaton's memory of steps
already computed, which changes no answer.
"""

from hashlib import blake2b
from pathlib import PurePath

from schemas.definition import Definition
from stream.conformance.automaton import Automaton
from stream.mapping import RecordReader
from stream.models import read_model
from stream.sla.rules import Rulebook

LONGEST_LABEL = 200


class Process:
    """One compiled definition.

    `ends`: activities that end a case, or None where the model's final marking does. `rename`: event names to model
    names. `identity` names the definition by content.
    """

    def __init__(self, definition: Definition, automaton: Automaton | None) -> None:
        self.definition, self.automaton = definition, automaton
        self.name, self.version = definition.process, definition.version
        self.rulebook = Rulebook(definition.sla)
        instants = self.rulebook.instants()
        named = instants | frozenset(definition.case.segments)
        self.reader = RecordReader(definition.events.mapping, named, instants)
        case = definition.case
        self.ends = frozenset(case.ends) if isinstance(case.ends, tuple) else None
        self.ends_with_model = case.ends is None and automaton is not None
        self.rename = dict(definition.model.activities) if definition.model else {}
        self.severity = definition.model.severity if definition.model else "warning"
        self.lateness, self.patience = definition.events.lateness_ms, definition.events.patience_ms
        self.idle_limit, self.reopen, self.retention = case.idle_limit_ms, case.reopen_ms, case.retention_ms
        self.warm_horizon, self.segments = case.warm_horizon_ms, case.segments
        self.identity = blake2b(definition.model_dump_json().encode(), digest_size=8).hexdigest()

    def segment_labels(self, attributes: dict[str, object]) -> dict[str, str]:
        """The bounded label values of a case: its segments, as text; only plain values, and no longer than a name."""
        values = {name: attributes.get(name) for name in self.segments}
        plain = {name: value for name, value in values.items() if isinstance(value, str | int | float) and value != ""}
        return {name: str(value)[:LONGEST_LABEL] for name, value in plain.items()}


def compile_process(definition: Definition, model: bytes | None) -> Process:
    """Compile a definition and the content of its model file; raises `schemas.problem.Refused` if the model is."""
    if definition.model is None or model is None:
        return Process(definition, None)
    net = read_model(PurePath(definition.model.file).name, model)
    return Process(definition, Automaton(net, unobserved=frozenset(definition.model.unobserved)))
