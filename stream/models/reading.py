"""Which reader a model file needs, told by its name."""

from schemas.problem import Problem, Refused
from stream.models.bpmn import read_bpmn
from stream.models.net import Net
from stream.models.pnml import read_pnml

READERS = {".pnml": read_pnml, ".bpmn": read_bpmn}


def read_model(name: str, content: bytes) -> Net:
    """The net that a model file means; raises `Refused` with every problem found."""
    reader = READERS.get(name[name.rfind(".") :].lower())
    if reader is None:
        raise Refused((Problem(name, 1, "file", "not a known kind of model", f"one of {', '.join(READERS)}"),))
    return reader(name, content)
