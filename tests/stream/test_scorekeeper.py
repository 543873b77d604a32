"""Whoever keeps score while definitions change: what was passed over counts, and what was said is not said again."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definition import Definition
from schemas.partial import PartialKey, PartialKind
from stream.control import ControlRecord, InForce, control_key
from stream.inputs import Batch, Input, Received
from stream.ledger.goals import goals
from stream.ledger.ledger import Record
from stream.scorekeeper import Scorekeeper
from tests.stream.driver import at, definition
from tests.stream.ledger.driver import ANSWER, HOUR

PARTIALS = Input("casewatch.partials", 0)
WIDTH = 5_000
T0 = at(0) // HOUR * HOUR
SLO = {"id": "on-time", "of": "answer", "objective": "90%", "window": "12h", "min_count": 1}
RATE = {"id": "reopens", "kind": "rate", "of": "Reopened", "window": "1h", "at_most": 2}
BEFORE = definition(sla=[ANSWER], slo=[SLO])
AFTER = definition(sla=[ANSWER, RATE], slo=[SLO])


class Tasks:
    """What the tasks of a process have published, as it lies on the topic."""

    def __init__(self, defined: Definition) -> None:
        self.rules = {goal.asks.id: goal for goal in goals(defined)}
        self.topic: list[Record] = []
        self.told: defaultdict[bytes, list[Any]] = defaultdict(list)
        self.revisions: defaultdict[bytes, int] = defaultdict(int)

    def _tell(self, kind: PartialKind, rule: str, task: int, bucket: int, value: list[Any]) -> None:
        key = PartialKey(kind, "tickets", rule, (), task, bucket).encoded()
        self.revisions[key] += 1
        self.topic.append((key, orjson.dumps([self.revisions[key], *value])))

    def answered(self, instant: int, *, good: int = 0, bad: int = 0, task: int = 0) -> None:
        """So many answers, in time and late, in the bucket of an instant."""
        self._tell(PartialKind.WINDOW, self.rules["on-time"].name, task, instant // WIDTH, [good, bad])

    def reopened(self, *instants: int, task: int = 0) -> None:
        """Cases are reopened, beside those that were before."""
        goal = self.rules["reopens"]
        for instant in instants:
            bucket = instant // goal.asks.bucket_ms
            found = self.told[f"{task}/{bucket}".encode()]
            found.append(instant)
            self._tell(PartialKind.INSTANTS, goal.name, task, bucket, [0, sorted(found)])

    def clock(self, instant: int, *, task: int = 0, settled_to: int | None = None) -> None:
        """A task has come to an instant."""
        settled_to = instant if settled_to is None else settled_to
        self._tell(PartialKind.CLOCK, "", task, 0, [instant, settled_to, False, None])


class Keeper:
    """A scorekeeper with its journal, and what it said: state, stage, instant, episode and revision by rule."""

    def __init__(self, defined: Definition, tasks: int = 1) -> None:
        self.tasks, self.journal = tasks, dict[bytes, bytes | None]()
        self.said: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.core = self._opened(defined)

    def _opened(self, defined: Definition) -> Scorekeeper:
        return Scorekeeper([defined], {"tickets": range(self.tasks)}, PARTIALS)

    def adopted(self, defined: Definition) -> "Keeper":
        """The task is restored under another definition."""
        self.core = self._opened(defined)
        self.core.restore(self.journal.items())
        return self

    def read(self, topic: list[Record], until: int | None = None) -> "Keeper":
        """Read the topic from where the task is."""
        start, end = self.core.position(PARTIALS) or 0, len(topic)
        until = end if until is None else until
        received = [Received(n, at(0), None, raw=topic[n]) for n in range(start, until)]
        self.core.observe(Batch(PARTIALS, start, received, until, end, at(0)))
        return self

    def commit(self) -> "Keeper":
        """Time passes, and what has changed is committed."""
        while self.core.advance(at(0), 3):
            self._drain()
        self._drain()
        return self

    def _drain(self) -> None:
        effects = self.core.drain()
        self.journal |= dict(effects.journal)
        for record in effects.alerts:
            told = orjson.loads(record.body or b"")
            names = ("state", "stage", "happened_at", "episode", "revision", "grade", "settled")
            self.said[told["rule"]].append(tuple(told[name] for name in names))


def history() -> Tasks:
    """Of four cases that are reopened within an hour the third is one too many; an answer is late."""
    tasks = Tasks(AFTER)
    tasks.answered(T0, bad=1)
    tasks.reopened(T0 + 1_000, T0 + 60_000, T0 + 120_000, T0 + 180_000)
    tasks.clock(T0 + HOUR // 2)
    return tasks


def test_what_was_passed_over_counts_once_a_newer_version_asks_for_it() -> None:
    """It is told as by one that asked from the beginning, and what was told before is not told again."""
    tasks = history()
    known = Keeper(AFTER).read(tasks.topic).commit()
    keeper = Keeper(BEFORE).read(tasks.topic).commit()
    assert set(keeper.said) == {"on-time"}

    keeper.adopted(AFTER).read(tasks.topic).commit()

    assert [line[:2] for line in keeper.said["reopens"]] == [("raised", "breach")]
    assert keeper.said == known.said
    tasks.clock(T0 + 4 * HOUR)
    assert keeper.read(tasks.topic).commit().said == known.read(tasks.topic).commit().said


def test_until_all_is_read_again_nothing_is_said_and_nothing_journalled() -> None:
    """Of half of what tasks have told nothing can be said; a worker that ends then has lost nothing."""
    tasks = history()
    keeper = Keeper(BEFORE).read(tasks.topic).commit()
    journal, said = dict(keeper.journal), {rule: list(lines) for rule, lines in keeper.said.items()}

    keeper.adopted(AFTER).read(tasks.topic, until=4).commit()
    assert (keeper.core.position(PARTIALS), keeper.journal, keeper.said) == (4, journal, said)

    keeper.adopted(AFTER)
    assert keeper.core.position(PARTIALS) is None
    assert keeper.read(tasks.topic).commit().said == Keeper(AFTER).read(tasks.topic).commit().said


def test_the_same_goals_are_not_read_again() -> None:
    """Nor where there are fewer of them now, or another objective of the same window."""
    tasks = history()
    stricter = definition(sla=[ANSWER], slo=[SLO | {"objective": "99%", "severity": "warning"}])
    for defined in (AFTER, BEFORE, stricter):
        keeper = Keeper(AFTER).read(tasks.topic).commit().adopted(defined)
        assert keeper.core.position(PARTIALS) == len(tasks.topic)
        said = dict(keeper.said)
        assert keeper.commit().said == said


def test_a_goal_that_was_given_up_goes_on_where_it_was() -> None:
    """Its alert is the same one; what became of it meanwhile is told as a correction of what had settled."""
    tasks = history()
    keeper = Keeper(AFTER).read(tasks.topic).commit()
    tasks.clock(T0 + 3 * HOUR)
    keeper.adopted(BEFORE).read(tasks.topic).commit()
    tasks.reopened(*(T0 + 3 * HOUR + n for n in (1_000, 2_000, 3_000)))
    tasks.clock(T0 + 4 * HOUR - 60_000)

    keeper.adopted(AFTER).read(tasks.topic).commit()

    states = [(state, episode, revision) for state, _, _, episode, revision, _, _ in keeper.said["reopens"]]
    assert states == [("raised", 1, 1), ("resolved", 1, 2), ("raised", 2, 3)]


def test_what_left_the_window_while_a_goal_was_given_up_is_not_gone_through_again() -> None:
    """Without the buckets that were dropped since, an objective would seem to have been well in between."""
    tasks = Tasks(AFTER)
    tasks.answered(T0, bad=9)
    tasks.clock(T0 + HOUR)
    without = definition(sla=[ANSWER, RATE])
    keeper = Keeper(AFTER).read(tasks.topic).commit()
    tasks.clock(T0 + 2 * HOUR)
    keeper.read(tasks.topic).commit()
    for hour in (9, 10):
        tasks.answered(T0 + hour * HOUR, good=1)
    tasks.answered(T0 + 11 * HOUR, bad=9)
    tasks.clock(T0 + 20 * HOUR)
    keeper.read(tasks.topic).commit()

    tasks.topic[0] = tasks.topic[0][0], None
    tasks.clock(T0 + 21 * HOUR)

    keeper.adopted(without).read(tasks.topic).commit().adopted(AFTER).read(tasks.topic).commit()

    assert [line[0] for line in keeper.said["on-time"]] == ["raised"]


def test_a_topic_that_was_made_anew_is_not_waited_for() -> None:
    """It ends before what is to be read again, and never comes there: so it is known once there is nothing to read. An
    end that comes with records is not believed, since not every broker counts right."""
    tasks = history()
    keeper = Keeper(BEFORE).read(tasks.topic).commit().adopted(AFTER)
    keeper.read(tasks.topic[:2]).commit()
    assert keeper.core.held
    keeper.read(tasks.topic[:2]).commit()
    assert not keeper.core.held
    assert orjson.loads(keeper.journal[b"task"] or b"")["positions"] == {PARTIALS.topic: 2}


def test_state_that_does_not_say_what_was_asked_is_read_again() -> None:
    """Programs of before did not journal it."""
    tasks = history()
    keeper = Keeper(BEFORE).read(tasks.topic).commit()
    task = orjson.loads(keeper.journal[b"task"] or b"")
    del task["asked"]
    keeper.journal[b"task"] = orjson.dumps(task)
    said = dict(keeper.said)

    keeper.adopted(BEFORE)
    assert keeper.core.position(PARTIALS) is None
    assert keeper.read(tasks.topic).commit().said == said


@pytest.mark.parametrize(
    ("process", "identity", "other"),
    [("tickets", "new", True), ("tickets", "old", False), ("elsewhere", "new", False)],
)
def test_an_order_for_another_version_asks_for_a_core_that_goes_by_it(process: str, identity: str, other: bool) -> None:
    """Of the processes that it keeps score of, and of no others."""
    core = Scorekeeper([AFTER], {"tickets": [0]}, PARTIALS, InForce({"tickets": "old"}))
    orders = [
        ControlRecord(0, control_key("silence", "tickets", "topic"), b"[1,2,null]"),
        ControlRecord(1, control_key("active", process), orjson.dumps({"identity": identity, "at": 1})),
    ]
    assert core.control(orders) is other


WHAT = st.sampled_from(["good", "bad", "reopened", "reopened", "clock"])
STEPS = st.lists(st.tuples(st.integers(0, 1), WHAT, st.integers(1, 30)), min_size=10, max_size=40)


def published(steps: Iterable[tuple[int, str, int]]) -> list[Record]:
    """What two tasks tell, each in the order of its own time, in minutes."""
    tasks, times = Tasks(AFTER), [T0, T0]
    counts: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for task in (0, 1):
        tasks.clock(T0, task=task)
    for task, what, minutes in steps:
        times[task] += minutes * 60_000
        if what == "clock":
            tasks.clock(times[task], task=task)
        elif what == "reopened":
            tasks.reopened(times[task], task=task)
        else:
            counted = counts[task, times[task] // WIDTH]
            counted[what == "bad"] += 1
            tasks.answered(times[task], good=counted[0], bad=counted[1], task=task)
    for task in (0, 1):
        tasks.clock(max(times) + 20 * HOUR, task=task)
    return tasks.topic


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, cuts=st.lists(st.integers(0, 40), min_size=2, max_size=6))
def test_when_the_goals_came_makes_no_difference(steps: list[tuple[int, str, int]], cuts: list[int]) -> None:
    """All that is said, its ids, episodes and revisions are those of a scorekeeper that had all goals from the first;
    the change, and restores amid reading again, may fall anywhere."""
    topic = published(steps)
    known = Keeper(AFTER, tasks=2).read(topic).commit()
    change, *others = sorted(min(cut, len(topic)) for cut in cuts)
    keeper = Keeper(BEFORE, tasks=2).read(topic, until=change).commit()
    for cut in others:
        keeper.adopted(AFTER)
        keeper.read(topic, until=max(cut, keeper.core.position(PARTIALS) or 0)).commit()
    assert keeper.read(topic).commit().said == known.said
