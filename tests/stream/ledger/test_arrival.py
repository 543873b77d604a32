"""What is said of many cases depends on what happened alone: order of arrival, duplicates, tasks and restarts change
nothing of it, whatever kinds of service levels are counted."""

from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.inputs import Batch, Input, Received
from stream.ledger.ledger import Ledger
from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import START, at, event, process
from tests.stream.test_properties import CASE, END, OFFICE, SLAS, SPECIAL, disordered, histories

FIXED: list[dict[str, Any]] = [
    {
        "id": "office-call", "kind": "between", "from": ["Opened", "Called"], "to": "Answered", "target": "9m",
        "calendar": "office", "pause": {"from": "Called", "to": ["Answered", "Closed"]}, "overdue_every": "4m",
        "targets": [{"where": "activity == 'Called'", "target": "3m"}],
    },
    {
        "id": "unshopped", "kind": "case_duration", "target": "15m", "where": "activity != 'Closed'",
        "pause": {"while": "activity == 'Called' || team == 'shop'"}, "cancel": {"when": "priority == 'low'"},
    },
]  # fmt: skip
"""Special ones whose terms no later event changes: what has settled is corrected from then on, whenever that is."""
COUNTED = ("answer", "resolution", "step", "queue", "days", "quiet", "office-call", "unshopped")
EVERY = ("answer", "resolution", "promise", "office-answer", "high", "step", "queue", "office-date")
RATES: list[dict[str, Any]] = [
    {"id": "calls", "kind": "rate", "of": "Called", "window": "1h", "at_most": 0, "by": ["team"]},
    {"id": "closings", "kind": "rate", "of": ["Closed", "Answered"], "window": "1h", "at_least": 2},
]
BY: tuple[list[str], ...] = (["team"], [], ["priority"], ["team", "priority"], [], ["team"], [], ["priority"])


def asking(counted: tuple[str, ...], window: str) -> Process:
    """Service levels of every kind, and an objective of each of these, over a window."""
    told = {"objective": "70%", "window": window, "min_count": 1}
    slo = [{"id": f"{name}-kept", "of": name, "by": by, **told} for name, by in zip(counted, BY, strict=True)]
    case = CASE | {"segments": ["team", "priority"]}
    return process(sla=[*SLAS, *SPECIAL, *FIXED, *RATES], slo=slo, calendars={"office": OFFICE}, case=case)


GOALS = asking(COUNTED, "1h")
MONTHLY = asking(EVERY, "28d")
"""Over a window that all these histories lie in."""
MINUTE = 60_000
OPEN = ("raised", "updated")
Values = list[dict[str, Any]]


