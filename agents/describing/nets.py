"""A net described: activities, size, ends, what was inferred, and what keeps its cases from a proper end."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from agents.describing.description import Description, counted
from agents.drawing.diagram import Diagram
from agents.drawing.graphs import follows_diagram
from agents.drawing.nets import net_diagram
from agents.model_files import Reading
from stream.models.analysis import Soundness, soundness
from stream.models.dfg import read_follows
from stream.models.naming import Names
from stream.models.net import Marking, Net
from stream.models.reading import kind_of, read_model

MOST_MARKINGS = 20_000  # looked at before giving up; a second or two
MOST_WORK = 4_000_000  # markings times places and transitions, for large nets


def net_described(path: Path, content: bytes, reading: Reading) -> Description:
    """Read a model that is a net and judge it; raises `Refused` with every problem found."""
    net = read_model(str(path), content, **reading._asdict())
    found = soundness(net, min(MOST_MARKINGS, MOST_WORK // (len(net.places) + len(net.transitions) + 1)))
    facts = _facts(path, net) | {
        "sound": None if found.undecided and not found.findings else not found.findings,
        "findings": [finding._asdict() for finding in found.findings],
        "undecided": found.undecided,
        "markings": found.markings,
    }
    lines = (*_lines(facts), *_judged(found))
    if path.suffix.lower() == ".csv":
        return Description(facts, lines, lambda: follows_diagram(path.name, read_follows(str(path), content)))
    return Description(facts, lines, lambda: _diagram(path, net, found))


def _diagram(path: Path, net: Net, found: Soundness) -> Diagram:
    bad = {element for finding in found.findings for element in finding.elements}
    return net_diagram(path.name, net, bad, tuple(finding.text for finding in found.findings))


def _facts(path: Path, net: Net) -> dict[str, Any]:
    steps = Counter(step.label for step in net.transitions if step.label is not None)
    return {
        "file": str(path),
        "kind": kind_of(path.name).title,
        "activities": [{"name": name, "steps": steps[name]} for name in sorted(steps)],
        "places": len(net.places),
        "transitions": len(net.transitions),
        "silent": sum(step.label is None for step in net.transitions),
        "initial": _marking(net, net.initial),
        "final": _marking(net, net.final),
        "notes": list(net.notes),
    }


def _marking(net: Net, marking: Marking) -> list[dict[str, Any]]:
    names = Names(net)
    return [
        {"place": net.places[place], "tokens": number, "text": names.place(place)}
        for place, number in sorted(marking.items())
    ]


def _lines(facts: dict[str, Any]) -> list[str]:
    activities = facts["activities"]
    places, transitions = (counted(facts[which], which[:-1], which) for which in ("places", "transitions"))
    size = f"{places}, {transitions}, {facts['silent']} of them silent"
    lines = [f"{facts['file']}: {facts['kind']}, {counted(len(activities), 'activity', 'activities')}, {size}"]
    for activity in activities:
        several = f"  ({activity['steps']} steps)" if activity["steps"] > 1 else ""
        lines.append(f"  {_shown(activity['name'])}{several}")
    for which, said in (("initial", "starts at"), ("final", "ends at")):
        lines.append(f"{said}: {' and '.join(_tokens(place) for place in facts[which])}")
    return lines + [f"note: {note}" for note in facts["notes"]]


def _shown(name: str) -> str:
    """A name, in quotes where blanks or line breaks would not be seen; they are part of it."""
    return name if name == " ".join(name.split()) and name.isprintable() else json.dumps(name, ensure_ascii=False)


def _tokens(place: dict[str, Any]) -> str:
    return str(place["text"]) + (f", {place['tokens']} tokens" if place["tokens"] > 1 else "")


def _judged(found: Soundness) -> list[str]:
    lines = [f"{finding.trouble}: {finding.text}" for finding in found.findings]
    if found.undecided:
        lines.append(f"not decided: {found.undecided}")
    elif not lines:
        return ["sound: every case can come to its end, nothing is left behind, and every step can happen"]
    else:
        lines.insert(0, f"not sound: {counted(len(lines), 'finding', 'findings')}")
    return lines
