"""The door of the conformance engine: small answers that callers rely on."""

import pytest

from stream.conformance import lazy, reduction
from stream.conformance.automaton import INF, Automaton
from stream.conformance.lazy import LazyMachine
from stream.conformance.machine import Machine
from stream.conformance.memo import Memo
from stream.models import read_model
from stream.models.net import Net, Transition
from tests.stream.models.language import bpmn, flows, tasks

ENDS = '<startEvent id="s"/><endEvent id="e"/>'
LOOP = tasks("a b c") + '<exclusiveGateway id="x"/><exclusiveGateway id="y"/>' + flows("s>a a>x x>b b>y y>x y>c c>e")
OPTIONAL_END = tasks("a b") + '<exclusiveGateway id="x"/><exclusiveGateway id="y"/>' + flows("s>a a>x x>b b>y x>y y>e")


def model(process: str, unobserved: frozenset[str] = frozenset()) -> Automaton:
    """The automaton of a process between one start and one end event."""
    return Automaton(read_model("m.bpmn", bpmn(ENDS + process)), unobserved=unobserved)


def wide(branches: int, steps: int) -> Net:
    """Parallel branches of so many steps each, between `start` and `join`."""
    places, transitions = 2, list[Transition]()
    starts, ends = [], []
    for branch in range(branches):
        starts.append(places)
        for step in range(steps):
            transitions.append(Transition(f"b{branch}_{step}", {places: 1}, {places + 1: 1}))
            places += 1
        ends.append(places)
        places += 1
    transitions.append(Transition("start", {0: 1}, dict.fromkeys(starts, 1)))
    transitions.append(Transition("join", dict.fromkeys(ends, 1), {1: 1}))
    return Net(tuple(f"p{place}" for place in range(places)), tuple(transitions), {0: 1}, {1: 1})


def crossed(branches: int) -> Net:
    """Parallel branches in a ring, each of whose second steps waits for its neighbour's first: nothing to decompose."""
    transitions, places = list[Transition](), 2 + 4 * branches
    for branch in range(branches):
        own, beside = 2 + 4 * branch, 2 + 4 * ((branch + 1) % branches)
        transitions.append(Transition(f"a{branch}", {own: 1}, {own + 1: 1, own + 2: 1}))
        transitions.append(Transition(f"b{branch}", {own + 1: 1, beside + 2: 1}, {own + 3: 1}))
    transitions.append(Transition(None, {0: 1}, {2 + 4 * branch: 1 for branch in range(branches)}))
    transitions.append(Transition(None, {5 + 4 * branch: 1 for branch in range(branches)}, {1: 2}))
    return Net(tuple(f"p{place}" for place in range(places)), tuple(transitions), {0: 1}, {1: 2})


def run(automaton: Automaton, events: list[str]) -> tuple[int, int, int]:
    """Cost, least dropped and closing cost of a case."""
    frontier, cost, least = automaton.start(), 0, INF
    for event in events:
        frontier, extra, dropped = automaton.step(frontier, event)
        cost, least = cost + extra, min(least, cost + dropped)
    return cost, least, cost + automaton.completion(frontier)


def test_an_unknown_label_costs_one_and_changes_nothing() -> None:
    """It is one log move, whatever the model."""
    automaton = model(LOOP)
    start = automaton.start()
    assert automaton.step(start, "unheard of") == (start, 1, INF)
    assert "unheard of" not in automaton.labels


def test_a_step_taken_once_is_a_look_up_from_then_on() -> None:
    """The hot path of a caller holds what the step answered."""
    automaton = model(LOOP)
    start = automaton.start()
    answer = automaton.step(start, "a")
    assert start.next["a"] is answer
    assert automaton.step(start, "a") is answer


def test_expected_labels_are_those_that_cost_nothing() -> None:
    """After silent moves only, sorted."""
    automaton = model(LOOP)
    after_b = automaton.step(automaton.step(automaton.start(), "a")[0], "b")[0]
    assert automaton.expected(automaton.start()) == ("a",)
    assert automaton.expected(after_b) == ("b", "c")


def test_a_case_is_finished_where_nothing_visible_can_follow() -> None:
    """Not where the model allows an end and more work alike."""
    automaton = model(OPTIONAL_END)
    after_a = automaton.step(automaton.start(), "a")[0]
    after_b = automaton.step(after_a, "b")[0]
    assert automaton.completion(after_a) == 0
    assert not automaton.finished(automaton.start())
    assert not automaton.finished(after_a)
    assert automaton.finished(after_b)


def test_what_is_enabled_at_the_start_is_told() -> None:
    """First visible steps only."""
    automaton = model(LOOP)
    assert automaton.enabled_at_start("a")
    assert not automaton.enabled_at_start("b")
    assert not automaton.enabled_at_start("unheard of")


def test_unobserved_steps_happen_without_events() -> None:
    """They are silent, and their events are unknown."""
    automaton = model(LOOP, unobserved=frozenset({"b"}))
    assert automaton.labels == {"a", "c"}
    assert run(automaton, ["a", "c"]) == (0, INF, 0)
    assert run(automaton, ["a", "b", "c"]) == (1, INF, 1)


def test_a_version_names_the_content() -> None:
    """Equal models have equal versions, others and other settings have not."""
    assert model(LOOP).version == model(LOOP).version
    assert len({model(LOOP).version, model(OPTIONAL_END).version, model(LOOP, unobserved=frozenset("b")).version}) == 3
    net = read_model("m.bpmn", bpmn(ENDS + LOOP))
    assert Automaton(net, window=3).version != Automaton(net).version


