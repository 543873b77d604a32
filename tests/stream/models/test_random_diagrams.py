"""Random diagrams against a token game played on the diagram itself, without any net.

The oracle moves tokens along sequence flows as BPMN 2.0, chapter 13, tells it, and a run is over when no token is left.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from schemas.problem import Refused
from stream.conformance.automaton import Automaton
from stream.models import read_model
from tests.stream.models.language import bpmn, flows, words

LONGEST = 4  # visible steps that are compared
MOST_TOKENS = 4  # in a diagram at any time

Tokens = tuple[str, ...]  # flows that hold a token, sorted


class Diagram(NamedTuple):
    """Nodes by name (the first letter is the kind) and flows as (source, target)."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]

    def xml(self) -> bytes:
        """As a BPMN file."""
        tags = {"s": "startEvent", "e": "endEvent", "t": "task", "x": "exclusiveGateway", "p": "parallelGateway"}
        shapes = "".join(f'<{tags[node[0]]} id="{node}" name="{node}"/>' for node in self.nodes)
        return bpmn(shapes + flows(" ".join(f"{source}>{target}" for source, target in self.edges)))

    def after(self, tokens: Tokens) -> Iterator[tuple[str | None, Tokens]]:
        """Every (label, tokens) that one node can bring about."""
        for node in self.nodes:
            entering = [f"{a}>{b}" for a, b in self.edges if b == node]
            leaving = [f"{a}>{b}" for a, b in self.edges if a == node]
            label = node if node[0] == "t" else None
            held = [flow for flow in entering if flow in tokens]
            if node[0] == "p":
                if len(held) == len(entering):
                    yield label, _moved(tokens, entering, leaving)
                continue
            for taken in held:
                for put in [[flow] for flow in leaving] if node[0] == "x" else [leaving]:
                    yield label, _moved(tokens, [taken], put)


def _moved(tokens: Tokens, taken: list[str], put: list[str]) -> Tokens:
    left = list(tokens)
    for flow in taken:
        left.remove(flow)
    return tuple(sorted(left + put))


def played(diagram: Diagram) -> set[str] | None:
    """The complete runs of a diagram; None where it holds too many tokens to be played."""
    first = tuple(sorted(f"{a}>{b}" for a, b in diagram.edges if a == "s"))
    found, todo = set[str](), [(first, "")]
    seen = set(todo)
    while todo:
        tokens, run = todo.pop()
        if len(tokens) > MOST_TOKENS:
            return None
        if not tokens:
            found.add(run.strip())
        for label, after in diagram.after(tokens):
            longer = f"{run} {label}" if label else run
            if longer.count(" ") <= LONGEST and (after, longer) not in seen:
                seen.add((after, longer))
                todo.append((after, longer))
    return found


def diagram(random: Random) -> Diagram:
    """A start, some tasks and gateways wired at random, and one or two ends; every node but the start is led to."""
    inside = [f"{random.choice('ttxp')}{number}" for number in range(random.randint(2, 6))]
    ends = [f"e{number}" for number in range(random.randint(1, 2))]
    edges = {("s", inside[0])}
    for place, node in enumerate(inside):
        later = inside[place + 1 :] + ends
        for _ in range(random.choice([1, 1, 2])):
            backwards = random.random() < 0.1 and node[0] == "x"
            edges.add((node, random.choice(inside[: place + 1] if backwards else later)))
    reached = {target for _, target in edges}
    edges |= {(random.choice(["s", *inside[:place]]), node) for place, node in enumerate(inside) if node not in reached}
    return Diagram(("s", *inside, *[end for end in ends if end in {b for _, b in edges}]), tuple(sorted(edges)))


def diagrams(seed: str, number: int) -> Iterator[tuple[Diagram, set[str]]]:
    """Random diagrams that can be played, with their runs."""
    random = Random(seed)
    while number:
        drawn = diagram(random)
        runs = played(drawn)
        if runs is not None and any(node[0] == "t" for node in drawn.nodes):
            number -= 1
            yield drawn, runs


def shown(content: bytes, longest: int) -> set[str]:
    """The complete runs of what is read; none where it is refused because it has none."""
    try:
        return words(read_model("m.bpmn", content), longest)
    except Refused as refused:
        return set() if "no case can ever end" in str(refused) else {str(refused)}


def test_a_net_shows_exactly_the_runs_of_its_diagram() -> None:
    """Including those with several ends, tasks that run twice, and tokens that wait for ever."""
    for drawn, runs in diagrams("runs", 300):
        assert shown(drawn.xml(), LONGEST) == runs, drawn


def test_every_run_of_a_diagram_is_aligned_at_no_cost() -> None:
    """Through the decomposition, whatever shape it took, and the case can end there."""
    for drawn, runs in [found for found in diagrams("aligned", 150) if found[1]]:
        automaton = Automaton(read_model("m.bpmn", drawn.xml()))
        for run in sorted(runs):
            frontier, cost = automaton.start(), 0
            for event in run.split():
                frontier, extra, _ = automaton.step(frontier, event)
                cost += extra
            assert (cost, automaton.completion(frontier)) == (0, 0), (drawn, run)
