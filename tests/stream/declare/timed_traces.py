"""A naive reading of Declare with conditions on time and data, over whole traces: every activation against every event.

By the definitions of MP-Declare (Burattin, Maggi and Sperduti 2016, table 2): an activation is an event of the
activating activity whose data meet the activation condition; a target is an event of the other activity in the place
that the template asks for, whose data fit those of the activation, and whose distance in time lies within the window,
both ends included. Invariant: quadratic, nothing is remembered from event to event, and nothing here knows of the
code under test.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

Payload: TypeAlias = Mapping[str, object]


class Seen(NamedTuple):
    """An event: its instant (ms), its activity, what it carries."""

    at: int
    activity: str
    payload: Payload


class Terms(NamedTuple):
    """A constraint over A and a `second` activity; `window` in ms, both ends included, None: whenever."""

    template: str
    applies: Callable[[Payload], bool] = lambda activation: True
    fits: Callable[[Payload, Payload], bool] = lambda activation, target: True
    window: tuple[int, int] | None = None
    second: str = "B"


Trace: TypeAlias = Sequence[Seen]

BY_THE_SECOND = {"Precedence", "Alternate Precedence", "Chain Precedence", "Not Precedence", "Not Chain Precedence"}
"""The templates that are activated by their second activity, and look back for the first."""

LOOKS_BACK = {"Precedence", "Alternate Precedence", "Chain Precedence"}
"""The templates in which an activation that found no target can find none any more."""

BROKEN_BY_ONE = {"Responded Existence", "Response", "Alternate Response", "Chain Response", "Precedence"}
"""The templates that one more event breaks if anything does; of the others some need two."""

HALVES = {
    "Succession": ("Response", "Precedence"),
    "Alternate Succession": ("Alternate Response", "Alternate Precedence"),
    "Chain Succession": ("Chain Response", "Chain Precedence"),
    "Co-Existence": ("Responded Existence", "Responded Existence, backwards"),
    "Not Succession": ("Not Response", "Not Precedence"),
    "Not Chain Succession": ("Not Chain Response", "Not Chain Precedence"),
    "Not Co-Existence": ("Not Responded Existence", "Not Responded Existence, backwards"),
}
"""The templates that are activated by either activity, as the two that each one's activations have to meet."""

BACKWARDS = ", backwards"


def halves(terms: Terms) -> tuple[Terms, ...]:
    """The constraint itself, or the two that it consists of, each with all the conditions."""
    return tuple(terms._replace(template=half) for half in HALVES.get(terms.template, (terms.template,)))


def _roles(terms: Terms) -> tuple[str, str]:
    """The activity that activates, and the one looked for."""
    backwards = terms.template in BY_THE_SECOND or terms.template.endswith(BACKWARDS)
    return (terms.second, "A") if backwards else ("A", terms.second)


def _activations(terms: Terms, trace: Trace) -> list[int]:
    activating, _ = _roles(terms)
    return [i for i, event in enumerate(trace) if event.activity == activating and terms.applies(event.payload)]


def _in_place(terms: Terms, trace: Trace, i: int, j: int) -> bool:
    """Whether the template lets event `j` be the target of the activation `i`."""
    between = set(_activations(terms, trace)) & set(range(min(i, j) + 1, max(i, j)))
    match terms.template.removeprefix("Not ").removesuffix(BACKWARDS):
        case "Responded Existence":
            return i != j
        case "Response":
            return i < j
        case "Precedence":
            return j < i
        case "Alternate Response":
            return i < j and not between
        case "Alternate Precedence":
            return j < i and not between
        case "Chain Response":
            return j == i + 1
        case "Chain Precedence":
            return j == i - 1
    raise ValueError(terms.template)


def _targets(terms: Terms, trace: Trace, i: int) -> Iterator[int]:
    _, wanted = _roles(terms)
    for j, event in enumerate(trace):
        distance = abs(event.at - trace[i].at)
        in_time = terms.window is None or terms.window[0] <= distance <= terms.window[1]
        fitting = event.activity == wanted and in_time and terms.fits(trace[i].payload, event.payload)
        if fitting and _in_place(terms, trace, i, j):
            yield j


def _broken_by_a_target(terms: Terms, trace: Trace) -> dict[int, int]:
    """For a negative template: the activations that have a target, each with the instant of the event that made it so:
    the later of the activation and its first target."""
    first = {i: next(_targets(terms, trace, i), None) for i in _activations(terms, trace)}
    return {i: max(trace[i].at, trace[j].at) for i, j in first.items() if j is not None}


def _unmet(terms: Terms, trace: Trace) -> list[int]:
    """For a positive template: the activations that have no target in the trace as it stands."""
    return [i for i in _activations(terms, trace) if next(_targets(terms, trace, i), None) is None]


def _overtaken_at(terms: Terms, trace: Trace, i: int) -> int | None:
    """The instant of the event after which nothing can be the target of an activation that has none so far."""
    if terms.template in LOOKS_BACK:
        return trace[i].at
    if terms.template == "Chain Response" and i + 1 < len(trace):
        return trace[i + 1].at
    if terms.template == "Alternate Response":
        return min((trace[j].at for j in _activations(terms, trace) if j > i), default=None)
    return None


def _lost_in_half(terms: Terms, trace: Trace, clock: int) -> dict[int, int]:
    if terms.template.startswith("Not "):
        return _broken_by_a_target(terms, trace)
    found = {}
    for i in _unmet(terms, trace):
        instants = [_overtaken_at(terms, trace, i)]
        if terms.window is not None and trace[i].at + terms.window[1] < clock:
            instants.append(trace[i].at + terms.window[1])
        known = [at for at in instants if at is not None]
        if known:
            found[i] = min(known)
    return found


def lost(terms: Terms, trace: Trace, clock: int) -> dict[int, int]:
    """The activations that cannot be made good any more, with the instants at which that came to be.

    A window is over when the clock has passed its last instant: what happens at that instant still counts.
    """
    return {i: at for half in halves(terms) for i, at in _lost_in_half(half, trace, clock).items()}


def unmet(terms: Terms, trace: Trace) -> list[int]:
    """The activations that still have no target, lost or not."""
    positive = (half for half in halves(terms) if not half.template.startswith("Not "))
    return [i for half in positive for i in _unmet(half, trace)]


def satisfied(terms: Terms, trace: Trace) -> bool:
    """Whether the trace, being all there is, satisfies the constraint."""
    return not unmet(terms, trace) and not lost(terms, trace, clock=0)


def continuations(terms: Terms, clock: int, payloads: Sequence[Payload]) -> Iterator[tuple[Seen, ...]]:
    """Ways to go on that would break what can be broken, soon or after any window: an activation that finds no target,
    and is the end; an event between it and its target; or, where a target is what must not come, it and its target."""
    least, most = terms.window or (0, 0)
    instants = sorted({clock, clock + least, clock + most + 1})
    events = [Seen(at, name, payload) for at in instants for name in "AB" for payload in payloads]
    yield from ((event,) for event in events)
    if terms.template not in BROKEN_BY_ONE:
        yield from (pair for pair in product(events, repeat=2) if pair[0].at <= pair[1].at)


def verdict(terms: Terms, trace: Trace, clock: int, payloads: Sequence[Payload]) -> str:
    """One of the four verdicts in words, when all instants before `clock` are over and nothing more has happened."""
    if lost(terms, trace, clock):
        return "permanently violated"
    if not satisfied(terms, trace):
        return "temporarily violated"
    breakable = any(not satisfied(terms, (*trace, *more)) for more in continuations(terms, clock, payloads))
    return "temporarily satisfied" if breakable else "permanently satisfied"