@pytest.mark.parametrize("written", [None, 3, [[0]], [[0, 99, [[]]]], [[0, [1, 2, 3]]], [["a", {}]], [[0, 999]], []])
def test_what_no_automaton_wrote_is_not_loaded(written: object) -> None:
    """A journal of another model is a mistake to be told, not to go on with."""
    with pytest.raises(ValueError, match="not a frontier of this model"):
        model(LOOP).load(written)


def test_a_wide_block_costs_a_sum_and_not_a_product() -> None:
    """Twenty parallel branches of three steps, the last two swapped in each, are exact: one log move for each and for
    the join, and to finish, one skip for each as well, but then the join fits."""
    automaton = Automaton(wide(20, 3))
    events = ["start", *[f"b{branch}_{step}" for step in (0, 2, 1) for branch in range(20)], "join"]
    assert run(automaton, events) == (21, INF, 40)
    assert run(automaton, events[:30]) == (9, INF, 9 * 1 + 11 * 2 + 1)


def test_the_window_must_exceed_the_completion_that_is_to_be_exact() -> None:
    """A narrow window leaves the closing cost of a wide block bounded, and says so."""
    cost, least, closing = run(Automaton(wide(5, 3), window=5), ["start", "b0_0", "join"])
    truth = run(Automaton(wide(5, 3)), ["start", "b0_0", "join"])
    assert truth[1] >= truth[2]
    assert least < closing
    assert cost == 1
    assert min(least, closing) <= truth[2] <= closing


def test_labels_shared_by_parallel_branches_are_exact() -> None:
    """Each event may belong to any branch that knows it."""
    net = wide(3, 2)
    shared = tuple(step._replace(label=str(step.label).rpartition("_")[2]) for step in net.transitions)
    automaton = Automaton(net._replace(transitions=shared))
    assert run(automaton, ["start", "0", "0", "1", "0", "1", "1", "join"]) == (0, INF, 0)
    assert run(automaton, ["start", "0", "1", "1", "0", "0", "1", "join"])[2] == 2


def test_many_branches_that_share_labels_keep_only_as_many_items_as_a_step_can_afford() -> None:
    """What is dropped for it lowers the certificate, so that no event holds a task for long."""
    net = wide(20, 3)
    shared = tuple(step._replace(label=str(step.label).rpartition("_")[2]) for step in net.transitions)
    automaton = Automaton(net._replace(transitions=shared))
    frontier, cost, least = automaton.step(automaton.start(), "start")
    for event in "21001202101202110221":
        frontier, extra, dropped = automaton.step(frontier, event)
        cost, least = cost + extra, min(least, cost + dropped)
        assert len(frontier.items) ** 2 <= 3 * reduction.COMPARISONS
    assert least < INF


def test_a_net_that_does_not_decompose_is_searched_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut search neither raises nor hangs: it lowers the certificate below the cost."""
    automaton = Automaton(crossed(6))
    assert isinstance(automaton.machine, LazyMachine)
    events = [f"a{branch}" for branch in range(6)] + [f"b{branch}" for branch in range(6)]
    cost, least, closing = run(automaton, events)
    assert cost == closing == 0 <= least
    monkeypatch.setattr(lazy, "SEARCH", 4)
    monkeypatch.setattr(lazy, "LEAST_SEARCH", 4)
    monkeypatch.setattr(lazy, "COMPLETION", 4)
    small = Automaton(crossed(6))
    cost, least, _ = run(small, ["b5", "b4"])
    assert least < cost or cost == run(automaton, ["b5", "b4"])[0]
    frontier = small.step(small.start(), "a0")[0]
    assert small.completion(frontier) == INF
    assert small.completion_cut(frontier) <= 11


def test_a_net_without_bound_is_cut_at_so_many_tokens() -> None:
    """A place that anything can be put on for nothing is not searched without end."""
    steps = (Transition(None, {0: 1}, {0: 1, 1: 1}), Transition("a", {1: 1}, {2: 1}), Transition("b", {0: 1}, {3: 1}))
    automaton = Automaton(Net(("p", "q", "r", "s"), steps, {0: 1}, {3: 1}))
    cost, _, _ = run(automaton, ["a", "a", "b"])
    assert cost == 0
    assert automaton.warm_start() is None


def test_frontiers_and_modes_stay_within_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten one at a time, and what is held goes on."""
    monkeypatch.setattr(Machine, "limit", 50)
    automaton = Automaton(wide(6, 3))
    events = [f"b{(branch * number) % 6}_{number % 3}" for number in range(40) for branch in range(6)]
    held = automaton.start()
    for event in events:
        held = automaton.step(held, event)[0]
    assert len(automaton.machine.table) <= 50
    assert len(automaton.machine.order) <= 50
    assert automaton.start().admitted
    assert not held.admitted or held.next is automaton.load(automaton.dump(held)).next


def test_a_memo_forgets_the_oldest() -> None:
    """One for each new one."""
    memo: Memo[int, str] = Memo(2)
    assert [memo.put(number, str(number)) for number in range(3)] == ["0", "1", "2"]
    assert dict(memo) == {1: "1", 2: "2"}


def test_a_final_place_with_a_way_back_is_not_the_end_of_a_branch() -> None:
    """A branch whose exit can loop back may go on until the join takes its token."""
    steps = (
        Transition(None, {0: 1}, {1: 1, 2: 1}),
        Transition("a", {1: 1}, {3: 1}),
        Transition("again", {3: 1}, {1: 1}),
        Transition("b", {2: 1}, {4: 1}),
        Transition(None, {3: 1, 4: 1}, {5: 1}),
    )
    automaton = Automaton(Net(tuple("pqrstu"), steps, {0: 1}, {5: 1}))
    assert run(automaton, ["a", "b", "again", "a"]) == (0, INF, 0)
    assert run(automaton, ["a", "again", "b"]) == (0, INF, 1)
