"""How a mistake in a definition is told: pydantic's findings in the words of somebody who wrote YAML.

Invariant: each message says what is wrong and what would be right; what the format foresees but this version cannot do
is called not supported yet, never unknown.
"""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from schemas.consistency import Inconsistency, Path
from schemas.definition import (
    ActivityDuration,
    Between,
    Calendar,
    CardRules,
    CaseDuration,
    CaseRules,
    Constraint,
    Definition,
    Due,
    EventSource,
    FourEyes,
    Idle,
    Mapping,
    ModelReference,
    Objective,
    Privacy,
    Rate,
    Role,
    Roles,
    TimePath,
    Waiting,
)
from schemas.problem import Fault
from schemas.sla import CancelWhen, Pause, StageSeverity, TargetWhere

_SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "roles": Roles,
    "events": EventSource,
    "mapping": Mapping,
    "case": CaseRules,
    "model": ModelReference,
    "privacy": Privacy,
    "constraints": Constraint,
    "slo": Objective,
    "scorecard": CardRules,
}
_KINDS: Final[dict[str, dict[str, type[BaseModel]]]] = {
    "sla": {
        "between": Between,
        "case_duration": CaseDuration,
        "activity_duration": ActivityDuration,
        "waiting": Waiting,
        "idle": Idle,
        "due": Due,
        "rate": Rate,
    },
    "rules": {"four_eyes": FourEyes, "role": Role},
}
_PARTS: Final[dict[str, type[BaseModel]]] = {
    "severity": StageSeverity,
    "targets": TargetWhere,
    "pause": Pause,
    "cancel": CancelWhen,
}
_SLA_KINDS: Final = ", ".join(_KINDS["sla"])

_UNSUPPORTED_KEYS: Final = {
    ("events", "where"): "remove it, or send the records of this process to a topic of their own",
}
_UNSUPPORTED_VALUES: Final[dict[str, dict[Any, str]]] = {
    "format": dict.fromkeys(("cloudevents", "avro", "zeebe", "debezium"), "use one of json, xes-json"),
}
_MISSING: Final = {
    "process": "add `process`, the name of the process",
    "version": 'add `version`, like "1"',
    "case": "add `case`, the path to the case id in a record",
    "activity": "add `activity`, the path to what happened in a record",
    "timestamp": "add `timestamp`, the path to when it happened in a record",
    "file": "add `file`, a .bpmn, .pnml or .decl file beside the definition",
    "id": "add `id`, a name that is unique in this definition",
    "from": "add `from`, the activity that starts the clock",
    "to": "add `to`, the activities that stop the clock",
    "target": "add `target`, like 4h",
    "due": "add `due`, the attribute that carries the date",
    "of": "add `of`: the SLA that an objective counts, or the activity that a rate does",
    "objective": "add `objective`, the share that has to be in time, like 95%",
    "window": "add `window`, like 28d",
    "path": "add `path`, where it lies in a record",
    "where": "add `where`, a condition like priority == '1'",
    "when": "add `when`, a condition like status == 'void'",
    "timezone": "add `timezone`, like Europe/Berlin",
    "hours": 'add `hours`, like {mon-fri: ["08:00-17:00"]}',
    "activities": "add `activities`, like [Approve, Pay]",
    "group": "add `group`, whose members may do it",
    "attribute": "add `attribute`, in which an event carries the group of who did it",
}


def findings(errors: list[ErrorDetails]) -> Iterator[Inconsistency]:
    """Reword what pydantic found in a definition, each with the path as it stands in the file."""
    told = [(error, _path(error["loc"])) for error in errors if _worth_telling(error)]
    meant = {(*path[:-1], _meant(error)) for error, path in told if error["type"] == "extra_forbidden"}
    for error, path in told:
        if error["type"] == "missing" and path in meant:
            continue  # said already, as the key that was probably meant
        place = (*path, "kind") if error["type"] == "union_tag_invalid" else path
        yield Inconsistency(place, *_reworded(error, path))


def _worth_telling(error: ErrorDetails) -> bool:
    """A consequence of another finding is no finding."""
    emptied = error["type"] == "too_short" and bool(error["input"])
    return not emptied and error["type"] != "default_factory_not_called"


def _path(location: tuple[int | str, ...]) -> Path:
    """The path in the file: without the names that pydantic gives to members of a union."""
    steps = [step for step in location if not (isinstance(step, str) and step[:1] in "<[" and step)]
    if len(steps) > 2 and steps[0] in _KINDS:
        del steps[2]
    return tuple(steps)


def _reworded(error: ErrorDetails, path: Path) -> tuple[str, str]:
    fault = error.get("ctx", {}).get("error")
    if isinstance(fault, Fault):
        return fault.wrong, fault.right
    tell = _TELLERS.get(error["type"])
    return tell(error, path) if tell else (error["msg"], "see `casewatch schema`")


