"""The engine against the naive reading of whole timed traces, for templates with conditions on data and time."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.declare import Happening, Monitor, Standing, Violation, Why, read_constraint
from stream.declare.window import read_window
from stream.event import Anchor
from tests.stream.declare import whole_cases
from tests.stream.declare.test_literature import TIMED
from tests.stream.declare.timed_traces import HALVES, Payload, Seen, Terms, Trace, lost, satisfied, unmet, verdict

SECOND = 1_000
FOREVER = 10**9
PAYLOADS: list[Payload] = [
    {"size": size} | ({"side": side} if side else {}) for side, size in product(("left", "right", ""), (1, 2, 3))
]
ACTIVATIONS: dict[str, Callable[[Payload], bool]] = {
    "": lambda mine: True,
    "A.side is left": lambda mine: mine.get("side") == "left",
    "A.size > 1": lambda mine: mine["size"] in (2, 3),
    "A.size > 1 and not A.side is right": lambda mine: mine["size"] in (2, 3) and mine.get("side") != "right",
}
CORRELATIONS: dict[str, Callable[[Payload, Payload], bool]] = {
    "": lambda mine, other: True,
    "T.side is right": lambda mine, other: other.get("side") == "right",
    "same side": lambda mine, other: "side" in mine and mine["side"] == other.get("side"),
    "A.size < T.size": lambda mine, other: (mine["size"], other["size"]) in ((1, 2), (1, 3), (2, 3)),
}
COMPARING = ("same side", "A.size < T.size")
WINDOWS = {"": None, "0,3,s": (0, 3 * SECOND), "2,4,s": (2 * SECOND, 4 * SECOND), "0,0,s": (0, 0)}


class Conditions(NamedTuple):
    """How a constraint goes on behind its brackets."""

    activation: str
    correlation: str
    window: str

    def text(self, template: str) -> str:
        """The constraint in the notation."""
        return f"{template}[A, B] |{self.activation} |{self.correlation} |{self.window}"

    def terms(self, template: str) -> Terms:
        """The same for the naive reading."""
        return Terms(template, ACTIVATIONS[self.activation], CORRELATIONS[self.correlation], WINDOWS[self.window])


every_condition = st.builds(Conditions, *map(st.sampled_from, (list(ACTIVATIONS), list(CORRELATIONS), list(WINDOWS))))
conditions = every_condition.filter(any)
events = st.builds(Seen, st.integers(0, 9).map(SECOND.__mul__), st.sampled_from("AABBC"), st.sampled_from(PAYLOADS))
traces = st.lists(events, min_size=1, max_size=7).map(lambda found: sorted(found, key=lambda event: event.at))
sets_of_constraints = st.lists(st.tuples(st.sampled_from([*TIMED, *HALVES]), conditions), min_size=2, max_size=4)
idle = st.sampled_from([0, 1, SECOND, 3 * SECOND, 3 * SECOND + 1, 5 * SECOND])


def after(monitor: Monitor, trace: Trace, standing: Standing | None = None, nth: int = 0) -> Standing:
    """Where a case stands in which this happened, from the `nth` event on."""
    standing = standing or monitor.start()
    for place in range(nth, len(trace)):
        event = trace[place]
        equals = sum(earlier[:2] == event[:2] for earlier in trace[:place])
        anchor = Anchor(event.at, event.activity, equals, None, (0, place))
        standing = monitor.step(standing, Happening(anchor, event.payload))
    return standing


def instants(violations: Sequence[Violation]) -> dict[int, int]:
    """When each activation, by its place in the trace, was violated; fails where one is listed twice."""
    found = [(violation.anchor.place[1], violation.happened_at) for violation in violations if violation.anchor]
    assert len(dict(found)) == len(violations)
    return dict(found)


@pytest.mark.parametrize("template", [*TIMED, *HALVES])
@settings(max_examples=40)
@given(conditions, traces, idle)
def test_every_activation_that_is_lost_is_listed_with_its_instant(
    template: str, wanted: Conditions, trace: list[Seen], waited: int
) -> None:
    """While a case is open, what is listed is what nothing can make good, each since when that is so."""
    monitor, clock = Monitor([read_constraint(wanted.text(template))]), trace[-1].at + waited
    listed = monitor.violations(after(monitor, trace), clock, None)
    assert instants(listed) == lost(wanted.terms(template), trace, clock)


@pytest.mark.parametrize("template", [*TIMED, *HALVES])
@settings(max_examples=40)
@given(conditions, traces, idle)
def test_an_ended_case_lists_what_was_still_owed_as_well(
    template: str, wanted: Conditions, trace: list[Seen], waited: int
) -> None:
    """At the end of a case every activation without a target is violated, those still in time at the end's instant."""
    monitor, end = Monitor([read_constraint(wanted.text(template))]), trace[-1].at + waited
    standing, terms = after(monitor, trace), wanted.terms(template)
    listed = instants(monitor.violations(standing, end, end))
    assert listed == dict.fromkeys(unmet(terms, trace), end) | lost(terms, trace, end)
    assert monitor.verdict(standing, 0, end, True) == (
        "permanently satisfied" if satisfied(terms, trace) else "permanently violated"
    )


@pytest.mark.parametrize("template", TIMED)
@settings(max_examples=25)
@given(conditions, traces, idle)
def test_an_activity_may_be_the_target_of_its_own_earlier_or_later_steps(
    template: str, wanted: Conditions, trace: list[Seen], waited: int
) -> None:
    """Where a constraint names one activity twice, a step is never its own target."""
    text, terms = wanted.text(template).replace("[A, B]", "[A, A]"), wanted.terms(template)._replace(second="A")
    monitor, clock = Monitor([read_constraint(text)]), trace[-1].at + waited
    assert instants(monitor.violations(after(monitor, trace), clock, None)) == lost(terms, trace, clock)


