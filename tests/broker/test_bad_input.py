"""Bad input never kills and never vanishes: each bad record is set aside with its place and reason, and the rest goes
on."""

import asyncio
import re
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import orjson

from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, COUNTING, WorkerProgram, committed, create_topics, latest, send
from tests.programs import NotReady, wait_until

AT = "2026-11-22T12:00:00Z"
DEFINITION = """
process: {topic}
version: "1"
events:
  topics: [{topic}]
  mapping: {{case: id, activity: act, timestamp: at}}
  lateness: 0s
  patience: 0s
sla:
  - {{id: answer, kind: between, from: Open, to: [Answer], target: 1s}}
privacy: {{resource: drop}}
"""

GOOD = orjson.dumps({"id": "good", "act": "Open", "at": AT})
CORPUS: dict[str, bytes] = {
    "bytes that are no JSON": b"\x00\x01\x02",
    "invalid UTF-8": b'{"id": "\xff\xfe", "act": "Open"}',
    "NaN": b'{"id": "a", "act": "Open", "at": NaN}',
    "depth 2,000": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "a list": b"[1, 2, 3]",
    "10 MB": b'{"id": "' + b"x" * 10_000_000 + b'"}',
    "no case": orjson.dumps({"act": "Open", "at": AT}),
    "no activity": orjson.dumps({"id": "a", "at": AT}),
    "no timestamp": orjson.dumps({"id": "a", "act": "Open"}),
    "a timestamp without zone": orjson.dumps({"id": "a", "act": "Open", "at": "2026-11-22T12:00:00"}),
    "control characters in a name": orjson.dumps({"id": "a\u0007b", "act": "Open", "at": AT}),
    "the far future": orjson.dumps({"id": "a", "act": "Open", "at": "2126-11-22T12:00:00Z"}),
}
DECODING = {0: "invalid_json", 1: "invalid_utf8", 2: "invalid_json", 3: "too_deep", 4: "not_an_object", 5: "too_large"}


def definition(folder: Path, topic: str) -> Path:
    """A definition of one topic, which names the process too."""
    path = folder / f"{topic}.yaml"
    path.write_text(DEFINITION.format(topic=topic))
    return path


