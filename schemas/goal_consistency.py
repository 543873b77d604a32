"""What objectives, rates, scorecards and silences say of the other parts of a definition, judged as it is written.

Invariant: wrong shapes are passed over in silence, since the models report them.
"""

from collections.abc import Iterator
from typing import Any, Final

from schemas.card_rules import VERSION

Disagreement = tuple[tuple[str | int, ...], str, str]
"""A path, what is wrong there, and what would be right."""

_BY_SEGMENT: Final = ("sla", "slo")


def goal_inconsistencies(written: dict[str, Any]) -> Iterator[Disagreement]:
    """Find what objectives, rates, scorecards and silences name that is not there."""
    yield from _of_no_sla(written)
    yield from _by_no_segment(written)
    yield from _card_by_no_segment(written)
    yield from _silence_calendar_unknown(written)


def _of_no_sla(written: dict[str, Any]) -> Iterator[Disagreement]:
    """An objective counts what an SLA measures, case by case; a rate is counted over all cases already."""
    slas = (sla for _, sla in _items(written, "sla"))
    kinds = {name: sla.get("kind") for sla in slas if isinstance(name := sla.get("id"), str)}
    some = ", ".join(sorted(name for name, kind in kinds.items() if kind != "rate"))
    for at, slo in _items(written, "slo"):
        of = slo.get("of")
        if not isinstance(of, str):
            continue
        if of not in kinds:
            right = f"name one of {some}" if some else "add it under `sla`"
            yield ("slo", at, "of"), f"there is no SLA `{of}`", right
        elif kinds[of] == "rate":
            yield ("slo", at, "of"), f"`{of}` is a rate, which is counted over all cases already", "name another SLA"


def _by_no_segment(written: dict[str, Any]) -> Iterator[Disagreement]:
    """Segments are bounded label values; only those that the case names are kept."""
    known = _segments(written)
    for section in _BY_SEGMENT:
        for at, goal in _items(written, section):
            by = goal.get("by")
            for number, name in enumerate(by if isinstance(by, list) else []):
                if isinstance(name, str) and name not in known:
                    yield (section, at, "by", number), f"`{name}` is no segment", "add it under case.segments"


def _card_by_no_segment(written: dict[str, Any]) -> Iterator[Disagreement]:
    """Cards are by the segments of the case as well, or by the version."""
    card = written.get("scorecard")
    by = card.get("by") if isinstance(card, dict) else None
    known = [*_segments(written), VERSION]
    for at, names in enumerate(by if isinstance(by, list) else []):
        for number, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in known:
                yield ("scorecard", "by", at, number), f"`{name}` is no segment", "add it under case.segments"


def _segments(written: dict[str, Any]) -> list[Any]:
    case = written.get("case")
    segments = case.get("segments") if isinstance(case, dict) else None
    return segments if isinstance(segments, list) else []


def _silence_calendar_unknown(written: dict[str, Any]) -> Iterator[Disagreement]:
    events, calendars = written.get("events"), written.get("calendars")
    name = events.get("silence_calendar") if isinstance(events, dict) else None
    if not isinstance(events, dict) or not isinstance(name, str):
        return
    path = ("events", "silence_calendar")
    if "silence" not in events:
        yield path, "no `silence` is given that it could count", "add `silence`, like 2h"
    if name not in (calendars if isinstance(calendars, dict) else {}):
        yield path, f"there is no calendar `{name}`", "add it under `calendars`"


def _items(written: dict[str, Any], section: str) -> list[tuple[int, dict[str, Any]]]:
    items = written.get(section)
    return [(at, item) for at, item in enumerate(items if isinstance(items, list) else []) if isinstance(item, dict)]
