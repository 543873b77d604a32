"""A source that falls silent before an intake: what is told of its cases is what is told without one."""

from typing import Any

import orjson
import pytest

from schemas.alert import Alert
from stream.effects import Effects, Heartbeat
from stream.inputs import Batch, Received
from stream.ledger.feed import Silence
from tests.stream.driver import Task, at, event, process
from tests.stream.test_rekeying import TOPIC, Way

PARTS: dict[str, Any] = {
    "events": {"topics": [TOPIC], "silence": "2h", "lateness": "10m", "patience": "0s"},
    "sla": [{"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "12h", "at_risk": []}],
}
STEPS = range(401, 1_400, 7)


class Silent(Way):
    """One source with an intake; the task behind it hears of silences. `forgetful`: it is restored at each step."""

    def __init__(self, *, forgetful: bool) -> None:
        super().__init__(1, 1, PARTS)
        self.forgetful = forgetful
        self.elsewhere = False
        self.journal: dict[bytes, bytes] = {}

    def pass_on(self, effects: Effects) -> None:
        """Records of cases that are `elsewhere` go to another partition."""
        beats = [each for each in effects.rekeyed if isinstance(each, Heartbeat)]
        super().pass_on(effects._replace(rekeyed=beats) if self.elsewhere else effects)

    def hear(self, last: float, since: float, recovered: float | None = None) -> None:
        """As the Ledger says."""
        told = None if recovered is None else at(recovered)
        self.tasks[0].shard.watches["tickets"].hear(Silence("tickets", TOPIC, at(last), at(since), told))

    def wait(self, minute: float) -> None:
        """All that there is is passed on and read at a minute."""
        self.take_in(0, at(minute))
        self.read(at(minute))
        if self.forgetful:
            self.restart()

    def read(self, now: int) -> None:
        """The task behind the intake reads all there is, and time passes."""
        (task,), (records,) = self.tasks, self.passed
        start = task.position(task.source) or 0
        task.observe(Batch(task.source, start, records[start:], len(records), len(records), now))
        while task.advance(now, 10):
            pass
        effects = task.drain()
        self.journal |= {key: value for key, value in effects.journal if value is not None}
        self.alerts += [Alert.model_validate(orjson.loads(r.body)) for r in effects.alerts if r.body is not None]

    def restart(self) -> None:
        """The task behind the intake loses its memory."""
        self.tasks[0] = self.task(0)
        self.tasks[0].restore(self.journal.items())

    def bring(self, value: dict[str, Any], minute: float) -> None:
        """An event is written and read at a minute."""
        self.write(0, value, stamped_at=at(minute))
        self.wait(minute)


def told(alerts: list[Alert]) -> list[tuple[Any, ...]]:
    """What matters of each record."""
    return [(a.case, a.state, a.stage, a.muted, a.settled, a.happened_at, a.noticed_at) for a in alerts]


def through_an_outage(task: "Plain | Silent") -> None:
    """The last event of a backlog came late for the outage; nothing follows, and what is due later comes due."""
    task.bring(event(100, "Opened"), 100)
    task.wait(220.5)
    task.hear(100, 220)
    task.wait(221)
    task.bring(event(300, "Opened", "T-2"), 400)
    task.hear(100, 220, recovered=400)
    for minute in STEPS:
        task.wait(minute)


class Plain(Task):
    """The same without an intake."""

    def bring(self, value: dict[str, Any], minute: float) -> None:
        """An event is written and read at a minute."""
        self.live(value, now=minute)


def test_what_is_due_after_an_outage_is_told_behind_an_intake_too() -> None:
    """Heartbeats go on telling how late the last event was; that its backlog has ended is known behind the intake."""
    plain, way = Plain(process(**PARTS)), Silent(forgetful=False)
    through_an_outage(plain)
    through_an_outage(way)
    assert {alert.case for alert in way.alerts} == {"T-1", "T-2"}
    assert told(way.alerts) == told(plain.alerts)


def test_that_a_backlog_has_ended_outlives_a_restart() -> None:
    """It is journalled with the clock of the source."""
    plain, way = Silent(forgetful=False), Silent(forgetful=True)
    through_an_outage(plain)
    through_an_outage(way)
    assert told(way.alerts) == told(plain.alerts)
    assert way.alerts


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("other", [event(310, "Called", "T-3"), None])
def test_another_late_event_makes_it_a_delayed_feed_again(other: dict[str, Any] | None, elsewhere: bool) -> None:
    """Time goes by its events then, also if they are of cases elsewhere; a record that is none changes nothing."""
    way = Silent(forgetful=False)
    through_an_outage(way)
    way.records[0].append(Received(2, at(1_500), other))
    way.elsewhere = elsewhere
    way.wait(1_500)
    (mode,) = way.tasks[0].snapshot(at(1_500)).modes.values()
    assert mode == ("live" if other is None else "historical")
