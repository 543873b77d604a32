"""Nets and logs that the benches make up: parallel branches, with labels of their own or shared, and large models.

Invariant: equal seeds give equal nets and logs.
"""

from collections.abc import Iterator, Sequence
from random import Random

from stream.models.net import Net, Transition

Rows = Sequence[Sequence[str]]  # the labels of each branch, in their order


def rows_apart(branches: int, steps: int) -> Rows:
    """Branches that share nothing."""
    return [[f"b{branch}_{step}" for step in range(steps)] for branch in range(branches)]


def rows_sharing(random: Random, branches: int, steps: int, labels: int) -> Rows:
    """Branches whose steps share so many labels among them, each used at least once."""
    names = [f"s{number}" for number in range(labels)]
    names += random.choices(names, k=branches * steps - labels)
    random.shuffle(names)
    return [names[branch * steps : (branch + 1) * steps] for branch in range(branches)]


def parallel(rows: Rows) -> Net:
    """All branches between a first and a last step."""
    transitions, starts, ends, place = list[Transition](), list[int](), list[int](), 2
    for row in rows:
        starts.append(place)
        for label in row:
            transitions.append(Transition(label, {place: 1}, {place + 1: 1}))
            place += 1
        ends.append(place)
        place += 1
    transitions.append(Transition("start", {0: 1}, dict.fromkeys(starts, 1)))
    transitions.append(Transition("join", dict.fromkeys(ends, 1), {1: 1}))
    return Net(tuple(f"p{number}" for number in range(place)), tuple(transitions), {0: 1}, {1: 1})


def runs(random: Random, rows: Rows, number: int, noise: float = 0.2) -> Iterator[list[str]]:
    """Runs of all branches in a random order, a share of their events lost, doubled by another, or swapped."""
    for _ in range(number):
        order = [branch for branch, row in enumerate(rows) for _ in row]
        random.shuffle(order)
        events = ["start", *[rows[branch][order[:index].count(branch)] for index, branch in enumerate(order)], "join"]
        yield _disturbed(random, events, noise)


def _disturbed(random: Random, events: list[str], noise: float) -> list[str]:
    found = list[str]()
    for event in events:
        chance = random.random()
        if chance < noise / 3:
            continue
        found.append(event)
        if chance > 1 - noise / 3:
            found.append(random.choice(events))
        elif chance > 1 - 2 * noise / 3 and len(found) > 1:
            found[-1], found[-2] = found[-2], found[-1]
    return found


class _Drawing:
    """Random blocks with so many activities in all; `loops` of them more often than the rest."""

    def __init__(self, seed: int, loops: bool) -> None:
        self.random, self.places, self.steps, self.activities = Random(seed), 2, list[Transition](), 0
        self.shapes = ["sequence", "choice", "parallel", *["loop"] * (4 if loops else 1)]

    def place(self) -> int:
        self.places += 1
        return self.places - 1

    def part(self, entry: int, leave: int, activities: int) -> None:
        if activities == 1:
            self.steps.append(Transition(f"a{self.activities}", {entry: 1}, {leave: 1}))
            self.activities += 1
            return
        first = self.random.randrange(1, activities)
        sizes, shape = (first, activities - first), self.random.choice(self.shapes)
        if shape == "choice":
            for size in sizes:
                self.part(entry, leave, size)
            return
        one, other = self.place(), self.place()
        if shape == "sequence":
            self.part(entry, one, sizes[0])
            self.part(one, leave, sizes[1])
        elif shape == "loop":
            self.steps += [Transition(None, {entry: 1}, {one: 1}), Transition(None, {other: 1}, {leave: 1})]
            self.part(one, other, sizes[0])
            self.part(other, one, sizes[1])
        else:
            ends = (self.place(), self.place())
            self.steps.append(Transition(None, {entry: 1}, {one: 1, other: 1}))
            self.steps.append(Transition(None, dict.fromkeys(ends, 1), {leave: 1}))
            for start, end, size in zip((one, other), ends, sizes, strict=True):
                self.part(start, end, size)


def nested(seed: int, activities: int, *, loops: bool) -> Net:
    """A model that some nesting explains, with so many activities."""
    drawing = _Drawing(seed, loops)
    drawing.part(0, 1, activities)
    return Net(tuple(f"p{n}" for n in range(drawing.places)), tuple(drawing.steps), {0: 1}, {1: 1})


def shapeless(seed: int, places: int, transitions: int) -> Net:
    """A net that no nesting explains, all of it within reach."""
    random, steps, reached = Random(seed), list[Transition](), [0]
    for number in range(transitions):
        pre = random.sample(reached, min(len(reached), random.choice((1, 1, 2))))
        post = [random.randrange(1, places) for _ in range(random.choice((1, 1, 2)))]
        steps.append(Transition(f"a{number}", dict.fromkeys(pre, 1), dict.fromkeys(post, 1)))
        reached = sorted({*reached, *post})
    return Net(tuple(f"p{place}" for place in range(places)), tuple(steps), {0: 1}, {reached[-1]: 1})
