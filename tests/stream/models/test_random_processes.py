"""Random processes with sub-processes, boundary events, event sub-processes and inclusive gateways against the token
game of the standard, played on the diagram itself."""

from random import Random

from stream.conformance.automaton import Automaton
from stream.models import read_model
from tests.stream.models.language import bpmn, flows
from tests.stream.models.test_random_diagrams import shown
from tests.stream.models.token_game import Box, runs

LONGEST = 4  # visible steps that are compared
TAGS = {
    "s": "startEvent",
    "e": "endEvent",
    "f": "endEvent",
    "g": "endEvent",
    "t": "task",
    "x": "exclusiveGateway",
    "p": "parallelGateway",
    "o": "inclusiveGateway",
    "b": "subProcess",
}
DEFINITIONS = {"f": "terminate", "g": "error", "i": "message", "n": "timer", "r": "error"}


def xml(box: Box) -> str:
    """A box as BPMN elements."""
    shapes = ""
    for node in box.nodes:
        inner = f"<{DEFINITIONS[node[0]]}EventDefinition/>" if node[0] in DEFINITIONS else ""
        if node in box.hosts:
            attributes = f'attachedToRef="{box.hosts[node]}" cancelActivity="{str(node[0] != "n").lower()}"'
            shapes += f'<boundaryEvent id="{node}" {attributes}>{inner}</boundaryEvent>'
        else:
            inner += xml(box.boxes[node]) if node in box.boxes else ""
            shapes += f'<{TAGS[node[0]]} id="{node}" name="{node}">{inner}</{TAGS[node[0]]}>'
    for name, inside in box.events.items():
        trigger = "<messageEventDefinition/>" if name[0] == "v" else "<timerEventDefinition/>"
        start = next(node for node in inside.nodes if node[0] == "s")
        drawn = xml(inside).replace(
            f'<startEvent id="{start}" name="{start}">',
            f'<startEvent id="{start}" isInterrupting="{str(name[0] == "v").lower()}">{trigger}',
        )
        shapes += f'<subProcess id="{name}" triggeredByEvent="true">{drawn}</subProcess>'
    return shapes + flows(" ".join(f"{source}>{target}" for source, target in box.edges))


class Draughtsman:
    """Draws random processes; every node has a name of its own."""

    def __init__(self, seed: str) -> None:
        self.random, self.number = Random(seed), 0

    def name(self, kind: str) -> str:
        """A name that begins with a letter for the kind."""
        self.number += 1
        return f"{kind}{self.number}"

    def box(self, depth: int, *, caught: bool = False) -> Box:
        """A start, some nodes wired at random, one or two ends; an error end where an error is caught."""
        random = self.random
        start, inside = self.name("s"), [self.name(random.choice("tttxpob"[: 7 if depth else 6])) for _ in range(3)]
        hosts, boxes = dict[str, str](), dict[str, Box]()
        ends = [self.name(random.choice("eeef")) for _ in range(random.randint(1, 2))]
        ends += [self.name("g")] if caught else []
        edges = {(start, inside[0])}
        for place, node in enumerate(list(inside)):
            later = inside[place + 1 :] + ends
            edges |= {(node, random.choice(later)) for _ in range(random.choice([1, 1, 2]))}
            if node[0] in "tb" and random.random() < (0.7 if node[0] == "b" else 0.3):
                event = self.name(random.choice("inr" if node[0] == "b" else "in"))
                hosts[event] = node
                edges.add((event, random.choice(later)))
            if node[0] == "b":
                thrown = any(host == node and event[0] == "r" for event, host in hosts.items())
                boxes[node] = self.box(depth - 1, caught=thrown)
        reached = {target for _, target in edges}
        earlier = [(other, n) for p, n in enumerate(inside) if n not in reached for other in [start, *inside[:p]][-1:]]
        edges |= set(earlier)
        if caught and ends[-1] not in reached:
            edges.add((random.choice([n for n in inside if n[0] in "xo"] or inside), ends[-1]))
        used = [end for end in ends if end in {target for _, target in edges}]
        events = {}
        if random.random() < 0.25 and depth:
            events[self.name(random.choice("vw"))] = self.box(0)
        return Box((start, *inside, *hosts, *used), tuple(sorted(edges)), hosts, boxes, events)


def test_a_net_shows_exactly_the_runs_of_its_process() -> None:
    """However events stop what is going on, and whatever inclusive joins wait for."""
    draughtsman, compared, shorter = Draughtsman("processes"), 0, 0
    while compared < 120:
        drawn = draughtsman.box(1)
        played = runs(drawn, LONGEST)
        if played is None:
            continue
        compared += 1
        found = shown(bpmn(xml(drawn)), LONGEST)
        assert found == played, drawn
        shorter += bool(played)
    assert shorter > 60


def test_every_run_of_a_process_is_aligned_at_no_cost() -> None:
    """Through the decomposition, whatever shape it took, and the case can end there."""
    draughtsman, compared = Draughtsman("aligned"), 0
    while compared < 30:
        drawn = draughtsman.box(1)
        played = runs(drawn, LONGEST)
        if not played:
            continue
        compared += 1
        automaton = Automaton(read_model("m.bpmn", bpmn(xml(drawn))))
        for run in sorted(played):
            frontier, cost = automaton.start(), 0
            for event in run.split():
                frontier, extra, _ = automaton.step(frontier, event)
                cost += extra
            assert (cost, automaton.completion(frontier)) == (0, 0), (drawn, run)
