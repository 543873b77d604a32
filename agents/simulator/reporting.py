"""How steps become records on a topic: their JSON, and what goes wrong on the way there.

Invariant: every step is reported under its own time by exactly one sound record, sent at that time or up to two minutes
later; doubles repeat a sound record word for word, and garbled copies come beside one, never in its place.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from agents.simulator.journey import Step, Ticket
from agents.simulator.profile import Mishaps
from agents.wall_clock import as_text
from schemas.duration import SECOND


class Report(NamedTuple):
    """One record to be sent: when (ms UTC), under which key (the ticket), and its value: an object, or broken bytes."""

    sent_at: int
    key: str
    value: dict[str, Any] | bytes


def reports(rng: Random, ticket: Ticket, steps: list[Step], mishaps: Mishaps) -> Iterator[Report]:
    """The records that tell of `steps`, in order of the steps; sorting by `sent_at` gives the order of arrival."""
    for number, step in enumerate(steps, start=1):
        report = Report(step.at, ticket.id, _sound(ticket, step, number))
        chance = rng.random()
        if chance < mishaps.delayed:
            report = report._replace(sent_at=step.at + rng.randint(30, 120) * SECOND)
        yield report
        if mishaps.delayed <= chance < mishaps.delayed + mishaps.doubled:
            yield report._replace(sent_at=report.sent_at + 3 * SECOND)
        elif chance >= 1 - mishaps.garbled:
            yield report._replace(sent_at=report.sent_at + SECOND, value=_garbled(rng, _sound(ticket, step, number)))


def _sound(ticket: Ticket, step: Step, number: int) -> dict[str, Any]:
    return {
        "id": f"{ticket.id}/{number}",
        "event": step.activity,
        "at": as_text(step.at),
        "agent": step.agent,
        "ticket": {
            "id": ticket.id,
            "priority": ticket.priority.name,
            "supplier": ticket.supplier.name,
            "promised_at": as_text(ticket.promised_at),
        },
    }


def _garbled(rng: Random, value: dict[str, Any]) -> dict[str, Any] | bytes:
    """A record as a careless interface would send it: without activity, without a time zone, or cut short."""
    broken = rng.choice(("no activity", "no zone", "cut"))
    if broken == "no activity":
        return {name: part for name, part in value.items() if name != "event"}
    if broken == "no zone":
        return value | {"at": value["at"].removesuffix("Z")}
    return b'{"id": "%s", "event": "%s", "at' % (value["id"].encode(), value["event"].encode())
