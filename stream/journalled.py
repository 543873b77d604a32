"""The values in a journalled case, read back; and those that former layouts wrote otherwise.

Invariant: what was written is read as an equal value, and what no version can have written raises an error of its own,
which `stream.layout` tells as a state that cannot be read.
"""

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from sys import intern
from typing import Any

from schemas.alert import State
from schemas.consistency import MODEL_RULE
from stream.departure import Departure
from stream.event import Anchor, Event, Place
from stream.finding import Finding
from stream.fold import Fold
from stream.said import Said
from stream.shared import alone, followed, in_common
from stream.sla.running import Origin, Running, Stopped, Terms
from stream.steps import Labels, taken

KIND, KNOWN_AT = Finding._fields.index("kind"), Finding._fields.index("known_at")
SKIPPED = re.compile(r"skipped .+/(-?\d+)/(.+/\d+)", re.DOTALL)


def read_steps(fields: list[Any], labels: Labels, fold: Fold) -> Iterable[tuple[str, int]]:
    """The steps of a fold, names and times."""
    code, strangers = fields
    first_at = fold.first.at if fold.first else 0
    names, times = taken(b64decode(code, validate=True), first_at, labels, tuple(strangers))
    return zip(names, times, strict=True)


def read_steps_of_layout_1(fields: list[Any], labels: Labels) -> Iterable[tuple[str, int]]:
    """Layout 1 kept a list of numbers or names, and a list of gaps between the times."""
    numbers, gaps = fields
    names = [labels.names[number] if isinstance(number, int) else number for number in numbers]
    return zip(names, accumulate(gaps), strict=True)


def keyed_anew(said: dict[tuple[str, str], Said]) -> Iterator[tuple[tuple[str, str], Said]]:
    """Layout 1 named a skipped step in its key; now those that are missing before one event are numbered. The alerts
    go on under the ids that they have."""
    slots = Counter[str]()
    for (rule, key), one in said.items():
        match = SKIPPED.fullmatch(key) if rule == MODEL_RULE else None
        if match is not None:
            at, rest = match.groups()
            slot, slots[f"{at}/{rest}"] = slots[f"{at}/{rest}"], slots[f"{at}/{rest}"] + 1
            key = f"{at}+{slot}/{rest}" if slot else f"{at}/{rest}"
        yield (rule, key), one


def read_place(fields: Sequence[int]) -> Place:
    """A place in an input."""
    source, offset = fields
    return source, offset


def read_event(fields: list[Any]) -> Event:
    """An event of a tail."""
    at, place, activity, lifecycle, resource, event_id, attributes, *rest = fields
    named = intern(activity), None if lifecycle is None else intern(lifecycle)
    return Event(at, read_place(place), *named, resource, event_id, attributes and in_common(attributes), *rest)


def read_anchor(fields: list[Any]) -> Anchor:
    """What an alert hangs on."""
    at, activity, count, event_id, place = fields
    return Anchor(at, intern(activity), count, event_id, read_place(place))


def read_ties(fields: dict[str, int]) -> dict[str, int]:
    """How many events of which activities lay at an instant."""
    return alone(intern(next(iter(fields)))) if list(fields.values()) == [1] else fields


def read_recent(fields: list[str]) -> tuple[str, ...]:
    """The newest activities of a case."""
    return followed(tuple(map(intern, fields[:-1])), intern(fields[-1])) if fields else ()


def read_running(fields: list[Any]) -> Running:
    """A clock, as `written_running` writes it; layout 1 knew no terms."""
    anchor, start, marks, *terms = fields
    offsets = _shared(tuple([mark - start for mark in marks]))
    return Running(read_anchor(anchor), start, offsets, _read_terms(terms[0]) if terms else None)


def written_running(running: Running) -> list[Any]:
    """A clock, its marks as instants."""
    written = [running.anchor, running.start, running.marks]
    return written if running.terms is None else [*written, running.terms]


@lru_cache(maxsize=4096)
def _shared(offsets: tuple[int, ...]) -> tuple[int, ...]:
    """The same marks in one piece of memory for all clocks of a plain target."""
    return offsets


def read_stopped(fields: list[Any], numbers: dict[str, int]) -> tuple[Stopped, ...]:
    """Clocks that were stopped, as far as their service levels have `numbers` now."""
    return tuple(
        Stopped(numbers[rule_id], read_running(running), at, read_place(place), *outcome)
        for rule_id, running, at, place, *outcome in fields
        if rule_id in numbers
    )


def _read_terms(fields: list[Any]) -> Terms:
    whole, chosen_at, choice, pauses, paused_at, origin = fields
    spans = tuple((begun, ended) for begun, ended in pauses)
    return Terms(whole, chosen_at, choice, spans, paused_at, None if origin is None else read_origin(origin))


def read_origin(fields: Sequence[Any]) -> Origin:
    """What conditions see of the event that started a clock."""
    activity, lifecycle, resource = fields
    return activity, lifecycle, resource


def read_finding(fields: list[Any]) -> Finding:
    """A finding, its detail as plain tuples; what a deviation did not tell yet when it was written is as if untold."""
    *named, detail, places = fields[:KNOWN_AT]
    detail = _frozen(detail)
    if named[KIND] == "deviation":
        detail = Departure.of(detail)
    known_at = fields[KNOWN_AT:] or (None,)
    return Finding._make((*named, detail, tuple(map(read_place, places)), *known_at))


def _frozen(part: Any) -> Any:
    return tuple(map(_frozen, part)) if isinstance(part, list | tuple) else part


def read_said_entry(fields: list[Any]) -> tuple[tuple[str, str], Said]:
    """What was said under a key, and the key."""
    key, alert_id, finding, state, *rest = fields
    said = Said(alert_id, read_finding(finding))
    said.state = None if state is None else State(state)
    said.revision, said.episode, said.settled, said.frozen, *muted = rest
    said.muted = bool(muted)
    return (key[0], key[1]), said
