"""How one ticket runs when nobody strays from the process: its steps with their times.

Invariant: the steps of a journey are a path of `deploy/examples/customer-service.bpmn`, in order of time, from Ticket
opened to Closed or Cancelled; they depend on the ticket and the given random generator alone.
"""

import math
from random import Random
from typing import NamedTuple

from agents.simulator.profile import PRIORITIES, SUPPLIERS, Priority, Supplier
from schemas.duration import HOUR, MINUTE

FIRST_ANSWER_TARGET = 4 * HOUR


class Ticket(NamedTuple):
    """What is known of a ticket from its first event on; instants in milliseconds UTC."""

    id: str
    opened_at: int
    priority: Priority
    supplier: Supplier

    @property
    def promised_at(self) -> int:
        """The instant that the customer was promised a solution for, on the full minute."""
        return (self.opened_at + self.priority.promised_ms) // MINUTE * MINUTE


class Step(NamedTuple):
    """One thing that happened to a ticket, when (ms UTC), and who did it."""

    at: int
    activity: str
    agent: str


def draw_ticket(rng: Random, ticket_id: str, opened_at: int) -> Ticket:
    """A ticket of random priority and supplier; suppliers get equal shares."""
    priority = rng.choices(PRIORITIES, weights=[p.share for p in PRIORITIES])[0]
    return Ticket(ticket_id, opened_at, priority, rng.choice(SUPPLIERS))


def journey(rng: Random, ticket: Ticket) -> list[Step]:
    """The steps of a ticket that follows the model, in order of time."""
    return _Walk(rng, ticket).whole()


class _Walk:
    """A ticket on its way: the steps taken, and the instant that it has reached."""

    __slots__ = ("_agent", "_now", "_pace", "_rng", "_ticket", "steps")

    def __init__(self, rng: Random, ticket: Ticket) -> None:
        self._rng = rng
        self._ticket = ticket
        self._pace = ticket.supplier.pace * ticket.priority.pace
        self._agent = rng.choice(ticket.supplier.agents)
        self._now = ticket.opened_at
        self.steps = [Step(ticket.opened_at, "Ticket opened", "customer")]

    def whole(self) -> list[Step]:
        if self._rng.random() < 0.03:
            return self._take("Cancelled", self._about(20 * MINUTE), "customer")
        self._take("Assigned", self._about(6 * MINUTE), "dispatcher")
        self._take("First answer", self._until_first_answer())
        for _ in range(4):
            if not self._detour():
                break
        if self._rng.random() < 0.03:
            return self._take("Cancelled", self._about(3 * HOUR), "customer")
        self._take("Resolved", self._about(14 * HOUR * self._pace))
        return self._take("Closed", self._about(5 * HOUR))

    def _until_first_answer(self) -> int:
        """Usually about an hour; in the supplier's share of late ones up to twice the target."""
        elapsed = self._now - self._ticket.opened_at
        if self._rng.random() < self._ticket.supplier.late:
            return max(FIRST_ANSWER_TARGET - elapsed, 0) + int(self._rng.uniform(0.02, 1.0) * FIRST_ANSWER_TARGET)
        usual = self._about(70 * MINUTE * self._ticket.supplier.pace)
        return max(min(usual, FIRST_ANSWER_TARGET - elapsed - MINUTE), MINUTE)

    def _detour(self) -> bool:
        """Asks the customer or calls in specialists; says whether it did."""
        chance = self._rng.random()
        if chance < 0.35:
            self._take("Waiting for customer", self._about(40 * MINUTE * self._pace))
            self._take("Customer answered", self._about(5 * HOUR, spread=1.1), "customer")
        elif chance < 0.43:
            self._escalate()
        else:
            return False
        return True

    def _escalate(self) -> None:
        """The two parallel steps come in either order."""
        self._take("Escalated", self._about(2 * HOUR * self._pace))
        both = ["Manager informed", "Specialist consulted"]
        self._rng.shuffle(both)
        for activity in both:
            self._take(activity, self._about(45 * MINUTE))

    def _about(self, median_ms: float, spread: float = 0.6) -> int:
        """A log-normal length of time: `spread` is the standard deviation of its logarithm."""
        return max(int(median_ms * math.exp(self._rng.gauss(0.0, spread))), 1_000)

    def _take(self, activity: str, after_ms: int, agent: str | None = None) -> list[Step]:
        self._now += after_ms
        self.steps.append(Step(self._now, activity, agent or self._agent))
        return self.steps
