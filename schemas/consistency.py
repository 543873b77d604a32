"""What the parts of a definition say of each other, judged on the definition as written.

Invariant: wrong shapes are passed over in silence, since the models report them; so everything that can be said of a
file with mistakes is said at once.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from schemas.goal_consistency import goal_inconsistencies

MODEL_RULE: Final = "model"
"""The rule under which deviations from the model are told."""

RESOURCE: Final = "org:resource"
"""Where the resource lies in a record with the standard names of XES."""

_WITH_IDS: Final = {"sla": "an SLA", "slo": "an objective", "constraints": "a constraint", "rules": "a rule"}

Path = tuple[str | int, ...]


class Inconsistency(NamedTuple):
    """Where two parts disagree, what is wrong, and what would be right."""

    path: Path
    wrong: str
    right: str


def inconsistencies(written: dict[str, Any]) -> Iterator[Inconsistency]:
    """Find every disagreement between the parts of a definition, given as plain values of its file."""
    slas = _items(written, "sla")
    yield from _reserved_ids(written)
    yield from _doubled_ids(written)
    yield from _same_ends(slas)
    yield from _calendars_unknown(written, slas)
    yield from _working_days_of_none(slas)
    yield from _without_life_cycle(written, slas)
    yield from _unmapped(written, slas)
    yield from _people_unknown(written)
    yield from _people_in_clear(written, slas)
    yield from _model_names_twice(_dict(written.get("model")))
    yield from _not_for_declare(_dict(written.get("model")))
    yield from (Inconsistency(*told) for told in goal_inconsistencies(written))


def _items(written: dict[str, Any], section: str) -> list[tuple[int, dict[str, Any]]]:
    return [(at, item) for at, item in enumerate(_list(written.get(section))) if isinstance(item, dict)]


def _reserved_ids(written: dict[str, Any]) -> Iterator[Inconsistency]:
    """Alerts of the model bear its rule's name; another of the same name would share their ids and their counts."""
    for section, called in _WITH_IDS.items():
        for at, item in _items(written, section):
            if item.get("id") == MODEL_RULE:
                wrong = f"the id `{MODEL_RULE}` is that of the model's own alerts"
                yield Inconsistency((section, at, "id"), wrong, f"give the {called.split()[-1]} another id")


def _doubled_ids(written: dict[str, Any]) -> Iterator[Inconsistency]:
    seen: dict[str, str] = {}
    for section, called in _WITH_IDS.items():
        for at, item in _items(written, section):
            name = item.get("id")
            if not isinstance(name, str):
                continue
            if name in seen:
                where = f"{seen[name]} above" if seen[name] == called else seen[name]
                yield Inconsistency((section, at, "id"), f"the id `{name}` is taken by {where}", "give each its own id")
            seen.setdefault(name, called)


