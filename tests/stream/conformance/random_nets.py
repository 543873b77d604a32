"""Small random nets of every shape that alignments have gone wrong on, and traces that fit them more or less.

Nested choices, sequences, parallel branches and two kinds of loop, with silent and duplicate labels; branches that end
where they can begin again; parts that no nesting explains; nets of no shape at all.
"""

from collections.abc import Callable, Sequence
from itertools import count
from random import Random

from stream.models.net import Net, Transition
from tests.stream.conformance.oracle import Oracle

Maker = Callable[[Random, str], Net]


class Drawing:
    """Places and steps as they are drawn."""

    def __init__(self, random: Random, labels: str) -> None:
        self.random, self.labels, self.places, self.steps = random, labels, count(2), list[Transition]()

    def label(self, silent: float = 0.2) -> str | None:
        """A random label, or none."""
        return None if self.random.random() < silent else self.random.choice(self.labels)

    def step(self, pre: list[int], post: list[int], label: str | None = None) -> None:
        """One step between places."""
        self.steps.append(Transition(label, dict.fromkeys(pre, 1), dict.fromkeys(post, 1), f"t{len(self.steps)}"))

    def net(self) -> Net:
        """What was drawn, from place 0 to place 1."""
        names = tuple(f"p{place}" for place in range(next(self.places)))
        return Net(names, tuple(self.steps), {0: 1}, {1: 1})

    def part(self, entry: int, leave: int, depth: int) -> None:
        """Something between two places."""
        if depth == 0 or self.random.random() < 0.15:
            self.step([entry], [leave], self.label())
            return
        shapes = [self.sequence, self.choice, self.parallel, self.parallel, self.loop, self.flower]
        self.random.choice(shapes)(entry, leave, depth - 1)

    def sequence(self, entry: int, leave: int, depth: int) -> None:
        """One after the other."""
        middle = next(self.places)
        self.part(entry, middle, depth)
        self.part(middle, leave, depth)

    def choice(self, entry: int, leave: int, depth: int) -> None:
        """One of several."""
        for _ in range(self.random.randint(2, 3)):
            self.part(entry, leave, depth)

    def parallel(self, entry: int, leave: int, depth: int) -> None:
        """All of several; some branches may go round, some end where they begin."""
        ends = []
        starts = [next(self.places) for _ in range(self.random.randint(2, 3))]
        self.step([entry], starts, self.label(0.75))
        for start in starts:
            end = start if self.random.random() < 0.2 else next(self.places)
            ends.append(end)
            for _ in range(self.random.randint(0, 2) if end == start else 1):
                self.part(start, end, depth)
            if end != start and self.random.random() < 0.2:
                self.part(end, start, depth)
        self.step(ends, [leave], self.label(0.75))

    def loop(self, entry: int, leave: int, depth: int) -> None:
        """Done, and perhaps redone."""
        start, end = next(self.places), next(self.places)
        self.step([entry], [start])
        self.part(start, end, depth)
        self.part(end, start, depth)
        self.step([end], [leave])

    def flower(self, entry: int, leave: int, depth: int) -> None:
        """Any number of times."""
        middle = next(self.places)
        self.step([entry], [middle])
        self.part(middle, middle, depth)
        self.step([middle], [leave])


def nested(random: Random, labels: str) -> Net:
    """A net that some nesting explains."""
    drawing = Drawing(random, labels)
    drawing.part(0, 1, random.randint(2, 4))
    return drawing.net()


def tangled(random: Random, labels: str) -> Net:
    """A nested net some of whose steps are parts that no nesting explains: feeders that compete for a token, and a
    branch that waits for the middle of another."""
    drawing = Drawing(random, labels)
    drawing.part(0, 1, 2)
    drawn, drawing.steps = drawing.steps, []
    for step in drawn:
        if len(step.pre) == 1 == len(step.post) and len(drawing.steps) < 15 and random.random() < 0.4:
            (entry,), (leave,) = step.pre, step.post
            (_waiting if random.random() < 0.5 else _competing)(drawing, entry, leave)
        else:
            drawing.steps.append(step)
    return drawing.net()


