"""How figures and lengths of time are written for people.

Invariant: every text fits its place: an age has at most six characters.
"""

from schemas.duration import DAY, HOUR, MINUTE, SECOND

_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
_BARS = "▁▂▃▄▅▆▇█"


def age(length_ms: int) -> str:
    """How long ago, in the largest unit that fits: `12 s`, `3 min`, `2 d`; `now` below two seconds."""
    if length_ms < 2 * SECOND:
        return "now"
    size, name = next((size, name) for size, name in _UNITS if length_ms >= size)
    return f"{length_ms // size} {name}"


def number(value: float) -> str:
    """A whole number with thousands marked, or one decimal below ten where it has a fraction."""
    return f"{value:.1f}" if value < 10 and value != int(value) else f"{value:,.0f}"


def sparkline(values: list[float], width: int) -> str:
    """The last `width` values as bars, the highest of them full."""
    shown = values[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return _BARS[0] * len(shown)
    return "".join(_BARS[min(int(value / top * len(_BARS)), len(_BARS) - 1)] for value in shown)
