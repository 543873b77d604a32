"""What an examination of an installation says: one finding a thing examined, with what was found and what to do.

Invariant: whoever is told that something is wrong is told the way out in the same breath; what could not be learned is
said to be unknown, and never taken for right.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple


class Verdict(StrEnum):
    """How a thing stands: `attention` works now and will hurt later, or may be meant so."""

    RIGHT = "right"
    UNKNOWN = "unknown"
    ATTENTION = "attention"
    WRONG = "wrong"


SEVERITY: Final = (Verdict.RIGHT, Verdict.UNKNOWN, Verdict.ATTENTION, Verdict.WRONG)


class Diagnosis(NamedTuple):
    """One thing examined: under which heading, which one, how it stands, what was found, what to do about it."""

    check: str
    subject: str
    verdict: Verdict
    found: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """The finding for a person, on one line."""
        told = f"{self.verdict:9} {self.check:13} {self.subject}: {self.found}"
        return f"{told}; {self.remedy}" if self.remedy else told


def right(check: str, subject: str, found: str) -> Diagnosis:
    """Say that a thing is as it has to be."""
    return Diagnosis(check, subject, Verdict.RIGHT, found)


def wrong(check: str, subject: str, found: str, remedy: str) -> Diagnosis:
    """Say that a thing keeps Casewatch from its work."""
    return Diagnosis(check, subject, Verdict.WRONG, found, remedy)


def attention(check: str, subject: str, found: str, remedy: str) -> Diagnosis:
    """Say that a thing should be looked at."""
    return Diagnosis(check, subject, Verdict.ATTENTION, found, remedy)


def unknown(check: str, subject: str, found: str, remedy: str = "") -> Diagnosis:
    """Say that a thing could not be learned."""
    return Diagnosis(check, subject, Verdict.UNKNOWN, found, remedy)


def worst(diagnoses: Iterable[Diagnosis]) -> Verdict:
    """Name the gravest verdict of all; nothing examined is right."""
    return max((each.verdict for each in diagnoses), key=SEVERITY.index, default=Verdict.RIGHT)


def as_json(diagnoses: Iterable[Diagnosis]) -> dict[str, Any]:
    """Put an examination into the form of `--format json`."""
    listed = list(diagnoses)
    return {"schema": 1, "verdict": worst(listed).value, "findings": [each._asdict() for each in listed]}
