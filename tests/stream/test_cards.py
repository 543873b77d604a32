"""What tasks count for scorecards and what the Ledger makes of it, against a count by hand of every case."""

from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.partial import PartialKey
from schemas.scorecard import Period, Scorecard
from stream import shares
from stream.inputs import Batch, Input, Received
from stream.ledger.ledger import Ledger
from stream.quantiles import ACCURACY
from stream.shard import Shard
from tests.stream.cards_by_hand import DAY, HOUR, PARTS, Step, lives, lower_quantile, made_steps, period, present
from tests.stream.driver import MINUTE, START, Task, at, event, process

WATCHED = process(**PARTS)
FIRST = -START // MINUTE % HOUR - HOUR
"""The minute at which the bucket of the first instant begins."""


def told(steps: list[Step], until: int) -> dict[tuple[str, ...], Any]:
    """What cards have to say once all up to and including a minute is over, by supplier."""
    found = list(lives(steps, until))
    end = (until - FIRST) // HOUR * HOUR + FIRST
    by_segment: dict[tuple[str, ...], Any] = {(): found}
    for life in found:
        by_segment.setdefault((life.supplier,), []).append(life)
    cards_told = {}
    for segment, mine in by_segment.items():
        lately, before = period(mine, end - DAY, end), period(mine, end - 2 * DAY, end - DAY)
        later = period(mine, end, until + 1)
        if any((lately["started"], lately["closed"], before["started"], before["closed"], present(mine)["open"])) or (
            later["started"] or later["closed"]
        ):
            cards_told[segment] = {"present": present(mine), "window": lately, "before": before}
    return cards_told


def merged(*tasks: list[tuple[bytes, bytes | None]]) -> Ledger:
    """A Ledger that was told all of this."""
    ledger = Ledger([WATCHED.definition], {WATCHED.name: range(len(tasks))})
    for records in tasks:
        ledger.observe(records)
    while ledger.advance(0, 3):
        pass
    return ledger


def read(ledger: Ledger) -> dict[tuple[str, ...], Scorecard]:
    """The cards of a Ledger, by supplier."""
    found = [Scorecard.model_validate_json(value) for _, value in ledger.scorecards()]
    return {tuple(card.labels.values()): card for card in found}


def check(ledger: Ledger, expected: dict[tuple[str, ...], Any]) -> None:
    """Counts are exact, quantiles within the accuracy that is stated."""
    found = read(ledger)
    assert found.keys() == expected.keys()
    for segment, card in found.items():
        assert card.present.model_dump() == expected[segment]["present"]
        for name, window in (("window", card.window), ("before", card.before)):
            by_hand = dict(expected[segment][name])
            durations = by_hand.pop("durations")
            assert {key: getattr(window, key) for key in by_hand} == by_hand
            for percent, length in ((50, window.p50_ms), (90, window.p90_ms), (99, window.p99_ms)):
                exact = lower_quantile(durations, percent)
                assert (length is None) == (exact is None)
                if length is not None and exact is not None:
                    assert abs(length - exact * MINUTE) <= ACCURACY * exact * MINUTE


def values(steps: list[Step]) -> list[dict[str, Any]]:
    """Records of events."""
    named: list[dict[str, Any]] = [{} if who is None else {"supplier": who} for _, _, _, who in steps]
    return [
        event(minute, activity, f"T-{case}", **fields)
        for (minute, case, activity, _), fields in zip(steps, named, strict=True)
    ]


@settings(max_examples=80, deadline=None)
@given(steps=made_steps, until=st.integers(4_000, 6_000))
def test_cards_say_what_a_count_by_hand_says(steps: list[Step], until: int) -> None:
    """History in order of time, in one task."""
    task = Task(WATCHED)
    task.history(*values(sorted(steps)), until=until)
    check(merged(task.partials), told(steps, until) if steps else {})


