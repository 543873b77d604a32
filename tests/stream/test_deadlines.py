"""The queue of deadlines: in order, and looked through for outdated entries only where that pays."""

from stream.deadlines import SPARE, Deadlines


def queue(entries: int) -> Deadlines:
    """So many cases with a deadline each."""
    deadlines = Deadlines()
    for number in range(entries):
        deadlines.arm(number, f"T-{number}")
    return deadlines


def test_deadlines_are_due_in_order_and_only_once_they_have_passed() -> None:
    """An instant is over when the clock lies behind it."""
    deadlines = queue(2)
    assert [deadlines.due(1), deadlines.due(1), deadlines.next()] == [(0, "T-0"), None, 1]


def test_a_queue_is_crowded_where_much_of_it_is_outdated() -> None:
    """More than half as many entries again as cases, and some to spare."""
    assert not queue(15 + SPARE).crowded(10)
    assert queue(16 + SPARE).crowded(10)


def test_a_queue_that_has_to_stay_long_is_not_looked_through_at_every_turn() -> None:
    """It is crowded again once it is half as long again as it was left."""
    deadlines = queue(2 * SPARE)
    deadlines.keep(lambda _wake, _case_id: True)
    assert not deadlines.crowded(10)
    for number in range(2 * SPARE):
        deadlines.arm(number, "T-0")
    assert not deadlines.crowded(10)
    for number in range(1):
        deadlines.arm(number, "T-0")
    assert deadlines.crowded(10)
