"""Definition versions: a case stays on the one that it began on, whatever is activated, cut and restored meanwhile."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from schemas.definition import Definition
from stream.control import ControlRecord, control_key
from stream.process import Process, identity_of
from stream.shard import Shard
from tests.stream.driver import START, Task, at, definition, event, process
from tests.stream.nets import sequence

ANSWER: dict[str, Any] = {
    "id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m", "at_risk": []
}  # fmt: skip
PROMISE: dict[str, Any] = {"id": "promise", "kind": "due", "due": "promised", "until": "Closed", "at_risk": []}
MODEL = {"file": "m.pnml"}
ENDS: dict[str, Any] = {"case": {"ends": ["Closed"], "reopen": "1h", "retention": "1d"}}


def answered_in(target: str, **parts: Any) -> Process:
    """A version under which a ticket is to be answered within so long."""
    return process(sla=[ANSWER | {"target": target}], version=target, **ENDS, **parts)


class Changing(Task):
    """A task whose versions change by orders; all that it was given are known after a restart."""

    def __init__(self, first: Process, *others: Process) -> None:
        super().__init__(first)
        self.known: Mapping[str, Process] = {each.identity: each for each in (first, *others)}
        self.orders: list[ControlRecord] = []
        self.ordered = 0
        self.open(first)

    def open(self, own: Process, known: Mapping[str, Process] | None = None) -> None:
        """Start with a definition, and restore what is journalled."""
        self.drain()
        self.shard = Shard([own]).knowing({own.name: self.known if known is None else known})
        self.shard.restore(self.journal.items())
        self.shard.control(self.orders)

    def restart(self) -> None:
        """Lose the memory, and restore it from the journal."""
        self.open(self.processes[0])

    def activate(self, version: Process) -> None:
        """Order that cases begin on another version."""
        told = orjson.dumps({"identity": version.identity, "version": version.version, "at": START})
        self.ordered += 1
        self.orders = [ControlRecord(self.ordered, control_key("active", "tickets"), told)]
        self.shard.control(self.orders)

    def breaches(self) -> dict[str | None, float]:
        """By case, in which minute its breach happened."""
        raised = [alert for alert in self.alerts if alert.stage == "breach" and alert.state == "raised"]
        return {alert.case: (alert.happened_at.timestamp() * 1000 - START) / 60_000 for alert in raised}

    def open_by_version(self) -> dict[str, int]:
        """How many open cases each version has."""
        return {count.version: count.open for count in self.shard.snapshot(0).versions["tickets"]}


SLOW, FAST = answered_in("60m"), answered_in("20m")


@pytest.mark.parametrize("restarts", [0, 1, 2])
def test_a_case_is_judged_by_the_version_that_it_began_on(restarts: int) -> None:
    """A stricter target holds for those that begin under it; the alert names the version."""
    task = Changing(SLOW, FAST)
    task.live(event(0, "Opened"))
    task.activate(FAST)
    task.live(event(5, "Opened", "T-2"))
    for _ in range(restarts):
        task.restart()
    task.wait(100)
    assert task.breaches() == {"T-1": 60, "T-2": 25}
    assert {alert.case: alert.version for alert in task.alerts} == {"T-1": "60m", "T-2": "20m"}


def test_a_worker_that_is_started_with_another_definition_leaves_open_cases_on_theirs() -> None:
    """No order is needed where the old version is known."""
    task = Changing(SLOW, FAST)
    task.live(event(0, "Opened"))
    task.open(FAST)
    task.live(event(5, "Opened", "T-2"))
    task.wait(100)
    assert task.breaches() == {"T-1": 60, "T-2": 25}


def test_an_order_outlives_a_restart_with_the_old_definition() -> None:
    """Whoever is started with an old file goes by the version that is active."""
    task = Changing(SLOW, FAST)
    task.activate(FAST)
    task.live(event(0, "Opened"))
    task.orders = []
    task.restart()
    task.live(event(5, "Opened", "T-2"))
    task.wait(100)
    assert task.breaches() == {"T-1": 20, "T-2": 25}


def test_a_version_that_is_activated_again_is_the_same_as_before() -> None:
    """Back to the former one: cases of three periods, two versions."""
    task = Changing(SLOW, FAST)
    for minute, version in enumerate((SLOW, FAST, SLOW)):
        task.activate(version)
        task.live(event(minute, "Opened", f"T-{minute}"))
    assert task.open_by_version() == {"60m": 2, "20m": 1}
    task.wait(100)
    assert task.breaches() == {"T-0": 60, "T-1": 21, "T-2": 62}


def test_the_model_stays_with_the_case() -> None:
    """A step that only the old model has is no deviation for those who began under it, nor is one that is missing."""
    old = process(sequence("Opened", "Checked", "Closed"), model=MODEL)
    new = process(sequence("Opened", "Allowed", "Closed"), model=MODEL)
    task = Changing(old, new)
    task.live(event(0, "Opened"))
    task.activate(new)
    task.live(event(1, "Opened", "T-2"))
    for minute, case in ((20, "T-1"), (21, "T-2")):
        task.live(event(minute, "Checked", case), event(minute + 0.5, "Closed", case))
    task.restart()
    task.wait(60)
    assert {alert.case for alert in task.alerts} == {"T-2"}


def test_a_constraint_of_a_newer_version_is_not_asked_of_older_cases() -> None:
    """It is in the version, not in the process."""
    new = process(constraints=[{"id": "checked", "declare": "Precedence[Checked, Paid]"}])
    task = Changing(process(), new)
    task.live(event(0, "Opened"))
    task.activate(new)
    task.live(event(1, "Opened", "T-2"), event(20, "Paid"), event(21, "Paid", "T-2"))
    assert [(alert.case, alert.rule) for alert in task.alerts] == [("T-2", "checked")]


def test_what_only_an_older_version_asks_for_is_still_read() -> None:
    """By its own mapping where the newest does not name it; a promise is read as the instant that it is."""
    mapping = {"case": "case", "activity": "activity", "timestamp": {"path": "at", "format": "epoch_ms"}}
    due = {"attributes": {"promised": {"path": "promised", "format": "epoch_ms"}}}
    old = process(sla=[PROMISE], events={"mapping": mapping | due})
    new = process(sla=[ANSWER], events={"mapping": mapping})
    task = Changing(old, new)
    task.live(event(0, "Opened"))
    task.activate(new)
    task.live(event(1, "Opened", "T-2"), event(2, "Noted", promised=at(30)), event(3, "Noted", "T-2", promised=at(30)))
    task.restart()
    task.live(event(20, "Noted", promised=at(40)), event(21, "Noted", promised="soon"))
    task.wait(50)
    assert task.breaches() == {"T-1": 40}
    assert task.counts["events", "tickets", "crm.tickets", "bad_attribute"] == 1


def test_the_newest_mapping_says_where_things_stand_in_a_record() -> None:
    """Also for cases of older versions, for whom the old path would find nothing."""
    old = process(sla=[PROMISE])
    mapping = old.definition.events.mapping
    assert mapping is not None
    moved = mapping.model_dump(exclude_none=True) | {
        "activity": "step", "attributes": {"promised": {"path": "until", "format": "epoch_ms"}}
    }  # fmt: skip
    new = process(events={"mapping": moved})
    task = Changing(old, new)
    task.live(event(0, "Opened"))
    task.activate(new)
    task.live({"case": "T-1", "step": "Noted", "at": at(5), "until": at(30)})
    task.wait(50)
    assert task.breaches() == {"T-1": 30}


def test_lateness_follows_the_newest_version() -> None:
    """An alert settles when events can no longer come, for all cases alike."""
    patient = answered_in("60m", events={"lateness": "30m"})
    task = Changing(SLOW, patient)
    task.live(event(0, "Opened"))
    task.activate(patient)
    task.wait(61)
    task.wait(80)
    assert [alert.settled for alert in task.alerts] == [False]
    task.wait(91)
    assert [alert.settled for alert in task.alerts] == [False, True]


def test_the_next_instance_of_a_case_begins_on_the_active_version() -> None:
    """One that reopens the last does not: it is of the version that the instance began on."""
    task = Changing(SLOW, FAST)
    task.live(event(0, "Opened"), event(10, "Closed"))
    task.live(event(0, "Opened", "T-2"), event(10, "Closed", "T-2"))
    task.activate(FAST)
    task.live(event(60, "Called"), event(100, "Opened", "T-2"))
    task.restart()
    task.live(event(104, "Noted", "T-2"))
    assert task.open_by_version() == {"20m": 1, "60m": 1}
    task.restart()
    task.wait(200)
    assert task.breaches() == {"T-1": 60, "T-2": 120}
    instances = {(alert.case, alert.instance, alert.version) for alert in task.alerts}
    assert instances == {("T-1", 1, "60m"), ("T-2", 2, "20m")}


def test_an_instance_that_may_still_change_is_followed_by_one_of_its_version() -> None:
    """Where a case may be reopened for less time than events may be late."""
    hasty: dict[str, Any] = {"case": {"ends": ["Closed"], "reopen": "1m"}}
    old, new = (process(sla=[ANSWER | {"target": target}], version=target, **hasty) for target in ("60m", "20m"))
    task = Changing(old, new)
    task.live(event(0, "Opened"), event(1, "Closed"))
    task.activate(new)
    task.live(event(5, "Opened"))
    task.wait(100)
    assert task.breaches() == {"T-1": 65}


def test_a_version_leaves_with_its_last_case() -> None:
    """Its number means nothing any more, and the journal does not hold it."""
    task = Changing(SLOW, FAST)
    task.live(event(0, "Opened"))
    task.activate(FAST)
    task.live(event(1, "Opened", "T-2"), event(2, "Closed"))
    assert task.open_by_version() == {"20m": 1}
    kept = {key for key in task.journal if key.startswith(b"version/")}
    task.restart()
    task.wait(2 * 24 * 60)
    task.live(event(2 * 24 * 60 + 1, "Called", "T-2"))
    assert len(kept) == 2
    assert [key for key in task.journal if key.startswith(b"version/")] == [b"version/tickets/1"]
    task.restart()
    assert task.open_by_version() == {"20m": 1}


def test_a_case_whose_version_is_lost_goes_on_under_the_active_one() -> None:
    """It is counted, and stays there when others are activated."""
    other = answered_in("40m")
    task = Changing(SLOW, FAST, other)
    task.live(event(0, "Opened"))
    task.open(FAST, {})
    assert task.shard.snapshot(0).cases["tickets"]["open"] == 1
    task.live(event(5, "Noted"), event(16, "Noted"))
    task.open(FAST)
    task.activate(other)
    task.wait(100)
    assert task.counts["versions", "tickets", "missing"] == 1
    assert task.open_by_version() == {"40m": 0, "20m": 1}


def test_a_version_that_is_not_to_be_found_is_activated_when_it_is() -> None:
    """Until then cases begin on the one before; it is counted."""
    task = Changing(SLOW)
    task.activate(FAST)
    task.live(event(0, "Opened"))
    task.known = {FAST.identity: FAST}
    task.restart()
    task.live(event(5, "Opened", "T-2"))
    task.wait(100)
    assert task.breaches() == {"T-1": 60, "T-2": 25}
    assert task.counts["versions", "tickets", "unknown"] == 1
    assert task.counts["control", "active", "of an unknown version"] == 1


def test_objectives_count_the_cases_of_all_versions_that_have_them() -> None:
    """Each occurrence as its own version judges it, in the buckets that they share; other goals are told beside."""
    goal = {"id": "promptly", "of": "answer", "objective": "90%", "window": "28d"}
    old, new = (process(sla=[ANSWER | {"target": target}], slo=[goal], version=target) for target in ("60m", "20m"))
    narrow = process(sla=[ANSWER], slo=[goal | {"window": "7d"}], version="narrow")
    task = Changing(old, new, narrow)
    for number, version in enumerate((old, new, narrow), 1):
        task.activate(version)
        task.live(event(number, "Opened", f"T-{number}"))
    task.restart()
    for number in (1, 2, 3):
        task.live(event(30 + number, "Answered", f"T-{number}"))
    task.wait(100)
    sums: dict[str, list[int]] = {}
    for key, value in dict(task.partials).items():
        named = orjson.loads(key)
        if "promptly" in str(named) and value is not None:
            counted = sums.setdefault(next(part for part in named if "promptly" in str(part)), [0, 0])
            counted[0] += orjson.loads(value)[1]
            counted[1] += orjson.loads(value)[2]
    assert sorted(sums.values()) == [[1, 0], [1, 1]]


def test_a_version_is_named_by_what_is_written_and_by_its_model() -> None:
    """The same content has the same name, in every run; a setting that is not written does not count."""
    written = {"process": "tickets", "version": "1", "sla": [{"id": "all", "kind": "case_duration", "target": "8h"}]}
    idle = written | {"sla": [{"id": "all", "kind": "idle", "target": "8h"}]}
    names = [
        identity_of(Definition.model_validate(written)),
        identity_of(Definition.model_validate(idle)),
        identity_of(Definition.model_validate(written | {"version": "2"})),
        identity_of(Definition.model_validate(written), b"<pnml/>"),
        identity_of(Definition.model_validate(written), b"<pnml />"),
    ]
    assert len(set(names)) == len(names)
    assert names[0] == identity_of(Definition.model_validate(dict(reversed(written.items())))) == "9ce57a25da64a155"
    assert process(sequence("Opened", "Closed"), model=MODEL).identity == identity_of(
        definition(model=MODEL), sequence("Opened", "Closed")
    )


@pytest.mark.parametrize("batches", [1, 6])
def test_a_broken_promise_counts_on_a_card_though_the_next_instance_came_in_the_same_batch(batches: int) -> None:
    """Before anybody was told of it, the case went on under another version."""
    older, newest = (answered_in(target, scorecard={"window": "7d"}) for target in ("60m", "20m"))
    task = Changing(older, newest)
    task.history(event(1, "Opened"))
    task.activate(newest)
    story = [
        event(500, "Answered"), event(501, "Closed"), event(1200, "Called", "T-2"),
        event(2000, "Opened"), event(2001, "Answered"), event(2002, "Closed"),
    ]  # fmt: skip
    size = len(story) // batches
    for first in range(0, len(story), size):
        task.history(*story[first : first + size])
    task.history(event(9000, "Called", "T-3"), until=9001)

    cards = [value for key, value in task.journal.items() if key.startswith(b'partial/tickets/["card"')]
    told = [orjson.loads(value)[2:7] for value in cards]
    started, closed, _, breached, _ = map(sum, zip(*told, strict=True))
    assert (started, closed, breached) == (4, 2, 1)
