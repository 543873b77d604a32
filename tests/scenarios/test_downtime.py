"""A worker that is down for a day, over real logs: what is said afterwards is what would have been said, only later.

Each log is fed as it would have come, every record some time after its event. The truth is counted from the log by
itself: no clock, no state, only the times of each case.
"""

import gzip
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree
from zlib import crc32

from schemas.definition import Definition
from stream.instants import milliseconds
from stream.process import compile_process
from tests.stream.feeding import Fed, Outage

MAPPING = {
    "case": "case",
    "activity": "activity",
    "timestamp": {"path": "at", "format": "epoch_ms"},
    "lifecycle": "lifecycle",
}
MINUTE, DAY = 60_000, 86_400_000
MOST_DELAY = 2 * MINUTE
WAITING = "wait - user"
WARDS = {
    "process": "sepsis",
    "version": "1",
    "events": {"topics": ["wards"], "mapping": MAPPING},
    "sla": [
        {"id": "antibiotics", "kind": "between", "from": "ER Sepsis Triage", "to": "IV Antibiotics", "target": "60m",
         "at_risk": []},
        {"id": "lactic-acid", "kind": "between", "from": "ER Sepsis Triage", "to": "LacticAcid", "target": "180m",
         "overdue_every": "1d"},
        {"id": "stay", "kind": "case_duration", "target": "14d"},
        {"id": "quiet", "kind": "idle", "target": "1d"},
    ],
    "case": {"ends": ["Release A", "Release B", "Release C", "Release D", "Release E"]},
    "privacy": {"resource": "drop"},
}  # fmt: skip

DESK = {
    "process": "incidents",
    "version": "1",
    "events": {"topics": ["desk"], "mapping": MAPPING},
    "case": {"idle_limit": "4000d"},
    "calendars": {"office": {"timezone": "Europe/Stockholm", "hours": {"mon-fri": ["07:00-19:00"]}}},
    "sla": [
        {"id": "solved", "kind": "between", "from": ["Accepted", "Queued", "Unmatched"], "to": "Completed",
         "target": "2d", "pause": {"while": f"lifecycle == '{WAITING}'"}},
        {"id": "taken", "kind": "between", "from": "Queued", "to": ["Accepted", "Completed"], "target": "2h",
         "calendar": "office", "at_risk": [], "overdue_every": "4h"},
        {"id": "silent", "kind": "idle", "target": "20h", "where": f"lifecycle != '{WAITING}'"},
    ],
    "privacy": {"resource": "drop"},
}  # fmt: skip


class Event(NamedTuple):
    """An event as the log has it (ms)."""

    at: int
    case: str
    activity: str
    lifecycle: str


def events_of(log: Path) -> list[Event]:
    """All events of a log, by other means than Casewatch's, in order of time."""
    with gzip.open(log) as file:
        root = ElementTree.parse(file).getroot()  # noqa: S314 -- a file of the test data
    found = []
    for trace in root.findall("{*}trace"):
        name = next(e.get("value", "") for e in trace if e.get("key") == "concept:name")
        for event in trace.findall("{*}event"):
            told = {field.get("key"): field.get("value", "") for field in event}
            at = milliseconds(datetime.fromisoformat(told["time:timestamp"]))
            found.append(Event(at, name, told["concept:name"], told.get("lifecycle:transition", "complete")))
    return sorted(found, key=lambda event: event.at)


def stamped(events: list[Event]) -> list[tuple[int, dict[str, Any]]]:
    """Each event as a record, and when it comes: up to two minutes later, by chance that is the same in every run."""
    records = []
    for number, event in enumerate(events):
        delay = crc32(f"{number} {event.case}".encode()) % MOST_DELAY
        records.append((event.at + delay, event._asdict()))
    return sorted(records, key=lambda record: record[0])


def around(events: list[Event], day: Outage, days: int) -> list[Event]:
    """The cases of a log that begin at most so many days before or after a day."""
    begun: dict[str, int] = {}
    for event in events:
        begun.setdefault(event.case, event.at)
    near = range(day.begins_at - days * DAY, day.ends_at + days * DAY)
    return [event for event in events if begun[event.case] in near]


