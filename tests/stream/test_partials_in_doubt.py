"""Windows while a silence matters: what is in doubt holds the clock they settle by until it is counted."""

import pytest

from stream.inputs import Batch, Input, Received
from tests.stream.driver import SOURCE, Task, at, definition, event, process
from tests.stream.test_partials import ANSWER, ON_TIME, PARTS, buckets, sums

CALLS = Input("crm.calls", 0)
SHORT = PARTS | {"sla": [ANSWER], "slo": [ON_TIME | {"window": "1h"}], "scorecard": "off"}
BROKEN = buckets(*[("a", n + 100, False) for n in range(9)], width=definition(**SHORT).slo[0].bucket_ms)


def reading(*topics: str) -> Task:
    """A task that judges these topics' silences, and whose objective has a short window."""
    return Task(process(**SHORT, events={"silence": "30m", "topics": topics}))


def counted(task: Task) -> dict[tuple[str, int], tuple[int, int]]:
    """What was told of buckets, whether they were forgotten since or not."""
    task.partials = [(key, value) for key, value in task.partials if value is not None]
    return sums(task)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("limit", [2, 1_000])
def test_what_is_due_later_for_an_outage_is_counted_before_it_settles_however_few_cases_are_looked_at_at_once(
    limit: int, restarted: bool
) -> None:
    """The worker is away for longer than the window while deadlines lag by the length of the outage."""
    task = reading(SOURCE.topic)
    task.live(*[event(n, "Opened", f"T-{n}", supplier="a") for n in range(9)])
    task.hear(8, 38)
    task.wait(590)
    task.feed([Received(task.offset, at(600), event(600, "Noted", "T-99"))], at(600))
    task.hear(8, 38, 600)
    task.live(event(620, "Noted", "T-99"))
    for minute in (1_100, 1_300):
        task.feed([Received(task.offset, at(minute), event(minute, "Noted", "T-99"))], at(minute))
        more, looks = True, 0
        while more:
            more, looks = task.shard.advance(at(minute), limit), looks + 1
            task.drain()
            if restarted and looks == 2:
                task.restart()

    assert counted(task) == BROKEN


class TwoTopics:
    """A task that reads two topics; of each something is noted every ten minutes while it speaks."""

    def __init__(self) -> None:
        self.task = reading(SOURCE.topic, CALLS.topic)
        self.offsets = {SOURCE: 0, CALLS: 0}

    def note(self, source: Input, minute: int) -> None:
        """A record, read at its time."""
        self.read(source, minute, [event(minute, "Noted", source.topic)])

    def read(self, source: Input, minute: int, values: list[dict[str, object]]) -> None:
        """One batch."""
        start, end = self.offsets[source], self.offsets[source] + len(values)
        records = [Received(start + number, at(minute), value) for number, value in enumerate(values)]
        self.task.shard.observe(Batch(source, start, records, end, end, at(minute)))
        self.offsets[source] = end

    def look(self, minute: int) -> None:
        """Let time pass."""
        for source in self.offsets:
            self.read(source, minute, [])
        while self.task.shard.advance(at(minute), 2):
            self.task.drain()
        self.task.drain()


def test_what_is_in_doubt_for_one_silence_is_counted_before_it_settles_though_another_begins() -> None:
    """Time that can be trusted goes on while a second topic is silent, and no case is looked at for that."""
    two = TwoTopics()
    two.read(SOURCE, 8, [event(n, "Opened", f"T-{n}", supplier="a") for n in range(9)])
    two.note(CALLS, 8)
    two.look(8)
    two.task.hear(8, 38)
    for minute in range(40, 2_300, 10):
        if minute >= 600:
            two.note(SOURCE, minute)
        if not 640 < minute < 1_400:
            two.note(CALLS, minute)
        if minute == 600:
            two.task.hear(8, 38, 600)
        if minute == 670:
            two.task.hear(640, 670, topic=CALLS.topic)
        if minute == 1_400:
            two.task.hear(640, 670, 1_400, topic=CALLS.topic)
        two.look(minute)

    assert counted(two.task) == BROKEN
