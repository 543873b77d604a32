"""How long the event loop stood still is what it was late by, and is told for a minute; so is what of it was work."""

import asyncio
from collections.abc import Iterable

import pytest

from agents.metrics import Metrics
from agents.stalls import SLEEP_S, WINDOW_S, Stalls


class SlowLoop:
    """A loop that ends each sleep late by as much as it is told, and then is cancelled; of all the time it works for a
    `share`."""

    def __init__(self, late: Iterable[float], share: float = 1.0) -> None:
        self.now, self.late, self.share = 1_000.0, iter(late), share

    def worked(self) -> float:
        """Seconds for which it had a processor."""
        return self.now * self.share

    def clock(self) -> float:
        """Seconds of the loop's own clock."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep, too long."""
        late = next(self.late, None)
        if late is None:
            raise asyncio.CancelledError
        self.now += seconds + late


async def longest(*late: float) -> float:
    """What is told after sleeps that ended so late (s)."""
    loop = SlowLoop(late)
    stalls = Stalls(loop.clock, loop.sleep, loop.worked)
    with pytest.raises(asyncio.CancelledError):
        await stalls.run()
    return stalls.late.seconds()


async def test_the_longest_stall_is_told_and_not_the_latest() -> None:
    """Short ones after it do not cover it."""
    assert await longest(0.01, 0.25, 0.03, 0.02) == pytest.approx(0.25)


async def test_a_longer_stall_takes_the_place_of_a_shorter_one() -> None:
    """Whatever came before."""
    assert await longest(0.25, 0.03, 0.5) == pytest.approx(0.5)


async def test_a_stall_is_forgotten_after_a_minute() -> None:
    """Then the longest since is told."""
    sleeps = round(WINDOW_S / SLEEP_S)

    assert await longest(0.25, *[0.0] * (sleeps - 2)) == pytest.approx(0.25)
    assert await longest(0.25, 0.04, *[0.0] * (sleeps - 1)) == pytest.approx(0.04)


async def test_a_clock_that_wakes_early_is_no_stall() -> None:
    """Timers are as coarse as they are."""
    assert await longest(-0.001) == 0.0


def test_before_the_first_sleep_there_was_no_stall() -> None:
    """The worker is asked as soon as it listens."""
    assert Stalls().late.seconds() == 0.0


async def test_the_longest_stall_is_a_metric() -> None:
    """In seconds, read when it is asked for."""
    loop, metrics = SlowLoop([0.25]), Metrics("1")
    stalls = Stalls(loop.clock, loop.sleep, loop.worked)
    metrics.loop_stall.set_function(stalls.late.seconds)

    with pytest.raises(asyncio.CancelledError):
        await stalls.run()

    assert metrics.registry.get_sample_value("casewatch_loop_stall_seconds") == pytest.approx(0.25)


async def test_a_loop_that_is_late_for_want_of_a_processor_was_not_held_by_its_work() -> None:
    """Of 270 ms since the loop fell asleep a tenth was work."""
    loop = SlowLoop([0.25], share=0.1)
    stalls = Stalls(loop.clock, loop.sleep, loop.worked)

    with pytest.raises(asyncio.CancelledError):
        await stalls.run()

    assert (stalls.late.seconds(), stalls.held.seconds()) == pytest.approx((0.25, 0.027))


async def test_work_that_was_done_before_the_loop_was_late_does_not_count() -> None:
    """It was held for no longer than it was late."""
    loop = SlowLoop([0.25], share=1.0)
    stalls = Stalls(loop.clock, loop.sleep, loop.worked)

    with pytest.raises(asyncio.CancelledError):
        await stalls.run()

    assert stalls.held.seconds() == pytest.approx(0.25)
