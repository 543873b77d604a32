"""The simulator: what one seed gives is always the same, follows the process where nobody strays, and shows enough."""

from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from random import Random

import pytest

from agents.simulator.desk import arrivals, simulate
from agents.simulator.journey import FIRST_ANSWER_TARGET, Step, Ticket, draw_ticket, journey
from agents.simulator.profile import (
    DEFAULT_HISTORY,
    DEFAULT_SEED,
    PRIORITIES,
    SUPPLIERS,
    Mishaps,
    Scenario,
    demo_scenario,
)
from agents.simulator.reporting import Report, reports
from agents.simulator.straying import Straying, stray
from schemas.duration import DAY, HOUR, MINUTE, SECOND

NOW = 1_795_000_000_000


def until(scenario: Scenario, instant: int) -> Iterator[Report]:
    """The records of a scenario that are sent by an instant."""
    return takewhile(lambda report: report.sent_at <= instant, simulate(scenario))


def tickets_of(name: str, count: int) -> list[tuple[Ticket, list[Step]]]:
    """Journeys of tickets that one supplier works on."""
    supplier = next(supplier for supplier in SUPPLIERS if supplier.name == name)
    drawn = []
    for number in range(count):
        rng = Random(number)
        ticket = draw_ticket(rng, f"T-{number}", NOW)._replace(supplier=supplier)
        drawn.append((ticket, journey(rng, ticket)))
    return drawn


def answer_times(name: str) -> list[int]:
    """Milliseconds from opening to the first answer, for tickets of one supplier."""
    journeys = tickets_of(name, 1_000)
    return [s.at - t.opened_at for t, steps in journeys for s in steps if s.activity == "First answer"]


def test_one_seed_always_gives_the_same_records() -> None:
    """Two runs of a scenario are equal record by record, and another seed differs."""
    scenario = demo_scenario(7, NOW, 2 * HOUR)

    first, second = list(until(scenario, NOW)), list(until(scenario, NOW))
    other = list(until(scenario._replace(seed=8), NOW))

    assert len(first) > 5_000
    assert first == second
    assert first != other


def test_the_instant_only_shifts_the_records() -> None:
    """Whenever the demo is started it shows the same tickets: only the times move along."""
    here = [(r.sent_at - NOW, r.key) for r in until(demo_scenario(7, NOW, 2 * HOUR), NOW)]
    there = [(r.sent_at - NOW - HOUR, r.key) for r in until(demo_scenario(7, NOW + HOUR, 2 * HOUR), NOW + HOUR)]

    assert here == there


def test_records_come_in_order_of_sending() -> None:
    """The stream never goes back, although tickets overlap and some reports are delayed."""
    sent = [report.sent_at for report in until(demo_scenario(7, NOW, 2 * HOUR), NOW)]

    assert sent == sorted(sent)


