"""What the worker's `/metrics` say at one moment: the few figures that the view shows.

Invariant: a figure that the worker does not report (yet) reads as zero; nothing here asks for anything.
"""

from collections import Counter
from typing import NamedTuple, Self

from prometheus_client.parser import text_string_to_metric_families

_EVENTS = "casewatch_events_total"
_CASES = "casewatch_cases"
_LAG = "casewatch_lag_events"
_DEAD_LETTERS = "casewatch_dead_letters_total"
_CLOCK_MODE = "casewatch_clock_mode"
_SUMMED = (_EVENTS, _LAG, _DEAD_LETTERS)


class Reading(NamedTuple):
    """Figures of one scrape, taken at `at` (ms UTC): cases by state, and records read, waiting and set
    aside. `live` says that every input is read to its end and moves by the time of day."""

    at: int = 0
    open: int = 0
    at_risk: int = 0
    breached: int = 0
    deviating: int = 0
    events: float = 0.0
    waiting: int = 0
    dead_letters: int = 0
    live: bool = False

    @classmethod
    def parse(cls, text: str, at: int) -> Self:
        """Read the Prometheus text format; raises `ValueError` where it is none."""
        cases: Counter[str] = Counter()
        totals = dict.fromkeys(_SUMMED, 0.0)
        modes = set()
        for family in text_string_to_metric_families(text):
            for name, labels, value, *_ in family.samples:
                if name == _CASES:
                    cases[labels["state"]] += int(value)
                elif name == _CLOCK_MODE and value:
                    modes.add(labels["mode"])
                elif name in totals:
                    totals[name] += value
        events, waiting, dead_letters = (totals[name] for name in _SUMMED)
        return cls(
            at=at,
            open=cases["open"],
            at_risk=cases["at_risk"],
            breached=cases["breached"],
            deviating=cases["deviating"],
            events=events,
            waiting=int(waiting),
            dead_letters=int(dead_letters),
            live=modes == {"live"},
        )

    def rate_since(self, earlier: "Reading") -> float:
        """Events a second between an earlier reading and this one; 0 where no time lies between."""
        seconds = (self.at - earlier.at) / 1000
        return max(self.events - earlier.events, 0.0) / seconds if seconds > 0 else 0.0
