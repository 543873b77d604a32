"""XES in: traces and events as flat dictionaries, and whatever stands where XES does not have it told with its line."""

from pathlib import Path
from typing import Any

import pytest

from agents.logs import Log, read_log
from schemas.definition import Mapping, TimePath
from schemas.problem import Refused


def _event(name: str, at: str = "2026-03-01T12:00:00Z", more: str = "") -> str:
    return (
        f'<event><string key="concept:name" value="{name}"/><date key="time:timestamp" value="{at}"/>{more}</event>\n'
    )


def _trace(name: str | None, *events: str, more: str = "") -> str:
    named = "" if name is None else f'<string key="concept:name" value="{name}"/>'
    return f"<trace>{named}{more}\n{''.join(events)}</trace>\n"


def _read(folder: Path, body: str | bytes, *, strict: bool = False, mapping: Mapping | None = None) -> Log:
    file = folder / "log.xes"
    whole = body if isinstance(body, bytes) else f'<log xmlns="http://www.xes-standard.org/">\n{body}</log>'.encode()
    file.write_bytes(whole)
    return read_log(file, mapping, strict)


def _values(log: Log) -> list[dict[str, Any]]:
    return [record.value for record in log.records]


def test_an_event_has_its_own_attributes_and_those_of_its_trace(tmp_path: Path) -> None:
    """Typed as their elements say, dates as text, the trace's under `case:`."""
    typed = (
        '<int key="count" value="3"/><float key="cost" value="1.5"/><boolean key="ok" value="true"/>'
        '<id key="id" value="550e8400-e29b-41d4-a716-446655440000"/>'
    )
    log = _read(tmp_path, _trace("T1", _event("A", more=typed), more='<int key="amount" value="-7"/>'))

    assert _values(log) == [
        {
            "concept:name": "A",
            "time:timestamp": "2026-03-01T12:00:00Z",
            "count": 3,
            "cost": 1.5,
            "ok": True,
            "id": "550e8400-e29b-41d4-a716-446655440000",
            "case:concept:name": "T1",
            "case:amount": -7,
        }
    ]
    assert (log.problem_count, log.mapping, log.notes) == (0, None, [])


def test_trace_attributes_after_the_events_count_too(tmp_path: Path) -> None:
    """The order within a trace is not fixed by every tool."""
    log = _read(tmp_path, f'<trace>{_event("A")}<string key="concept:name" value="T1"/></trace>')

    assert _values(log)[0]["case:concept:name"] == "T1"


def test_what_is_nested_or_listed_is_left_out(tmp_path: Path) -> None:
    """Attributes of attributes, lists and globals are no attributes of the event."""
    more = (
        '<string key="a" value="1"><string key="b" value="2"><string key="c" value="3"/></string></string>'
        '<list key="l"><values><string key="d" value="4"/></values></list>'
        '<container key="k"><string key="e" value="5"/></container>'
    )
    body = f'<global scope="event"><string key="g" value="6"/></global>{_trace("T1", _event("A", more=more))}'

    log = _read(tmp_path, body)

    assert _values(log)[0].keys() == {"concept:name", "time:timestamp", "a", "case:concept:name"}
    assert log.problem_count == 0


def test_a_trace_without_a_name_is_numbered_and_said_so(tmp_path: Path) -> None:
    """N counts all traces of the file."""
    log = _read(tmp_path, _trace("T1", _event("A")) + _trace(None, _event("A")) + _trace("", _event("A")))

    assert [value["case:concept:name"] for value in _values(log)] == ["T1", "trace-2", "trace-3"]
    assert log.notes == ["2 traces have no name and are called trace-N"]


def test_traces_of_one_name_are_one_case_and_said_so(tmp_path: Path) -> None:
    """Their events are told apart by nothing but their time."""
    log = _read(tmp_path, _trace("T1", _event("A")) + _trace("T1", _event("B")))

    assert {value["case:concept:name"] for value in _values(log)} == {"T1"}
    assert log.notes == ["1 traces have the name of an earlier one and are one case with it"]


