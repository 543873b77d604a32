"""A case that is to be forgotten leaves the state with its alerts; its id may begin anew."""

from typing import Any

from stream.control import ControlRecord, control_key
from stream.inputs import Received
from tests.stream.driver import Task, event, process

LEVEL = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "30m", "at_risk": []}
PARTS: dict[str, Any] = {"events": {"topics": ["crm.tickets"], "lateness": "0s", "patience": "0s"}, "sla": [LEVEL]}
KEY = b"case/tickets/T-1"


def order(offset: int, case: str = "T-1", value: bytes | None = b'{"at": 1}') -> ControlRecord:
    """Forget a case; without a value, the order is over."""
    return ControlRecord(offset, control_key("forget", "tickets", case), value)


def late_case() -> Task:
    """A task with one case, which is late."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened"))
    task.wait(40)
    return task


def became(task: Task) -> dict[str, int]:
    """What became of orders to forget."""
    return {key[2]: count for key, count in task.counts.items() if key[:2] == ("control", "forget")}


def test_a_forgotten_case_leaves_the_state_and_its_alerts_their_topic() -> None:
    """By tombstone each; time goes on without it."""
    task = late_case()
    (alert,) = task.alerts

    task.shard.control([order(3)])
    task.wait(500)

    assert KEY not in task.journal
    assert task.tombstones == [alert.id]
    assert len(task.alerts) == 1
    assert became(task) == {"forgotten": 1}
    assert task.shard.snapshot(0).cases["tickets"]["open"] == 0


def test_a_packed_case_is_forgotten_with_its_alerts_too() -> None:
    """It was restored, and nobody has touched it since."""
    task = late_case()
    task.restart()

    task.shard.control([order(3)])
    task.drain()

    assert KEY not in task.journal
    assert task.tombstones == [task.alerts[0].id]


def test_what_was_said_and_not_yet_published_is_published_to_nobody() -> None:
    """The log of transitions would keep it for ninety days."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened"))
    task.feed([], task.shard.clock or 0)
    task.shard.advance((task.shard.clock or 0) + 40 * 60_000)

    task.shard.control([order(3)])
    task.drain()

    assert task.alerts == []
    assert KEY not in task.journal


def test_a_case_that_was_touched_and_not_yet_looked_at_can_be_forgotten() -> None:
    """Its event came in the same moment."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened", "T-2"))
    value = event(1, "Opened")
    task.feed([Received(task.offset, value["at"], value)], value["at"])
    task.shard.control([order(3)])
    task.wait(2)

    assert KEY not in task.journal
    assert b"case/tickets/T-2" in task.journal


def test_a_later_event_begins_a_fresh_case_over_a_restart() -> None:
    """The order was taken once: handed over again, it does not take the new case."""
    task = late_case()
    task.shard.control([order(3)])
    task.live(event(50, "Answered"))
    task.restart()
    task.shard.control([order(3)])
    task.wait(60)

    case = task.shard.watches["tickets"].cases["T-1"]
    assert KEY in task.journal
    assert became(task) == {"forgotten": 1}
    assert isinstance(case, bytes)


def test_the_end_of_an_order_and_an_order_for_nobody_change_nothing() -> None:
    """The tombstone of the order comes when all tasks have taken it; another task has the case."""
    task = late_case()

    task.shard.control([order(3, value=None), order(4, "T-9")])
    task.drain()

    assert KEY in task.journal
    assert became(task) == {"over": 1, "not known": 1}
