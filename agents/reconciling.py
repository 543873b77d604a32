"""Compares the alerts of a rebuilt state with those that were published, and says what subscribers have to be told.

Ids are made of what happened, so that the same history has the same ones. Invariant: of an alert that says the same as
before nothing is published; every record that is published has the next revision of its id, and a rebuilt state goes on
from there.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from schemas.alert import State

Alerts = Mapping[str, dict[str, Any]]
"""Alerts by id, each as its last record says."""

OPEN: Final = (State.RAISED, State.UPDATED, State.ACKNOWLEDGED)
_OF_ITS_TELLING: Final = ("revision", "noticed_at", "episode", "state", "version")
"""What an alert says of how and under which version it was told, which may differ though the same is true."""


class Differences(NamedTuple):
    """`log`: records for the log, in order, as (id, body); `present`: for the alerts topic, body None for a tombstone;
    `revisions`: by process and case (None: not of a case), the revision from which each alert goes on; and how many
    are the same, new, told otherwise, taken back and forgotten."""

    log: list[tuple[str, bytes]]
    present: list[tuple[str, bytes | None]]
    revisions: dict[tuple[str, str | None], dict[str, int]]
    counts: dict[str, int]


def differences(rebuilt: Alerts, published: Alerts, noticed_at: str) -> Differences:
    """What to publish so that the alerts are those of the rebuilt state; `noticed_at` is now, in ISO 8601."""
    found = Differences([], [], {}, dict.fromkeys(("same", "new", "changed", "retracted", "forgotten"), 0))
    for id, alert in rebuilt.items():
        kind, revision = _judged(alert, published.get(id))
        found.counts[kind] += 1
        subject = alert["process"], alert.get("case")
        found.revisions.setdefault(subject, {})[id] = revision
        if kind != "same":
            _publish(found, alert | {"revision": revision})
    for id in published.keys() - rebuilt.keys():
        for body in _taken_back(published[id], noticed_at):
            found.counts["retracted"] += 1
            _publish(found, body)
        found.counts["forgotten"] += 1
        found.present.append((id, None))
    return found


def _judged(alert: dict[str, Any], before: dict[str, Any] | None) -> tuple[str, int]:
    """What an alert is to those who know the one before, and its revision then."""
    if before is None:
        return ("same", 0) if alert["state"] == State.RETRACTED else ("new", 1)
    if _content(alert) == _content(before):
        return "same", int(before["revision"])
    return "changed", int(before["revision"]) + 1


def _content(alert: dict[str, Any]) -> dict[str, Any]:
    """What is true of an alert, however it came to be told: open, or closed as it was."""
    told = {name: value for name, value in alert.items() if name not in _OF_ITS_TELLING}
    return told | {"open": alert["state"] in OPEN or alert["state"]}


def _taken_back(alert: dict[str, Any], noticed_at: str) -> Iterator[dict[str, Any]]:
    """The retraction of an alert that is open and that the rebuilt state does not have."""
    if alert["state"] in OPEN:
        closed = {"state": State.RETRACTED.value, "settled": True, "noticed_at": noticed_at}
        yield alert | closed | {"revision": int(alert["revision"]) + 1}


def _publish(found: Differences, alert: dict[str, Any]) -> None:
    body = orjson.dumps(alert)
    found.log.append((alert["id"], body))
    found.present.append((alert["id"], body))
