"""Reads the settings: environment variables `CASEWATCH_…`, over a file named by `CASEWATCH_SETTINGS`.

Decides which names exist and where a secret may come from. Invariant: all mistakes are told at once, an unknown name is
one of them (a slip of the pen would otherwise silently leave a default in force), and no secret is ever printed.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError

from schemas.problem import Fault, Problem, Refused
from schemas.settings import Security, Settings

PREFIX: Final = "CASEWATCH_"
TEST_PREFIX: Final = "CASEWATCH_TEST_"
FILE_NAME: Final = "CASEWATCH_SETTINGS"
_SECURITY: Final = "SECURITY_"
_SUFFIX: Final = "_FILE"


class Given(NamedTuple):
    """One setting as written, and where."""

    value: str
    source: str
    line: int


def known_names() -> frozenset[str]:
    """Name every setting, `…_FILE` of the secrets included."""
    names = {PREFIX + name.upper() for name in Settings.model_fields if name != "security"}
    names |= {PREFIX + _SECURITY + name.upper() for name in Security.model_fields}
    return frozenset(names | {name + _SUFFIX for name in secret_names()})


def secret_names() -> frozenset[str]:
    """Name the settings that are secrets."""
    ours = {PREFIX + name.upper() for name in _secret_fields(Settings)}
    return frozenset(ours | {PREFIX + _SECURITY + name.upper() for name in _secret_fields(Security)})


def _secret_fields(model: type[BaseModel]) -> Iterator[str]:
    return (name for name, field in model.model_fields.items() if field.annotation == SecretStr | None)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and validate all settings; raises `Refused` with every mistake."""
    environment = os.environ if environment is None else environment
    problems: list[Problem] = []
    given = dict(_from_file(environment.get(FILE_NAME), problems))
    given |= {name: Given(value, "environment", 1) for name, value in environment.items() if _is_setting(name)}
    problems.extend(_unknown(given))
    _read_secret_files(given, problems)
    settings = _validated({name: given[name] for name in given.keys() & known_names()}, problems)
    if problems or settings is None:
        raise Refused(problems)
    return settings


def _is_setting(name: str) -> bool:
    return name.startswith(PREFIX) and not name.startswith(TEST_PREFIX) and name != FILE_NAME


def _from_file(path: str | None, problems: list[Problem]) -> Iterator[tuple[str, Given]]:
    """Lines `NAME=value`; empty lines and lines that begin with `#` are passed over."""
    if path is None:
        return
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        wrong = f"`{path}` cannot be read ({type(error).__name__})"
        problems.append(Problem("environment", 1, FILE_NAME, wrong, "name a file that can be read"))
        return
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            problems.append(Problem(path, number, name.strip(), "this is no setting", "write NAME=value"))
            continue
        yield name.strip(), Given(value.strip(), path, number)


def _unknown(given: Mapping[str, Given]) -> Iterator[Problem]:
    known = known_names()
    for name in sorted(given.keys() - known):
        near = get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else "remove it"
        yield Problem(given[name].source, given[name].line, name, "there is no such setting", remedy)


def _read_secret_files(given: dict[str, Given], problems: list[Problem]) -> None:
    for name in secret_names():
        named = given.pop(name + _SUFFIX, None)
        if named is None:
            continue
        if name in given:
            problems.append(Problem(*named[1:], name, "it is given twice", f"set either {name} or {name}{_SUFFIX}"))
            continue
        try:
            given[name] = named._replace(value=Path(named.value).read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            wrong = f"`{named.value}` cannot be read ({type(error).__name__})"
            problems.append(Problem(*named[1:], name + _SUFFIX, wrong, "name a file that can be read"))


def _validated(given: Mapping[str, Given], problems: list[Problem]) -> Settings | None:
    fields: dict[str, Any] = {}
    security: dict[str, Any] = {}
    for name, setting in given.items():
        short = name.removeprefix(PREFIX)
        if short.startswith(_SECURITY):
            security[short.removeprefix(_SECURITY).lower()] = setting.value
        else:
            fields[short.lower()] = setting.value
    try:
        return Settings.model_validate(fields | ({"security": security} if security else {}))
    except ValidationError as error:
        problems.extend(_problems(error, given))
        return None


def _problems(error: ValidationError, given: Mapping[str, Given]) -> Iterable[Problem]:
    for fault in error.errors(include_url=False, include_input=False):
        if fault["type"] == "default_factory_not_called":
            continue  # the default follows from a setting that is refused itself
        name = PREFIX + "_".join(str(part).upper() for part in fault["loc"][:2])
        place = given.get(name, Given("", "environment", 1))
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, Fault):
            yield Problem(place.source, place.line, name, cause.wrong, cause.right)
        else:
            shown = "it" if name in secret_names() else f"`{place.value}`"
            yield Problem(place.source, place.line, name, f"{shown} is refused", f"{fault['msg'].lower()}")
