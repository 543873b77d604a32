"""How findings read: one plain sentence each, lengths in the two largest units that matter; times in UTC, those of a
service level with a calendar in the calendar's own zone.

Invariant: a sentence starts with the case, names the steps as the process does, and needs no manual.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.alert import State
from schemas.calendar import Calendar
from schemas.duration import WorkingDays
from schemas.sla import ActivityDuration, Between, Due, Idle, Sla, Waiting
from stream.departure import Departure
from stream.departure_wording import departure_text, ended_text
from stream.finding import Finding, Level

UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))


EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- UTC by convention of this module; the zone is written by hand
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ENDINGS = {
    "cancelled": "it was called off",
    "case ended": "the case has ended",
    "idle": "the case was closed after a long silence",
}


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


@lru_cache(maxsize=4096)
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


@lru_cache(maxsize=4096)
def due_text(instant: int, timezone: str | None) -> str:
    """An instant for people, in a zone of the time-zone database: `Mon 2 Nov 2026 12:00 Berlin`; in UTC for None."""
    when = None if timezone is None else _when(instant)
    if when is None or timezone is None:
        return day_text(instant)
    try:
        local = when.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone))
    except OverflowError:
        return day_text(instant)
    day = f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{day} {local.hour:02}:{local.minute:02} {timezone.rpartition('/')[2].replace('_', ' ')}"


def target_text(target: int | WorkingDays, calendar: str | None) -> str:
    """A target for people: `4 h`; `4 working hours` or `2 working days` where a calendar counts."""
    if isinstance(target, WorkingDays):
        return _counted(target.days, "working day")
    if calendar is None:
        return length_text(target)
    hours, rest = divmod(target, 3_600_000)
    return f"{length_text(target)} of working time" if rest else _counted(hours, "working hour")


def _counted(count: int, of: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'}"


def _when(instant: int) -> datetime | None:
    try:
        return EPOCH + timedelta(milliseconds=instant)
    except OverflowError:
        return None


class Phrases(NamedTuple):
    """What can be said of one promise: that it is broken, that it is waited for, what answers it, what was missing.

    `met_by_end`: the end of the case is what it waits for. `counts_silence`: any event will do. `expected` are the
    activities that answer it. `shares` are its warnings; `timezone` is that of its calendar.
    """

    broken: str
    waiting: str
    answered: str
    still_without: str = ""
    met_by_end: bool = False
    counts_silence: bool = False
    expected: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    timezone: str | None = None


def phrases(promise: Sla, calendars: Mapping[str, Calendar]) -> tuple[Phrases, ...]:
    """The phrases of a promise, one for its plain target and one for each of its others."""
    calendar = promise.calendar
    zone = calendars[calendar].timezone if calendar is not None and calendar in calendars else None
    if isinstance(promise, Due):
        return (_of_date(promise)._replace(shares=promise.at_risk, timezone=zone),)
    texts = [target_text(each, calendar) for each in (promise.target_ms, *(one.target_ms for one in promise.targets))]
    return tuple(_of_length(promise, text)._replace(shares=promise.at_risk, timezone=zone) for text in texts)


def _of_length(promise: Sla, target: str) -> Phrases:
    match promise:
        case Between():
            to, start = _either(promise.to), _either(promise.from_)
            waiting, without = f"no {to} yet since {start}", f", still without {to}"
            return Phrases(f"no {to} within {target} of {start}", waiting, f"{to} came", without, expected=promise.to)
        case ActivityDuration():
            what = _either(promise.activity)
            waiting, without = f"{what} is not completed", f", with {what} not completed"
            return Phrases(
                f"{what} was not completed within {target}", waiting, f"{what} was completed", without,
                expected=promise.activity,
            )  # fmt: skip
        case Waiting():
            to, start = f"start of {_either(promise.to)}" if promise.to else "next start", _either(promise.from_)
            waiting, without = f"no {to} yet since {start}", f", still without a {to}"
            broken = f"no {to} within {target} of {start}"
            return Phrases(broken, waiting, f"the {to} came", without, expected=promise.to or ())
        case Idle():
            waiting = "nothing has happened since the last step"
            return Phrases(f"nothing has happened for {target}", waiting, "the case went on", counts_silence=True)
        case _:
            broken = f"not finished within {target} of its start"
            return Phrases(broken, "the case is not finished", "the case went on", met_by_end=True)


def _of_date(promise: Due) -> Phrases:
    if promise.until is None:
        broken, waiting = f"the due date ({promise.due}) has passed", f"the due date ({promise.due}) is near"
        return Phrases(broken, waiting, "the case went on", met_by_end=True)
    to = _either(promise.until)
    broken, waiting = f"the due date ({promise.due}) has passed without {to}", f"no {to} yet"
    return Phrases(broken, waiting, f"{to} came", f", still without {to}", expected=promise.until)


def unknown(rule: str) -> Phrases:
    """The phrases of a promise that is no longer defined."""
    return Phrases(f"{rule} was not met", f"{rule} is not met yet", "it came")


def summary(case: str, finding: Finding, state: State, said: Phrases | None, *, muted: bool = False) -> str:
    """The sentence of an alert's record; `said` are the phrases of its promise, None for anything else."""
    if muted:
        return f"{case}: muted while its feed is silent: {_statement(finding, said)}"
    if state is State.RETRACTED:
        return f"{case}: taken back: {_statement(finding, said)}"
    if state is State.RESOLVED:
        return f"{case}: {_resolution(finding, said)}"
    return f"{case}: {_statement(finding, said)}"


def _statement(finding: Finding, said: Phrases | None) -> str:
    if said is None:
        return _broken(finding)
    due = f"due {due_text(finding.due_at or 0, said.timezone)}"
    if finding.stage == "breach":
        return f"{said.broken} ({due})"
    least = "at least " if finding.grade == "warm_start" else ""
    if finding.stage == "overdue":
        return f"{said.broken}, overdue by {least}{length_text(finding.happened_at - (finding.due_at or 0))} ({due})"
    level = Level(*finding.detail)
    if finding.due_at is None:
        due = f"the clock stands still, {length_text(level.left or 0)} left"
    return f"{least}{_share(finding, level, said):g} % of the time is gone, {said.waiting} ({due})"


def _share(finding: Finding, level: Level, said: Phrases) -> float:
    """The percentage of the time that is gone: as it is defined, or else by the clock."""
    number = finding.marks_passed - 1
    if number < len(said.shares):
        return round(100 * said.shares[number], 1)
    return round(100 * (level.marks[number] - level.start) / (level.marks[-1] - level.start or 1), 1)


def _resolution(finding: Finding, said: Phrases | None) -> str:
    ending = ENDINGS.get(finding.outcome or "", "")
    if said is None:
        return _broken_to_the_end(finding, ending)
    closed_at, due_at = finding.closed_at or 0, finding.due_at
    least = "at least " if finding.grade == "warm_start" else ""
    due = f"due {due_text(due_at, said.timezone)}" if due_at is not None else "the clock stood still"
    if ending and (finding.outcome == "cancelled" or not said.met_by_end):
        return f"{ending}{said.still_without} ({due})"
    if said.counts_silence:
        return f"the case went on after {least}{length_text(closed_at - finding.detail[0])} ({due})"
    what = ending or said.answered
    if due_at is None or closed_at <= due_at:
        return f"{what} in time, after a warning ({due})"
    return f"{what} {least}{length_text(closed_at - due_at)} late ({due})"


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
