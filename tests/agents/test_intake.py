"""What an intake needs of Kafka, and that it keeps its promise on a broker without transactions."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from agents.codec import decode_record
from agents.embedded_broker import EmbeddedBroker
from agents.intake import Common, open_core, open_intake, passed_on, with_intake
from agents.source_groups import SourceGroup, Watched, group_sources
from agents.topics import Found, Role, TopicNames, Verdict, judge, needed_topics
from schemas.definition import Definition
from schemas.problem import Refused
from stream.awake import Room
from stream.control import ControlRecord, InForce, control_key
from stream.effects import Heartbeat, PassedOn
from stream.inputs import Input, Origin
from stream.process import compile_process
from stream.rekeyed import RekeyedShard
from stream.shard import Shard
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, send

DEFINITION = """
process: parcels
version: "1"
events:
  topics: [scans]
  keyed_by_case: false
  mapping: {case: id, activity: act, timestamp: at}
sla:
  - {id: answer, kind: between, from: Open, to: [Answer], target: 1m, at_risk: []}
"""


def watched(process: str, *topics: str, keyed: bool) -> Watched:
    """A definition of these topics."""
    mapping = {"case": "id", "activity": "act", "timestamp": "at"}
    events = {"topics": topics, "keyed_by_case": keyed, "mapping": mapping}
    definition = Definition.model_validate({"process": process, "version": "1", "events": events})
    return Watched(definition, compile_process(definition, None), f"{process}.yaml")


def groups() -> tuple[SourceGroup, ...]:
    """Two processes that share a topic which is not keyed by case, and one whose topic is."""
    scattered = [watched("one", "a", "b", keyed=False), watched("two", "b", keyed=False)]
    return with_intake(group_sources([*scattered, watched("three", "c", keyed=True)]), TopicNames("casewatch"))


def test_an_intake_stands_before_a_group_for_each_process() -> None:
    """The intake reads the sources, the groups behind it what it passed on; a source keyed by case is left alone."""
    found = {group.name: (group.topics, group.rekeyed_to, group.rekeyed_from) for group in groups()}

    one, two = "casewatch.events.one", "casewatch.events.two"
    assert found == {
        "c": (("c",), (), ()),
        one: ((one,), (), ("a", "b")),
        two: ((two,), (), ("b",)),
        "intake.a": (("a", "b"), (one, two), ()),
    }


def test_the_tasks_of_each_group_run_what_the_group_is_for() -> None:
    """Those behind an intake know every partition of their sources."""
    common = Common(0, {}, Room())
    by_name = {g.name: open_core(g, 1, {"a": 3, "b": 3}, common) for g in groups() if not g.rekeyed_to}

    behind = by_name["casewatch.events.one"]
    assert isinstance(by_name["c"], Shard)
    assert isinstance(behind, RekeyedShard)
    assert behind.source == Input("casewatch.events.one", 1)
    assert [tuple(each) for each in behind.watch.inputs] == [(topic, p) for topic in "ab" for p in range(3)]


def test_an_intake_goes_by_the_mapping_in_force_and_says_when_another_is() -> None:
    """A version that reads other topics waits for the worker that is started with it: its own topics are read on."""
    (group,) = (group for group in groups() if group.rekeyed_to)
    one, two = (watched("one", *topics, keyed=False).process for topics in (("a", "b"), ("b", "c")))
    active = group._replace(processes=(one, two))

    intake = open_intake(group, active, 1, 0, InForce({"one": one.identity, "two": two.identity}))

    assert [rekeying.process for rekeying in intake.rekeyings] == [one, group.processes[1]]
    assert set(intake.by_input) == {Input("a", 1), Input("b", 1)}
    order = ControlRecord(0, control_key("active", "one"), orjson.dumps({"identity": one.identity, "at": 1}))
    assert not intake.control([order])
    assert intake.control([order._replace(value=orjson.dumps({"identity": "another", "at": 2}))])


def test_a_topic_is_keyed_one_way_for_all() -> None:
    """Two definitions that say otherwise are refused."""
    with pytest.raises(Refused) as refused:
        group_sources([watched("one", "a", keyed=True), watched("two", "a", keyed=False)])

    assert [problem.element for problem in refused.value.problems] == ["events.keyed_by_case"]


def test_the_topic_of_what_is_passed_on_is_ours_and_may_have_partitions_of_its_own_number() -> None:
    """It is made beside its source; the state of its readers goes by it, that of the intake by the source."""
    needed = needed_topics(TopicNames("casewatch"), [g for g in groups() if g.name != "c"])
    beside = {each.name: each.beside for each in needed if each.role in (Role.EVENTS, Role.STATE)}
    assert beside == {
        "casewatch.events.one": "a",
        "casewatch.events.two": "b",
        "casewatch.state.casewatch.events.one": "casewatch.events.one",
        "casewatch.state.casewatch.events.two": "casewatch.events.two",
        "casewatch.state.intake.a": "a",
    }

    found = {each.name: Found(2 if "casewatch.events" in each.name else 6, dict(each.config)) for each in needed}
    assert {finding.verdict for finding in judge(needed, found)} == {Verdict.RIGHT}


def test_what_is_passed_on_keeps_its_bytes_and_headers_and_says_where_it_lay() -> None:
    """What a source says in our name is not believed; a heartbeat is read back as one."""
    (group,) = [each for each in groups() if each.name == "intake.a"]
    source, headers = Input("b", 2), (("trace", b"t"), ("casewatch-source", b"x/1/2/3"), ("casewatch-replay", b"run"))
    record = ConsumerRecord("b", 2, 7, 1234, 0, b"key", b'{"id": "T"}', None, 3, 11, headers)
    effects: list[PassedOn | Heartbeat] = [PassedOn("two", "T", source, 7), Heartbeat("one", b"[]")]

    event, beat = passed_on(effects, [(source, [record])], group)

    assert event[:3] == ("casewatch.events.two", b"T", b'{"id": "T"}')
    assert beat[:3] == ("casewatch.events.one", None, None)
    assert [name for name, _ in event.headers] == ["trace", "casewatch-replay", "casewatch-source"]
    again = ConsumerRecord("e", 0, 0, 9, 0, event.key, event.value, None, 0, 0, tuple(event.headers))
    heard = ConsumerRecord("e", 0, 1, 9, 0, None, None, None, 0, 0, tuple(beat.headers))
    assert (decode_record(again).origin, decode_record(again).replay) == (Origin(source, 7, 1234), "run")
    assert (decode_record(heard).heartbeat, decode_record(heard).origin) == (b"[]", None)


@pytest.mark.parametrize("header", [b"a/1/2", b"a/b/2/3", b"", b"\xff/1/x/3"])
def test_an_origin_that_cannot_be_read_is_none(header: bytes) -> None:
    """The record is then set aside as one that the intake did not write."""
    record = ConsumerRecord("e", 0, 0, 9, 0, None, b"{}", None, 0, 0, (("casewatch-source", header),))

    assert decode_record(record).origin is None


async def test_without_transactions_what_is_passed_on_twice_still_counts_once(tmp_path: Path) -> None:
    """A worker on the embedded broker is killed in the middle; every case is opened once and, an hour later, late."""
    definition = tmp_path / "parcels.yaml"
    definition.write_text(DEFINITION)
    async with EmbeddedBroker() as broker:
        await create_topics(broker.address, {"scans": 2})
        arguments = (*CASEWATCH, "run", str(definition))
        program = WorkerProgram("parcels", tmp_path, arguments, brokers=broker.address, prefix="parcels")
        try:
            await write(broker.address, 0, 200)
            await asyncio.to_thread(program.start, program.ready)
            await write(broker.address, 200, 400)
            await asyncio.to_thread(program.kill)
            await write(broker.address, 400, 600)
            await asyncio.to_thread(program.start, program.ready)
            log = await late_in_the_end(broker.address, 300)
            told = program.get("/metrics")[1]
            assert await asyncio.to_thread(program.stop, 5) == 0
        finally:
            await asyncio.to_thread(program.kill)

    assert {alert["case"] for alert in log} == {f"c{n}" for n in range(300)}
    assert len({alert["id"] for alert in log}) == 300
    updated = [alert for alert in log if alert["state"] != "raised"]
    assert len({alert["id"] for alert in log if alert["state"] == "raised"}) == 300
    assert all(alert["state"] == "updated" and alert["settled"] for alert in updated), "that it is settled by now"
    assert 'outcome="refused"' not in told


async def write(address: str, first: int, last: int) -> None:
    """Two events of each case, in different partitions: one that starts its clock, and one that says nothing."""
    for partition, act in ((0, "Open"), (1, "Look")):
        events = [{"id": f"c{n // 2}", "act": act, "at": "2026-11-02T09:00:00Z"} for n in range(first, last, 2)]
        await send(address, "scans", [(b"x", orjson.dumps(event)) for event in events], partition=partition)
    events = [{"id": "clock", "act": "Look", "at": "2026-11-02T10:00:00Z"}]
    for partition in (0, 1):
        await send(address, "scans", [(b"x", orjson.dumps(event)) for event in events], partition=partition)


async def late_in_the_end(address: str, count: int) -> list[dict[str, Any]]:
    """Every alert, as soon as there are so many, or after a while."""
    for _ in range(60):
        log = [orjson.loads(record.value) for record in await committed(address, "parcels.alert-log")]
        if len({alert["id"] for alert in log}) >= count:
            break
        await asyncio.sleep(0.25)
    return log
