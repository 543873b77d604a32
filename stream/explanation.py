"""What an alert explains, field by field, as subscribers read it: what was seen, and what was asked for instead.

Invariant: everything in it comes from the finding, so that a record that is written again says the same.
"""

from typing import Any

from schemas.alert import State
from stream.departure import Departure
from stream.finding import Finding, Level
from stream.wording import Phrases, iso_instant, iso_length


def explanation(finding: Finding, state: State, recent: tuple[str, ...], said: Phrases | None) -> dict[str, Any]:
    """The explanation of a finding; `recent` are the newest activities of its case, `said` the phrases of a promise."""
    match finding.kind:
        case "rule":
            told = _offence(finding)
        case "constraint":
            told = _violation(finding)
        case "deviation":
            told = Departure.of(finding.detail).explanation(recent)
        case _:
            told = _level(finding, said)
    told["seen"] = recent
    if state is State.RESOLVED:
        told["outcome"] = finding.outcome
    return told


def _level(finding: Finding, said: Phrases | None) -> dict[str, Any]:
    told: dict[str, Any] = {"expected": said.expected if said else (), "started_at": iso_instant(finding.detail[0])}
    left = Level(*finding.detail).left if finding.due_at is None else None
    if left is not None:
        told["left"] = iso_length(left)
    if finding.stage in ("breach", "overdue"):
        told["late_by"] = iso_length((finding.closed_at or finding.happened_at) - (finding.due_at or 0))
    return told


def _offence(finding: Finding) -> dict[str, Any]:
    kind, done, asked, found = finding.detail
    told = {"asks": kind, "activity": done[-1][0], "events": _events(done)}
    return told | ({"group": asked[0], "found": found} if kind == "role" else {})


def _violation(finding: Finding) -> dict[str, Any]:
    why, done, expected, _, (asked, *others) = finding.detail
    told: dict[str, Any] = {"asks": asked, "why": why, "expected": expected, "events": _events(done)}
    if done:
        told["activity"] = done[-1][0]
    return told | ({"conflicts_with": others} if others else {})


def _events(done: tuple[tuple[str, int, str | None], ...]) -> list[dict[str, Any]]:
    return [
        {"activity": activity, "at": iso_instant(at), **({"resource": resource} if resource else {})}
        for activity, at, resource in done
    ]
