"""How far a case has come in its model: its place there, what the way cost, and the steps taken.

The cost is the prefix alignment's, proven exact while it is not above the certificate. What went wrong is explained
from the steps, up to the one at which the explanation last changed. Invariant: `code` may be that of a later state
of the same instance; only its first `size` bytes count, and whoever adds to them has cut it to these.
"""

from functools import lru_cache
from typing import Final

from stream.aside import NOTHING_ASIDE, Sharing
from stream.conformance.automaton import Automaton
from stream.conformance.deviation import Deviation
from stream.conformance.explain import explain
from stream.conformance.frontier import INF, Frontier
from stream.conformance.path import LONGEST_KEPT, extension, path_of
from stream.conformance.resolving import Resolution, due
from stream.conformance.standing import narrowed
from stream.event import Anchor
from stream.process import Process
from stream.steps import MOST_STRANGERS, NONE_TAKEN, Taken, count, named, taken, write

WARM, FULL, UNSEEN = 1, 2, 4
MOST_BYTES: Final = 40_000
"""Bytes of the steps of one case that are kept to explain its deviations: seven thousand steps that are hours apart,
twenty thousand that are none; later ones are aligned, but no longer explained."""


class Course(Sharing):
    """The place of one instance of a case in the model of its process; few bytes, since every open case has two.

    `explain_to` is the size at which the explanation last changed, `places` where the case is by it once it deviates,
    `stepped_at` the time of the last step that is kept (ms); `strangers` are the names met that the model does not
    have; `first` is the case's first event; `explained` are its deviations, and how they are told. `flags`: `WARM`,
    the case was met in the middle of its model; `UNSEEN`, it may have begun before it was first judged; `FULL`, steps
    were left out, of which there were too many. What few cases have anything of is `aside`.
    """

    __slots__ = (
        "code", "cost", "explain_to", "first", "flags", "floor", "frontier", "places", "process", "size", "stepped_at",
    )  # fmt: skip

    def __init__(self, process: Process) -> None:
        self.process, self.aside = process, NOTHING_ASIDE
        self.first: Anchor | None = None
        self.frontier: Frontier | None = process.automaton.start() if process.automaton else None
        self.places: Frontier | None = None
        self.cost, self.floor = 0, INF
        self.code: bytes | None = None
        self.size = self.explain_to = self.stepped_at = self.flags = 0

    @property
    def warm(self) -> bool:
        """Whether the case was met in the middle of its model."""
        return self.flags & WARM != 0

    @property
    def full(self) -> bool:
        """Whether steps were left out, of which there were too many."""
        return self.flags & FULL != 0

    @property
    def unseen(self) -> bool:
        """Whether the case may have begun before it was first judged."""
        return self.flags & UNSEEN != 0

    def begin_in_the_middle(self, name: str) -> None:
        """Take a first step that cannot be the model's first for one of a case that began before it was seen."""
        automaton = self.process.automaton
        if automaton is not None and not automaton.enabled_at_start(name):
            self.flags |= WARM
            self.frontier = automaton.warm_start()
        else:
            self.flags &= ~UNSEEN

    def step(self, name: str, at: int) -> None:
        """Take a step of the model's name `name` at an instant: the cheapest alignment goes on from the frontier."""
        if self.frontier is None:
            return
        before = self.frontier
        found = before.next.get(name) or self.process.automaton.step(before, name)  # type: ignore[union-attr]  # a frontier has its automaton
        self.frontier, cost, dropped = found
        proven = self.cost <= self.floor
        if dropped < INF and self.cost + dropped < self.floor:
            self.floor = self.cost + dropped
        self.cost += cost
        if self.flags & FULL or not self._keep(name, at):
            return
        if cost or self.places is not None:
            self._explain_anew(before, name, cost)
        if self.cost > self.floor:
            self._win_back(proven)

    def _win_back(self, proven_before: bool) -> None:
        """Look for the certificate that was lost in the light of all the steps, now and then."""
        automaton = self.process.automaton
        if automaton is None or self.frontier is None or not due(proven_before, self.length):
            return
        names = self.names
        known = Resolution(self.frontier, self.cost, self.floor)
        self.frontier, self.cost, self.floor = (
            automaton.resolve(names, closing=False, warm=self.warm, known=known) or known
        )

    def _explain_anew(self, before: Frontier, name: str, cost: int) -> None:
        """Note the step where it deviates, or where earlier ones are to be read otherwise in its light."""
        automaton = self.process.automaton
        assert automaton is not None  # a frontier has its automaton
        standing = narrowed(before) if self.places is None else self.places
        extra, self.places, _ = extension(automaton, standing, name)
        if extra > cost:
            self.places = path_of(automaton, self.names, warm=self.warm).standings[-1]
        if extra:
            self.explain_to = self.size

    def _keep(self, name: str, at: int) -> bool:
        """Keep a step; False where there are too many."""
        number = self.process.labels.numbers.get(name)
        if number is None:
            number = self._strange(name)
        code = self.code
        if number is None or self.size >= MOST_BYTES:
            self.flags |= FULL
            return False
        if not self.size:
            self.stepped_at = self.first.at  # type: ignore[union-attr]  # whoever steps has begun
        taken_now = bytearray()
        write(taken_now, at - self.stepped_at, number)
        code = self.code = bytes(taken_now) if code is None else code + bytes(taken_now)
        self.size, self.stepped_at = len(code), at
        return True

    def _strange(self, name: str) -> int | None:
        """The number of a name that the model does not have."""
        known = len(self.process.labels.names)
        strangers = self.strangers
        if name in strangers:
            return known + strangers.index(name)
        if len(strangers) >= MOST_STRANGERS:
            return None
        self.aside = self.aside._replace(strangers=(*strangers, name))
        return known + len(strangers)

    def own_code(self) -> None:
        """Part with whoever shares the code."""
        self.code = None if self.code is None or not self.size else self.code[: self.size]

    def steps(self, size: int | None = None) -> Taken:
        """The steps that are kept, or those within the first `size` bytes."""
        if self.code is None or self.first is None:
            return NONE_TAKEN
        code = self.code[: self.size if size is None else size]
        return taken(code, self.first.at, self.process.labels, self.strangers)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the steps that are kept."""
        return self._names(self.size)

    def _names(self, size: int) -> tuple[str, ...]:
        """The names of the steps within the first `size` bytes."""
        return () if self.code is None else named(self.code[:size], self.process.labels, self.strangers)

    @property
    def times(self) -> tuple[int, ...]:
        """The times of the steps that are kept, in milliseconds UTC."""
        return self.steps().times

    @property
    def length(self) -> int:
        """How many steps are kept."""
        return 0 if self.code is None else count(self.code[: self.size])

    def deviations(self, over: bool) -> tuple[Deviation, ...]:
        """The deviations up to the step at which they last changed, and what is missing at the end if `over`."""
        automaton = self.process.automaton
        if automaton is None or self.frontier is None:
            return ()
        over = over and not self.full and automaton.completion(self.frontier) > 0
        size = self.size if over else self.explain_to
        if not over and not size:
            return ()
        if self.explained[:2] != (size, over):
            names = self._names(size)
            told = _told if len(names) <= LONGEST_KEPT else _told.__wrapped__
            found = told(automaton, names, over, self.warm)
            self.explained = (size, over, found, None)
        return self.explained[2]

    def interval(self, over: bool) -> tuple[int, int]:
        """The least and the most that the case can cost, equal where that is proven: the steps so far, or with `over`
        the whole case; nothing and `INF` where it has no place in the model."""
        automaton = self.process.automaton
        if automaton is None or self.frontier is None:
            return 0, INF
        known = Resolution(self.frontier, self.cost, self.floor)
        least, most = automaton.interval(known, closing=over)
        if least == most or not over or self.full:
            return least, most
        return _narrowed(automaton, self.names, self.warm, known), most


@lru_cache(maxsize=2048)
def _told(automaton: Automaton, names: tuple[str, ...], over: bool, warm: bool) -> tuple[Deviation, ...]:
    """What is to be told of the same steps, in whatever case they were taken."""
    return explain(automaton, names, finished=over, warm=warm)


@lru_cache(maxsize=64)
def _narrowed(automaton: Automaton, names: tuple[str, ...], warm: bool, known: Resolution) -> int:
    """The least that a case can cost as a whole, in the light of all its steps; asked at each look at a case."""
    won = automaton.resolve(names, closing=True, warm=warm, known=known)
    return automaton.interval(won or known, closing=True)[0]