@pytest.mark.parametrize(
    ("more", "line", "element", "wrong"),
    [
        ('<int key="n" value="1.0"/>', 3, "n", "`1.0` is no int"),
        ('<boolean key="b" value="maybe"/>', 3, "b", "`maybe` is no boolean"),
        ('<float key="f" value="1.0.0"/>', 3, "f", "`1.0.0` is no float"),
        ('<string value="x"/>', 3, "string", "it has no key"),
        ('<string key="x"/>', 3, "string", "it has no value"),
        ('\n<text key="x" value="y"/>', 4, "text", "XES has no such element"),
        ("<event/>", 3, "event", "a `event` stands where XES has none"),
        ("<trace/>", 3, "trace", "a `trace` stands where XES has none"),
        ("<log/>", 3, "log", "a `log` stands where XES has none"),
    ],
)
def test_a_bad_attribute_is_told_and_its_event_is_read(
    tmp_path: Path, more: str, line: int, element: str, wrong: str
) -> None:
    """The place is that of the element; a value of the wrong type stays as text."""
    log = _read(tmp_path, _trace("T1", _event("A", more=more)) + _trace("T2", _event("B")))

    assert [(problem.line, problem.element, problem.wrong) for problem in log.problems] == [(line, element, wrong)]
    assert [value["concept:name"] for value in _values(log)] == ["A", "B"]


def test_an_event_outside_of_any_trace_is_told_and_not_read(tmp_path: Path) -> None:
    """XES allows it, but it belongs to no case."""
    log = _read(tmp_path, _event("A") + _trace("T1", _event("B")))

    assert [value["concept:name"] for value in _values(log)] == ["B"]
    assert [str(problem).split(": ", 1)[1] for problem in log.problems] == [
        "event: it stands outside of any trace and has no case; put it into a trace"
    ]


def test_attributes_are_read_in_any_order_and_with_a_prefix(tmp_path: Path) -> None:
    """`value` before `key`, and elements of a namespace with a prefix of their own."""
    body = b'<x:log xmlns:x="u"><x:trace><x:event><x:string value="A" key="concept:name"/></x:event></x:trace></x:log>'

    log = _read(tmp_path, body)

    assert _values(log) == [{"concept:name": "A", "case:concept:name": "trace-1"}]


def test_what_breaks_off_is_read_up_to_there(tmp_path: Path) -> None:
    """The events before count, those of the trace that was open as well; the place of the break is told."""
    body = b"<log>\n" + (_trace("T1", _event("A")) + _trace("T2", _event("B"), _event("C"))).encode()

    log = _read(tmp_path, body.removesuffix(b"</trace>\n"))

    assert [value["concept:name"] for value in _values(log)] == ["A", "B", "C"]
    assert [(problem.line, problem.element) for problem in log.problems] == [(8, "file")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<html><body/></html>",
        b'<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><log><string key="x" value="&b;"/></log>',
        b'<!DOCTYPE log SYSTEM "file:///etc/passwd"><log/>',
        b"<log>" + b"<a>" * 300 + b"</a>" * 300 + b"</log>",
        b"<!-- \xff --><log/>",
    ],
)
def test_what_is_no_log_or_an_attack_is_refused(tmp_path: Path, body: bytes) -> None:
    """One problem with a place, and nothing of it is read."""
    with pytest.raises(Refused) as refused:
        _read(tmp_path, body)

    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].line >= 1


def test_other_encodings_are_read_as_declared(tmp_path: Path) -> None:
    """XML says its own encoding."""
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?><log>{_trace("Grün", _event("Ä"))}</log>'

    log = _read(tmp_path, text.encode("latin-1"))

    assert _values(log)[0]["case:concept:name"] == "Grün"


def test_the_definitions_names_are_used_where_the_log_has_them(tmp_path: Path) -> None:
    """A mapping made for this log reads it; of one made for a topic's records the attributes are kept."""
    event = _event("A", more='<string key="ticket" value="X"/><string key="prio" value="1"/>')
    body = _trace("T1", event, more='<string key="partner" value="northwind"/>')
    own = Mapping(case="ticket", activity="concept:name", timestamp=TimePath(path="time:timestamp"))
    due = TimePath(path="prio", format="epoch_s")
    attributes: dict[str, str | TimePath] = {"prio": "x.y", "due": due, "partner": "x.z"}
    other = Mapping(case="a.b", activity="c", timestamp=TimePath(path="d"), attributes=attributes)

    assert _read(tmp_path, body, mapping=own).mapping == own
    assert _read(tmp_path, body, mapping=other).mapping == Mapping(
        case="case:concept:name",
        activity="concept:name",
        timestamp=TimePath(path="time:timestamp"),
        lifecycle="lifecycle:transition",
        resource="org:resource",
        attributes={"prio": "prio", "due": due, "partner": "case:partner"},
    )


def test_strict_reading_ends_at_the_first_problem(tmp_path: Path) -> None:
    """For those who would rather have nothing than a part."""
    with pytest.raises(Refused, match="is no int"):
        _read(tmp_path, _trace("T1", _event("A", more='<int key="n" value="x"/>')), strict=True)
