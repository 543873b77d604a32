"""What is said of a net's soundness is what brute force finds, on random nets and on the classic mistakes."""

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

import pytest

from stream.models.analysis import Soundness, soundness
from stream.models.net import Net, Transition
from stream.models.trouble import Trouble
from tests.stream.conformance.random_nets import Maker, nested, shapeless, side_by_side, tangled

MOST = 400
Tokens = tuple[int, ...]


class Truth(NamedTuple):
    """Everything that a net can do, by the firing rule alone."""

    net: Net
    followers: dict[Tokens, list[tuple[int, Tokens]]]

    @property
    def final(self) -> Tokens:
        """The marking that ends a case."""
        return tuple(self.net.final.get(place, 0) for place in range(len(self.net.places)))

    def leading_to(self, goals: Iterable[Tokens]) -> set[Tokens]:
        """The markings from which one of these can be reached."""
        before: dict[Tokens, list[Tokens]] = {}
        for marking, after in self.followers.items():
            for _, other in after:
                before.setdefault(other, []).append(marking)
        found = set(goals) & set(self.followers)
        todo = list(found)
        while todo:
            todo += (more := set(before.get(todo.pop(), ())) - found)
            found |= more
        return found

    def over(self) -> set[Tokens]:
        """The markings that hold the end and more."""
        return {
            m for m in self.followers if m != self.final and all(a >= b for a, b in zip(m, self.final, strict=True))
        }

    def stuck(self) -> set[Tokens]:
        """The markings without the end where nothing can happen."""
        return {m for m, after in self.followers.items() if not after} - self.over() - {self.final}

    def endless(self) -> set[Tokens]:
        """The markings from which nothing but going round is left."""
        return set(self.followers) - self.leading_to({self.final, *self.over(), *self.stuck()})

    def dead(self) -> set[str | None]:
        """The elements of the steps that never happen."""
        fired = {step for after in self.followers.values() for step, _ in after}
        return {step.element for number, step in enumerate(self.net.transitions) if number not in fired}

    def after(self, trace: tuple[str, ...]) -> set[Tokens]:
        """The markings that a sequence of activities can lead to."""
        now = self.silently({tuple(self.net.initial.get(place, 0) for place in range(len(self.net.places)))})
        for label in trace:
            steps = self.net.transitions
            now = self.silently({a for m in now for step, a in self.followers[m] if steps[step].label == label})
        return now

    def silently(self, markings: set[Tokens]) -> set[Tokens]:
        """These, and what silent steps lead to from there."""
        found, todo = set(markings), list(markings)
        while todo:
            for step, after in self.followers[todo.pop()]:
                if self.net.transitions[step].label is None and after not in found:
                    found.add(after)
                    todo.append(after)
        return found


def fired(tokens: Tokens, step: Transition) -> Tokens | None:
    """The marking after a step, None where it cannot happen."""
    if any(tokens[place] < weight for place, weight in step.pre.items()):
        return None
    return tuple(n - step.pre.get(place, 0) + step.post.get(place, 0) for place, n in enumerate(tokens))


def truth(net: Net) -> Truth | None:
    """Everything that a net can do; None where that is too much."""
    start = tuple(net.initial.get(place, 0) for place in range(len(net.places)))
    followers: dict[Tokens, list[tuple[int, Tokens]]] = {}
    todo = [start]
    while todo:
        marking = todo.pop()
        if marking in followers:
            continue
        reached = [(number, fired(marking, step)) for number, step in enumerate(net.transitions)]
        followers[marking] = [(number, after) for number, after in reached if after is not None]
        todo += [after for _, after in followers[marking]]
        if len(followers) > MOST or max(marking) > 100:
            return None
    return Truth(net, followers)


def kinds(found: Soundness) -> set[Trouble]:
    """The kinds of trouble found."""
    return {finding.trouble for finding in found.findings}


def check_each(found: Soundness, true: Truth) -> None:
    """Every finding is true where it says."""
    at = {Trouble.STUCK: true.stuck(), Trouble.LEFT_BEHIND: true.over(), Trouble.ENDLESS: true.endless()}
    for finding in found.findings:
        if finding.trouble in at:
            assert true.after(finding.trace) & at[finding.trouble], (finding, true.net)


@pytest.mark.parametrize("make", [nested, tangled, shapeless, side_by_side])
def test_what_is_found_is_what_brute_force_finds(make: Maker) -> None:
    """Each kind of trouble, each dead step, and nothing else."""
    random, compared = Random(7), 0
    while compared < 100:
        net = make(random, "abc")
        true, found = truth(net), soundness(net, MOST)
        if true is None:
            continue
        compared += 1
        check_each(found, true)
        assert not found.undecided
        assert (Trouble.NO_END in kinds(found)) == (true.final not in true.followers)
        assert (Trouble.STUCK in kinds(found)) == bool(true.stuck()), net
        assert (Trouble.LEFT_BEHIND in kinds(found)) == bool(true.over()), net
        assert (Trouble.ENDLESS in kinds(found)) == bool(true.endless()), net
        if Trouble.NO_START in kinds(found):
            assert {step.element for step in net.transitions if step.label is not None} <= true.dead(), net
        else:
            dead = [finding.elements for finding in found.findings if finding.trouble is Trouble.DEAD]
            assert {element for elements in dead for element in elements} == true.dead(), net


@pytest.mark.parametrize("make", [nested, tangled, side_by_side])
def test_a_net_too_wide_to_be_looked_at_is_judged_by_its_smaller_form(make: Maker) -> None:
    """Whether it is sound, whether it can end, and every finding by itself."""
    random, judged = Random(11), 0
    for _ in range(150):
        net = make(random, "abc")
        true = truth(net)
        if true is None or len(true.followers) < 4:
            continue
        found = soundness(net, len(true.followers) - 1)
        check_each(found, true)
        if found.undecided.startswith("could not"):
            continue
        judged += 1
        always_ends = true.leading_to([true.final]) == set(true.followers)
        assert (kinds(found) <= {Trouble.DEAD, Trouble.NO_START}) == always_ends, net
        assert (Trouble.NO_END in kinds(found)) == (true.final not in true.followers), net
        if not found.undecided:
            assert bool(kinds(found) & {Trouble.DEAD, Trouble.NO_START}) == bool(true.dead()), net
    assert judged > 30


def test_a_net_is_called_unbounded_only_where_its_loop_leaves_more() -> None:
    """And no net that brute force can look through is."""
    random, unbounded = Random(3), 0
    for _ in range(150):
        net = shapeless(random, "ab")
        true, found = truth(net), soundness(net, MOST)
        if Trouble.UNBOUNDED in kinds(found):
            unbounded += 1
            assert true is None
        elif not found.undecided:
            assert true is not None
    assert unbounded > 10
