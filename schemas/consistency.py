"""What the parts of a definition say of each other, judged on the definition as written.

Invariant: wrong shapes are passed over in silence, since the models report them; so everything that can be said of a
file with mistakes is said at once.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

MODEL_RULE: Final = "model"
"""The rule under which deviations from the model are told."""

Path = tuple[str | int, ...]


class Inconsistency(NamedTuple):
    """Where two parts disagree, what is wrong, and what would be right."""

    path: Path
    wrong: str
    right: str


def inconsistencies(written: dict[str, Any]) -> Iterator[Inconsistency]:
    """Find every disagreement between the parts of a definition, given as plain values of its file."""
    slas = [(at, sla) for at, sla in enumerate(_list(written.get("sla"))) if isinstance(sla, dict)]
    yield from _reserved_ids(slas)
    yield from _doubled_ids(slas)
    yield from _same_ends(slas)
    yield from _unmapped(written, slas)
    yield from _model_names_twice(_dict(written.get("model")))


def _reserved_ids(slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """Alerts of the model bear its rule's name; an SLA of the same name would share their ids and their counts."""
    for at, sla in slas:
        if sla.get("id") == MODEL_RULE:
            wrong = f"the id `{MODEL_RULE}` is that of the model's own alerts"
            yield Inconsistency(("sla", at, "id"), wrong, "give the SLA another id")


def _doubled_ids(slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    seen: set[str] = set()
    for at, sla in slas:
        name = sla.get("id")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Inconsistency(("sla", at, "id"), f"the id `{name}` is taken by an SLA above", "give each its own id")
        seen.add(name)


def _same_ends(slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """A clock that its own start would stop measures nothing; `from` and `to` may overlap, but not be the same."""
    for at, sla in slas:
        start, stop = _names(sla.get("from")), _names(sla.get("to"))
        if start and start == stop:
            wrong = "what starts the clock also stops it"
            yield Inconsistency(("sla", at, "to"), wrong, "name another activity, or use `kind: idle`")


def _unmapped(written: dict[str, Any], slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """Segments and due dates name attributes; records with XES names have theirs without a mapping."""
    mapping = _dict(written.get("events")).get("mapping")
    if not isinstance(mapping, dict):
        return
    mapped = _dict(mapping.get("attributes"))
    named: list[tuple[Path, Any]] = [
        (("case", "segments", at), name) for at, name in enumerate(_list(_dict(written.get("case")).get("segments")))
    ]
    named += [(("sla", at, "due"), sla.get("due")) for at, sla in slas if sla.get("kind") == "due"]
    for path, name in named:
        if isinstance(name, str) and name not in mapped:
            known = f" (mapped are {', '.join(map(str, mapped))})" if mapped else ""
            right = f"add it under events.mapping.attributes, with its path{known}"
            yield Inconsistency(path, f"no attribute `{name}` is mapped", right)


def _model_names_twice(model: dict[str, Any]) -> Iterator[Inconsistency]:
    shown = {name for name in _dict(model.get("activities")).values() if isinstance(name, str)}
    for at, name in enumerate(_list(model.get("unobserved"))):
        if isinstance(name, str) and name in shown:
            wrong = f"`{name}` is unobserved, but an event is mapped to it under `activities`"
            yield Inconsistency(("model", "unobserved", at), wrong, "keep one of the two")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(value: Any) -> frozenset[str]:
    names = [value] if isinstance(value, str) else _list(value)
    return frozenset(name for name in names if isinstance(name, str))
