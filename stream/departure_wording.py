"""How a deviation from the model reads: what happened, after which step, and what was expected instead.

Invariant: a sentence says nothing that the explanation does not, and names steps as the model does; it needs no manual.
"""

from collections.abc import Callable, Sequence

from stream.departure import Departure

MOST_LISTED = 4


def departure_text(told: Departure) -> str:
    """The sentence of a departure, without the case and without a full stop."""
    return TEXTS.get(told.kind, _unexpected)(told)


def ended_text(told: Departure, ending: str) -> str:
    """The same once the case is over: `ending` says how it was closed."""
    if told.kind == "not_finished":
        return f"it is too late to reopen the case; {departure_text(told)}"
    return f"{ending}; {_unknown(told, '') if told.kind == 'unknown_activity' else departure_text(told)}"


def _skipped(told: Departure) -> str:
    if len(told.expected) > 1:
        return f"a step was skipped, {listed(told.expected)}: {_came(told)} without it"
    return f"{told.activity} was {'not done again' if told.again else 'skipped'}: {_came(told)} without it"


def _not_completed(told: Departure) -> str:
    shown = f": {_came(told)} all the same" if told.before else ""
    return f"{told.activity} was started but never completed{shown}"


def _came(told: Departure) -> str:
    return f"{told.before} came{_after(told) or ' first'}"


def _repeated(told: Departure) -> str:
    return f"{told.activity} was done once too often{_after(told)}{_instead(told)}"


def _out_of_order(told: Departure) -> str:
    if told.before is not None:
        when = "late" if told.late else "early"
        return f"{told.activity} came too {when}{_after(told)}: its place was before {told.before}"
    if told.ahead:
        way = f"at least {_counted(told.ahead, 'step')} should come before it, first {listed(told.expected)}"
        return f"{told.activity} came too early{_after(told)}: {way}"
    return f"{told.activity} came too early{_after(told)}{_instead(told, ' first')}"


def _wrong_branch(told: Departure) -> str:
    if told.missing:
        also = f" and {_counted(told.times - 1, 'more step')}" if told.times > 1 else ""
        was = "were" if also else "was"
        return f"{told.activity}{also} {was} done{_after(told)} instead of {listed(told.missing, ' and ')}"
    then = f", but {told.before} followed, which is on another branch" if told.before else ", on another branch"
    instead = _instead(told) if 0 < len(told.expected) <= MOST_LISTED else ""
    return f"{told.activity} was done{_after(told)}{then}{instead}"


def _unknown(told: Departure, so_far: str = " so far") -> str:
    often = f" ({told.times} times{so_far})" if told.times > 1 else ""
    return f"{told.activity} is no step of the model{often}{_instead(told)}"


def _not_finished(told: Departure) -> str:
    if not told.missing:
        return f"the case ended{_after(told)}, from where the model's end cannot be reached"
    missing = f"at least {_counted(len(told.missing), 'step')} {'is' if len(told.missing) == 1 else 'are'} missing"
    such = ", such as" if len(told.expected) > 1 else ":"
    return f"the case ended too early{_after(told)}: {missing}{such} {listed(told.missing, ' and ')}"


def _unexpected(told: Departure) -> str:
    return f"{told.activity} was not expected{_after(told) or ' here'}{_instead(told)}"


TEXTS: dict[str, Callable[[Departure], str]] = {
    "skipped": _skipped,
    "not_completed": _not_completed,
    "repeated": _repeated,
    "out_of_order": _out_of_order,
    "wrong_branch": _wrong_branch,
    "unknown_activity": _unknown,
    "not_finished": _not_finished,
    "unexpected": _unexpected,
}


def _after(told: Departure) -> str:
    return f" after {told.after}" if told.after is not None and told.after != told.activity else ""


def _instead(told: Departure, when: str = "") -> str:
    return f"; expected{when} {listed(told.expected)}" if told.expected else "; nothing more was expected"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Sequence[str], joint: str = " or ") -> str:
    """At most four names, joined as in a sentence; of more, the first three and how many others there are."""
    shown = list(names) if len(names) <= MOST_LISTED else [*names[: MOST_LISTED - 1], f"{len(names) - 3} others"]
    return joint.join([", ".join(shown[:-1]), *shown[-1:]] if len(shown) > 1 else shown)
