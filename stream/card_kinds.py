"""The kinds of scorecards that a definition asks for: one for each combination of names that cards are by.

Invariant: a kind's name changes with whatever changes what is counted under it, so that figures of one definition are
never added to those of another.
"""

from hashlib import blake2b
from typing import NamedTuple

import orjson

from schemas.definition import Definition

Names = tuple[str, ...]


class CardKind(NamedTuple):
    """Cards by these names: `name` is that under which tasks publish; window and bucket widths in milliseconds."""

    name: str
    by: Names
    window_ms: int
    bucket_ms: int

    @property
    def buckets(self) -> int:
        """How many buckets its window holds."""
        return self.window_ms // self.bucket_ms


def card_kinds(definition: Definition) -> tuple[CardKind, ...]:
    """The kinds of a definition, in its order; none where scorecards are off."""
    rules = definition.scorecard
    if rules is None:
        return ()
    by: tuple[Names, ...] = ((), *((name,) for name in definition.case.segments)) if rules.by is None else rules.by
    counted = blake2b(orjson.dumps([rules.window_ms, by], default=tuple), digest_size=4).hexdigest()
    return tuple(CardKind(f"card/{counted}/{n}", names, rules.window_ms, rules.bucket_ms) for n, names in enumerate(by))


def identity_of(kinds: tuple[CardKind, ...]) -> str | None:
    """What names all kinds of a definition together, None where there are none."""
    return kinds[0].name if kinds else None
