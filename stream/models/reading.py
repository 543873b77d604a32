"""Which reader a model file needs, told by its name, and which of the options that reader knows.

Invariant: an option that says nothing about a kind of file is refused, never passed over; what comes out can be used,
since a net without bounds or without a run from its start to its end is refused as well.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from schemas.problem import Problem, Refused
from stream.models.admission import admitted
from stream.models.bpmn import read_bpmn
from stream.models.dfg import read_dfg
from stream.models.net import Net
from stream.models.pnml import read_pnml


class Kind(NamedTuple):
    """A kind of model file: what it is called, its reader and the options that mean something to it."""

    title: str
    read: Callable[..., Net]
    options: frozenset[str]


KINDS = {
    ".bpmn": Kind("BPMN 2.0", read_bpmn, frozenset({"process"})),
    ".pnml": Kind("PNML", read_pnml, frozenset({"final", "ignore_guards", "process"})),
    ".csv": Kind("directly-follows graph", read_dfg, frozenset()),
}
OPTIONS = {"final": "--final", "ignore_guards": "--ignore-guards", "process": "--process"}


def kind_of(name: str) -> Kind:
    """The kind of a model file, by its suffix; raises `Refused`."""
    kind = KINDS.get(name[name.rfind(".") :].lower())
    if kind is None:
        raise Refused((Problem(name, 1, "file", "not a known kind of model", f"one of {', '.join(KINDS)}"),))
    return kind


def read_model(
    name: str, content: bytes, *, final: tuple[str, ...] = (), ignore_guards: bool = False, process: str | None = None
) -> Net:
    """The net that a model file means; raises `Refused` with every problem found.

    `final`: places of a PNML file, by id or name, that hold a token at the end; `ignore_guards`: read a data net for
    its control flow; `process`: the id of the process or net that is meant, where a file has several.
    """
    kind = kind_of(name)
    given = {"final": final, "ignore_guards": ignore_guards, "process": process}
    check_options(name, kind.title, kind.options, given)
    return admitted(name, content, kind.read(name, content, **{key: given[key] for key in kind.options}))


def check_options(name: str, title: str, known: frozenset[str], given: Mapping[str, object]) -> None:
    """Raise `Refused` for each option that was given and says nothing about a kind of file."""
    unknown = [option for option, value in given.items() if value and option not in known]
    if unknown:
        wrong = f"says nothing about a {title} file"
        raise Refused(Problem(name, 1, OPTIONS[option], wrong, "leave it out") for option in unknown)
