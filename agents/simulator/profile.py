"""Who works on the simulated tickets and how well: the one place where the invented figures stand.

Invariant: shares are probabilities between 0 and 1, lengths are milliseconds; nothing here draws a random number.
"""

from typing import NamedTuple

from schemas.duration import DAY, HOUR

DEFAULT_HISTORY = 21 * DAY

DEFAULT_SEED = 12
"""With it the first half minute after the default history shows a case at risk, a breach and a deviation."""


class Supplier(NamedTuple):
    """A team that tickets are given to.

    `late` is the share of tickets whose first answer comes after its target, `astray` the share that do not follow the
    model, `pace` a factor on all working times (above 1: slower), `agents` the people who sign its events.
    """

    name: str
    late: float
    astray: float
    pace: float
    agents: tuple[str, ...]


class Priority(NamedTuple):
    """How urgent a ticket is: its share of all tickets, by when it is promised, and a factor on working times."""

    name: str
    share: float
    promised_ms: int
    pace: float


SUPPLIERS = (
    Supplier("inhouse", late=0.03, astray=0.02, pace=0.8, agents=("Anna", "Bogdan", "Chiara", "Deniz")),
    Supplier("contoso", late=0.08, astray=0.04, pace=1.0, agents=("Elif", "Farid", "Greta")),
    Supplier("northwind", late=0.25, astray=0.15, pace=1.4, agents=("Hugo", "Ines", "Jonas")),
)

PRIORITIES = (
    Priority("1", share=0.15, promised_ms=6 * HOUR, pace=0.25),
    Priority("2", share=0.35, promised_ms=1 * DAY, pace=0.5),
    Priority("3", share=0.50, promised_ms=3 * DAY, pace=1.0),
)


class Mishaps(NamedTuple):
    """How often the reporting of an event goes wrong, as a share of all events."""

    delayed: float = 0.02
    doubled: float = 0.002
    garbled: float = 0.002


class Scenario(NamedTuple):
    """One run of the simulator: everything that its output depends on.

    `starts_at` and `rush_at` are instants in milliseconds UTC. From `starts_at` on tickets arrive evenly, day and
    night; at `rush_at` a release goes wrong and they arrive as fast as `rush_per_minute` says, without end.
    `first_ticket` keeps the ids of two runs apart.
    """

    seed: int
    starts_at: int
    rush_at: int
    tickets_per_day: float = 400
    rush_per_minute: float = 30
    first_ticket: int = 10_001
    mishaps: Mishaps = Mishaps()


def demo_scenario(seed: int, now: int, history_ms: int, rush_per_minute: float = 30) -> Scenario:
    """The scenario whose history ends at `now` (ms UTC): quiet weeks, and a rush in the last eight hours.

    Eight hours are twice the target of a first answer: at `now` tickets of the rush reach it every few seconds.
    """
    return Scenario(seed, now - history_ms, now - min(8 * HOUR, history_ms), rush_per_minute=rush_per_minute)


def continued_scenario(seed: int, now: int, rush_per_minute: float = 30) -> Scenario:
    """The scenario for a topic that holds tickets already: no history, the rush goes on, numbers not used before."""
    return Scenario(seed, now, now, rush_per_minute=rush_per_minute, first_ticket=now // 1_000)