def busiest_day(events: list[Event]) -> Outage:
    """The day of a log with most events, from noon to noon."""
    half = DAY // 2
    days = Counter((event.at + half) // DAY for event in events)
    day = max(days, key=days.__getitem__)
    return Outage(day * DAY - half, (day + 1) * DAY - half)


def instant(text: str) -> int:
    """An instant of an alert, in milliseconds."""
    return milliseconds(datetime.fromisoformat(text))


def standing(alerts: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """id to what the last record says, but for when it was noticed; what was taken back was never so."""
    last = {alert["id"]: alert for alert in alerts}
    told = ("rule", "case", "stage", "state", "grade", "settled", "happened_at", "due_at", "summary", "severity")
    states = {"raised": "open", "updated": "open"}
    return {
        name: tuple(states.get(alert[key], alert[key]) if key == "state" else alert.get(key) for key in told)
        for name, alert in last.items()
        if alert["state"] != "retracted"
    }


def fed(definition: Definition, events: list[Event], *outages: Outage) -> list[dict[str, Any]]:
    """What is said of a log until all is told, by a worker that is down for a while, or for none."""
    task = Fed(compile_process(definition, None), 0, stamped(events), outages)
    task.run(events[-1].at + 40 * DAY)
    return task.alerts


def noticed_first(alerts: list[dict[str, Any]]) -> dict[str, int]:
    """When each alert was first told."""
    found: dict[str, int] = {}
    for alert in alerts:
        found.setdefault(alert["id"], instant(alert["noticed_at"]))
    return found


def assert_the_same_only_later(steady: list[dict[str, Any]], late: list[dict[str, Any]], day: Outage) -> None:
    """Equal in the end; up to the outage to the byte; what was noticed during it is noticed when it is over."""
    assert standing(late) == standing(steady)
    before = [alert for alert in steady if instant(alert["noticed_at"]) < day.begins_at]
    assert late[: len(before)] == before
    noticed, noticed_late = noticed_first(steady), noticed_first(late)
    during = {name for name in standing(steady) if day.begins_at <= noticed[name] < day.ends_at}
    assert {noticed_late[name] for name in during} == {day.ends_at}
    assert all(noticed_late[name] == noticed[name] for name in standing(steady).keys() - during)
    assert not any(day.begins_at <= at < day.ends_at for at in noticed_late.values())
    assert len(during) > 10


def test_antibiotics_that_came_or_did_not_come_while_nobody_watched(test_data: Path) -> None:
    """What was given in time says nothing, what was not says so once, at its due instant; noticed a day later."""
    events = events_of(test_data / "sepsis" / "Sepsis_Cases.xes.gz")
    day = busiest_day(events)
    events = around(events, day, 30)
    definition = Definition.model_validate(WARDS)

    steady, late = fed(definition, events), fed(definition, events, day)

    assert_the_same_only_later(steady, late, day)
    answered, broken = answers(events, "IV Antibiotics", 60 * MINUTE)
    told = [alert for alert in late if alert["rule"] == "antibiotics"]
    unread = {case for case, (due, at) in answered.items() if due in range(*day) and at in range(*day)}
    assert unread
    assert not unread & {alert["case"] for alert in told}
    due_meanwhile = {case: due for case, due in broken.items() if due in range(*day)}
    reopened = [alert for alert in told if alert["episode"] > 1]
    raised = [a for a in told if a["state"] == "raised" and a["case"] in due_meanwhile and a not in reopened]
    assert {alert["case"]: instant(alert["happened_at"]) for alert in raised} == due_meanwhile
    assert len(raised) == len(due_meanwhile) > 2
    assert {instant(alert["noticed_at"]) for alert in raised} == {day.ends_at}


def answers(events: list[Event], answer: str, target: int) -> tuple[dict[str, tuple[int, int]], dict[str, int]]:
    """By case: due instant and answer of those in time, due instants of the others; counted case by case."""
    traces: dict[str, list[Event]] = {}
    for event in events:
        traces.setdefault(event.case, []).append(event)
    in_time: dict[str, tuple[int, int]] = {}
    broken: dict[str, int] = {}
    for case, trace in traces.items():
        start = next((number for number, event in enumerate(trace) if event.activity == "ER Sepsis Triage"), None)
        if start is None:
            continue
        due = trace[start].at + target
        at = next((event.at for event in trace[start + 1 :] if event.activity == answer), None)
        if at is not None and at <= due:
            in_time[case] = due, at
        else:
            broken[case] = due
    return in_time, broken


def test_incidents_of_a_day_that_nobody_watched(test_data: Path) -> None:
    """Working time, pauses and repetitions: each incident ends as if somebody had."""
    events = events_of(test_data / "bpic2013_volvo" / "BPIC13_incidents.xes.gz")
    day = busiest_day(events)
    events = [event for event in around(events, day, 2) if crc32(event.case.encode()) % 10 == 0]
    definition = Definition.model_validate(DESK)

    steady, late = fed(definition, events), fed(definition, events, day)

    assert_the_same_only_later(steady, late, day)
    last = {alert["id"]: alert for alert in late}
    meanwhile = [a for a in last.values() if a["stage"] != "at_risk" and instant(a["due_at"]) in range(*day)]
    assert {alert["rule"] for alert in meanwhile} == {"solved", "taken", "silent"}
