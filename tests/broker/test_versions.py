"""A definition that changes under open cases: each stays on the version that it began on, over restarts and workers."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from agents.cli.run import load_all
from agents.definition_book import DefinitionBook
from agents.wall_clock import now_ms
from tests.broker.kafka import Kafka
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, latest, send
from tests.programs import wait_until
from tests.stream.nets import sequence

DEFINITION = """
process: desk
version: "{version}"
events:
  topics: [{topic}]
  mapping: {{case: id, activity: act, timestamp: {{path: at, format: epoch_ms}}}}
  lateness: 0s
  patience: 0s
model: {{file: model.pnml}}
sla:
  - {{id: answer, kind: between, from: Opened, to: [Closed], target: {target}, at_risk: []}}
privacy: {{resource: drop}}
"""
VERSIONS = {"1": ("1h", "Answered"), "2": ("1s", "Checked")}


def written(folder: Path, topic: str, version: str) -> str:
    """The file of a version, in a folder of its own."""
    place = folder / f"version-{version}"
    place.mkdir(exist_ok=True)
    target, step = VERSIONS[version]
    (place / "model.pnml").write_bytes(sequence("Opened", step, "Closed"))
    (place / "desk.yaml").write_text(DEFINITION.format(topic=topic, version=version, target=target))
    return str(place / "desk.yaml")


def worker(kafka: Kafka, folder: Path, name: str, topic: str, version: str, **settings: str) -> WorkerProgram:
    """A worker that is started with a version."""
    arguments = (*CASEWATCH, "run", written(folder, topic, version))
    settings = {"session_timeout": "3s", "commit_interval": "100ms"} | settings
    return WorkerProgram(f"{name}-{version}", folder, arguments, brokers=kafka.bootstrap, prefix=topic, **settings)


async def happen(kafka: Kafka, topic: str, activity: str, cases: Iterable[str]) -> None:
    """Something happens in cases, now."""
    now = now_ms()
    events = [(case.encode(), orjson.dumps({"id": case, "act": activity, "at": now})) for case in cases]
    await send(kafka.bootstrap, topic, events)


async def journalled(kafka: Kafka, topic: str, cases: Iterable[str]) -> None:
    """Wait until all cases are in the state."""
    wanted = {f"case/desk/{case}".encode() for case in cases}
    for _ in range(150):
        if wanted <= (await latest(kafka.bootstrap, f"{topic}.state.{topic}")).keys():
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the cases were not journalled")


async def said(kafka: Kafka, topic: str, breached: set[str]) -> list[dict[str, Any]]:
    """Every transition, as soon as these cases, or more, are breached, or after a while."""
    alerts: list[dict[str, Any]] = []
    for _ in range(100):
        alerts = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, f"{topic}.alert-log")]
        if breached <= {alert["case"] for alert in alerts if alert.get("stage") == "breach"}:
            break
        await asyncio.sleep(0.2)
    return alerts


def raised(alerts: Iterable[dict[str, Any]]) -> Counter[tuple[str, str, str]]:
    """How often each rule was raised of each case, and by which version."""
    return Counter((a["case"], a["rule"], a["version"]) for a in alerts if a["state"] == "raised")


def expected(cases: Iterable[str]) -> Counter[tuple[str, str, str]]:
    """What is to be said of cases that began on version 2 and were answered as version 1 wants it."""
    return Counter((case, rule, "2") for case in cases for rule in ("answer", "model"))


def open_by_version(program: WorkerProgram) -> dict[str, str]:
    """How many open cases each version has, as the worker exports it."""
    return dict(re.findall(r'casewatch_version_cases\{.*version="(.)"\} (.*)', program.get("/metrics")[1]))


def said_once(alerts: Iterable[dict[str, Any]]) -> bool:
    """Whether no revision of an alert was told twice."""
    return set(Counter((alert["id"], alert["revision"]) for alert in alerts).values()) <= {1}


async def test_open_cases_stay_on_their_version_over_kills(kafka: Kafka, tmp_path: Path) -> None:
    """A worker on version 1 is killed, and another comes up on a stricter one with another model; it is killed, too."""
    await create_topics(kafka.bootstrap, {"strict": 1})
    first, second = (worker(kafka, tmp_path, "strict", "strict", version) for version in ("1", "2"))
    try:
        await asyncio.to_thread(first.start, first.ready)
        await happen(kafka, "strict", "Opened", ["old"])
        await journalled(kafka, "strict", ["old"])
        await asyncio.to_thread(first.kill)
        (tmp_path / "version-1" / "desk.yaml").unlink()

        await asyncio.to_thread(second.start, second.ready)
        await happen(kafka, "strict", "Opened", ["new"])
        await happen(kafka, "strict", "Answered", ["old", "new"])
        await said(kafka, "strict", {"new"})
        await asyncio.to_thread(second.kill)
        await asyncio.to_thread(second.start, second.ready)
        both = {"1": "1.0", "2": "1.0"}
        await asyncio.to_thread(wait_until, lambda: open_by_version(second) == both, 20, "both versions to be counted")
        await happen(kafka, "strict", "Opened", ["newer"])
        await happen(kafka, "strict", "Answered", ["newer"])
        alerts = await said(kafka, "strict", {"new", "newer"})
        await happen(kafka, "strict", "Closed", ["old", "new", "newer"])
        assert await asyncio.to_thread(second.stop, 10) == 0
    finally:
        for program in (first, second):
            await asyncio.to_thread(program.kill)

    assert raised(alerts) == expected(["new", "newer"])
    assert said_once(alerts)
    published = await latest(kafka.bootstrap, "strict.definitions")
    assert sorted(record["version"] for record in published.values()) == ["1", "2"]


async def test_workers_are_replaced_one_by_one(kafka: Kafka, tmp_path: Path) -> None:
    """The first to be started with version 2 puts it in force for both; no case changes over, whoever has it."""
    await create_topics(kafka.bootstrap, {"rolling": 4})
    old, new, newer = ([f"{name}-{n}" for n in range(8)] for name in ("old", "new", "newer"))
    one, other = (worker(kafka, tmp_path, name, "rolling", "1") for name in ("one", "other"))
    one_after, other_after = (worker(kafka, tmp_path, name, "rolling", "2") for name in ("one", "other"))
    programs = (one, other, one_after, other_after)
    try:
        for program in (one, other):
            await asyncio.to_thread(program.start, program.ready)
        await happen(kafka, "rolling", "Opened", old)
        await journalled(kafka, "rolling", old)

        assert await asyncio.to_thread(one.stop, 10) == 0
        await asyncio.to_thread(one_after.start, one_after.ready)
        await asyncio.to_thread(wait_until, other.ready, 30, "the other worker to be ready")
        await asyncio.sleep(1)
        await happen(kafka, "rolling", "Opened", new)
        await happen(kafka, "rolling", "Answered", [*old, *new])
        await said(kafka, "rolling", set(new))

        assert await asyncio.to_thread(other.stop, 10) == 0
        await asyncio.to_thread(other_after.start, other_after.ready)
        await happen(kafka, "rolling", "Opened", newer)
        await happen(kafka, "rolling", "Answered", newer)
        alerts = await said(kafka, "rolling", {*new, *newer})
        await happen(kafka, "rolling", "Closed", old)
        for program in (one_after, other_after):
            assert await asyncio.to_thread(program.stop, 10) == 0
    finally:
        for program in programs:
            await asyncio.to_thread(program.kill)

    assert raised(alerts) == expected([*new, *newer])
    assert said_once(alerts)
    orders = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, "rolling.control")]
    assert [order["version"] for order in orders] == ["1", "2"]


OFTEN = """
  - {id: often, kind: rate, of: Opened, window: 1h, at_most: 3}
