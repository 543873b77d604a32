"""The oracles against each other: what the engine is measured by is itself right, for all short traces."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stream.declare.literature import FORMULAS, WORDS
from tests.stream.declare.progression import Automaton, Conjunction, holds_of_nothing, renamed
from tests.stream.declare.timed_traces import Payload, Seen, Terms, Trace, lost, satisfied, unmet, verdict

SHORT = [trace for length in range(7) for trace in product("ABC", repeat=length)]
SIDES: list[Payload] = [{"side": "left"}, {"side": "right"}]
TIMED = (
    "Responded Existence,Response,Alternate Response,Chain Response,Precedence,Alternate Precedence,Chain Precedence,"
    "Not Responded Existence,Not Response,Not Precedence,Not Chain Response,Not Chain Precedence"
).split(",")

events = st.builds(Seen, st.integers(0, 8), st.sampled_from("ABC"), st.sampled_from(SIDES))
traces = st.lists(events, max_size=5).map(lambda found: sorted(found, key=lambda event: event.at))


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_says_of_every_short_trace_what_the_words_say(name: str) -> None:
    """Progression through every trace of up to six events ends where the plain description does."""
    automaton = Automaton(FORMULAS[name], "AB")
    differing = [trace for trace in SHORT if holds_of_nothing(automaton.read(trace)) != WORDS[name](trace, "A", "B")]
    assert differing == []


@pytest.mark.parametrize("name", FORMULAS)
def test_a_verdict_is_permanent_when_no_continuation_changes_what_the_words_say(name: str) -> None:
    """After every trace of up to three events, going on by up to four decides, in words, which of the four holds."""
    automaton = Automaton(FORMULAS[name], "AB")
    futures = [trace for trace in SHORT if len(trace) <= 4]
    for trace in (trace for trace in SHORT if len(trace) <= 3):
        kind = "satisfied" if WORDS[name](trace, "A", "B") else "violated"
        fixed = len({WORDS[name](trace + future, "A", "B") for future in futures}) == 1
        assert automaton.verdict(automaton.read(trace)) == f"{'permanently' if fixed else 'temporarily'} {kind}"


def test_a_conflict_is_where_each_could_be_satisfied_and_all_could_not() -> None:
    """After A, a response by B and the absence of B are still possible each, and not together."""
    response, absence = FORMULAS["Response[A, B]"], renamed(FORMULAS["Absence[A]"], {"A": "B"})
    pair = Conjunction([Automaton(response, "AB"), Automaton(absence, "AB")])
    found = [pair.in_conflict(trace) for trace in ("", "C", "A", "AC", "AB", "B")]
    assert found == [False, False, True, True, False, False]


@pytest.mark.parametrize("template", TIMED)
def test_the_naive_reading_without_conditions_says_what_the_words_say(template: str) -> None:
    """With no condition on time and data, a timed trace is a trace."""
    for names in (trace for trace in SHORT if len(trace) <= 5):
        trace = [Seen(second, name, {}) for second, name in enumerate(names)]
        assert satisfied(Terms(template), trace) == WORDS[f"{template}[A, B]"](names, "A", "B")


@pytest.mark.parametrize("template", [template for template in TIMED if not template.startswith("Not ")])
@settings(max_examples=150)
@given(traces, st.tuples(st.integers(0, 2), st.integers(2, 4)), st.integers(0, 5))
def test_the_naive_reading_gives_up_at_the_instant_after_which_no_event_can_help(
    template: str, trace: list[Seen], window: tuple[int, int], idle: int
) -> None:
    """An activation is lost exactly when no single event, at whatever instant from the clock on, would meet it."""
    terms = Terms(template, _left, _same_side, window)
    clock = max((event.at for event in trace), default=0) + idle
    hopeless = {i for i in unmet(terms, trace) if not _can_be_helped(terms, trace, i, clock)}
    assert set(lost(terms, trace, clock)) == hopeless


def test_a_missing_response_is_lost_at_the_end_of_its_window() -> None:
    """Nothing happens for ten milliseconds after A: the activation is lost once the clock has passed the tenth."""
    terms, trace = Terms("Response", window=(0, 10)), [Seen(100, "A", {})]
    found = [(lost(terms, trace, clock), verdict(terms, trace, clock, SIDES)) for clock in (110, 111)]
    assert found == [({}, "temporarily violated"), ({0: 110}, "permanently violated")]


def _left(activation: Payload) -> bool:
    return activation["side"] == "left"


def _same_side(activation: Payload, target: Payload) -> bool:
    return activation["side"] == target["side"]


def _can_be_helped(terms: Terms, trace: Trace, i: int, clock: int) -> bool:
    more = product(range(clock, clock + 10), "ABC", SIDES)
    return any(i not in unmet(terms, [*trace, Seen(*event)]) for event in more)