@settings(max_examples=60, deadline=None)
@given(
    steps=made_steps,
    jitters=st.lists(st.integers(0, 9), min_size=30, max_size=30),
    cuts=st.sets(st.integers(0, 30)),
    tasks=st.integers(1, 3),
)
def test_neither_order_nor_cuts_nor_tasks_matter(
    steps: list[Step], jitters: list[int], cuts: set[int], tasks: int
) -> None:
    """Live, out of order within lateness, restored anywhere, spread over tasks: the last partials say the same."""
    published = []
    for mine in range(tasks):
        share = [(step, jitter) for step, jitter in zip(steps, jitters, strict=False) if step[1] % tasks == mine]
        task, now = Numbered(mine), 0
        for number, (step, jitter) in enumerate(sorted(share, key=lambda pair: pair[0][0] + pair[1])):
            now = max(now, step[0] + jitter)
            task.feed([Received(task.offset, at(now), values([step])[0])], at(now))
            task.tick(at(now))
            if number in cuts:
                task.restart()
        for minute in (4_100, 4_101, 4_500):
            task.tick(at(minute))
            task.restart()
        task.feed([Received(task.offset, at(4_500), None, "run", at(4_500))], at(4_500))
        task.tick(at(4_500))
        published.append(task.partials)
    check(merged(*published), told(steps, 4_500) if steps else {})


class Numbered(Task):
    """A task of another number."""

    def __init__(self, number: int) -> None:
        super().__init__(WATCHED)
        self.number = number
        self.shard = Shard([WATCHED], task=number)

    def feed(self, records: Any, read_at: int) -> None:
        """One batch of this task's partition."""
        following = records[-1].offset + 1 if records else self.offset
        source = Input("crm.tickets", self.number)
        self.shard.observe(Batch(source, self.offset, list(records), following, following, read_at))
        self.offset = following

    def restart(self) -> None:
        """Lose the memory, and restore it from the journal."""
        self.drain()
        self.shard = Shard([WATCHED], task=self.number)
        self.shard.restore(self.journal.items())


def whole(task: Task) -> Period:
    """The window of the whole process, an hour after the last event and later."""
    return read(merged(task.partials))[()].window


def test_a_case_that_is_reopened_is_no_longer_closed() -> None:
    """It is taken out of the bucket in which it ended, and counts in that of its later end."""
    task = Task(WATCHED)
    task.live(event(0, "Opened", supplier="a"), event(50, "Answered"), event(60, "Closed"))
    task.wait(200)
    assert (whole(task).closed, whole(task).timed) == (1, 1)
    task.live(event(250, "Noted"))
    task.wait(400)
    assert (whole(task).started, whole(task).closed, whole(task).timed) == (1, 0, 0)
    task.live(event(420, "Closed"))
    task.wait(600)
    assert (whole(task).started, whole(task).closed) == (1, 1)
    assert whole(task).p50_ms == pytest.approx(420 * MINUTE, rel=ACCURACY)


def test_a_case_that_comes_back_later_counts_again() -> None:
    """It is the next instance of the same case id; what its first one came to stays."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(300, "Closed"), event(700, "Opened"), event(710, "Answered"))
    task.live(event(720, "Closed"))
    task.wait(900)
    window = whole(task)
    assert (window.started, window.closed, window.on_time, window.breached) == (2, 2, 1, 1)


def test_an_end_that_a_late_event_takes_back_was_none() -> None:
    """The next instance had begun, but for an event that came out of order, and with which the first goes on."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(300, "Closed"), event(605, "Noted"))
    assert whole_lives(task) == 2
    task.live(event(598, "Noted"), now=606)
    task.wait(900)
    assert whole_lives(task) == 1
    window = whole(task)
    assert (window.started, window.closed) == (1, 0)


def whole_lives(task: Task) -> int:
    """How many lives of the case are counted, or may still be counted anew."""
    case = task.shard.watches["tickets"].cases["T-1"]
    assert not isinstance(case, bytes)
    return len(case.card)


def test_an_abandoned_case_is_closed_as_idle_and_has_no_duration() -> None:
    """Nobody knows how long it would have taken."""
    watched = process(**PARTS | {"case": PARTS["case"] | {"idle_limit": "10h"}})
    task = Task(watched)
    task.live(event(0, "Opened"), event(10, "Answered"))
    task.wait(800)
    ledger = Ledger([watched.definition], {watched.name: (0,)})
    ledger.observe(task.partials)
    window = read(ledger)[()].window
    assert (window.started, window.closed, window.idle, window.timed, window.p50_ms) == (1, 1, 1, 0, None)