class Tasks:
    """Tasks that read history, and a Ledger that reads what they publish; restored after each turn, if asked."""

    def __init__(self, count: int, goals: Process = GOALS, *, restarts: bool = False) -> None:
        self.count, self.goals, self.restarts = count, goals, restarts
        self.shards = [Shard([goals], task=task) for task in range(count)]
        self.journals: list[dict[bytes, bytes]] = [{} for _ in range(count + 1)]
        self.ledger = self._ledger()
        self.offsets = [0] * count
        self.bodies: list[dict[str, Any]] = []

    def _ledger(self) -> Ledger:
        return Ledger([self.goals.definition], {self.goals.name: range(self.count)})

    def feed(self, task: int, records: list[Received], now: int = 2 * START) -> None:
        """A batch of one task's records, read at `now` (ms); the Ledger is told at once."""
        shard, source, start = self.shards[task], Input("crm.tickets", task), self.offsets[task]
        self.offsets[task] += len(records)
        shard.observe(Batch(source, start, records, self.offsets[task], self.offsets[task], now))
        while shard.advance(now, 10):
            pass
        effects = shard.drain()
        _keep(self.journals[task], effects.journal)
        self.ledger.observe(effects.partials)
        while self.ledger.advance(now, 3):
            pass
        said = self.ledger.drain()
        _keep(self.journals[-1], said.journal)
        self.bodies += [orjson.loads(record.body) for record in said.alerts if record.body is not None]
        if self.restarts:
            self._restore(task)

    def _restore(self, task: int) -> None:
        self.shards[task] = Shard([self.goals], task=task)
        self.shards[task].restore(self.journals[task].items())
        self.ledger = self._ledger()
        self.ledger.restore(self.journals[-1].items())

    def jumping(self, values: Values, jumps: list[int]) -> dict[str, tuple[str, str | None]]:
        """Records that are read live, one by one, while the clock is so many minutes off; what stands in the end."""
        for value, jump in zip(values, jumps, strict=False):
            now = value["at"] + jump * MINUTE
            self.feed(0, [Received(self.offsets[0], value["at"], value)], now)
            self.feed(0, [], now)
        self.history([], 1)
        last = {alert["id"]: alert for alert in self.bodies}
        return {name: (alert["rule"], alert["stage"]) for name, alert in last.items() if alert["state"] in OPEN}

    def history(self, values: Values, size: int) -> list[dict[str, Any]]:
        """Records in the order of their arrival, in batches of a size, with a mark for the end of time."""
        for start in range(0, len(values), size):
            batch = values[start : start + size]
            for task in range(self.count):
                mine = [value for value in batch if "AB".index(value["case"]) % self.count == task]
                first = self.offsets[task]
                records = [Received(first + n, 2 * START, value, replay="run") for n, value in enumerate(mine)]
                self.feed(task, records)
        for task in range(self.count):
            self.feed(task, [Received(self.offsets[task], 2 * START, None, "run", at(END))])
        return self.bodies


def _keep(journal: dict[bytes, bytes], records: Any) -> None:
    for key, value in records:
        if value is None:
            journal.pop(key, None)
        else:
            journal[key] = value


def lines(bodies: list[dict[str, Any]]) -> list[bytes]:
    """Everything that was said, but for when it was noticed."""
    return sorted(orjson.dumps(body | {"noticed_at": ""}, option=orjson.OPT_SORT_KEYS) for body in bodies)


TOLD_LATER = [event(0, "Opened", "A", id="e0", team="desk"), event(3, "Called", "A", id="e1")]
"""Under which segment the second counts is told by the first."""


@settings(max_examples=120, deadline=None)
@example((TOLD_LATER, TOLD_LATER[::-1]), 1, 1, False)
@given(disordered(), st.integers(1, 2), st.integers(1, 7), st.booleans())
def test_any_arrival_at_any_tasks_with_any_restarts_says_the_same_of_many_cases(
    arrival: tuple[Values, Values], tasks: int, size: int, restarts: bool
) -> None:
    """Within lateness, ties kept: to the byte what one task says of the history in order, in history and unfailing."""
    history, arrived = arrival

    said = Tasks(tasks, restarts=restarts).history(arrived, size)

    assert lines(said) == lines(Tasks(1).history(history, 1_000))


@settings(max_examples=60, deadline=None)
@given(histories, st.data())
def test_what_is_read_twice_counts_once(history: Values, data: st.DataObject) -> None:
    """An event id that was seen in its case is neither an occurrence nor an event of a rate again."""
    doubled = list(history)
    for value in data.draw(st.lists(st.sampled_from(history), max_size=10)) if history else []:
        doubled.insert(data.draw(st.integers(doubled.index(value) + 1, len(doubled))), value)

    assert lines(Tasks(1).history(doubled, 3)) == lines(Tasks(1).history(history, 3))


@settings(max_examples=40, deadline=None)
@given(histories, st.lists(st.integers(-60, 0), min_size=25, max_size=25))
def test_a_wall_clock_that_lags_by_up_to_an_hour_changes_no_goal_in_the_end(history: Values, jumps: list[int]) -> None:
    """Whatever was counted too late meanwhile: the same goals are missed over the whole of it."""
    lagging = Tasks(1, MONTHLY).jumping(history, jumps)

    assert lagging == Tasks(1, MONTHLY).jumping(history, [0] * len(history))
