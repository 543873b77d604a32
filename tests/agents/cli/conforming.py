"""What the tests of `casewatch conformance` share: small logs, small models, and rows read back."""

import csv
import io
from pathlib import Path

from stream.models.net import Net, Transition

EVENT_HEADER = "case,index,activity,cost,grade,at_least"
CASE_HEADER = "case,events,cost,grade,at_least"
THREE = ("Init[open]", "Response[open, close]", "Absence2[pay]")


def sequence(*labels: str) -> Net:
    """A net of steps one after the other."""
    steps = tuple(Transition(label, {at: 1}, {at + 1: 1}) for at, label in enumerate(labels))
    return Net(tuple(f"p{place}" for place in range(len(labels) + 1)), steps, {0: 1}, {len(labels): 1})


def table(name: str, *rows: str, header: str = "case:concept:name,concept:name,time:timestamp") -> str:
    """Write a CSV log; without a time, a row has the day of its place."""
    lines = [f"{row},2026-03-{at:02}T09:00Z" if row.count(",") == 1 else row for at, row in enumerate(rows, 1)]
    Path(name).write_text("\n".join([header, *lines]) + "\n")
    return name


def xes(*traces: tuple[str, list[tuple[str, str]]]) -> str:
    """Write a XES log of (case, (activity, lifecycle)) without times."""
    text = "<log>"
    for case, events in traces:
        text += "<trace>" + (f'<string key="concept:name" value="{case}"/>' if case else "")
        for activity, state in events:
            text += f'<event><string key="concept:name" value="{activity}"/>'
            text += (f'<string key="lifecycle:transition" value="{state}"/>' if state else "") + "</event>"
        text += "</trace>"
    Path("log.xes").write_text(text + "</log>")
    return "log.xes"


def rows(text: str) -> list[list[str]]:
    """The rows of a CSV below its header."""
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def rules(*lines: str) -> str:
    """Write a Declare file."""
    Path("rules.decl").write_text("\n".join(lines) + "\n")
    return "rules.decl"


def cells(text: str) -> list[list[str]]:
    """The rows of a summary's table."""
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
