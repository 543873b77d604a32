"""What a finding says of a deviation from the model: enough for a sentence that a manager reads.

Invariant: equal departures read the same; it is made of plain values, so that a journal gives it back as it was.
"""

from typing import Any, NamedTuple


class Departure(NamedTuple):
    """The `detail` of a deviation's finding.

    `kind` to `element` are those of `stream.conformance.deviation`. `after` is the last step before that the model
    took. `before` is the step that came without a missing one, before which one out of order had its place, or which
    shows a branch to be wrong; `late` says of a step out of order that it came after that, `ahead` how many steps lead
    to its place at least, where that is still to come. `times` counts the events of it; `again` says of a missing step
    that it had been done before. `at_least` and `cost` bound what the case costs where that is not proven.
    """

    kind: str
    activity: str
    expected: tuple[str, ...]
    missing: tuple[str, ...]
    element: str | None
    after: str | None = None
    before: str | None = None
    late: bool = False
    ahead: int = 0
    times: int = 1
    again: bool = False
    at_least: int | None = None
    cost: int | None = None

    @classmethod
    def of(cls, detail: tuple[Any, ...]) -> "Departure":
        """The departure in a finding, also in one from a journal that told less."""
        return cls(*detail)

    def explanation(self, seen: tuple[str, ...]) -> dict[str, Any]:
        """The parts of the alert's explanation; `seen` are the case's newest activities."""
        known = {"element": self.element, "after": self.after, "before": self.before}
        bounds = {"at_least": self.at_least, "cost": self.cost}
        return {
            "deviation": self.kind,
            "activity": self.activity,
            "expected": self.expected,
            "seen": seen,
            "missing": self.missing,
            **{name: value for name, value in (known | bounds).items() if value is not None},
            **({"times": self.times} if self.times > 1 else {}),
        }
