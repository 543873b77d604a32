"""A case whose certificate is lost looks for it again: what is then called proven is, and much of it becomes so."""

from random import Random

import pytest

from stream.conformance.automaton import Automaton
from stream.course import Course
from stream.event import Anchor
from stream.models.net import Net
from stream.process import Process
from tests.stream.conformance.oracle import Oracle
from tests.stream.conformance.random_nets import Maker, nested, small, tangled
from tests.stream.conformance.random_nets import trace as random_trace
from tests.stream.driver import START, definition

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
    """Prefix and closing cost equal brute force wherever they are certain, which is more often than by steps alone."""
    random, lost, still_lost = Random(f"certain {make.__name__}"), 0, 0
    for _ in range(25):
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
    assert course.process.automaton is not None
    for index, event in enumerate(events, start=1):
        course.step(event, START + index)
        assert course.frontier is not None
        uncertain += not course.certain(over=False)
        if course.certain(over=False):
            assert course.cost == prefixes[index]
        assert course.floor <= prefixes[index] or course.cost == prefixes[index]
    assert course.frontier is not None
    if course.certain(over=True):
        assert course.cost + course.process.automaton.completion(course.frontier) == closings[-1]
    return uncertain
