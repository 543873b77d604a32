"""A definition made ready to run: its mapping, its rules and its model compiled once, shared by every case.

Invariant: a process is a value; nothing in it changes while cases are folded, but for memory of steps already computed,
which changes no answer, and tallies of what could not be read or judged, which the watch takes after each batch.
"""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import PurePath

import orjson

from schemas.definition import Definition, FourEyes, ModelReference
from stream.conformance.automaton import Automaton
from stream.declare import Monitor, read_constraint
from stream.mapping import RecordReader
from stream.models import read_model
from stream.models.net import Net
from stream.people import People
from stream.pseudonym import Naming, in_clear, pseudonyms
from stream.sla.rules import Rulebook
from stream.steps import Labels

LONGEST_LABEL = 200
PLAIN = (str, int, float)
"""Of which kind a value is that can be a label."""


class Process:
    """One compiled definition.

    `ends`: activities that end a case, or None where the model's final marking does. `rename`: event names to model
    names. `labels` number those. `monitor` and `people` are None where nothing is asked of them; `asked` numbers the
    constraints by content. `naming` makes of the name of who did something what is known of them here. `identity` names
    the version by content: of the definition and of `model`, the bytes of its file.
    """

    def __init__(
        self, definition: Definition, automaton: Automaton | None, naming: Naming | None = None, model: bytes = b""
    ) -> None:
        self.definition, self.automaton = definition, automaton
        self.name, self.version = definition.process, definition.version
        self.labels = Labels(automaton.version, tuple(sorted(automaton.labels))) if automaton else Labels("", ())
        self.rulebook = Rulebook(definition.promises, definition.calendars)
        objectives = {objective.of for objective in definition.slo}
        self.counted = tuple(n for n, rule in enumerate(self.rulebook.rules) if rule.promise.id in objectives)
        self.people = People(definition.rules) if definition.rules else None
        constraints = [read_constraint(one.declare) for one in definition.constraints if one.declare is not None]
        self.monitor = Monitor(constraints) if constraints else None
        self.judges = self.monitor is not None or self.people is not None
        asked = tuple(one.text for one in constraints)
        self.asked = Labels(blake2b("\n".join(asked).encode(), digest_size=6).hexdigest(), asked)
        instants = self.rulebook.instants()
        named = instants | frozenset(definition.case.segments).union(*(one.attributes for one in constraints))
        named |= self.rulebook.attributes() | (self.people.attributes if self.people else frozenset())
        if naming is None and self.rulebook.names_resource and definition.privacy.resource == "keep":
            naming = in_clear
        self.reader = RecordReader(definition.events.mapping, named, instants, naming)
        case = definition.case
        self.ends = frozenset(case.ends) if isinstance(case.ends, tuple) else None
        self.ends_with_model = case.ends is None and automaton is not None
        self.rename = dict(definition.model.activities) if definition.model else {}
        self.severity = definition.model.severity if definition.model else "warning"
        self.lateness, self.patience = definition.events.lateness_ms, definition.events.patience_ms
        self.idle_limit, self.reopen, self.retention = case.idle_limit_ms, case.reopen_ms, case.retention_ms
        self.warm_horizon, self.segments = case.warm_horizon_ms, case.segments
        self.identity = identity_of(definition, model)

    def segment_labels(self, attributes: Mapping[str, object]) -> dict[str, str]:
        """The bounded label values of a case: its segments, as text; only plain values, and no longer than a name."""
        found: dict[str, str] = {}
        for name in self.segments:
            value = attributes.get(name)
            if isinstance(value, PLAIN) and value != "":
                found[name] = str(value)[:LONGEST_LABEL]
        return found

    def segment(self, attributes: Mapping[str, object]) -> tuple[str, ...]:
        """The segment of a case: the values of its segments in order, empty text for one that it does not have."""
        labels = self.segment_labels(attributes)
        return tuple(labels.get(name, "") for name in self.segments)


def identity_of(definition: Definition, model: bytes = b"") -> str:
    """Names a definition and the bytes of its model by content: 16 hexadecimal digits, equal wherever that is.

    What is not written does not count, so that a setting that only a later program knows changes nothing.
    """
    said = definition.model_dump(mode="json", exclude_unset=True)
    content = orjson.dumps([said, blake2b(model).hexdigest()], option=orjson.OPT_SORT_KEYS)
    return blake2b(content, digest_size=8).hexdigest()


def needs_people(definition: Definition) -> bool:
    """Whether a definition asks for who did something."""
    return any(isinstance(rule, FourEyes) for rule in definition.rules)


def needs_key(definition: Definition) -> bool:
    """Whether a definition asks for pseudonyms, which are made under a key."""
    return needs_people(definition) and definition.privacy.resource == "pseudonym"


def compile_process(definition: Definition, model: bytes | None, key: bytes | None = None) -> Process:
    """Compile a definition and the content of its model file; raises `schemas.problem.Refused` if the model is.

    `key` is that of pseudonyms; raises `ValueError` where it is needed and not there.
    """
    naming = None
    if needs_key(definition):
        naming = pseudonyms(key or b"")
    elif needs_people(definition) and definition.privacy.resource == "keep":
        naming = in_clear
    if definition.model is None or model is None:
        return Process(definition, None, naming)
    net = read_reference(definition.model, model)
    return Process(definition, Automaton(net, unobserved=frozenset(definition.model.unobserved)), naming, model)


def read_reference(model: ModelReference, content: bytes) -> Net:
    """The net of a definition's model, read as the definition says; raises `schemas.problem.Refused`."""
    return read_model(
        PurePath(model.file).name,
        content,
        final=model.final or (),
        ignore_guards=model.ignore_guards,
        process=model.process,
    )
