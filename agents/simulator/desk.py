"""The service desk as a whole: all tickets of a scenario, woven into one stream of records in order of sending.

Invariant: the stream is endless, never goes back in `sent_at`, and is the same for the same scenario; no clock is read.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random

from agents.simulator.journey import draw_ticket, journey
from agents.simulator.profile import Scenario
from agents.simulator.reporting import Report, reports
from agents.simulator.straying import stray
from schemas.duration import DAY, MINUTE


def simulate(scenario: Scenario) -> Iterator[Report]:
    """Every record of the scenario in order of `sent_at`; of equal instants, the older ticket's first."""
    waiting: list[tuple[int, int, int, Report]] = []
    for number, opened_at in enumerate(arrivals(scenario), start=scenario.first_ticket):
        while waiting and waiting[0][0] < opened_at:
            yield heappop(waiting)[-1]
        for order, report in enumerate(ticket_reports(scenario, number, opened_at)):
            heappush(waiting, (report.sent_at, number, order, report))


def arrivals(scenario: Scenario) -> Iterator[int]:
    """The instants (ms UTC) at which tickets are opened: a Poisson process, faster from `rush_at` on."""
    rng = Random(f"{scenario.seed}/arrivals")  # noqa: S311 - a simulation is to be repeatable, not secret
    at = float(scenario.starts_at)
    while True:
        if at < scenario.rush_at:
            following = at + rng.expovariate(scenario.tickets_per_day / DAY)
            # Poisson arrivals have no memory: cut at the rush, the wait starts anew at the new rate.
            at = min(following, scenario.rush_at)
            if following >= scenario.rush_at:
                continue
        else:
            at += rng.expovariate(scenario.rush_per_minute / MINUTE)
        yield int(at)


def ticket_reports(scenario: Scenario, number: int, opened_at: int) -> Iterator[Report]:
    """All records of one ticket; they depend on the seed and its number, not on the other tickets."""
    rng = Random(f"{scenario.seed}/{number}")  # noqa: S311 - a simulation is to be repeatable, not secret
    ticket = draw_ticket(rng, f"T-{number}", opened_at)
    steps = journey(rng, ticket)
    if rng.random() < ticket.supplier.astray:
        steps, _ = stray(rng, steps)
    return reports(rng, ticket, steps, scenario.mishaps)
