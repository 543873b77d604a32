"""The garbage collector of a worker: what is new is searched a little at a time, what lasts is left alone."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from agents.collector import (
    MIDDLE,
    MOST_SEARCHED,
    MOST_YOUNG,
    NEVER,
    YOUNG,
    collect_only_what_is_new,
    collector_at_rest,
    settle,
)


class Knot:
    """An object that holds itself: nobody but the collector can free it."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        Knot.alive += 1

    def __del__(self) -> None:
        Knot.alive -= 1


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """A collector that does nothing by itself, with nothing to be found, and put back as it was afterwards."""
    threshold, collecting = gc.get_threshold(), gc.isenabled()
    gc.disable()
    gc.set_threshold(YOUNG, MIDDLE, 10)
    gc.collect()
    Knot.alive = 0
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    gc.collect()
    if collecting:
        gc.enable()


def searched(times: int) -> None:
    """New objects have been searched so often; what was left of them waits for the search of everything."""
    for _ in range(times):
        gc.collect(1)


def is_searched(one: object) -> bool:
    """Whether a search of everything would come across an object."""
    return any(each is one for each in gc.get_objects())


def test_a_search_of_everything_never_begins_by_itself() -> None:
    """The other searches begin seldom."""
    gc.set_threshold(700, 10, 10)
    collect_only_what_is_new()
    assert gc.get_threshold() == (YOUNG, MIDDLE, NEVER)


def test_what_nobody_holds_any_more_is_found_once_there_is_something_to_search() -> None:
    """Also what had been searched while it was still held."""
    knot = Knot()
    searched(MOST_YOUNG)
    del knot
    assert Knot.alive == 1

    settle()

    assert Knot.alive == 0


def test_little_that_is_new_is_not_searched() -> None:
    """It is for later, and not counted as lasting either."""
    knot, before = Knot(), gc.get_freeze_count()
    searched(MOST_YOUNG - 1)

    settle()

    assert is_searched(knot)
    del knot
    assert (Knot.alive, gc.get_freeze_count()) == (1, before)


def test_what_is_left_lasts_and_is_not_searched_any_more() -> None:
    """It is freed all the same when nobody holds it, unless it holds itself."""
    kept, knot = {"case": ["state"]}, Knot()
    simple = type("Case", (), {})()
    freed = weakref.ref(simple)
    searched(MOST_YOUNG)

    settle()

    assert not is_searched(kept)
    assert not is_searched(knot)
    del simple
    assert freed() is None
    del knot
    searched(MOST_YOUNG)
    settle()
    assert Knot.alive == 1


def test_what_is_restored_is_not_searched_at_all() -> None:
    """So much that is new at once is the state of a task: it lasts, and to go through it would stop the worker."""
    knot = Knot()
    searched(MOST_SEARCHED + 1)
    del knot

    settle()

    assert Knot.alive == 1
    assert gc.get_count()[2] == 0


def test_garbage_of_slice_upon_slice_does_not_pile_up() -> None:
    """Of half a million objects that hold themselves there are never more than a few searches' worth."""
    collect_only_what_is_new()
    gc.enable()
    most = 0
    for _ in range(250):
        work = [Knot() for _ in range(2_000)]
        work.clear()
        settle()
        most = max(most, Knot.alive)
    assert most <= (MOST_YOUNG + 2) * (YOUNG + 1) * (MIDDLE + 1)


def test_a_collector_that_was_at_rest_stays_so() -> None:
    """Whoever set it aside before does not want it back."""
    with collector_at_rest():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_a_collector_set_aside_collects_again_whatever_happens() -> None:
    """A backtest may fail."""
    gc.enable()
    with pytest.raises(ZeroDivisionError), collector_at_rest():
        _ = 1 / gc.isenabled()
    assert gc.isenabled()
