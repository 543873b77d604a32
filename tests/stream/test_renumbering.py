"""A rebuilt core goes on from what subscribers were told before."""

from typing import Any

import orjson

from schemas.definition import Definition
from stream.control import ControlRecord, control_key
from stream.inputs import Batch, Input, Received
from stream.ledger.ledger import Record
from stream.renumbering import renumber
from stream.scorekeeper import Scorekeeper
from tests.stream.driver import Task, at, definition, event, process
from tests.stream.ledger.driver import Publisher

PARTIALS = Input("casewatch.partials", 0)

LEVEL = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "30m", "at_risk": []}
PARTS: dict[str, Any] = {"events": {"topics": ["crm.tickets"], "lateness": "0s", "patience": "0s"}, "sla": [LEVEL]}


def test_the_next_revision_of_an_alert_follows_the_last_that_was_published() -> None:
    """Of a case that is packed, and over a restart; its neighbour keeps its own."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened", "T-1"), event(0, "Opened", "T-2"))
    task.wait(40)
    first, other = sorted(task.alerts, key=lambda alert: alert.case or "")
    task.restart()

    renumber(task.shard, {("tickets", "T-1"): {first.id: 7}, ("tickets", "gone"): {"x": 3}, ("else", "T-1"): {"y": 4}})
    task.restart()
    task.live(event(50, "Answered", "T-1"), event(51, "Answered", "T-2"))
    task.wait(60)

    revisions = {id: [a.revision for a in task.alerts[2:] if a.id == id] for id in (first.id, other.id)}
    assert (first.revision, other.revision) == (1, 1)
    assert revisions == {first.id: [8, 9], other.id: [2, 3]}


def test_what_stands_on_the_control_topic_is_heard_anew() -> None:
    """The new state has heard another topic while it was built."""
    task = Task(process(**PARTS))
    task.shard.control([ControlRecord(99, control_key("strange", "tickets"), b"{}")])
    task.restart()

    renumber(task.shard, {})
    task.restart()
    task.shard.control([ControlRecord(5, control_key("strange", "tickets"), b"{}")])
    task.drain()

    assert task.counts["control", "strange", "unknown"] == 2



def test_an_alert_on_many_cases_and_one_on_silence_go_on_too() -> None:
    """They are the scorekeeper's, and journalled with their new revision."""
    rate = {"id": "reopens", "kind": "rate", "of": "Reopened", "window": "1h", "at_most": 1}
    defined = definition(sla=[rate], events={"silence": "2h"})
    task, core = Publisher(defined), scorekeeper(defined)
    told = [task.heard("crm.tickets", at(5)), *task.instants([at(1), at(2), at(3)]), task.clock(at(300), live=True)]
    feed(core, told)
    core.advance(at(300))
    effects = core.drain()
    first = {alert["rule"]: alert for alert in map(orjson.loads, (record.body or b"" for record in effects.alerts))}
    assert first.keys() == {"reopens", "silence"}

    renumber(core, {("tickets", None): {alert["id"]: 40 for alert in first.values()}})
    restored = scorekeeper(defined)
    restored.restore([*effects.journal, *core.drain().journal])
    feed(restored, [task.heard("crm.tickets", at(305)), *task.instants([at(302), at(303)]), task.clock(at(600))])
    restored.advance(at(600))

    bodies = [orjson.loads(record.body or b"") for record in restored.drain().alerts]
    assert {rule: min(each["revision"] for each in bodies if each["rule"] == rule) for rule in first} == {
        "reopens": 41,
        "silence": 41,
    }


def scorekeeper(defined: Definition) -> Scorekeeper:
    """One that has seen nothing yet."""
    return Scorekeeper([defined], {defined.process: (0,)}, PARTIALS)


def feed(core: Scorekeeper, records: list[Record]) -> None:
    """Partials as the topic brings them."""
    start = core.position(PARTIALS) or 0
    received = [Received(start + n, at(0), None, raw=record) for n, record in enumerate(records)]
    core.observe(Batch(PARTIALS, start, received, start + len(received), start + len(received), at(0)))
