"""Frontiers: every state that can still be on a cheapest alignment of a case, with its extra cost.

A frontier is a set of (item, cost) of one machine, its least cost 0. An item is a plain state, or a *mode*: a token
inside a block, one frontier per branch, standing for the product of its branches with costs added. Invariant: frontiers
are values. What they hold besides their items is memo: `next` of steps, `gains` of comparisons, both emptied when the
machine forgets the frontier, which stays valid wherever it is still held.
"""

from hashlib import blake2b
from typing import Any, NamedTuple, Protocol, TypeAlias, Union, final

INF = 10**6  # "impossible"; sums of a few stay comparable, so anything from INF on means the same

MOST_GAINS = 256  # comparisons remembered per frontier

State: TypeAlias = Any  # a machine's own state: a number, or a marking as bytes; only its machine looks inside
Item: TypeAlias = Union[State, "Mode"]
Step = tuple["Frontier", int, int]  # next frontier, cost of the step, least cost dropped (INF: none)


class Ending(NamedTuple):
    """The way from a frontier to the final state: its cost, the least cost at which the search for it was cut (INF:
    nowhere), and the item that it starts from."""

    cost: int
    cut: int
    item: Item


class Home(Protocol):
    """What a frontier and a block ask of a machine."""

    initial: State
    labels: frozenset[str]
    fresh: "Frontier"
    done: "Frontier"
    looked: int

    def intern(self, items: "tuple[tuple[Item, int], ...]") -> "Frontier":
        """The one frontier with these items."""

    def step(self, frontier: "Frontier", label: str) -> Step:
        """The frontier after an event."""

    def candidates(self, frontier: "Frontier", label: str, inside: Any = None) -> tuple[dict[Item, int], int]:
        """Everything that an event can lead to, and the least cost dropped."""

    def build(self, candidates: dict[Item, int], drop: int) -> Step:
        """The frontier of these candidates."""

    def ending(self, frontier: "Frontier") -> "Ending":
        """The cheapest way from a frontier to the machine's final state."""

    def bound(self, x: Item, y: Item) -> int:
        """Upper bound of how much cheaper `x` can ever be than `y`."""

    def key(self, item: Item) -> tuple[Any, ...]:
        """The item's content, the same in every process."""

    def prepare(self, frontier: "Frontier", patience: int = 1) -> None:
        """Tell the machine which frontier's items it is going to be asked about."""

    def ready(self, state: State) -> frozenset[str]:
        """The labels that can be synchronised from a state after silent moves only."""

    def everything(self, most: int) -> "Frontier | None":
        """The frontier of all reachable states at no cost; None where they are too many."""


class Frontier:
    """A normalised set of (item, cost), interned by its machine; see the module."""

    __slots__ = (
        "_digest",
        "_ending",
        "_scalars",
        "admitted",
        "awaited",
        "gains",
        "items",
        "machine",
        "next",
        "remarks",
    )

    def __init__(self, machine: Home, items: tuple[tuple[Item, int], ...]) -> None:
        self.machine, self.items, self.admitted = machine, items, False
        self.next: dict[str, Step] = {}
        self.gains: dict[Frontier, int] = {}
        self.awaited: frozenset[str] | None = None  # labels that can come next at no cost
        self.remarks: dict[Any, Any] | None = None  # what explanations remember about this frontier
        self._ending: Ending | None = None
        self._scalars: tuple[int, int, int] | None = None
        self._digest: bytes | None = None

    @property
    def ending(self) -> "Ending":
        """The cheapest way to the machine's final state."""
        if self._ending is None:
            self._ending = self.machine.ending(self)
        return self._ending

    @property
    def completion(self) -> int:
        """Cheapest cost to the machine's final state, above the frontier's own; INF where there is no way."""
        return self.ending.cost

    @property
    def scalars(self) -> tuple[int, int, int]:
        """Gain over the fresh frontier, over the done one, and gain of the fresh one over this."""
        if self._scalars is None:
            fresh, done = self.machine.fresh, self.machine.done
            self._scalars = (gain(self, fresh), gain(self, done), gain(fresh, self))
        return self._scalars

    @property
    def digest(self) -> bytes:
        """128 bits of the content, the same in every process: orders modes, and names a journalled frontier."""
        if self._digest is None:
            key = self.machine.key
            content = repr([(cost, key(item)) for item, cost in self.items]).encode()
            self._digest = blake2b(content, digest_size=16).digest()
        return self._digest

    def step(self, label: str) -> Step:
        """The frontier after an event that the machine knows."""
        return self.next.get(label) or self.machine.step(self, label)

    def forget(self) -> None:
        """Drop the memos; the frontier is no longer the one that the machine hands out."""
        self.admitted, self.remarks = False, None
        self.next.clear()
        self.gains.clear()


@final
class Mode:
    """A token inside a block: one frontier per branch, independent of each other. What it is compared by is summed up
    when it is first asked for, for most modes never are."""

    __slots__ = ("_key", "_scalars", "block", "completion", "kids")

    def __init__(self, block: "BlockPlace", kids: tuple[Frontier, ...], completion: int) -> None:
        self.block, self.kids, self.completion = block, kids, completion
        self._key: tuple[int, int, tuple[bytes, ...]] | None = None
        self._scalars: tuple[int, int, int] | None = None

    @property
    def key(self) -> tuple[int, int, tuple[bytes, ...]]:
        """The content, the same in every process."""
        if self._key is None:
            self._key = (1, self.block.index, tuple([kid.digest for kid in self.kids]))
        return self._key

    @property
    def scalars(self) -> tuple[int, int, int]:
        """The sums of the branches' scalars: gain over fresh branches, over done ones, and of fresh ones over these."""
        if self._scalars is None:
            over_fresh, over_done, fresh_over = zip(*[kid.scalars for kid in self.kids], strict=True)
            self._scalars = (sum(over_fresh), sum(over_done), sum(fresh_over))
        return self._scalars


class BlockPlace(Protocol):
    """Where a block stands in its machine: between state `source` and state `target`."""

    index: int
    source: int
    target: int
    takers: dict[str, list[int]]

    def mode(self, kids: tuple[Frontier, ...]) -> Mode:
        """The mode with these branch frontiers."""

    def exchanged(self, mode: Mode, position: int, kid: Frontier) -> Mode:
        """The mode with another frontier of one branch."""

    def step(self, mode: Mode, label: str) -> list[tuple[Mode, int, int]]:
        """The modes after an event that some branch knows."""


def gain(frontier: Frontier, other: Frontier) -> int:
    """Upper bound of how much cheaper `frontier` can be than `other` for any future; 0 means dominated."""
    if frontier is other:
        return 0
    found = frontier.gains.get(other)
    if found is not None:
        return found
    bound, found = frontier.machine.bound, 0
    for item, cost in frontier.items:
        best = INF
        for rival, above in other.items:
            value = above + bound(item, rival)
            if value < best:
                best = value
        if best - cost > found:
            found = best - cost
    if len(frontier.gains) >= MOST_GAINS:
        frontier.gains.clear()
    frontier.gains[other] = found
    return found
