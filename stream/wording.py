"""How findings read: one plain sentence each, times in UTC, lengths in the two largest units that matter.

Invariant: a sentence starts with the case, names the steps as the process does, and needs no manual.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from schemas.alert import State
from schemas.sla import Between, CaseDuration, Due, Idle, Sla
from stream.departure import Departure
from stream.departure_wording import departure_text, ended_text
from stream.finding import Finding

UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))


EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- UTC by convention of this module; the zone is written by hand
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ENDINGS = {"case ended": "the case has ended", "idle": "the case was closed after a long silence"}


def length_text(length_ms: int) -> str:
    """A length for people: `2 d 4 h`, `90 min` as `1 h 30 min`."""
    parts, rest = [], abs(length_ms)
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
        if len(parts) == 2 or (parts and not count):
            break
    return " ".join(parts) or "0 s"


def iso_length(length_ms: int) -> str:
    """A length as ISO 8601 writes it: `PT1H30M`."""
    seconds, ms = divmod(max(length_ms, 0), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    time = "".join(f"{n}{u}" for n, u in ((hour, "H"), (minute, "M")) if n)
    if second or ms or not (days or time):
        time += f"{second}.{ms:03d}".rstrip("0").rstrip(".") + "S" if ms else f"{second}S"
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


@lru_cache(maxsize=4096)
def iso_instant(instant: int) -> str:
    """An instant as RFC 3339 writes it, in UTC, milliseconds only where there are some; beyond year 9999 as that."""
    when = _when(instant)
    if when is None:
        return "9999-12-31T23:59:59Z" if instant > 0 else "0001-01-01T00:00:00Z"
    return when.isoformat(timespec="milliseconds" if instant % 1000 else "seconds") + "Z"


def day_text(instant: int) -> str:
    """An instant for people: `Mon 2 Nov 2026 11:00 UTC`."""
    when = _when(instant)
    if when is None:
        return iso_instant(instant)
    day = f"{DAYS[when.weekday()]} {when.day} {MONTHS[when.month - 1]} {when.year}"
    return f"{day} {when.hour:02}:{when.minute:02} UTC"


def _when(instant: int) -> datetime | None:
    try:
        return EPOCH + timedelta(milliseconds=instant)
    except OverflowError:
        return None


class Phrases(NamedTuple):
    """What can be said of one promise: that it is broken, that it is waited for, what answers it, what was missing.

    `met_by_end`: the end of the case is what it waits for. `counts_silence`: any event will do. `expected` are the
    activities that answer it.
    """

    broken: str
    waiting: str
    answered: str
    still_without: str = ""
    met_by_end: bool = False
    counts_silence: bool = False
    expected: tuple[str, ...] = ()


def phrases(promise: Sla) -> Phrases:
    """The phrases of a promise."""
    match promise:
        case Between():
            to, start = _either(promise.to), _either(promise.from_)
            broken = f"no {to} within {length_text(promise.target_ms)} of {start}"
            waiting, answered, without = f"no {to} yet since {start}", f"{to} came", f", still without {to}"
            return Phrases(broken, waiting, answered, without, expected=promise.to)
        case CaseDuration():
            broken = f"not finished within {length_text(promise.target_ms)} of its start"
            return Phrases(broken, "the case is not finished", "the case went on", met_by_end=True)
        case Idle():
            broken = f"nothing has happened for {length_text(promise.target_ms)}"
            waiting = "nothing has happened since the last step"
            return Phrases(broken, waiting, "the case went on", counts_silence=True)
        case Due(until=None):
            broken, waiting = f"the due date ({promise.due}) has passed", f"the due date ({promise.due}) is near"
            return Phrases(broken, waiting, "the case went on", met_by_end=True)
        case Due(until=until):
            to = _either(until or ())
            broken, waiting = f"the due date ({promise.due}) has passed without {to}", f"no {to} yet"
            return Phrases(broken, waiting, f"{to} came", f", still without {to}", expected=until or ())


def unknown(rule: str) -> Phrases:
    """The phrases of a promise that is no longer defined."""
    return Phrases(f"{rule} was not met", f"{rule} is not met yet", "it came")


def summary(case: str, finding: Finding, state: State, said: Phrases | None) -> str:
    """The sentence of an alert's record; `said` are the phrases of its promise, None for anything else."""
    if state is State.RETRACTED:
        return f"{case}: taken back: {_statement(finding, said)}"
    if state is State.RESOLVED:
        return f"{case}: {_resolution(finding, said)}"
    return f"{case}: {_statement(finding, said)}"


def _statement(finding: Finding, said: Phrases | None) -> str:
    if said is None:
        return _broken(finding)
    due = day_text(finding.due_at or 0)
    if finding.stage == "breach":
        return f"{said.broken} (due {due})"
    start, marks = finding.detail
    share = round(100 * (marks[finding.marks_passed - 1] - start) / (marks[-1] - start), 1)
    return f"{share:g} % of the time is gone, {said.waiting} (due {due})"


def _resolution(finding: Finding, said: Phrases | None) -> str:
    ending = ENDINGS.get(finding.outcome or "", "")
    if said is None:
        return _broken_to_the_end(finding, ending)
    closed_at, due = finding.closed_at or 0, finding.due_at or 0
    if ending and not said.met_by_end:
        return f"{ending}{said.still_without} (due {day_text(due)})"
    if said.counts_silence:
        return f"the case went on after {length_text(closed_at - finding.detail[0])} (due {day_text(due)})"
    what = ending or said.answered
    if closed_at <= due:
        return f"{what} in time, after a warning (due {day_text(due)})"
    return f"{what} {length_text(closed_at - due)} late (due {day_text(due)})"


def _broken(finding: Finding) -> str:
    """What is said of anything but a service level."""
    match finding.kind:
        case "rule":
            return _offence(finding)
        case "constraint":
            return str(finding.detail[3])
        case _:
            return departure_text(Departure.of(finding.detail))


def _broken_to_the_end(finding: Finding, ending: str) -> str:
    if finding.kind == "deviation":
        return ended_text(Departure.of(finding.detail), ending)
    owed_at_the_end = finding.kind == "constraint" and finding.detail[0] == "end"
    return f"{'it is too late to reopen the case' if owed_at_the_end else ending}; {_broken(finding)}"


def _offence(finding: Finding) -> str:
    kind, done, asked, found = finding.detail
    who = next((resource for _, _, resource in done if resource), None)
    if kind == "role":
        activity, at, _ = done[0]
        by = f" ({who})" if who else ""
        return f"{activity} was done by somebody of {found}{by}, and not of {asked[0]} ({day_text(at)})"
    names = " and ".join(dict.fromkeys(activity for activity, _, _ in done))
    when = ", ".join(f"{activity} {day_text(at)}" for activity, at, _ in done)
    return f"{names} were both done by {who} ({when})"


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(names)
