"""Options that say where the parts of an event lie in a log: which column is what, and how its times are written.

Invariant: what is not said has its standard name in XES; a name that was said and that the log does not have is never
replaced by another.
"""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import ValidationError

from agents.logs import Log
from schemas.mapping import Mapping, TimePath
from schemas.problem import Fault, Problem, Refused
from stream.mapping import XES

CaseOption = Annotated[str | None, typer.Option("--case", help="The column that names the case.")]
ActivityOption = Annotated[str | None, typer.Option("--activity", help="The column that names the activity.")]
TimestampOption = Annotated[str | None, typer.Option("--timestamp", help="The column that holds the time.")]
TimeFormatOption = Annotated[
    str | None, typer.Option("--time-format", help="How times are written, like `%d/%m/%Y %H:%M`.")
]
TimezoneOption = Annotated[str | None, typer.Option("--timezone", help="The zone of times written without one.")]
LifecycleOption = Annotated[str | None, typer.Option("--lifecycle", help="The column of the lifecycle transition.")]


class Columns(NamedTuple):
    """The options as given, None for each that was not."""

    case: str | None = None
    activity: str | None = None
    timestamp: str | None = None
    time_format: str | None = None
    timezone: str | None = None
    lifecycle: str | None = None

    def mapping(self) -> Mapping | None:
        """The mapping that the options make, None without any; raises `Fault`."""
        if not any(value is not None for value in self):
            return None
        said: dict[str, Any] = {name: value for name, value in self._asdict().items() if value is not None}
        written = {"path": said.pop("timestamp", XES.timestamp.path)}
        written |= {to: said.pop(of) for of, to in (("time_format", "format"), ("timezone", "timezone")) if of in said}
        try:
            return Mapping.model_validate(XES.model_dump() | said | {"timestamp": TimePath.model_validate(written)})
        except ValidationError as error:
            raise _fault(error) from None

    def check(self, path: Path, log: Log) -> None:
        """Raise `Refused` where a XES log has not the names that were said, and was read by the standard ones."""
        wanted, used = self.mapping(), log.mapping
        if wanted is None or used is None or not log.records or _names(wanted) == _names(used):
            return
        names = ", ".join(f"`{name}`" for name in (wanted.case, wanted.activity, wanted.timestamp.path))
        wrong = f"its events do not have all of {names}"
        raise Refused([Problem(str(path), 1, "log", wrong, "name attributes that they have")])


def _names(mapping: Mapping) -> tuple[str | None, ...]:
    return mapping.case, mapping.activity, mapping.timestamp.path, mapping.lifecycle


def _fault(error: ValidationError) -> Fault:
    """What is wrong in an option, in the words of the schema where it has any."""
    found = error.errors(include_url=False)[0]
    option = str(found["loc"][-1]) if found["loc"] else "timestamp"
    inner = found.get("ctx", {}).get("error")
    name = {"format": "time-format", "path": "timestamp"}.get(option, option)
    if isinstance(inner, Fault):
        return Fault(f"--{name}: {inner.wrong}", inner.right)
    return Fault(f"--{name}: {found['msg'].lower()}", "name a column, or leave the option out")
