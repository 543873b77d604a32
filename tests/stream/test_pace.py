"""When a task's clock is told to those who judge windows over all tasks."""

from schemas.objective import Objective, Rate
from stream.clock import Moment
from stream.ledger.goals import Goal
from stream.pace import Pace, Told

MINUTE = 60_000
AT = 1_795_348_800_000
"""A whole minute."""


def pace(*asks: Objective | Rate) -> Pace:
    """What these ask for."""
    found = Pace()
    found.learn(Goal("p", "1", None, None, each) for each in asks)
    return found


def objective() -> Objective:
    """One that is judged each minute."""
    found = Objective.model_validate({"id": "quick", "of": "answer", "objective": "90%", "window": "6d"})
    assert found.bucket_ms == MINUTE
    return found


def rate(window: str) -> Rate:
    """So many events within a window."""
    return Rate.model_validate({"id": "often", "kind": "rate", "of": "Return", "window": window, "at_most": 3})


def live(at: int) -> Told:
    """A live clock, without lateness."""
    return Told(Moment(at, at, True), None)


def first_told(asked: Pace, since: int, silence: int | None = None, *, quiet: bool) -> int:
    """After how many whole seconds a live clock is told that was told last at `since` (ms)."""
    return next(s for s in range(1, 60) if asked.due(live(since + s * 1000), live(since), silence, quiet=quiet))


def test_while_anything_comes_a_clock_that_is_waited_for_is_told_each_second() -> None:
    """And every ten where only scorecards wait for it."""
    assert first_told(pace(objective()), AT, quiet=False) == 1
    assert first_told(pace(rate("7d")), AT, quiet=False) == 1
    assert first_told(pace(), AT, 3_600_000, quiet=False) == 1
    assert first_told(pace(), AT, quiet=False) == 10


def test_where_nothing_comes_it_is_told_every_ten_seconds() -> None:
    """An hour of silence, or a week's window, waits that long."""
    assert first_told(pace(rate("7d")), AT, quiet=True) == 10
    assert first_told(pace(), AT, 3_600_000, quiet=True) == 10
    assert first_told(pace(objective()), AT, quiet=True) == 10


def test_where_nothing_comes_a_bucket_that_is_over_is_told_all_the_same() -> None:
    """Three seconds before a whole minute, in three seconds: then objectives are judged."""
    assert first_told(pace(objective()), AT - 3_000, quiet=True) == 3


def test_where_nothing_comes_a_narrow_window_is_kept_in_step_with() -> None:
    """Within a sixtieth of it; no oftener than each second."""
    assert first_told(pace(rate("2m")), AT, quiet=True) == 2
    assert first_told(pace(rate("10s")), AT, quiet=True) == 1
    assert first_told(pace(rate("7d")), AT, 180_000, quiet=True) == 3


def test_a_clock_that_turns_live_or_idle_is_told_at_once() -> None:
    """Whatever it was before."""
    asked, moment = pace(objective()), Moment(AT, AT, True)
    before = Told(moment, None)

    assert asked.due(Told(moment._replace(live=False), None), before, None, quiet=True)
    assert asked.due(Told(moment, AT), before, None, quiet=True)
