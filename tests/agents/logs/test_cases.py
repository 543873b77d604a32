"""Logs as cases: which events are used, under which names, in which order."""

from pathlib import Path

import orjson
import pytest

from agents.logs import Log, read_log
from agents.logs.cases import Choice, cases_of
from schemas.mapping import Mapping, TimePath
from schemas.problem import Refused

NAMES = Mapping(case="ticket.id", activity="step", timestamp=TimePath(path="at"), lifecycle="state")


def log(folder: Path, *events: object) -> Log:
    """A log of JSON lines, read."""
    path = folder / "log.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, events)))
    return read_log(path, NAMES)


def event(case: object, step: object, at: int = 1, state: object = None) -> dict[str, object]:
    """An event at a minute of one hour."""
    return {"ticket": {"id": case}, "step": step, "at": f"2026-03-02T09:{at:02}Z", "state": state}


def test_cases_stand_in_the_order_of_the_file_and_their_events_in_that_of_time(tmp_path: Path) -> None:
    """The first case named is the last to begin."""
    found = cases_of(log(tmp_path, event("B", "y", 9), event("A", "x", 1), event("B", "x", 8)), Choice())

    assert [(name, case.activities) for name, case in found.by_name.items()] == [("B", ["x", "y"]), ("A", ["x"])]
    assert (found.used, found.activities) == (3, {"x": 2, "y": 1})


def test_a_number_is_a_name_and_a_list_is_none(tmp_path: Path) -> None:
    """What is refused is told with its line."""
    events = (event(17, "x"), event("17", 4.5), event(["17"], "x"), event("A", {}), event("", "x"), event(None, "x"))

    found = cases_of(log(tmp_path, *events), Choice())

    assert {name: case.activities for name, case in found.by_name.items()} == {"17": ["x", "4.5"]}
    assert found.refusals == 4
    assert [(problem.line, problem.element) for problem in found.refused] == [
        (3, "invalid_case"),
        (4, "invalid_activity"),
        (5, "missing_case"),
        (6, "missing_case"),
    ]


def test_names_are_taken_as_they_stand_or_as_they_are_called_elsewhere(tmp_path: Path) -> None:
    """Blanks and line breaks belong to them."""
    found = cases_of(log(tmp_path, event(" A", "x\n"), event(" A", "y ")), Choice(rename={"y ": "z"}))

    assert {name: case.activities for name, case in found.by_name.items()} == {" A": ["x\n", "z"]}


@pytest.mark.parametrize(("only", "used", "skipped"), [(True, 3, 2), (False, 5, 0)])
def test_what_is_not_completed_is_counted_and_skipped_when_asked(
    tmp_path: Path, only: bool, used: int, skipped: int
) -> None:
    """Whatever its letters; nothing said is completed, and anything else is not."""
    states = ("complete", "Complete", "start", ["complete"], None)
    events = [event("A", "x", state=state) for state in states]

    found = cases_of(log(tmp_path, *events), Choice(completed_only=only))

    assert (found.used, found.other, found.skipped) == (used, 2, skipped)


def test_strict_refuses_the_first_event_that_has_no_case(tmp_path: Path) -> None:
    """Its line, and no other."""
    read = log(tmp_path, event("A", "x"), event(None, "x"), event(None, "x"))

    with pytest.raises(Refused) as refused:
        cases_of(read, Choice(strict=True))

    assert [problem.line for problem in refused.value.problems] == [2]


def test_an_event_with_the_id_of_an_earlier_one_of_its_case_is_left_out(tmp_path: Path) -> None:
    """Other cases may have the same id, and events without one are never doubles."""
    ids = (("A", "1"), ("A", "1"), ("B", "1"), ("A", 1), ("A", None), ("A", None))
    read = log(tmp_path, *[event(case, "x") | {"id": identity} for case, identity in ids])

    found = cases_of(read._replace(mapping=NAMES.model_copy(update={"event_id": "id"})), Choice())

    assert {name: len(case.activities) for name, case in found.by_name.items()} == {"A": 3, "B": 1}
    assert (found.used, found.doubles) == (4, 2)