def test_tickets_arrive_at_the_stated_rates() -> None:
    """A quiet day has about 400 tickets and an hour of the rush about 1,800."""
    scenario = Scenario(3, starts_at=0, rush_at=20 * DAY)

    opened = Counter(at // DAY for at in takewhile(lambda at: at < 20 * DAY + HOUR, arrivals(scenario)))

    assert sum(opened[day] for day in range(20)) == pytest.approx(20 * 400, rel=0.05)
    assert opened[20] == pytest.approx(1_800, rel=0.1)


def test_a_journey_is_in_order_and_ends() -> None:
    """Every journey starts by opening the ticket, never goes back in time, and ends closed or cancelled."""
    for _, steps in tickets_of("contoso", 300):
        times = [step.at for step in steps]

        assert times == sorted(times)
        assert steps[0].activity == "Ticket opened"
        assert {step.activity for step in steps[1:]}.isdisjoint({"Ticket opened"})
        assert [step.activity in {"Closed", "Cancelled"} for step in steps] == [False] * (len(steps) - 1) + [True]


@pytest.mark.parametrize("supplier", SUPPLIERS, ids=lambda supplier: supplier.name)
def test_first_answers_are_late_as_often_as_the_profile_says(supplier: object) -> None:
    """The share of answers beyond four hours is the supplier's own, whatever its pace."""
    assert isinstance(supplier, tuple)
    name, late, *_ = supplier

    times = answer_times(name)

    assert sum(time > FIRST_ANSWER_TARGET for time in times) / len(times) == pytest.approx(late, abs=0.03)


def test_the_outsourcing_supplier_is_worse_than_the_others() -> None:
    """Northwind is late, astray and slow more often than contoso, and contoso more often than the own team."""
    inhouse, contoso, northwind = SUPPLIERS

    assert inhouse.late < contoso.late < northwind.late
    assert inhouse.astray < contoso.astray < northwind.astray
    means = [sum(times) / len(times) for times in map(answer_times, ("inhouse", "contoso", "northwind"))]
    assert means == sorted(means)


def test_urgent_tickets_are_promised_earlier() -> None:
    """The promised date follows the priority and lies on a full minute."""
    promised = [Ticket("T-1", NOW, priority, SUPPLIERS[0]).promised_at for priority in PRIORITIES]

    assert promised == sorted(promised)
    assert all(instant % MINUTE == 0 for instant in promised)


PLAIN = [
    Step(0, "Ticket opened", "customer"),
    Step(10 * MINUTE, "Assigned", "dispatcher"),
    Step(60 * MINUTE, "First answer", "Hugo"),
    Step(90 * MINUTE, "Resolved", "Hugo"),
    Step(95 * MINUTE, "Closed", "Hugo"),
]

STRAYED = {
    Straying.SKIPPED_ASSIGNMENT: ["Ticket opened", "First answer", "Resolved", "Closed"],
    Straying.REPEATED_ANSWER: ["Ticket opened", "Assigned", "First answer", "First answer", "Resolved", "Closed"],
    Straying.ANSWERED_BEFORE_ASSIGNED: ["Ticket opened", "First answer", "Assigned", "Resolved", "Closed"],
    Straying.OFF_MODEL: ["Ticket opened", "Assigned", "First answer", "?", "Resolved", "Closed"],
}


def test_each_way_of_straying_is_what_its_name_says() -> None:
    """Over many draws every way occurs, in order of time, and leaves exactly the named trace."""
    seen = set()
    for seed in range(200):
        steps, way = stray(Random(seed), PLAIN)
        names = [step.activity if step.activity in {s.activity for s in PLAIN} else "?" for step in steps]

        assert names == STRAYED[way]
        assert [s.at for s in steps] == sorted(s.at for s in steps)
        seen.add(way)
    assert seen == set(STRAYED)


def test_a_ticket_without_an_answer_cannot_stray() -> None:
    """A ticket cancelled at once is left as it is."""
    steps = [PLAIN[0], Step(MINUTE, "Cancelled", "customer")]

    assert stray(Random(1), steps) == (steps, Straying.NONE)


def test_without_mishaps_every_step_is_reported_at_its_own_time() -> None:
    """One record a step, sent when it happened, with the attributes that the definition maps."""
    ticket = Ticket("T-9", 0, PRIORITIES[0], SUPPLIERS[2])

    told = list(reports(Random(1), ticket, PLAIN, Mishaps(0, 0, 0)))

    assert [report.sent_at for report in told] == [step.at for step in PLAIN]
    assert told[2].value == {
        "id": "T-9/3",
        "event": "First answer",
        "at": "1970-01-01T01:00:00.000Z",
        "agent": "Hugo",
        "ticket": {"id": "T-9", "priority": "1", "supplier": "northwind", "promised_at": "1970-01-01T06:00:00.000Z"},
    }


def test_mishaps_never_replace_a_sound_record() -> None:
    """Delays stay within two minutes, doubles repeat a record, garbled copies come beside the sound one."""
    ticket = Ticket("T-9", 0, PRIORITIES[0], SUPPLIERS[2])

    told = list(reports(Random(5), ticket, PLAIN * 40, Mishaps(0.2, 0.2, 0.2)))

    sound = [r for r in told if isinstance(r.value, dict) and "event" in r.value and str(r.value["at"]).endswith("Z")]
    delays = {r.sent_at - PLAIN[i % 5].at for i, r in enumerate(_without_doubles(sound))}
    assert len(_without_doubles(sound)) == 200
    assert max(delays) <= 2 * MINUTE
    assert min(delays - {0}) >= 30 * SECOND
    assert {type(r.value) for r in told if r not in sound} == {dict, bytes}


def _without_doubles(sound: list[Report]) -> list[Report]:
    seen: dict[str, Report] = {}
    for report in sound:
        assert isinstance(report.value, dict)
        earlier = seen.setdefault(report.value["id"], report)
        assert earlier.value == report.value
    return list(seen.values())


class Watched:
    """What a reader of the records knows of the tickets: who was opened, assigned, answered, and who departed live."""

    def __init__(self) -> None:
        self.opened: dict[str, int] = {}
        self.assigned: set[str] = set()
        self.done: set[str] = set()
        self.departed: set[str] = set()

    def read(self, report: Report) -> None:
        """Take in one record; an answer without assignment after `NOW` is a departure seen live."""
        activity = report.value.get("event") if isinstance(report.value, dict) else None
        if activity == "Ticket opened":
            self.opened.setdefault(report.key, report.sent_at)
        elif activity == "Assigned":
            self.assigned.add(report.key)
        elif activity in {"First answer", "Cancelled"}:
            if activity == "First answer" and report.sent_at > NOW and report.key not in self.assigned:
                self.departed.add(report.key)
            self.done.add(report.key)

    def waiting_at(self, share: float) -> list[str]:
        """Tickets still unanswered whose wait reaches that share of the target within 25 s after `NOW`."""
        reached = range(NOW, NOW + 25 * SECOND)
        due = {key: at + int(FIRST_ANSWER_TARGET * share) for key, at in self.opened.items()}
        return [key for key, at in due.items() if at in reached and key not in self.done]


def test_the_default_seed_shows_something_of_each_kind_within_half_a_minute() -> None:
    """Soon tickets become at risk, one breaches with no event coming, and one departs from the model."""
    watched = Watched()

    for report in until(demo_scenario(DEFAULT_SEED, NOW, DEFAULT_HISTORY), NOW + 25 * SECOND):
        watched.read(report)

    assert watched.waiting_at(0.75)
    assert watched.waiting_at(1.0)
    assert watched.departed
