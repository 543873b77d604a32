"""How long the event loop stood still is what it was late by, and is told for a minute."""

import asyncio
from collections.abc import Iterable

import pytest

from agents.metrics import Metrics
from agents.stalls import SLEEP_S, WINDOW_S, Stalls


class SlowLoop:
    """A loop that ends each sleep late by as much as it is told, and then is cancelled."""

    def __init__(self, late: Iterable[float]) -> None:
        self.now, self.late = 1_000.0, iter(late)

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
    stalls = Stalls(loop.clock, loop.sleep)
    with pytest.raises(asyncio.CancelledError):
        await stalls.run()
    return stalls.longest()


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
    assert Stalls().longest() == 0.0


async def test_the_longest_stall_is_a_metric() -> None:
    """In seconds, read when it is asked for."""
    loop, metrics = SlowLoop([0.25]), Metrics("1")
    stalls = Stalls(loop.clock, loop.sleep)
    metrics.loop_stall.set_function(stalls.longest)

    with pytest.raises(asyncio.CancelledError):
        await stalls.run()

    assert metrics.registry.get_sample_value("casewatch_loop_stall_seconds") == pytest.approx(0.25)
