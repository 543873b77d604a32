"""Which records an alert's finding calls for, as the table of the life cycle has it."""

import pytest

from schemas.alert import State
from stream.lifecycle import Truth, transitions

OPEN = (State.RAISED, State.UPDATED, State.ACKNOWLEDGED)
EVERY = (None, *State)
RECORDS: dict[tuple[str, Truth], tuple[str, ...]] = {
    ("nothing", Truth.HOLDS): ("raised",),
    ("nothing", Truth.CLOSED): ("raised", "resolved"),
    ("nothing", Truth.GONE): (),
    ("open", Truth.HOLDS): ("updated",),
    ("open", Truth.CLOSED): ("resolved",),
    ("open", Truth.GONE): ("retracted",),
    ("resolved", Truth.HOLDS): ("raised",),
    ("resolved", Truth.CLOSED): ("resolved",),
    ("resolved", Truth.GONE): ("retracted",),
    ("retracted", Truth.HOLDS): ("raised",),
    ("retracted", Truth.CLOSED): ("raised", "resolved"),
    ("retracted", Truth.GONE): (),
}


def standing(said: State | None) -> str:
    """What an alert counts as after its last record."""
    return "nothing" if said is None else "open" if said in OPEN else str(said)


@pytest.mark.parametrize("said", EVERY)
@pytest.mark.parametrize("truth", list(Truth))
def test_every_change_has_its_records(said: State | None, truth: Truth) -> None:
    """The table is complete: whatever was said last and whatever has become true."""
    assert transitions(said, truth, changed=True) == RECORDS[standing(said), truth]


@pytest.mark.parametrize("said", OPEN)
def test_an_open_alert_that_says_the_same_is_not_repeated(said: State) -> None:
    """No record repeats the last."""
    assert transitions(said, Truth.HOLDS, changed=False) == ()


def test_a_resolved_alert_that_says_the_same_is_not_repeated() -> None:
    """Closed once is closed."""
    assert transitions(State.RESOLVED, Truth.CLOSED, changed=False) == ()


@pytest.mark.parametrize("said", EVERY)
def test_what_is_no_longer_true_is_taken_back_once(said: State | None) -> None:
    """Nothing is retracted that was never raised, or was retracted before."""
    told = transitions(said, Truth.GONE, changed=False)
    assert told == (() if said in (None, State.RETRACTED) else (State.RETRACTED,))


@pytest.mark.parametrize("said", EVERY)
@pytest.mark.parametrize("truth", list(Truth))
def test_the_last_record_says_what_is_true(said: State | None, truth: Truth) -> None:
    """Where something is published, its last record leaves the alert open, resolved or retracted as it is."""
    told = transitions(said, truth, changed=True)
    left = standing(told[-1] if told else said)
    assert left in {Truth.HOLDS: {"open"}, Truth.CLOSED: {"resolved"}, Truth.GONE: {"retracted", "nothing"}}[truth]
