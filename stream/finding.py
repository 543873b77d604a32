"""One thing that is true of a case: what every alert is made from.

Invariant: equal findings say the same; the same history gives the same findings under the same keys, whatever order it
arrived in.
"""

from typing import Any, NamedTuple

from stream.event import Place

FOREVER = 1 << 62


class Level(NamedTuple):
    """The detail of a service level: when its clock started, and its marks; where its terms can change, also when they
    last did (ms), how many marks make a breach, which target counts, and what time a paused clock has left (ms)."""

    start: int
    marks: tuple[int, ...]
    chosen_at: int = -FOREVER
    whole: int = 0
    choice: int = 0
    left: int | None = None


class Finding(NamedTuple):
    """One thing that is true: `key` names it within its process and case; `closed_at` is None while it holds.

    `marks_passed` counts the warnings of a service level before its breach, so that a rise from 75 % to 90 % is seen.
    `detail` is the deviation's (class, activity, expected, missing, element), or a service level's `Level`, its start
    and marks alone where it has no more to say. `known_at` is the time of the newest event that a deviation is read
    from, where that may be later than it happened.
    """

    rule: str
    kind: str
    key: str
    instance: int
    stage: str | None
    marks_passed: int
    happened_at: int
    due_at: int | None
    closed_at: int | None
    outcome: str | None
    severity: str
    grade: str
    detail: tuple[Any, ...]
    places: tuple[Place, ...]
    known_at: int | None = None

    @property
    def said(self) -> tuple[Any, ...]:
        """What an alert says of it: all but where its events lie, and when it became known."""
        return self[:-2]

    @property
    def rests_on(self) -> int:
        """The newest instant that this finding rests on (ms): once nothing before it can change, it is settled.

        A promise may be broken before it became known, or before it applied, and a step turn out to be out of its place
        when the case goes on: it rests on the event that made it so.
        """
        rests_on = self.happened_at
        if self.kind == "sla":
            detail = self.detail
            rests_on = max(rests_on, detail[0]) if len(detail) < 3 else max(rests_on, detail[0], detail[2])
        elif self.known_at is not None:
            rests_on = max(rests_on, self.known_at)
        return rests_on if self.closed_at is None else max(rests_on, self.closed_at)


def carries(finding: Finding | None, said: Finding) -> bool:
    """Whether a finding is what was said, or that with more to it by now: of a service level the stage that was said,
    at the same instant."""
    if finding is None or (said.closed_at is not None and finding.closed_at != said.closed_at):
        return False
    if finding.kind != "sla":
        return finding.happened_at == said.happened_at and finding.detail == said.detail
    marks, number = Level(*finding.detail).marks, said.marks_passed
    passed = finding.marks_passed >= number > 0 and marks[number - 1] == said.happened_at
    return passed and finding.due_at == said.due_at