"""


def stricter(folder: Path, topic: str) -> DefinitionBook:
    """Version 2 with a rate, to be published."""
    file = Path(written(folder, topic, "2"))
    file.write_text(file.read_text().replace("privacy:", OFTEN.strip("\n") + "\nprivacy:"))
    return DefinitionBook(load_all([file], [], b""))


async def put_in_force(kafka: Kafka, topic: str, book: DefinitionBook) -> None:
    """Publish definitions and put them in force, as a worker does that is started with them."""
    await send(kafka.bootstrap, f"{topic}.definitions", [(own.key, own.record) for own in book.unpublished()])
    await send(kafka.bootstrap, f"{topic}.control", book.orders({}, now_ms()))


async def test_goals_of_a_version_count_from_when_it_is_put_in_force(kafka: Kafka, tmp_path: Path) -> None:
    """Whoever keeps score was opened under the version before, and goes on running; what the tasks told of the new rate
    before it knew of that is not lost."""
    await create_topics(kafka.bootstrap, {"goals": 1})
    running = worker(kafka, tmp_path, "keeping", "goals", "1")
    book = stricter(tmp_path, "goals")
    try:
        await asyncio.to_thread(running.start, running.ready)
        await happen(kafka, "goals", "Opened", ["before"])
        await journalled(kafka, "goals", ["before"])
        await put_in_force(kafka, "goals", book)
        alerts: list[dict[str, Any]] = []
        for number in range(100):
            await happen(kafka, "goals", "Opened", [f"after-{number}"])
            alerts = [orjson.loads(record.value) for record in await committed(kafka.bootstrap, "goals.alert-log")]
            if any(alert["rule"] == "often" for alert in alerts):
                break
            await asyncio.sleep(0.2)
        log = running.tail(10_000).splitlines()
        assert await asyncio.to_thread(running.stop, 10) == 0
    finally:
        await asyncio.to_thread(running.kill)

    assert [(a["state"], a["version"], a["episode"]) for a in alerts if a["rule"] == "often"] == [("raised", "2", 1)]
    assert said_once(alerts)
    assert len([line for line in log if "task restored" in line and "partials" in line]) == 2
