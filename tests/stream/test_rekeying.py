"""A case whose records lie scattered over a source's partitions is judged as if it had been read in one piece."""

from typing import Any
from zlib import crc32

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alert import Alert
from stream.effects import Effects, Heartbeat, PassedOn
from stream.inputs import Batch, Input, Origin, Received
from stream.layout import UnreadableState
from stream.rekeyed import RekeyedShard
from stream.rekeying import BEAT_MS, Reach, Rekeyer
from stream.shard import PositionGap
from tests.stream.driver import MINUTE, Task, at, event, process, refusal

TOPIC, PASSED = "crm.tickets", "casewatch.events.tickets"
PARTS: dict[str, Any] = {
    "events": {"topics": [TOPIC], "lateness": "0s", "patience": "0s"},
    "sla": [{"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "30m", "at_risk": []}],
}


class Way:
    """Sources of so many partitions, an intake task for each, and the tasks behind them; everything is remembered, so
    that any task can lose its memory."""

    def __init__(self, sources: int = 2, behind: int = 2, parts: dict[str, Any] | None = None) -> None:
        self.process = process(**(PARTS if parts is None else parts))
        self.inputs = [Input(TOPIC, p) for p in range(sources)]
        self.records: list[list[Received]] = [[] for _ in self.inputs]
        self.intakes = [Rekeyer([self.process], task=p) for p in range(sources)]
        self.passed: list[list[Received]] = [[] for _ in range(behind)]
        self.tasks = [self.task(q) for q in range(behind)]
        self.alerts: list[Alert] = []
        self.effects: list[Effects] = []

    def task(self, q: int) -> RekeyedShard:
        """A task behind the intake, without memory."""
        return RekeyedShard(self.process, Input(PASSED, q), self.inputs)

    def write(self, source: int, *values: dict[str, Any] | None, stamped_at: int | None = None) -> None:
        """Records of a source, stamped with the time of their events."""
        for value in values:
            stamp = stamped_at or (at(0) if value is None else value["at"])
            self.records[source].append(Received(len(self.records[source]), stamp, value))

    def take_in(self, source: int, now: int, most: int = 1_000) -> None:
        """Let an intake task read up to `most` records at wall clock `now`, and pass them on."""
        intake, records = self.intakes[source], self.records[source]
        start = intake.position(self.inputs[source]) or 0
        some = records[start : start + most]
        intake.observe(Batch(self.inputs[source], start, some, start + len(some), len(records), now))
        intake.advance(now)
        self.pass_on(intake.drain())

    def pass_on(self, effects: Effects) -> None:
        """What the shell does: records to the partition of their case, heartbeats to all."""
        self.effects.append(effects)
        for each in effects.rekeyed:
            if isinstance(each, PassedOn):
                record = self.records[each.input.partition][each.offset]
                q = crc32(each.case_id.encode()) % len(self.passed)
                origin = Origin(each.input, each.offset, record.stamped_at)
                self.append(q, record._replace(stamped_at=2 * at(0), origin=origin))
            else:
                for q in range(len(self.passed)):
                    self.append(q, Received(0, 2 * at(0), None, heartbeat=each.body))

    def append(self, q: int, record: Received) -> None:
        """Write behind what a partition holds."""
        self.passed[q].append(record._replace(offset=len(self.passed[q])))

    def read(self, now: int) -> None:
        """Let every task behind the intake read all there is, and time pass."""
        for task, records in zip(self.tasks, self.passed, strict=True):
            start = task.position(task.source) or 0
            task.observe(Batch(task.source, start, records[start:], len(records), len(records), now))
            while task.advance(now, 10):
                pass
            effects = task.drain()
            self.alerts += [Alert.model_validate(orjson.loads(r.body)) for r in effects.alerts if r.body is not None]

    def said(self) -> list[tuple[str | None, str]]:
        """Case and state of each change, but for those that only say it is settled."""
        told = [(alert.case, alert.state.value) for alert in self.alerts]
        return [each for n, each in enumerate(told) if each not in told[:n]]

    def outcome(self) -> dict[str, tuple[str, str, Any]]:
        """id to (rule, state, happened_at) of every alert that was not taken back."""
        last = {alert.id: alert for alert in self.alerts}
        return {a.id: (a.rule, a.state, a.happened_at) for a in last.values() if a.state != "retracted"}


def test_a_case_scattered_over_two_partitions_is_one_case() -> None:
    """It was opened in the one and answered in the other, in time."""
    way = Way()
    way.write(0, event(0, "Opened"))
    way.write(1, event(20, "Answered"))
    for source in (0, 1):
        way.take_in(source, at(40))

    way.read(at(40))

    assert way.said() == []
    assert sum(len(task.watch.cases) for task in way.tasks) == 1


def test_an_intake_that_stands_still_holds_the_time_of_every_case() -> None:
    """Nobody knows what waits in its source: perhaps the answer. When it goes on, the other's time counts again."""
    way = Way()
    way.write(0, event(0, "Opened"))
    way.take_in(0, at(0))
    way.take_in(1, at(0))
    way.take_in(0, at(40))
    way.read(at(40))
    assert way.said() == []

    way.take_in(1, at(40))
    way.read(at(40))

    assert way.said() == [("T-1", "raised")]


def test_a_source_that_waits_to_be_read_holds_the_time_too() -> None:
    """Its end lies beyond what was passed on; the answer comes with the rest."""
    way = Way()
    way.write(0, event(0, "Opened"))
    way.write(1, event(1, "Noted"), event(20, "Answered"))
    way.take_in(0, at(40))
    way.take_in(1, at(40), most=1)
    way.read(at(40))
    assert way.said() == []

    way.take_in(1, at(40))
    way.read(at(40))

    assert way.said() == []


def test_a_source_that_never_spoke_holds_nobody() -> None:
    """It was read to its end, and that is told."""
    way = Way(sources=3)
    way.write(0, event(0, "Opened"))
    for source in range(3):
        way.take_in(source, at(0))
        way.take_in(source, at(40))

    way.read(at(40))

    assert way.said() == [("T-1", "raised")]


def test_an_alert_was_noticed_when_it_was_told_though_the_time_of_the_sources_lies_back() -> None:
    """The heartbeats are half a minute old."""
    way = Way()
    way.write(0, event(0, "Opened"))
    for source in (0, 1):
        way.take_in(source, at(40))

    way.read(at(40.5))

    (alert,) = way.alerts
    assert round(alert.noticed_at.timestamp() * 1000) == at(40.5)
    assert alert.evidence is not None
    assert (alert.evidence.topic, alert.evidence.partition, alert.evidence.offsets) == (TOPIC, 0, (0,))


def test_what_is_passed_on_twice_counts_once() -> None:
    """An intake without transactions repeats itself after a crash."""
    way = Way(behind=1)
    way.write(0, event(0, "Opened"), event(1, "Noted"))
    for source in (0, 1):
        way.take_in(source, at(2))
    way.pass_on(way.effects[0])
    way.take_in(0, at(3))

    (task,) = way.tasks
    task.observe(Batch(task.source, 0, way.passed[0], len(way.passed[0]), len(way.passed[0]), at(3)))

    assert task.drain().counts["events", "tickets", TOPIC, "applied"] == 2


def test_history_is_passed_on_as_history_with_its_mark() -> None:
    """A replay stays in its own time, which is told by the mark of each partition; its end is over for all."""
    way = Way()
    way.records[0] = [
        Received(0, 2 * at(0), event(0, "Opened"), replay="run"),
        Received(1, 2 * at(0), None, "run", at(40)),
    ]
    way.records[1] = [Received(0, 2 * at(0), None, "run", at(20))]
    for source in (0, 1):
        way.take_in(source, 2 * at(0))
    way.read(2 * at(0))
    assert way.said() == []

    way.records[1].append(Received(1, 2 * at(0), None, "run", at(40)))
    way.take_in(1, 2 * at(0))
    way.read(2 * at(0))

    assert way.said() == [("T-1", "raised")]


def test_what_cannot_be_read_is_set_aside_by_the_intake_and_passed_on_to_nobody() -> None:
    """With the source's own place; a tombstone is nothing at all."""
    way = Way()
    values = [refusal(), {"activity": "Opened"}, None]
    way.records[0] = [Received(offset, at(0), value) for offset, value in enumerate(values)]

    way.take_in(0, at(0))

    (effects,) = way.effects
    letters = [(letter.input, letter.offset, letter.reason) for letter in effects.dead_letters]
    assert letters == [(Input(TOPIC, 0), 0, "undecodable"), (Input(TOPIC, 0), 1, "missing_case")]
    assert [each for each in effects.rekeyed if isinstance(each, PassedOn)] == []
    assert {key[3]: n for key, n in effects.counts.items() if key[0] == "events"} == {"refused": 2, "tombstone": 1}


def test_a_record_that_the_intake_did_not_write_is_set_aside_with_its_reason() -> None:
    """Somebody else writes to the topic; so is one of a source that the process does not have."""
    way = Way(behind=1)
    stranger = Origin(Input("elsewhere", 0), 4, at(0))
    way.append(0, Received(0, at(0), event(0, "Opened")))
    way.append(0, Received(0, at(0), event(0, "Opened"), origin=stranger))
    way.append(0, Received(0, at(0), None, heartbeat=b"no JSON"))
    (task,) = way.tasks

    task.observe(Batch(task.source, 0, way.passed[0], 3, 3, at(0)))

    letters = [(letter.input, letter.offset, letter.reason) for letter in task.drain().dead_letters]
    assert letters == [(task.source, offset, "no_origin") for offset in (0, 1, 2)]


def test_a_source_first_read_in_the_middle_makes_its_first_cases_warm() -> None:
    """Their beginnings may lie before; that is told before the first record, not after."""
    way = Way(behind=1)
    way.write(0, *[event(minute, "Noted", f"T-{minute}") for minute in range(4)])
    intake = way.intakes[0]
    intake.observe(Batch(way.inputs[0], 2, way.records[0][2:], 4, 4, at(4)))

    way.pass_on(intake.drain())

    opening = way.passed[0][0]
    assert opening.heartbeat is not None
    clock = [None, at(2), False, 0, False, None, at(4)]
    assert Reach.decoded(opening.heartbeat) == (Input(TOPIC, 0), 2, None, None, clock)
    (task,) = way.tasks
    task.observe(Batch(task.source, 0, way.passed[0], len(way.passed[0]), len(way.passed[0]), at(4)))
    assert [case.may_be_warm for case in task.watch.cases.values() if not isinstance(case, bytes)] == [True, True]


def test_heartbeats_come_when_something_changes_and_else_twice_a_second() -> None:
    """No more than a deadline needs; none before the time is known."""
    way = Way(sources=1)
    intake, beats = way.intakes[0], 0
    intake.observe(Batch(way.inputs[0], 0, [], 0, 0, at(0)))
    opening = Reach(way.inputs[0], 0, None, None, [None, None, True, 0, False, None, 0])
    assert intake.drain().rekeyed == [Heartbeat("tickets", opening.encoded())]

    for now in range(at(0), at(0) + 4 * BEAT_MS, BEAT_MS // 5):
        intake.advance(now)
        beats += sum(isinstance(each, Heartbeat) for each in intake.drain().rekeyed)

    assert beats == 4


def test_a_batch_that_does_not_join_is_refused_on_both_sides() -> None:
    """Something between was lost, and has to be fetched again."""
    way = Way(behind=1)
    way.write(0, event(0, "Opened"))
    way.take_in(0, at(0))
    way.read(at(0))

    with pytest.raises(PositionGap):
        way.intakes[0].observe(Batch(way.inputs[0], 7, [], 7, 7, at(0)))
    with pytest.raises(PositionGap):
        way.tasks[0].observe(Batch(way.tasks[0].source, 99, [], 99, 99, at(0)))


@pytest.mark.parametrize("record", [b'{"intake": 9, "positions": {}}', b"[]", b"no JSON"])
def test_a_record_of_an_intake_that_cannot_be_read_says_so(record: bytes) -> None:
    """Never silently from the beginning."""
    with pytest.raises(UnreadableState):
        Rekeyer([process(**PARTS)]).restore([(b"task", record)])


STEPS = st.sampled_from(["Opened", "Answered", "Noted"])
EVENTS = st.lists(st.tuples(st.integers(0, 1), st.sampled_from("ABC"), STEPS), min_size=1, max_size=20)
CUTS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 5), st.booleans(), st.booleans()), max_size=12)


