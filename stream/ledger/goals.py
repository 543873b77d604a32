"""What the Ledger follows of a definition: its objectives and its rates, each with the names that alerts use.

Invariant: a goal is a value; nothing in it changes while it is followed.
"""

from hashlib import blake2b
from typing import NamedTuple

import orjson

from schemas.definition import Definition
from schemas.objective import Objective, Rate
from stream.ledger.count import Count
from stream.ledger.reading import Measure
from stream.ledger.window import Window


class Goal(NamedTuple):
    """An objective or a rate of one process; `asks` is its rule."""

    process: str
    version: str
    owner: str | None
    manager: str | None
    asks: Objective | Rate

    def measure(self) -> Measure:
        """A measure of a segment of which nothing is known."""
        return Window(self.asks) if isinstance(self.asks, Objective) else Count(self.asks)

    @property
    def name(self) -> str:
        """The name under which tasks publish: with another window, or other segments, other things are counted."""
        asks = self.asks
        counted = orjson.dumps([asks.of, asks.window_ms, asks.by], default=tuple)
        return f"{asks.id}/{blake2b(counted, digest_size=4).hexdigest()}"

    @property
    def kind(self) -> str:
        """The kind of its alerts."""
        return "slo" if isinstance(self.asks, Objective) else "sla"

    def labels(self, segment: tuple[str, ...]) -> dict[str, str]:
        """The values of a segment under their names; an attribute that is absent has no label."""
        return {name: value for name, value in zip(self.asks.by, segment, strict=True) if value}


def goals(definition: Definition) -> list[Goal]:
    """The goals of a definition, in its order."""
    roles = definition.roles
    head = definition.process, definition.version, roles.owner, roles.manager
    return [Goal(*head, asks) for asks in (*definition.slo, *definition.sla) if isinstance(asks, Objective | Rate)]


def spans_tasks(definition: Definition) -> bool:
    """Whether anything is asked of a process that no task can tell alone."""
    asked = goals(definition) or definition.events.silence_ms is not None
    return bool(asked) or definition.scorecard is not None
