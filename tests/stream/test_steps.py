"""The steps of a case, as bytes: what is written is read, in few bytes, in memory and in the journal."""

import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.aside import NOTHING_ASIDE
from stream.case import Case
from stream.conformance.frontier import INF
from stream.course import Course
from stream.fold import Fold
from stream.process import Process
from stream.steps import MOST_STRANGERS, Labels, read, taken, write
from tests.stream.driver import START, Task, event, process
from tests.stream.nets import sequence

YEAR_MS = 365 * 24 * 60 * 60_000
NAMES = ("Answered", "Called", "Closed", "Opened")
MODEL = {"file": "m.pnml"}
WATCHED: Process = process(sequence("Opened", "Answered", "Called", "Closed"), model=MODEL)
PLAIN: Process = process()


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 5_000)), max_size=30))
def test_what_is_written_is_read(steps: list[tuple[int, int]]) -> None:
    """Any gap and any number."""
    code = bytearray()
    for gap, number in steps:
        write(code, gap, number)
    numbers = list(read(bytes(code)))
    assert list(zip(numbers[::2], numbers[1::2], strict=True)) == steps


@given(st.integers(0, YEAR_MS), st.integers(0, 127))
def test_a_step_within_a_year_of_the_last_takes_six_bytes_at_most(gap: int, number: int) -> None:
    """In base64 these are eight characters."""
    code = bytearray()
    write(code, gap, number)
    assert len(code) <= 6


def test_names_are_those_of_the_model_and_then_those_that_it_does_not_have() -> None:
    """A stranger is numbered behind the labels."""
    code = bytearray()
    for gap, number in ((0, 3), (60_000, 4), (30_000, 0)):
        write(code, gap, number)
    found = taken(bytes(code), START, Labels("m", NAMES), ("Prayed",))
    assert found.names == ("Opened", "Prayed", "Answered")
    assert found.times == (START, START + 60_000, START + 90_000)


@pytest.mark.parametrize("code", [b"\x80", b"\x01", b"\x01\x02\x80", b"\x01\x02\x03"])
def test_a_code_that_breaks_off_is_refused(code: bytes) -> None:
    """Half a number, or a time without a name."""
    with pytest.raises(ValueError, match=r"breaks off|no name"):
        taken(code, START, Labels("m", NAMES), ())


@pytest.mark.parametrize("number", [4, 5, 200])
def test_a_name_that_has_no_number_is_refused(number: int) -> None:
    """It is neither the model's nor one of the case's strangers."""
    code = bytearray()
    write(code, 0, number)
    with pytest.raises(IndexError):
        taken(bytes(code), START, Labels("m", NAMES), ())