@settings(max_examples=60)
@given(EVENTS, CUTS)
def test_however_it_is_cut_the_alerts_are_those_of_one_partition(
    scattered: list[tuple[int, str, str]], cuts: list[tuple[int, int, bool, bool]]
) -> None:
    """A replay in two partitions; intakes and tasks read as they come to it, and lose their memories at any time."""
    whole, way = Task(process(**PARTS)), Way()
    values = [event(7 * n, step, case) for n, (_, case, step) in enumerate(scattered)]
    whole.history(*values, until=500)
    for n, (source, _, _) in enumerate(scattered):
        way.records[source].append(Received(len(way.records[source]), 2 * at(0), values[n], "run"))
    for records in way.records:
        records.append(Received(len(records), 2 * at(0), None, "run", at(500)))
    journals: list[dict[bytes, bytes | None]] = [{}, {}, {}, {}]

    rest = [(0, 99, False, False), (1, 99, False, False)]
    for n, (source, most, forget_intake, forget_task) in enumerate(cuts + rest):
        step_intake(way, source, most, journals[source], forget_intake)
        step_task(way, source, journals[2 + source], forget_task, 3 * at(0) + n)
    for q in (0, 1):
        step_task(way, q, journals[2 + q], True, 3 * at(0) + 99)
    way.take_in(0, 3 * at(0) + 10_000)
    way.take_in(1, 3 * at(0) + 10_000)
    way.read(3 * at(0) + 10_000)

    assert way.outcome() == whole.outcome()