@pytest.mark.parametrize("template", TIMED)
@settings(max_examples=30)
@given(every_condition, traces, idle)
def test_the_verdict_of_an_open_case_is_what_trying_continuations_says(
    template: str, wanted: Conditions, trace: list[Seen], waited: int
) -> None:
    """All four verdicts agree, but that the engine does not reason on what a comparison of activation and target will
    always find: where that alone makes satisfied permanent, it may say temporarily."""
    monitor, clock = Monitor([read_constraint(wanted.text(template))]), trace[-1].at + waited
    said = monitor.verdict(after(monitor, trace), 0, clock, False)
    exact = verdict(wanted.terms(template), trace, clock, PAYLOADS)
    cautious = wanted.correlation in COMPARING and exact == "permanently satisfied"
    assert said == exact or (cautious and said == "temporarily satisfied")


@pytest.mark.parametrize("template", [*TIMED, *HALVES])
@settings(max_examples=25)
@given(conditions, traces, idle)
def test_the_next_deadline_is_the_next_instant_at_which_time_alone_breaks_something(
    template: str, wanted: Conditions, trace: list[Seen], waited: int
) -> None:
    """With no event arriving, the next violation happens at the deadline that was armed, and is listed just after."""
    monitor, clock = Monitor([read_constraint(wanted.text(template))]), trace[-1].at + waited
    standing, terms = after(monitor, trace), wanted.terms(template)
    known = lost(terms, trace, clock)
    to_come = {i: at for i, at in lost(terms, trace, FOREVER).items() if i not in known}
    due = monitor.next_deadline(standing, clock)
    assert due == min(to_come.values(), default=None)
    if due is not None:
        before, just_after = (instants(monitor.violations(standing, at, None)) for at in (due, due + 1))
        assert just_after.items() - before.items() == {(i, at) for i, at in to_come.items() if at == due}


@settings(max_examples=100)
@given(sets_of_constraints, traces, idle, st.data())
def test_constraints_side_by_side_cut_anywhere_say_what_each_says_alone(
    several: list[tuple[str, Conditions]], trace: list[Seen], waited: int, data: st.DataObject
) -> None:
    """Written down in the middle of a case and read by another monitor, a set of constraints goes on as if nothing had
    happened, and none minds the others."""
    texts, cut = [wanted.text(template) for template, wanted in several], data.draw(st.integers(0, len(trace)))
    first, second = Monitor(list(map(read_constraint, texts))), Monitor(list(map(read_constraint, texts)))
    written = json.dumps(first.dump(after(first, trace[:cut])))
    standing, clock = after(second, trace, second.load(json.loads(written)), cut), trace[-1].at + waited
    listed = [one for one in second.violations(standing, clock, None) if one.why is not Why.CONFLICT]
    for index, (template, wanted) in enumerate(several):
        alone = [violation for violation in listed if violation.constraint == index]
        assert instants(alone) == lost(wanted.terms(template), trace, clock)


def test_a_timed_response_is_violated_though_no_event_arrives() -> None:
    """A at noon wants B within half an hour: at half past twelve it is in time, and a millisecond later it is not."""
    monitor = Monitor([read_constraint("Response[A, B] | | |0,30,m")])
    noon, half_past = 43_200_000, 45_000_000
    standing = after(monitor, [Seen(noon, "A", {})])
    found = [monitor.verdict(standing, 0, clock, False) for clock in (half_past, half_past + 1)]
    assert found == ["temporarily violated", "permanently violated"]
    (violation,) = monitor.violations(standing, half_past + 1, None)
    assert (violation.happened_at, violation.culprit, violation.why) == (half_past, None, Why.TIME)


def test_a_step_that_was_no_target_settles_nothing() -> None:
    """A B on the left is no target where one on the right is asked for, so that an A after it is still owed one."""
    monitor = Monitor([read_constraint("Responded Existence[A, B] |A.side is left |T.side is right")])
    wrong_target, activation = Seen(0, "B", {"side": "left"}), Seen(SECOND, "A", {"side": "left"})
    standings = after(monitor, [wrong_target]), after(monitor, [wrong_target, activation])
    found = [monitor.verdict(standing, 0, SECOND, False) for standing in standings]
    assert found == ["temporarily satisfied", "temporarily violated"]


@pytest.mark.parametrize("template", whole_cases.TEMPLATES)
@settings(max_examples=25)
@given(st.sampled_from(list(ACTIVATIONS)), st.sampled_from(list(WINDOWS)), traces, idle)
def test_a_template_without_targets_counts_what_meets_its_condition_in_its_window(
    template: str, activation: str, window: str, trace: list[Seen], waited: int
) -> None:
    """The verdict, and the instant from which nothing can help, are what trying all continuations says; also where the
    notation refuses to read what can never be kept."""
    activities = "A, B" if "Choice" in template else "A"
    constraint = read_constraint(f"{template}[{activities}] |{activation}")
    monitor = Monitor([replace(constraint, window=read_window(window) if window else None)])
    case = tuple(whole_cases.Step(one.at, one.activity, ACTIVATIONS[activation](one.payload)) for one in trace)
    standing, clock, limits = after(monitor, trace), trace[-1].at + waited, WINDOWS[window]
    broken_at = whole_cases.broken_at(template, limits, case, clock)
    listed = [violation.happened_at for violation in monitor.violations(standing, clock, None)]
    assert monitor.verdict(standing, 0, clock, False) == whole_cases.verdict(template, limits, case, clock)
    assert listed[:1] == ([] if broken_at is None else [broken_at])
