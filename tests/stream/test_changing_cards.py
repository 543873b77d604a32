"""Scorecards that change with the version in force: what they tell is what all cases count as on those of now."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.scorecard import Scorecard
from stream.awake import Room
from stream.ledger.ledger import Ledger
from stream.process import Process
from tests.stream.cards_by_hand import PARTS
from tests.stream.driver import Task, event, process
from tests.stream.test_versions import Changing

DAILY = process(**PARTS)
TWO_DAYS = process(**PARTS | {"scorecard": {"window": "2d", "by": [["supplier"], []]}})
OFF = process(**PARTS | {"scorecard": "off"})
VERSIONS = (DAILY, TWO_DAYS, OFF)


def read(task: Task, version: Process) -> dict[tuple[str, ...], Any]:
    """What the cards of a version say, by supplier; the Ledger reads all that was ever published."""
    ledger = Ledger([version.definition], {version.name: (0,)})
    ledger.observe(task.partials)
    while ledger.advance(0, 100):
        pass
    found = [Scorecard.model_validate_json(value) for _, value in ledger.scorecards()]
    return {tuple(card.labels.values()): (card.present, card.window, card.before) for card in found}


def opened(task: Task, *cases: str, minute: int) -> None:
    """Cases of one supplier are opened."""
    task.live(*(event(minute + n, "Opened", case, supplier="a") for n, case in enumerate(cases)))


@pytest.mark.parametrize("unpacked", [0, 100])
def test_cards_follow_the_version_that_is_put_in_force(unpacked: int) -> None:
    """Every case counts on the new ones, whether it is packed or not, and those of before are told no more."""
    task = Changing(DAILY, *VERSIONS)
    task.shard.sharing(Room(unpacked))
    opened(task, "T-1", "T-2", minute=0)
    task.wait(100)
    task.activate(TWO_DAYS)
    task.wait(101)
    opened(task, "T-3", minute=110)
    task.wait(2_000)

    found = read(task, TWO_DAYS)
    assert {segment: card[0].open for segment, card in found.items()} == {(): 3, ("a",): 3}
    assert {segment: card[1].started for segment, card in found.items()} == {(): 3, ("a",): 3}


@pytest.mark.parametrize("restarts", [False, True])
def test_cards_that_come_back_count_every_case_once(restarts: bool) -> None:
    """By an order, or since workers are started with the former file; cards were others or off in between."""
    for between in (TWO_DAYS, OFF):
        task = Changing(DAILY, *VERSIONS)
        opened(task, "T-1", "T-2", minute=0)
        task.wait(100)
        for number, version in enumerate((between, DAILY)):
            if restarts:
                task.open(version)
            else:
                task.activate(version)
            task.wait(200 + 100 * number)
            task.wait(250 + 100 * number)
        task.live(event(360, "Closed", "T-1"))
        task.wait(500)
        found = read(task, DAILY)
        assert {segment: card[0].open for segment, card in found.items()} == {(): 1, ("a",): 1}
        assert {segment: card[1].started for segment, card in found.items()} == {(): 2, ("a",): 2}


def test_a_case_that_left_while_cards_were_off_is_not_open_when_they_come_back() -> None:
    """What had been counted by then is no longer true, though no other case has changed."""
    short = {"case": PARTS["case"] | {"reopen": "1h", "retention": "1h"}}
    shown, off = process(**PARTS | short), process(**PARTS | short | {"scorecard": "off"})
    task = Changing(shown, shown, off)
    opened(task, "T-1", "T-2", minute=0)
    task.wait(200)
    task.open(off)
    task.live(event(300, "Closed", "T-1"))
    task.wait(2_000)
    task.wait(2_100)
    assert set(task.shard.watches["tickets"].cases) == {"T-2"}

    task.open(shown)
    task.wait(2_200)
    task.wait(2_300)

    assert read(task, shown)[()][0].open == 1


STEP = st.one_of(
    st.tuples(st.integers(0, 4), st.sampled_from(["Opened", "Answered", "Closed", "Noted"]), st.sampled_from("ab")),
    st.sampled_from([0, 1, 2]),
    st.just("restart"),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, max_size=25), last=st.sampled_from([0, 1]), unpacked=st.sampled_from([0, 2, 100]))
def test_how_cards_changed_makes_no_difference(steps: list[Any], last: int, unpacked: int) -> None:
    """In the end they say what they would have said if they had been the same from the first, over changes, restarts
    amid them and changes back."""
    task, steady = Changing(DAILY, *VERSIONS), Task(VERSIONS[last])
    minute = 0
    for step in steps:
        minute += 7
        if step == "restart":
            task.restart()
        elif isinstance(step, int):
            task.activate(VERSIONS[step])
        else:
            happened = event(minute, step[1], f"T-{step[0]}", supplier=step[2])
            task.live(happened)
            steady.live(happened)
        task.shard.sharing(Room(unpacked))
    task.activate(VERSIONS[last])
    for at_the_end in (minute + 30, minute + 40, minute + 3_000):
        task.wait(at_the_end)
        steady.wait(at_the_end)
    assert read(task, VERSIONS[last]) == read(steady, VERSIONS[last])
