"""The conditions of a definition's service levels, judged before any event is read.

Invariant: a condition that comes through here compiles, and reads nothing that events cannot carry.
"""

from collections.abc import Iterator
from typing import Any

from schemas.consistency import RESOURCE, Inconsistency, Path, in_clear, shows_people
from schemas.problem import Fault
from stream.condition import Condition


def misread(written: dict[str, Any]) -> Iterator[Inconsistency]:
    """Everything wrong in the conditions of a definition, given as plain values of its file."""
    events = written.get("events")
    mapping = events.get("mapping") if isinstance(events, dict) else None
    mapped = mapping.get("attributes") if isinstance(mapping, dict) else None
    known = mapped if isinstance(mapped, dict) else {}
    for path, source in _conditions(written):
        try:
            condition = Condition(source)
            if isinstance(mapping, dict):
                condition.check([*map(str, known), *_asked_by_rules(written)])
        except Fault as fault:
            yield Inconsistency(path, fault.wrong, fault.right)
            continue
        if shows_people(written):
            continue
        if "resource" in condition.of_event:
            wrong = f"`{source}` asks who did it, and `privacy.resource` is not keep"
            yield Inconsistency(path, wrong, "ask something else, or write `privacy: {resource: keep}`")
        elif RESOURCE in condition.reads and not isinstance(mapping, dict):
            yield in_clear(path)


def _conditions(written: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Where conditions stand, and what they say; wrong shapes are passed over, and told elsewhere."""
    slas = written.get("sla")
    for at, sla in enumerate(slas if isinstance(slas, list) else ()):
        if not isinstance(sla, dict):
            continue
        named: list[tuple[Path, Any]] = [((), sla)]
        targets = sla.get("targets")
        named += [(("targets", number), one) for number, one in enumerate(targets if isinstance(targets, list) else ())]
        named += [((key,), sla.get(key)) for key in ("pause", "cancel")]
        for path, holder in named:
            for key in ("where", "while", "when"):
                source = holder.get(key) if isinstance(holder, dict) else None
                if isinstance(source, str) and source.strip():
                    yield ("sla", at, *path, key), source


def _asked_by_rules(written: dict[str, Any]) -> list[str]:
    """What roles ask for is read under its own name where it is not mapped."""
    rules = written.get("rules")
    asked = [rule.get("attribute") for rule in (rules if isinstance(rules, list) else ()) if isinstance(rule, dict)]
    return [name for name in asked if isinstance(name, str)]
