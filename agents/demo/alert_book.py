"""What the view remembers of the alerts topic: the newest sentences, and how each supplier fares.

Invariant: an alert is told again only when its stage rises or it is taken back, however many revisions it has; memory
is bounded by `REMEMBERED` alerts and `KEPT` sentences.
"""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

KEPT = 200
REMEMBERED = 200_000


class Heading(StrEnum):
    """What an alert says, in a word or two."""

    AT_RISK = "at risk"
    BREACH = "breach"
    DEVIATION = "off the model"
    TAKEN_BACK = "taken back"


class Told(NamedTuple):
    """One sentence of the view; `happened_at` and `noticed_at` in milliseconds UTC."""

    heading: Heading
    summary: str
    severity: str
    supplier: str
    happened_at: int
    noticed_at: int


class AlertBook:
    """Reads alert records in the order of the topic."""

    def __init__(self) -> None:
        self.told: deque[Told] = deque(maxlen=KEPT)
        self.counts: Counter[Heading] = Counter()
        self.by_supplier: dict[Heading, Counter[str]] = {heading: Counter() for heading in Heading}
        self._headings: dict[str, Heading] = {}

    def read(self, alert: Mapping[str, Any]) -> Told | None:
        """Take in one alert as published; returns what is new about it, or None."""
        heading = _heading(alert)
        if heading is None or self._headings.get(alert["id"]) is heading:
            return None
        if heading is Heading.TAKEN_BACK and alert["id"] not in self._headings:
            return None
        self._remember(alert["id"], heading)
        told = _told(alert, heading)
        self._count(told)
        return told

    def _remember(self, alert_id: str, heading: Heading) -> None:
        self._headings.pop(alert_id, None)
        self._headings[alert_id] = heading
        if len(self._headings) > REMEMBERED:
            del self._headings[next(iter(self._headings))]

    def _count(self, told: Told) -> None:
        self.told.append(told)
        self.counts[told.heading] += 1
        self.by_supplier[told.heading][told.supplier] += 1


def _heading(alert: Mapping[str, Any]) -> Heading | None:
    """None for a resolved alert: the sentence that raised it has been told, and the case left the counts by itself."""
    if alert["state"] == "resolved":
        return None
    if alert["state"] == "retracted":
        return Heading.TAKEN_BACK
    if alert["kind"] == "deviation":
        return Heading.DEVIATION
    return Heading.AT_RISK if alert.get("stage") == "at_risk" else Heading.BREACH


def _told(alert: Mapping[str, Any], heading: Heading) -> Told:
    return Told(
        heading=heading,
        summary=alert["summary"],
        severity=alert["severity"],
        supplier=alert["labels"].get("supplier", "-"),
        happened_at=_milliseconds(alert["happened_at"]),
        noticed_at=_milliseconds(alert["noticed_at"]),
    )


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
