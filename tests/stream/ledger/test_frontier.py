"""What time it is over several tasks: who counts, who holds the others back, and for how long that is believed."""

from stream.ledger.frontier import Frontier

MINUTE = 60_000
NOW = 1_000 * MINUTE
FRESH = 30_000
HISTORY = [100, 100, False, None]


def frontier() -> Frontier:
    """Two tasks, ten minutes of lateness, ten seconds of patience."""
    return Frontier((0, 1), lateness=10 * MINUTE, patience=10_000)


def idle(at: int, clock: int | None = None) -> list[int | bool | None]:
    """A task that has nothing to read, as of an instant."""
    return [clock, clock, False, at]


def test_a_task_that_has_had_nothing_holds_a_replay_back_until_it_has_been_quiet_for_a_while() -> None:
    """Its share of the replay may be on its way; after ten seconds without a word there is none."""
    two = frontier()
    two.put(0, HISTORY)
    two.put(1, idle(NOW))
    two.move(NOW)
    two.put(1, idle(NOW + 9_000))
    two.move(NOW + 9_000)
    assert two.moment is None
    two.put(1, idle(NOW + 10_000))
    two.move(NOW + 10_000)
    assert two.moment == (100, 100, False)


def test_an_idle_task_counts_as_a_live_clock_of_when_it_said_so() -> None:
    """So that what comes to it while its worker is away is not overtaken."""
    two = frontier()
    two.put(0, [NOW, NOW - 9 * MINUTE, True, None])
    two.put(1, idle(NOW - 1_000, clock=50))
    two.move(NOW)
    assert two.moment == (NOW - 11_000, NOW - 10 * MINUTE - 1_000, True)
    two.put(0, [NOW + 20_000, NOW, True, None])
    two.move(NOW + 20_000)
    assert two.moment == (NOW - 11_000, NOW - 10 * MINUTE - 1_000, True)


def test_history_that_every_task_has_read_to_its_end_is_over() -> None:
    """Without a clock mark time goes to where the last of them is."""
    two = frontier()
    two.put(0, idle(NOW, clock=100))
    two.put(1, idle(NOW, clock=300))
    two.move(NOW + FRESH)
    assert two.moment == (300, 300, False)


def test_the_word_of_an_idle_task_grows_stale() -> None:
    """A worker that is gone does not say any more that there is nothing."""
    two = frontier()
    two.put(0, idle(NOW, clock=100))
    two.put(1, idle(NOW, clock=300))
    two.move(NOW + FRESH + 1)
    assert two.moment is None