def run_command(kafka: Kafka, prefix: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `casewatch …` against the broker."""
    command = [sys.executable, *CASEWATCH, *arguments]
    settings = {"CASEWATCH_BROKERS": kafka.bootstrap, "CASEWATCH_PREFIX": prefix, "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=60)


def worker(kafka: Kafka, folder: Path, topic: str, **settings: str) -> WorkerProgram:
    """`casewatch run` on one topic, under the topic's name as prefix."""
    arguments = (*CASEWATCH, "run", str(definition(folder, topic)))
    return WorkerProgram(topic, folder, arguments, brokers=kafka.bootstrap, prefix=topic, **settings)


async def test_each_bad_record_is_dead_lettered_with_its_reason_and_the_partition_goes_on(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Twelve kinds of bad records and a tombstone between two good events: twelve dead letters, both events applied."""
    limits = {"max.message.bytes": "20000000"}
    await create_topics(kafka.bootstrap, {"bad": 1}, **limits)
    records = [(None, GOOD), *((b"key", value) for value in CORPUS.values()), (b"gone", None), (None, GOOD)]
    await send(kafka.bootstrap, "bad", records)
    program = worker(kafka, tmp_path, "bad")
    try:
        await asyncio.to_thread(program.start, program.ready)
        await asyncio.to_thread(
            wait_until,
            lambda: 'outcome="applied",process="bad",topic="bad"} 2.0' in program.get("/metrics")[1],
            20,
            "both",
        )
        metrics = program.get("/metrics")[1]
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    letters = {letter["offset"]: letter for letter in (await latest(kafka.bootstrap, "bad.dead-letters")).values()}
    assert sorted(letters) == list(range(1, 1 + len(CORPUS)))
    assert {offset - 1: letters[offset]["reason"] for offset in letters if offset - 1 in DECODING} == DECODING
    assert all(letter["message"] and letter["topic"] == "bad" for letter in letters.values())
    assert [letter["truncated"] for _, letter in sorted(letters.items())] == [name == "10 MB" for name in CORPUS]
    assert 'casewatch_events_total{outcome="tombstone",process="bad",topic="bad"} 1.0' in metrics
    assert 'casewatch_dead_letters_total{process="bad",reason="too_deep"} 1.0' in metrics


async def test_an_event_that_the_core_cannot_take_is_set_aside_with_its_traceback(kafka: Kafka, tmp_path: Path) -> None:
    """A defect of the core costs one event: those before and after are counted once each."""
    await create_topics(kafka.bootstrap, {"explosive": 1})
    events = [{"key": "k", "number": number} for number in range(1, 1001)]
    events.insert(700, {"explode": True})
    await send(kafka.bootstrap, "explosive", [(b"k", orjson.dumps(event)) for event in events])
    arguments = (*COUNTING, "explosive")
    program = WorkerProgram("explosive", tmp_path, arguments, brokers=kafka.bootstrap, prefix="explosive")
    try:
        await asyncio.to_thread(program.start, program.alive)
        log = "explosive.alert-log"
        while len(await committed(kafka.bootstrap, log) if program.ready() else []) < 1000:
            await asyncio.sleep(0.2)
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    [letter] = (await latest(kafka.bootstrap, "explosive.dead-letters")).values()
    state = await latest(kafka.bootstrap, "explosive.state.explosive")
    assert (letter["offset"], letter["reason"]) == (700, "poison")
    assert "ZeroDivisionError" in letter["message"]
    assert state[b"k"] == [1000, 500_500]
    assert len(await committed(kafka.bootstrap, log)) == 1000


def refusals(program: WorkerProgram, times: int) -> bool:
    """Whether a worker has refused a state partition so often, and told the way out."""
    told = re.findall(r"corrupt\.state\.corrupt/0: .*; .*casewatch rebuild.*the worker cannot go on", program.tail(400))
    return len(told) == times


async def test_a_corrupt_state_record_ends_the_worker_with_the_way_out(kafka: Kafka, tmp_path: Path) -> None:
    """Whether it is no JSON, or a case that proves unreadable only when its next event comes: the place and the remedy
    are told, no event is set aside for it, and no position moves."""
    await create_topics(kafka.bootstrap, {"corrupt": 1})
    await send(kafka.bootstrap, "corrupt", [(b"good", GOOD)])
    program = worker(kafka, tmp_path, "corrupt")
    state, key = "corrupt.state.corrupt", b"case/corrupt/good"
    applied = 'outcome="applied",process="corrupt",topic="corrupt"} 1.0'
    try:
        await asyncio.to_thread(program.start, lambda: applied in program.get("/metrics")[1])
        assert await asyncio.to_thread(program.stop, 5) == 0
        [sound] = [r.value for r in await committed(kafka.bootstrap, state) if r.key == key][-1:]
        hollow = orjson.dumps([*orjson.loads(sound)[:3], "hollow"])
        await send(kafka.bootstrap, "corrupt", [(b"good", GOOD)])
        for number, wrong in enumerate((sound[:-9], hollow), 1):
            await send(kafka.bootstrap, state, [(key, wrong)], partition=0)
            refused = partial(refusals, program, number)
            with suppress(NotReady):  # it may have ended before anybody looked
                await asyncio.to_thread(program.start, refused)
            assert refused()
            assert program.process is not None
            assert await asyncio.to_thread(program.process.wait, 10) == 1
        records = {r.key: r.value for r in await committed(kafka.bootstrap, state)}
        assert orjson.loads(records[b"task"])["positions"] == {"corrupt": 1}
        assert await committed(kafka.bootstrap, "corrupt.dead-letters") == []
        await send(kafka.bootstrap, state, [(key, sound)], partition=0)
        await asyncio.to_thread(program.start, lambda: applied in program.get("/metrics")[1])
    finally:
        await asyncio.to_thread(program.kill)


async def test_dead_letters_are_listed_by_reason_and_fed_in_again(kafka: Kafka, tmp_path: Path) -> None:
    """A record refused for want of a case is listed; fed in again, it lies at its source again and its letter is
    gone."""
    await create_topics(kafka.bootstrap, {"again": 2})
    nameless, listed = orjson.dumps({"act": "Open", "at": AT}), b"[]"
    await send(kafka.bootstrap, "again", [(b"a", nameless), (b"b", listed)], partition=1)
    program = worker(kafka, tmp_path, "again")
    try:
        await asyncio.to_thread(program.start, program.ready)
        await asyncio.to_thread(program.stop, 5)
        shown = await asyncio.to_thread(run_command, kafka, "again", "dead-letters", "--reason", "not_an_object")
        retried = await asyncio.to_thread(
            run_command, kafka, "again", "dead-letters", "--reason", "not_an_object", "--retry"
        )
    finally:
        await asyncio.to_thread(program.kill)

    [letter] = [orjson.loads(line) for line in shown.stdout.splitlines()]
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("again", 1, 1)
    assert (retried.returncode, retried.stdout) == (0, "again/1/1: fed in again\n")
    source = [record for record in await committed(kafka.bootstrap, "again") if record.partition == 1]
    assert [(record.key, record.value) for record in source] == [(b"a", nameless), (b"b", listed), (b"b", listed)]
    assert source[2].headers[0] == ("casewatch-retry", b"again/1/1/again")
    assert [letter["offset"] for letter in (await latest(kafka.bootstrap, "again.dead-letters")).values()] == [0]
