"""How findings read: one plain sentence each, times in UTC, lengths in the two largest units that matter.

Invariant: a sentence starts with the case, names the steps as the process does, and needs no manual.
"""

from datetime import datetime, timedelta

from schemas.alert import State
from schemas.sla import Between, CaseDuration, Due, Idle, Sla
from stream.findings import Finding

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


def summary(case: str, finding: Finding, state: State, promise: Sla | None) -> str:
    """The sentence of an alert's record."""
    if state is State.RETRACTED:
        return f"{case}: taken back: {_statement(finding, promise)}"
    if state is State.RESOLVED:
        return f"{case}: {_resolution(finding, promise)}"
    return f"{case}: {_statement(finding, promise)}"


def _statement(finding: Finding, promise: Sla | None) -> str:
    if promise is None:
        return _deviation(finding)
    if finding.stage == "breach":
        return f"{_broken(promise)} (due {day_text(finding.due_at or 0)})"
    share = round(promise.at_risk[finding.marks_passed - 1] * 100, 1) if promise.at_risk else 100
    return f"{share:g}% of the time is used, {_waiting(promise)} (due {day_text(finding.due_at or 0)})"


def _resolution(finding: Finding, promise: Sla | None) -> str:
    if promise is None:
        return f"{ENDINGS[finding.outcome or '']}; it had deviated: {_deviation(finding)}"
    closed_at, due = finding.closed_at or 0, finding.due_at or 0
    answered = finding.outcome == "answered"
    if not answered and (isinstance(promise, Between | Idle) or (isinstance(promise, Due) and promise.until)):
        return f"{ENDINGS[finding.outcome or '']}{_still_without(promise)} (due {day_text(due)})"
    what = _answer(promise) if answered else ENDINGS[finding.outcome or ""]
    if closed_at <= due:
        return f"{what} in time, after a warning (due {day_text(due)})"
    return f"{what} {length_text(closed_at - due)} late (due {day_text(due)})"


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def _broken(promise: Sla) -> str:
    match promise:
        case Between():
            return f"no {_either(promise.to)} within {length_text(promise.target_ms)} of {_either(promise.from_)}"
        case CaseDuration():
            return f"not finished within {length_text(promise.target_ms)} of its start"
        case Idle():
            return f"nothing has happened for {length_text(promise.target_ms)}"
        case Due():
            return f"the promised date ({promise.due}) has passed{_without(promise)}"


def _without(promise: Due) -> str:
    return f" without {_either(promise.until)}" if promise.until else ""


def _waiting(promise: Sla) -> str:
    match promise:
        case Between():
            return f"no {_either(promise.to)} yet since {_either(promise.from_)}"
        case CaseDuration():
            return "the case is not finished"
        case Idle():
            return "nothing has happened since the last step"
        case Due():
            return f"the promised date ({promise.due}) is near"


def _still_without(promise: Sla) -> str:
    names = promise.to if isinstance(promise, Between) else promise.until if isinstance(promise, Due) else None
    return f", still without {_either(names)}" if names else ""


def _answer(promise: Sla) -> str:
    match promise:
        case Between():
            return f"{_either(promise.to)} came"
        case Due(until=until) if until:
            return f"{_either(until)} came"
        case _:
            return "the case went on"


def _deviation(finding: Finding) -> str:
    kind, activity, expected, missing, _element = finding.detail
    wanted = _listed(expected)
    instead = f"; expected {wanted}" if wanted else ""
    match kind:
        case "skipped":
            return f"{activity} was skipped"
        case "repeated":
            return f"{activity} was done once too often{instead}"
        case "out_of_order":
            return f"{activity} was done out of order{instead}"
        case "wrong_branch":
            return f"{activity} belongs to a branch that was not to be taken{instead}"
        case "unknown_activity":
            return f"{activity} is no step of the model{instead}"
        case "not_finished":
            return f"the case ended without {_listed(missing, ' and ') or 'being finished'}"
        case _:
            return f"{activity} was not expected here{instead}"


def _listed(names: object, joint: str = " or ") -> str:
    """At most four names of a tuple, the rest counted."""
    if not isinstance(names, tuple | list) or not names:
        return ""
    shown = [str(name) for name in names[:4]]
    more = f" (and {len(names) - 4} more)" if len(names) > 4 else ""
    return joint.join(shown) + more