def test_steps_beyond_the_bound_are_aligned_but_no_longer_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost goes on, what is kept does not, and a restart goes on from there."""
    most, many = 600, 310
    monkeypatch.setattr("stream.course.MOST_BYTES", most)
    task = Task(WATCHED)
    task.history(*(event(i / 60_000, "Opened") for i in range(many)))
    task.history(event(10_000, "Answered"), until=20_000)
    fold = _fold(task)
    assert most <= fold.size < most + 10
    assert (fold.full, fold.cost) == (True, many - 1)
    task.restart()
    task.history(event(20_001, "Prayed"))
    again = _fold(task)
    assert (again.size, again.full, again.cost) == (fold.size, True, many)


def test_names_that_the_model_does_not_have_are_bounded_in_a_case() -> None:
    """A case of nothing but strangers ends the keeping of steps, not the process."""
    task = Task(WATCHED)
    task.history(*(event(i, f"S{i}") for i in range(MOST_STRANGERS + 5)))
    fold = _fold(task)
    assert (len(fold.strangers), fold.length, fold.full) == (MOST_STRANGERS, MOST_STRANGERS, True)


@pytest.mark.parametrize("steps", [0, 1, 2, 40, 300])
@pytest.mark.parametrize("gap", [0, 0.002, 1, 60 * 24 * 300])
def test_steps_are_counted_without_being_read(steps: int, gap: float) -> None:
    """However many bytes each of them takes."""
    task = Task(WATCHED)
    task.history(*(event(i * gap, f"S{i}") for i in range(steps)), event(steps * gap, "Opened"))
    assert _fold(task).length == len(_fold(task).names) == steps + 1


@pytest.mark.parametrize("steps", [1, 2, 10, 40, 41, 300, 2_000])
@pytest.mark.parametrize("gap", [1, 60 * 6, 24 * 60 * 300])
def test_what_conformance_adds_to_an_open_case_is_small(steps: int, gap: int) -> None:
    """Two hundred bytes and eight a kept step: in memory, with all that is settled and what is not, and journalled."""
    allowed = 200 + 8 * steps
    case = _open_case(WATCHED, steps, gap)
    assert case.settled is not None or steps == 1 or gap == 1
    assert _added(case) <= allowed
    written = len(orjson.dumps(_journalled(WATCHED, steps, gap))) - len(orjson.dumps(_journalled(PLAIN, steps, gap)))
    assert written <= allowed


def test_a_case_that_came_out_of_order_keeps_its_steps_once() -> None:
    """The settled and the present state share them, however often the tail was folded again."""
    task = Task(WATCHED)
    task.live(*(event(i * 20, "Opened") for i in range(50)))
    task.live(event(985, "Answered"), event(981, "Called"), event(983, "Called"), now=990)
    case = task.shard.watches["tickets"].cases["T-1"]
    assert isinstance(case, Case)
    assert case.settled is not None
    assert case.settled.code is case.fold.code
    assert case.fold.names[-4:] == ("Opened", "Called", "Called", "Answered")
    assert case.settled.length < case.fold.length


def test_the_first_step_keeps_its_time_however_often_it_is_taken_again() -> None:
    """What settled before it was a start, and no step; then two steps came out of their order, one after the other."""
    task = Task(WATCHED)
    task.history(event(0, "Opened", lifecycle="start"), event(11, "Opened"), event(10, "Answered"))
    task.history(event(13, "Called"), event(12, "Called"))
    assert _fold(task).times == tuple(START + minute * 60_000 for minute in (10, 11, 12, 13))


def _fold(task: Task) -> Fold:
    case = task.shard.watches["tickets"].cases["T-1"]
    assert isinstance(case, Case)
    return case.fold


def _task(watched: Process, steps: int, gap: int) -> Task:
    task = Task(watched)
    task.history(*(event(i * gap, NAMES[3 - i % 2]) for i in range(steps)))
    return task


def _open_case(watched: Process, steps: int, gap: int) -> Case:
    case = _task(watched, steps, gap).shard.watches["tickets"].cases["T-1"]
    assert isinstance(case, Case)
    return case


def _journalled(watched: Process, steps: int, gap: int) -> Any:
    """The record of a case, but for what was said of it."""
    fields = orjson.loads(_task(watched, steps, gap).journal[b"case/tickets/T-1"])
    fields[7] = []
    return fields


def _added(case: Case) -> int:
    """The slots of a case's course in all its states, and what they hold that is not the process's; but for those that
    every case has, and for what is remembered of the last explanation."""
    shared, others = ("frontier", "places"), ("process", "first", "flags")
    kept = [name for name in ("aside", *Course.__slots__) if name not in others]
    folds = [fold for fold in (case.settled, case.fold) if fold is not None]
    values: dict[int, Any] = {}
    for fold in folds:
        for name in kept:
            value = getattr(fold, name)
            if name == "aside":
                value = value._replace(explained=NOTHING_ASIDE.explained)
            if name not in shared and not _shared(value) and value is not fold.last_at:
                values[id(value)] = value
    return 8 * len(kept) * len(folds) + sum(sys.getsizeof(value) for value in values.values())


def _shared(value: Any) -> bool:
    """Whether Python holds one such value for everybody."""
    if value is None or value is INF or value == NOTHING_ASIDE or value == ():
        return True
    return isinstance(value, int) and value <= 256