def _same_ends(slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """A clock that its own start would stop measures nothing; `from` and `to` may overlap, but not be the same."""
    for at, sla in slas:
        start, stop = _names(sla.get("from")), _names(sla.get("to"))
        if start and start == stop:
            wrong = "what starts the clock also stops it"
            yield Inconsistency(("sla", at, "to"), wrong, "name another activity, or use `kind: idle`")


    for at, sla in slas:
        pause = _dict(sla.get("pause"))
        if _names(pause.get("from")) & _names(pause.get("to")):
            wrong = "one activity both begins the pause and ends it"
            yield Inconsistency(("sla", at, "pause", "to"), wrong, "name another activity")


def _calendars_unknown(written: dict[str, Any], slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    calendars = _dict(written.get("calendars"))
    for at, sla in slas:
        name = sla.get("calendar")
        if isinstance(name, str) and name not in calendars:
            known = f"one of {', '.join(map(str, calendars))}, or add it" if calendars else "add it"
            yield Inconsistency(("sla", at, "calendar"), f"there is no calendar `{name}`", f"{known} under `calendars`")


def _working_days_of_none(slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """A working day has a length by its calendar only."""
    for at, sla in slas:
        if "calendar" in sla:
            continue
        lengths: list[tuple[Path, Any]] = [(("sla", at, key), sla.get(key)) for key in ("target", "overdue_every")]
        for number, entry in enumerate(_list(sla.get("targets"))):
            lengths.append((("sla", at, "targets", number, "target"), _dict(entry).get("target")))
        for path, length in lengths:
            if isinstance(length, str) and length.endswith("wd"):
                wrong = f"`{length}` counts working days, and no calendar is named"
                yield Inconsistency(path, wrong, "add `calendar`, or write elapsed time, like 2d")


def _without_life_cycle(written: dict[str, Any], slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """What is measured from starts and suspensions needs events that tell them; those with XES names do."""
    mapping = _dict(written.get("events")).get("mapping")
    if not isinstance(mapping, dict) or "lifecycle" in mapping:
        return
    for at, sla in slas:
        for key, value in (("kind", "activity_duration"), ("kind", "waiting"), ("pause", "lifecycle")):
            if sla.get(key) == value:
                wrong = f"`{key}: {value}` needs to know starts from completions, and no life cycle is mapped"
                right = "add `lifecycle` under events.mapping, the path to the transition"
                yield Inconsistency(("sla", at, key), wrong, right)


def _unmapped(written: dict[str, Any], slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """Segments and due dates name attributes; records with XES names have theirs without a mapping, and so have roles,
    whose attribute is read under its own name where it is not mapped."""
    mapping = _dict(written.get("events")).get("mapping")
    if not isinstance(mapping, dict):
        return
    mapped = _dict(mapping.get("attributes"))
    for path, name in _named(written, slas):
        if path[0] != "rules" and isinstance(name, str) and name not in mapped:
            known = f" (mapped are {', '.join(map(str, mapped))})" if mapped else ""
            right = f"add it under events.mapping.attributes, with its path{known}"
            yield Inconsistency(path, f"no attribute `{name}` is mapped", right)


def _named(written: dict[str, Any], slas: list[tuple[int, dict[str, Any]]]) -> list[tuple[Path, Any]]:
    """Where a definition names an attribute, and which."""
    segments = _list(_dict(written.get("case")).get("segments"))
    named: list[tuple[Path, Any]] = [(("case", "segments", at), name) for at, name in enumerate(segments)]
    named += [(("sla", at, "due"), sla.get("due")) for at, sla in slas if sla.get("kind") == "due"]
    return named + [(("rules", at, "attribute"), rule.get("attribute")) for at, rule in _items(written, "rules")]


def _people_unknown(written: dict[str, Any]) -> Iterator[Inconsistency]:
    """Four eyes are counted by the resource, which therefore has to be read and may not be dropped."""
    dropped = _dict(written.get("privacy")).get("resource") == "drop"
    mapping = _dict(written.get("events")).get("mapping")
    unmapped = isinstance(mapping, dict) and "resource" not in mapping
    for at, rule in _items(written, "rules"):
        if rule.get("kind") != "four_eyes":
            continue
        if dropped:
            wrong = "four eyes cannot be told apart, since `privacy.resource` is drop"
            yield Inconsistency(("rules", at, "kind"), wrong, "write `privacy: {resource: pseudonym}`")
        elif unmapped:
            wrong = "four eyes cannot be told apart, since no resource is mapped"
            right = "add `resource` under events.mapping, the path to who did it"
            yield Inconsistency(("rules", at, "kind"), wrong, right)


def _people_in_clear(written: dict[str, Any], slas: list[tuple[int, dict[str, Any]]]) -> Iterator[Inconsistency]:
    """An attribute that is the resource under another name, or holds it, would show in clear what is to be hidden."""
    if shows_people(written):
        return
    mapping = _dict(written.get("events")).get("mapping")
    mapped = _dict(mapping).get("attributes")
    resource = mapping.get("resource") if isinstance(mapping, dict) else RESOURCE
    for name, path in _dict(mapped).items():
        read = path.get("path") if isinstance(path, dict) else path
        if isinstance(resource, str) and isinstance(read, str) and f"{resource}.".startswith(f"{read}."):
            yield in_clear(("events", "mapping", "attributes", name))
    for at, name in _named(written, slas):
        if isinstance(name, str) and name == resource and name not in _dict(mapped):
            yield in_clear(at)


def shows_people(written: dict[str, Any]) -> bool:
    """Whether a definition says that who did something is kept as it is."""
    return bool(_dict(written.get("privacy")).get("resource") == "keep")


def in_clear(path: Path) -> Inconsistency:
    """That who did something would be shown in clear, by what stands at a path."""
    wrong = "this would show in clear who did it, and `privacy.resource` is not keep"
    return Inconsistency(path, wrong, "remove it, or write `privacy: {resource: keep}`")


def _not_for_declare(model: dict[str, Any]) -> Iterator[Inconsistency]:
    """Constraints name activities as events do, and say nothing of steps that nobody sees."""
    file = model.get("file")
    if not isinstance(file, str) or not file.lower().endswith(".decl"):
        return
    for key in ("activities", "unobserved", "process", "final", "ignore_guards"):
        if key in model:
            yield Inconsistency(("model", key), f"`{key}` means nothing for a Declare model", "remove it")


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