def _waiting(drawing: Drawing, entry: int, leave: int) -> None:
    left, right, one, other, late, last = (next(drawing.places) for _ in range(6))
    drawing.step([entry], [left, right], drawing.label())
    drawing.step([left], [one, other], drawing.label())
    drawing.step([right], [late], drawing.label())
    drawing.step([other, late], [last], drawing.label())
    drawing.step([one, last], [leave], drawing.label())


def _competing(drawing: Drawing, entry: int, leave: int) -> None:
    left, right, fed, both, more = (next(drawing.places) for _ in range(5))
    drawing.step([entry], [left, right])
    drawing.step([left], [fed], drawing.label(0))
    drawing.step([left, right], [both])
    drawing.step([both], [left, more], drawing.label())
    drawing.step([fed, more], [leave], drawing.label(0))
    drawing.step([fed, right], [leave], drawing.label(0))


def shapeless(random: Random, labels: str) -> Net:
    """No structure at all: unsound, several tokens, weights now and then, one or two final places."""
    steps = []
    for number in range(8):
        pre, post = (dict.fromkeys(random.sample(range(7), random.choice([1, 1, 2])), 1) for _ in range(2))
        if random.random() < 0.1:
            pre[next(iter(pre))] = 2
        label = None if random.random() < 0.35 else random.choice(labels)
        steps.append(Transition(label, pre, post, f"t{number}"))
    initial = {0: 1, 1: 1} if random.random() < 0.3 else {0: 1}
    final = {6: 1, 5: 1} if random.random() < 0.3 else {6: 1}
    return Net(tuple(f"p{place}" for place in range(7)), tuple(steps), initial, final)


def side_by_side(random: Random, labels: str) -> Net:
    """Two nets that are never split nor joined: two tokens first and last."""
    one, other = (Drawing(random, labels) for _ in range(2))
    one.part(0, 1, 2)
    other.part(0, 1, 2)
    first, second = one.net(), other.net()
    by = len(first.places)
    moved = [
        step._replace(
            pre={place + by: weight for place, weight in step.pre.items()},
            post={place + by: weight for place, weight in step.post.items()},
        )
        for step in second.transitions
    ]
    names = first.places + tuple(f"q{place}" for place in range(len(second.places)))
    return Net(names, (*first.transitions, *moved), {0: 1, by: 1}, {1: 1, by + 1: 1})


def small(make: Maker, random: Random, labels: str, *, most: int = 400, tokens: int = 3) -> tuple[Net, Oracle]:
    """The next net of a kind that brute force can cope with, and its oracle."""
    while True:
        net = make(random, labels)
        oracle = Oracle(net)
        if oracle.reachable(most, tokens) is not None:
            return net, oracle


def trace(random: Random, oracle: Oracle, labels: str) -> list[str]:
    """A run of the net with some events lost, added or swapped; now and then no run at all."""
    if random.random() < 0.3:
        return [random.choice(labels) for _ in range(random.randint(1, 8))]
    run, marking = list[str](), oracle.initial
    for _ in range(30):
        followers = oracle.after(marking)
        if not followers or len(run) > 10:
            break
        label, marking = random.choice(followers)
        if label is not None:
            run.append(label)
    return disturbed(random, run, labels, random.choice((0, 0.2, 0.5)))


def disturbed(random: Random, run: list[str], labels: Sequence[str], noise: float) -> list[str]:
    """A run with a share of its events lost, doubled by a random one, or swapped with the one before."""
    found = list[str]()
    for label in run:
        chance = random.random()
        if chance < noise / 3:
            continue
        found.append(label)
        if chance > 1 - noise / 3:
            found.append(random.choice(labels))
        elif chance > 1 - 2 * noise / 3 and len(found) > 1:
            found[-1], found[-2] = found[-2], found[-1]
    return found