def step_intake(way: Way, source: int, most: int, journal: dict[bytes, bytes | None], forget: bool) -> None:
    """An intake task reads on, perhaps after a restart."""
    if forget:
        way.intakes[source] = Rekeyer([way.process], task=source)
        way.intakes[source].restore(journal.items())
    way.take_in(source, 3 * at(0), most)
    journal.update(way.effects[-1].journal)


def step_task(way: Way, q: int, journal: dict[bytes, bytes | None], forget: bool, now: int) -> None:
    """A task behind the intakes reads on, perhaps after a restart."""
    if forget:
        way.tasks[q] = way.task(q)
        way.tasks[q].restore([(key, value) for key, value in journal.items() if value is not None])
    task, records = way.tasks[q], way.passed[q]
    start = task.position(task.source) or 0
    task.observe(Batch(task.source, start, records[start:], len(records), len(records), now))
    task.advance(now)
    effects = task.drain()
    journal.update(effects.journal)
    way.alerts += [Alert.model_validate(orjson.loads(r.body)) for r in effects.alerts if r.body is not None]


def test_the_versions_of_cases_behind_an_intake_are_shown() -> None:
    """As those of any task are, and by how much its source is delayed."""
    way = Way()
    way.write(0, event(0, "Opened"), stamped_at=at(60))
    for source in (0, 1):
        way.take_in(source, at(61))
    way.read(at(61))

    shown = [task.snapshot(at(61)) for task in way.tasks]
    assert sum(count.open for each in shown for count in each.versions[way.process.name]) == 1
    assert max(delay for each in shown for delay in each.delays.values()) == 60 * MINUTE