def _tell_missing(_: ErrorDetails, path: Path) -> tuple[str, str]:
    if path[0] == "sla" and path[-1] == "activity":
        return "`activity` is missing", "add `activity`, the step whose time is measured"
    return f"`{path[-1]}` is missing", _MISSING.get(str(path[-1]), "add it")


def _tell_unknown_key(error: ErrorDetails, path: Path) -> tuple[str, str]:
    key, section = str(path[-1]), _section(path)
    if (section, key) in _UNSUPPORTED_KEYS:
        return f"`{key}` is not supported yet", _UNSUPPORTED_KEYS[section, key]
    meant = _meant(error)
    right = f"did you mean `{meant}`?" if meant else f"known here are {', '.join(_keys(error['loc']))}"
    return f"unknown key `{key}`", right


def _tell_value(error: ErrorDetails, path: Path) -> tuple[str, str]:
    return _refused_choice(str(path[-1]), error["input"], error.get("ctx", {}).get("expected", ""))


def _tell_kind(error: ErrorDetails, path: Path) -> tuple[str, str]:
    kind = error["input"].get("kind") if isinstance(error["input"], dict) else None
    kinds = ", ".join(_KINDS[str(path[0])])
    if kind is None:
        return "`kind` is missing", f"add `kind`, one of {kinds}"
    return _refused_choice("kind", kind, kinds)


def _refused_choice(key: str, value: Any, expected: str) -> tuple[str, str]:
    choices = expected.replace("'", "").replace(" or ", ", ").replace("True", "true").split(", ")
    right = f"use one of {', '.join(choices)}" if len(choices) > 1 else f"write {choices[0]}"
    if not isinstance(value, str | bool):
        return _as_found(value), right
    shown = f"`{key}: {_as_written(value)}`"
    remedies = _UNSUPPORTED_VALUES.get(key, {})
    if value in remedies:
        return f"{shown} is not supported yet", remedies[value]
    close = get_close_matches(str(value), choices, n=1)
    return f"{shown} is not known", f"did you mean {close[0]}?" if close else right


def _tell_text(error: ErrorDetails, _: Path) -> tuple[str, str]:
    if isinstance(error["input"], bool):
        return f"`{_as_written(error['input'])}` is a truth value here", "put it in quotes to make it text"
    return _as_found(error["input"]), "write one text"


def _tell_list(error: ErrorDetails, path: Path) -> tuple[str, str]:
    if isinstance(error["input"], bool):
        return _tell_text(error, path)
    return _as_found(error["input"]), "write a list, like [a, b]"


def _tell_section(error: ErrorDetails, _: Path) -> tuple[str, str]:
    return _as_found(error["input"]), "write `key: value` pairs below it, or remove it"


def _tell_empty_list(_: ErrorDetails, __: Path) -> tuple[str, str]:
    return "the list is empty", "name at least one"


def _tell_truth(error: ErrorDetails, path: Path) -> tuple[str, str]:
    return f"`{path[-1]}: {error['input']}` is neither true nor false", "write true or false"


_TELLERS: Final[dict[str, Callable[[ErrorDetails, Path], tuple[str, str]]]] = {
    "missing": _tell_missing,
    "extra_forbidden": _tell_unknown_key,
    "literal_error": _tell_value,
    "bool_parsing": _tell_truth,
    "bool_type": _tell_truth,
    "union_tag_invalid": _tell_kind,
    "union_tag_not_found": _tell_kind,
    "string_type": _tell_text,
    "tuple_type": _tell_list,
    "model_type": _tell_section,
    "model_attributes_type": _tell_section,
    "dict_type": _tell_section,
    "too_short": _tell_empty_list,
}


def _as_found(value: Any) -> str:
    if value is None:
        return "nothing stands here"
    if isinstance(value, dict | list):
        return "a list stands here" if isinstance(value, list) else "`key: value` pairs stand here"
    return f"`{_as_written(value)}` stands here"


def _as_written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _section(path: Path) -> str:
    """The name of the part that holds the last step of a path: the nearest key around it, "" for the file itself."""
    return next((step for step in reversed(path[:-1]) if isinstance(step, str)), "")


def _meant(error: ErrorDetails) -> str | None:
    close = get_close_matches(str(error["loc"][-1]), _keys(error["loc"]), n=1)
    return close[0] if close else None


def _keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand beside the one at this location."""
    around = location[:-1]
    model: type[BaseModel] | None
    if not around:
        model = Definition
    elif around[0] in _KINDS:
        model = _PARTS.get(str(around[3])) if len(around) > 3 else None
        model = model or _KINDS[str(around[0])][str(around[2])]
    elif around[0] == "calendars":
        model = Calendar
    else:
        model = _SECTIONS.get(next(str(step) for step in reversed(around) if isinstance(step, str)), TimePath)
    return [str(field.validation_alias or name) for name, field in model.model_fields.items()]
