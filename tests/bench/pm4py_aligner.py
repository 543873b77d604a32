"""pm4py's alignments of traces, for whoever has it installed: it is no dependency of anything here."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.bench.figures import busy


def seconds_of(model: Path, traces: Sequence[Sequence[str]]) -> float:
    """How long one core takes to align these traces with the model of a PNML file."""
    pm4py = import_module("pm4py")
    objects = import_module("pm4py.objects.log.obj")
    net, initial, final = pm4py.read_pnml(str(model))
    log = objects.EventLog([objects.Trace([objects.Event({"concept:name": a}) for a in trace]) for trace in traces])
    return busy(lambda: pm4py.conformance_diagnostics_alignments(log, net, initial, final))
