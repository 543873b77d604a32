"""A case whose certificate is lost looks for it again: what is then called proven is, and much of it becomes so."""

from random import Random

import pytest

from stream.conformance.automaton import INF, Automaton
from stream.course import Course
from stream.event import Anchor
from stream.models.net import Net
from stream.process import Process
from tests.stream.conformance.oracle import Oracle
from tests.stream.conformance.random_nets import Maker, nested, small, tangled
from tests.stream.conformance.random_nets import trace as random_trace
from tests.stream.driver import START, Task, definition, event

LABELS = "abcdef"
ONE_ITEM = 1
"""So few items are kept in a frontier that certificates are lost all the time."""


def begun(net: Net) -> Course:
    """A case at the beginning of a model that is followed with next to no memory."""
    course = Course(Process(definition(), Automaton(net, most=ONE_ITEM)))
    course.first = Anchor(START, "a", 0, None, (0, 0))
    return course


def lost_without_looking(net: Net, events: list[str]) -> int:
    """After how many of the events the steps alone prove nothing."""
    automaton, lost = Automaton(net, most=ONE_ITEM), 0
    for length in range(1, len(events) + 1):
        case = automaton.align(events[:length])
        assert case is not None
        lost += case.cost > case.floor
    return lost


@pytest.mark.parametrize("make", [nested, tangled])
def test_what_a_case_calls_certain_is_true(make: Maker) -> None:
    """Prefix and closing cost by brute force lie in what is told, a point more often than by steps alone."""
    random, lost, still_lost = Random(f"certain {make.__name__}"), 0, 0
    for _ in range(30):
        net, oracle = small(make, random, LABELS, most=200)
        for events in [random_trace(random, oracle, LABELS) for _ in range(3)]:
            lost += lost_without_looking(net, events)
            still_lost += followed(net, oracle, events)
    assert lost > 50
    assert still_lost < 0.75 * lost


def followed(net: Net, oracle: Oracle, events: list[str]) -> int:
    """Follow a case event by event; after how many events it is not certain of its cost."""
    course, uncertain = begun(net), 0
    prefixes, closings = oracle.costs(events)
    for index, name in enumerate(events, start=1):
        course.step(name, START + index)
        least, most = course.interval(over=False)
        assert least <= prefixes[index] <= most
        uncertain += least < most
    least, most = course.interval(over=True)
    assert least <= min(closings[-1], INF) <= most
    return uncertain


def test_an_alert_that_is_not_proven_says_between_what_its_case_costs() -> None:
    """The truth by brute force lies from `at_least` to `cost`, and exact alerts have neither."""
    random, bounded = Random("an interval"), 0
    for _ in range(40):
        net, oracle = small(tangled, random, LABELS, most=200)
        events = random_trace(random, oracle, LABELS)
        watched = Process(definition(case={"ends": "last_event"}), Automaton(net, window=0, most=ONE_ITEM))
        task = Task(watched)
        task.history(*(event(minute, name) for minute, name in enumerate(events)), until=len(events))
        truths = oracle.costs(events)[0]
        for alert in task.alerts:
            told = alert.explanation
            if alert.grade == "bounded":
                bounded += 1
                assert told.at_least is not None
                assert told.at_least <= truths[-1]
                assert told.cost is None or truths[-1] <= told.cost
            else:
                assert (told.at_least, told.cost) == (None, None)
    assert bounded > 10