def test_a_case_moves_with_its_supplier() -> None:
    """It counts under the values that it has now, its start too."""
    task = Task(WATCHED)
    task.live(event(0, "Opened", supplier="a"))
    task.wait(100)
    assert set(read(merged(task.partials))) == {(), ("a",)}
    task.live(event(130, "Passed on", supplier="b"))
    task.wait(300)
    found = read(merged(task.partials))
    assert found["b",].window.started == found["b",].present.open == 1
    assert ("a",) not in found


def test_what_a_window_told_leaves_it_for_the_one_before_and_then_for_good() -> None:
    """A case that closed on one day is that of yesterday on the next, and gone on the third."""
    task = Task(WATCHED)
    task.live(event(0, "Opened"), event(30, "Closed"), event(31, "Noted", "T-2"))
    for minute, lately, before in ((200, 1, 0), (DAY + 200, 0, 1), (2 * DAY + 200, 0, 0)):
        task.wait(minute)
        card = read(merged(task.partials))[()]
        assert (card.window.closed, card.before.closed) == (lately, before)
    gone = {PartialKey.decoded(key).kind for key, value in task.partials if value is None}
    assert gone == {"card"}


def test_a_share_of_nothing_leaves_the_task() -> None:
    """Once nothing was counted for two windows: its records leave the topic and the journal."""
    task = Task(WATCHED)
    task.live(event(0, "Opened", supplier="a"), event(30, "Closed"))
    task.wait(2 * DAY + 200)
    assert task.shard.watches["tickets"].partials.cards.shares.shares == {}
    assert not [key for key in task.journal if key.startswith(b"partial/")]
    task.live(event(2 * DAY + 300, "Opened", "T-2", supplier="a"))
    task.wait(2 * DAY + 500)
    assert read(merged(task.partials))["a",].present.open == 1


def test_cases_of_too_many_segments_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are followed stay right, also when one of the others moves to them."""
    monkeypatch.setattr(shares, "MOST_SHARES", 2)
    task = Task(WATCHED)
    task.live(*(event(n, "Opened", f"T-{n}", supplier=f"s{n}") for n in range(4)))
    task.live(event(5, "Noted", "T-3", supplier="s0"), event(6, "Closed", "T-2"))
    task.wait(100)
    found = read(merged(task.partials))
    assert {segment: card.present.open for segment, card in found.items()} == {(): 3, ("s0",): 2, ("s1",): 1}
    assert task.counts["scorecards", "tickets", "left_out"] >= 2


def test_a_journal_without_counts_is_counted_as_soon_as_it_is_restored() -> None:
    """Written before there were scorecards, or under others: every case is looked at once."""
    other = Task(process(**PARTS | {"scorecard": "off"}))
    other.live(event(0, "Opened", supplier="a"), event(1, "Opened", "T-2", supplier="b"), event(30, "Closed"))
    other.drain()
    task = Task(WATCHED)
    task.journal, task.offset = other.journal, other.offset
    task.shard.restore(task.journal.items())
    task.wait(100)
    task.wait(200)
    check(merged(task.partials), told([(0, 1, "Opened", "a"), (1, 2, "Opened", "b"), (30, 1, "Closed", None)], 199))


def test_cards_can_be_by_version() -> None:
    """Under the name of the version that the case is on."""
    watched = process(**PARTS | {"scorecard": {"window": "1d", "by": [["version"], ["supplier", "version"]]}})
    task = Task(watched)
    task.live(event(0, "Opened", supplier="a"))
    task.wait(100)
    ledger = Ledger([watched.definition], {watched.name: (0,)})
    ledger.observe(task.partials)
    keys = [orjson.loads(key) for key, _ in ledger.scorecards()]
    assert keys == [["tickets", [["version", "1"]]], ["tickets", [["supplier", "a"], ["version", "1"]]]]


def test_a_case_that_is_erased_while_it_is_open_is_no_longer_there() -> None:
    """What it counted in windows stays."""
    task = Task(WATCHED)
    task.live(event(0, "Opened", supplier="a"))
    watch = task.shard.watches["tickets"]
    case = watch.cases["T-1"]
    assert not isinstance(case, bytes)
    watch.partials.cards.leave(case)
    task.wait(100)
    card = read(merged(task.partials))[()]
    assert (card.present.open, card.window.started) == (0, 1)
    assert card.as_of > datetime.fromisoformat("2026-11-02T10:00Z")
